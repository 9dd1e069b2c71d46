"""`get` and `load`: whole datasets, honest counts, and an error that helps for whatever goes wrong."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import supersvg_data
from supersvg_data import assemble, errors, parallel
from supersvg_data.drawing import draw_svg
from supersvg_data.manifest import MANIFEST, PICTURES, Prepared
from supersvg_data.storage import lock


def again(prepared: Prepared, **options: Any) -> Prepared:
    return supersvg_data.get("test", prepared.path.parent, size=32, workers=1, **options)


def picture(path: Path, color: tuple[int, int, int] = (10, 20, 30), size: tuple[int, int] = (20, 20)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, color).save(path)


def test_test_needs_no_network_and_holds_what_it_says(made: Prepared) -> None:
    manifest = made.manifest
    assert (manifest.name, manifest.count, manifest.size, manifest.channels) == ("test", 256, 32, 3)
    assert manifest.skipped == manifest.converted == {}
    assert made.pictures().shape == (256, 32, 32, 3)
    assert len(manifest.indices("held-out")) >= 32
    assert sorted(manifest.indices("held-out") + manifest.indices("train")) == list(range(256))
    assert len({item.key for item in manifest.items}) == 256


def test_every_picture_is_its_svg_drawn(made: Prepared) -> None:
    for index in range(0, 256, 37):
        assert np.array_equal(made.picture(index), draw_svg(made.svg(index), 32))


def test_the_drawings_are_varied(made: Prepared) -> None:
    pictures = made.pictures()
    assert len({item.sha256 for item in made.manifest.items}) == 256
    blank = [index for index in range(256) if pictures[index].min() == 255]
    assert not blank
    grey = np.array([(one == one[..., :1]).all() for one in pictures])
    black = np.array([item.key.startswith("black/") for item in made.manifest.items])
    assert np.array_equal(grey, black)
    texts = [made.svg(index) for index in range(256)]
    assert sum("stroke-width" in text for text in texts) > 50
    assert sum(' fill="#' in text for text in texts) > 50


def test_the_same_everywhere(made: Prepared, tmp_path: Path) -> None:
    """Another root, another process, other workers: the same content."""
    code = (
        "import sys, supersvg_data; from pathlib import Path;"
        "print(supersvg_data.get('test', Path(sys.argv[1]), size=32, workers=2).manifest.content_hash)"
    )
    out = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True).stdout
    assert out.strip() == made.manifest.content_hash


def test_a_complete_dataset_is_not_made_again(made: Prepared, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("nothing is to be built")

    monkeypatch.setattr(assemble, "build", refuse)
    before = {path: path.stat().st_mtime_ns for path in made.path.rglob("*")}
    assert again(made) == made
    assert before == {path: path.stat().st_mtime_ns for path in made.path.rglob("*")}


def test_nothing_temporary_stays(made: Prepared) -> None:
    assert {path.name for path in made.path.iterdir()} == {MANIFEST, PICTURES, "svg"}
    assert {path.name for path in made.path.parent.iterdir()} == {made.path.name, f".{made.path.name}.lock"}


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    supersvg_data.get("test", tmp_path, size=8, workers=2, progress=lambda *call: told.append(call))
    assert ("draw", 0, 256) in told
    assert ("draw", 256, 256) in told
    assert all(0 <= done <= total for _, done, total in told)


def test_limit_and_size_have_directories_of_their_own(tmp_path: Path) -> None:
    few = supersvg_data.get("test", tmp_path, size=16, limit=12, workers=1)
    fewer = supersvg_data.get("test", tmp_path, size=16, limit=6, workers=1)
    assert (few.path.name, few.manifest.count) == ("test-16px-limit12", 12)
    few_keys = {item.key for item in few.manifest.items}
    assert {item.key for item in fewer.manifest.items} < few_keys
    assert {key.split("/")[0] for key in few_keys} == {"black", "color"}
    assert [one.path for one in supersvg_data.list_prepared(tmp_path)] == [few.path, fewer.path]


@pytest.mark.parametrize("options", [{"size": 4}, {"size": 9999}, {"limit": 0}])
def test_nonsense_is_refused(tmp_path: Path, options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="8 to 4096"):
        supersvg_data.get("test", tmp_path, **options)  # type: ignore[arg-type]


def test_an_unknown_name(tmp_path: Path) -> None:
    with pytest.raises(errors.UnknownRecipe, match="tset") as caught:
        supersvg_data.get("tset", tmp_path)
    assert "test, icons, folder" in caught.value.advice


@pytest.mark.usefixtures("icons_recipe")
def test_icons_by_npm(fake_npm: Any, tmp_path: Path) -> None:
    fake_npm.tell(tarball=str(tmp_path / "package.tgz"))
    made = supersvg_data.get("icons", tmp_path / "root", size=16, workers=1)
    manifest = made.manifest
    assert (manifest.count, manifest.channels, manifest.licence) == (40, 1, "MIT")
    assert manifest.source == {"@test/icons 1.2.3": "npm"}
    assert made.pictures().min() == 0
    assert made.picture(0).shape == (16, 16, 3)
    assert "currentColor" in made.svg(0)
    by_group: dict[str, set[str]] = {}
    for item in manifest.items:
        by_group.setdefault(item.group, set()).add(item.split)
    assert all(len(splits) == 1 for splits in by_group.values())
    assert len(manifest.indices("held-out")) >= 5


@pytest.mark.usefixtures("icons_recipe")
def test_icons_by_archive_are_the_same_dataset(fake_npm: Any, tmp_path: Path) -> None:
    fake_npm.tell(tarball=str(tmp_path / "package.tgz"))
    by_npm = supersvg_data.get("icons", tmp_path / "npm", size=16, workers=1)
    by_archive = hash_without_npm(tmp_path)
    assert by_archive == by_npm.manifest.content_hash


def hash_without_npm(tmp_path: Path) -> str:
    """The content hash of the icons when only the archive is to be had."""
    from supersvg_data import sources
    from supersvg_data.fetch import fetch_icons

    def fetch(package: Any, cache: Path, scratch: Path, **options: Any) -> Any:
        return fetch_icons(package, cache, scratch, **options, download=copy_archive)

    def copy_archive(_: Any, folder: Path, __: Any) -> Path:
        return Path(shutil.copy(tmp_path / "archive.tar.gz", folder / "archive.tar.gz"))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "fetch_icons", fetch)
        patch.setenv("PATH", str(tmp_path))
        made = supersvg_data.get("icons", tmp_path / "archive", size=16, workers=1)
    assert made.manifest.source == {"@test/icons 1.2.3": "release archive"}
    return made.manifest.content_hash


@pytest.mark.usefixtures("icons_recipe")
def test_a_repair_needs_no_network(fake_npm: Any, tmp_path: Path) -> None:
    fake_npm.tell(tarball=str(tmp_path / "package.tgz"))
    made = supersvg_data.get("icons", tmp_path / "root", size=16, workers=1)
    fake_npm.log.unlink()
    (made.path / PICTURES).unlink()
    repaired = supersvg_data.get("icons", tmp_path / "root", size=16, workers=1, offline=True)
    assert repaired.manifest.content_hash == made.manifest.content_hash
    assert not fake_npm.called


def test_a_folder_of_everything(tmp_path: Path) -> None:
    source = tmp_path / "My Pictures"
    picture(source / "a.png")
    picture(source / "deep" / "er" / "b.JPG")
    picture(source / ".hidden" / "c.png")
    Image.new("CMYK", (9, 9)).save(source / "print.jpg")
    Image.new("RGBA", (9, 9)).save(source / "clear.png")
    Image.new("RGB", (1, 1)).save(source / "pixel.png")
    (source / "notes.txt").write_text("text")
    (source / "diary.png").write_text("dear diary")
    (source / "cut.png").write_bytes((source / "a.png").read_bytes()[:60])
    (source / "dangling.png").symlink_to("nowhere.png")
    made = supersvg_data.get("folder", tmp_path / "root", source=source, size=16, workers=1)
    manifest = made.manifest
    assert [item.key for item in manifest.items] == ["a.png", "clear.png", "deep/er/b.JPG", "print.jpg"]
    assert [item.file for item in manifest.items] == [item.key for item in manifest.items]
    cut = "truncated" if "truncated" in manifest.skipped else "corrupt"
    assert manifest.skipped == {"other-file": 1, "not-a-picture": 1, "too-small": 1, "unreadable": 1, cut: 1}
    assert manifest.skipped_examples["not-a-picture"] == ["diary.png"]
    assert manifest.converted == {"cmyk": 1, "transparent-on-white": 1}
    assert made.path.name.startswith("folder-my-pictures-")
    with pytest.raises(errors.MissingDataset, match="has no SVG"):
        made.svg(0)


def test_a_changed_folder_is_noticed(tmp_path: Path) -> None:
    source, root = tmp_path / "pictures", tmp_path / "root"
    picture(source / "a.png")
    first = supersvg_data.get("folder", root, source=source, size=16, workers=1)
    assert supersvg_data.get("folder", root, source=source, size=16, workers=1) == first
    picture(source / "b.png", (200, 0, 0))
    second = supersvg_data.get("folder", root, source=source, size=16, workers=1)
    assert (second.path, second.manifest.count) == (first.path, 2)


def test_a_root_inside_the_folder_is_not_read(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    root = tmp_path / "prepared"
    picture(root / "stray.png")
    made = supersvg_data.get("folder", root, source=tmp_path, size=16, workers=1)
    assert [item.key for item in made.manifest.items] == ["a.png"]


@pytest.mark.parametrize("kind", ["missing", "file", "none"])
def test_no_folder(tmp_path: Path, kind: str) -> None:
    source = {"missing": tmp_path / "gone", "file": tmp_path / "file.png", "none": None}[kind]
    (tmp_path / "file.png").touch()
    with pytest.raises(errors.MissingFolder) as caught:
        supersvg_data.get("folder", tmp_path / "root", source=source)
    assert caught.value.advice


def test_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(errors.EmptyDataset, match="no picture") as caught:
        supersvg_data.get("folder", tmp_path / "root", source=tmp_path / "empty")
    assert caught.value.cause == "it is empty"


def test_a_folder_where_nothing_can_be_read(tmp_path: Path) -> None:
    source = tmp_path / "pictures"
    source.mkdir()
    (source / "a.png").write_text("dear diary")
    with pytest.raises(errors.EmptyDataset, match="Not one picture") as caught:
        supersvg_data.get("folder", tmp_path / "root", source=source, workers=1)
    assert caught.value.cause == "1 not-a-picture"


def test_nothing_there(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "gone", Path(__file__)):
        with pytest.raises(errors.MissingDataset) as caught:
            supersvg_data.load(path)
        assert "data get" in caught.value.advice
    with pytest.raises(errors.MissingDataset):
        supersvg_data.verify("icons", tmp_path)
    assert supersvg_data.list_prepared(tmp_path / "gone") == []


def test_two_at_once(copied: Prepared) -> None:
    (copied.path / PICTURES).unlink()
    held = copied.path.parent / f".{copied.path.name}.lock"
    with lock(held, wait_seconds=0, what="it"), pytest.raises(errors.Busy) as caught:
        again(copied, wait_seconds=0)
    assert str(held) in caught.value.cause
    assert again(copied, wait_seconds=0).manifest.count == 256


def test_a_full_disk_is_noticed_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1 << 20))
    with pytest.raises(errors.NoSpace) as caught:
        supersvg_data.get("test", tmp_path, size=16, workers=1)
    assert "SUPERSVG_DATA" in caught.value.advice


def test_a_disk_that_fills_up_leaves_nothing_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(errors.NoSpace):
            supersvg_data.get("test", tmp_path, size=16, workers=1)
    assert not (tmp_path / "test-16px").exists()
    assert not list(tmp_path.rglob("*.tmp"))
    assert supersvg_data.get("test", tmp_path, size=16, workers=1).manifest.count == 256


def test_a_root_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(errors.CannotWrite) as caught:
        supersvg_data.get("test", tmp_path / "file", size=16)
    assert "SUPERSVG_DATA" in caught.value.advice


@pytest.mark.parametrize("package_name", ["numpy", "PIL", "resvg"])
def test_without_a_package_it_says_what_to_install(tmp_path: Path, package_name: str) -> None:
    """In a process of its own, as modules that are imported already would hide it."""
    code = (
        "import sys; sys.modules[sys.argv[2]] = None; import supersvg_data; from pathlib import Path\n"
        "try: supersvg_data.get('test', Path(sys.argv[1]), size=16)\n"
        "except supersvg_data.errors.MissingPackage as error: print(error.advice)"
    )
    command = [sys.executable, "-c", code, str(tmp_path), package_name]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert out.strip() == "pip install 'supersvg-cloud[data]'"


def test_importing_is_light() -> None:
    code = "import sys, supersvg_data; print({'numpy', 'PIL', 'resvg', 'skimage', 'torch'} & set(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "set()"


def test_errors_say_cause_and_next_step() -> None:
    text = str(errors.DataError("What.", cause="Why.", advice="Do."))
    assert text == "What.\nCause: Why.\nNext: Do."
    with pytest.raises(ValueError, match="unknown reason"):
        errors.FetchFailed("x", reason="other")


def test_errors_survive_the_way_from_a_worker() -> None:
    import pickle

    for kind in (errors.NoSpace, errors.FetchFailed, parallel.WorkerDied):
        error = pickle.loads(pickle.dumps(kind("What.", cause="Why.", advice="Do.")))
        assert (type(error), error.cause, error.advice) == (kind, "Why.", "Do.")
