"""Fetching with npm: what it is asked, and every way in which it can fail. npm is a script of ours here."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from supersvg_data.errors import FetchFailed, IntegrityMismatch, NoSpace
from supersvg_data.npm import integrity_of, npm_pack
from supersvg_data.recipes import IconPackage


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


def test_it_asks_for_one_package_by_name_and_runs_no_scripts(
    fake_npm: Any, package: IconPackage, scratch: Path, tmp_path: Path
) -> None:
    fake_npm.tell(tarball=str(tmp_path / "package.tgz"))
    tarball = npm_pack(package, scratch)
    assert integrity_of(tarball.read_bytes()) == package.integrity
    call = fake_npm.call
    assert call["argv"][:2] == ["pack", "@test/icons@1.2.3"]
    assert {"--ignore-scripts", "--json"} <= set(call["argv"])
    assert "--offline" not in call["argv"]
    assert scratch.samefile(call["cwd"])  # a temporary folder: no .npmrc or package.json of the caller's
    assert call["files"] == []


def test_offline_is_told_to_npm(fake_npm: Any, package: IconPackage, scratch: Path, tmp_path: Path) -> None:
    fake_npm.tell(tarball=str(tmp_path / "package.tgz"))
    npm_pack(package, scratch, offline=True)
    assert "--offline" in fake_npm.call["argv"]


def test_the_newer_form_of_its_report_is_understood(
    fake_npm: Any, package: IconPackage, scratch: Path, tmp_path: Path
) -> None:
    report = {"@test/icons": {"name": "@test/icons", "version": "1.2.3"}}
    fake_npm.tell(tarball=str(tmp_path / "package.tgz"), stdout=json.dumps(report))
    assert npm_pack(package, scratch).exists()


def test_another_tarball_than_the_locked_one_is_refused(
    fake_npm: Any, package: IconPackage, scratch: Path, tmp_path: Path
) -> None:
    fake_npm.tell(tarball=str(tmp_path / "archive.tar.gz"))
    with pytest.raises(IntegrityMismatch) as caught:
        npm_pack(package, scratch)
    assert package.integrity in caught.value.cause
    assert integrity_of((tmp_path / "archive.tar.gz").read_bytes()) in caught.value.cause
    assert "npm config get registry" in caught.value.advice


def test_another_package_is_refused(fake_npm: Any, package: IconPackage, scratch: Path, tmp_path: Path) -> None:
    fake_npm.tell(tarball=str(tmp_path / "package.tgz"), version="1.2.4")
    with pytest.raises(FetchFailed, match="something else"):
        npm_pack(package, scratch)


@pytest.mark.parametrize("stdout", ["not json", "[1]", "{}", '["a"]', "null"])
def test_an_answer_that_makes_no_sense(
    fake_npm: Any, package: IconPackage, scratch: Path, tmp_path: Path, stdout: str
) -> None:
    fake_npm.tell(tarball=str(tmp_path / "package.tgz"), stdout=stdout)
    with pytest.raises(FetchFailed):
        npm_pack(package, scratch)


def test_success_without_a_tarball(fake_npm: Any, package: IconPackage, scratch: Path) -> None:
    fake_npm.tell()
    with pytest.raises(FetchFailed, match="0 tarballs"):
        npm_pack(package, scratch)


@pytest.mark.parametrize(
    ("stderr", "kind", "reason"),
    [
        ("npm error code E404\nnpm error 404 Not Found", FetchFailed, "not-found"),
        ("npm error code ETARGET", FetchFailed, "not-found"),
        ("npm error code ENOTFOUND\nnpm error getaddrinfo ENOTFOUND example.org", FetchFailed, "offline"),
        ("npm error code ENOTCACHED", FetchFailed, "offline"),
        ("npm error code ECONNREFUSED", FetchFailed, "offline"),
        ("npm error code EINTEGRITY", IntegrityMismatch, None),
        ("npm error code ENOSPC", NoSpace, None),
        ("npm error code E401", FetchFailed, "failed"),
        ("", FetchFailed, "failed"),
    ],
)
def test_what_npm_says_is_understood(
    fake_npm: Any, package: IconPackage, scratch: Path, stderr: str, kind: type[Exception], reason: str | None
) -> None:
    fake_npm.tell(stderr=stderr)
    with pytest.raises(kind) as caught:
        npm_pack(package, scratch)
    assert getattr(caught.value, "reason", None) == reason
    assert getattr(caught.value, "cause", "")
    assert getattr(caught.value, "advice", "")


def test_passwords_in_addresses_are_not_repeated(fake_npm: Any, package: IconPackage, scratch: Path) -> None:
    fake_npm.tell(stderr="npm error 500 GET https://me:secret@registry.example.org/x")
    with pytest.raises(FetchFailed) as caught:
        npm_pack(package, scratch)
    assert "secret" not in str(caught.value)
    assert "registry.example.org" in caught.value.cause


@pytest.mark.usefixtures("no_npm")
def test_no_npm(package: IconPackage, scratch: Path) -> None:
    with pytest.raises(FetchFailed) as caught:
        npm_pack(package, scratch)
    assert caught.value.reason == "no-npm"
    assert "Node.js" in caught.value.advice


def test_npm_that_hangs_is_ended(fake_npm: Any, package: IconPackage, scratch: Path) -> None:
    fake_npm.tell(hang=True)
    with pytest.raises(FetchFailed) as caught:
        npm_pack(package, scratch, timeout=1.0)
    assert caught.value.reason == "timeout"


def test_npm_that_cannot_be_started(
    package: IconPackage, scratch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "npm"
    broken.write_text("#!/no/such/interpreter\n")
    broken.chmod(0o755)
    monkeypatch.setattr("shutil.which", lambda _: str(broken))
    with pytest.raises(FetchFailed) as caught:
        npm_pack(package, scratch)
    assert caught.value.reason == "no-npm"


def test_a_lock_of_another_algorithm_never_matches(
    fake_npm: Any, package: IconPackage, scratch: Path, tmp_path: Path
) -> None:
    fake_npm.tell(tarball=str(tmp_path / "package.tgz"))
    with pytest.raises(IntegrityMismatch):
        npm_pack(replace(package, integrity="sha1-abc"), scratch)
