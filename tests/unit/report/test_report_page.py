"""The page: what it says of every kind of run, and that nothing of a run can get out of its place on it."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from supersvg_cloud.errors import CannotWrite
from supersvg_cloud.runs import report
from supersvg_cloud.runs.report import LARGEST_PAGE, write_report

CONTEXT = {
    "name": "demo",
    "run_id": "20260301-093000-a1b2",
    "command": "supersvg-cloud train --recipe supersvg-coarse --data icons --preset=tiny",
    "cost": {"kind": "electricity", "hours": 0.1, "watts": 80.0, "kwh": 0.008, "price_per_kwh": 0.3, "total": 0.0024},
    "state": "done",
}


class Page(HTMLParser):
    """A page as a browser sees it: its tags, the text outside scripts and styles, and the script's payload."""

    def __init__(self, path: Path) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.raw: dict[str, str] = {}
        self._inside = ""
        self.feed(path.read_text(encoding="utf-8"))
        self.text = re.sub(r"\s+", " ", " ".join(self.words))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self._inside = f"{tag} {dict(attrs).get('type', '')}".strip()

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.raw[self._inside] = self.raw.get(self._inside, "") + data
        else:
            self.words.append(data)

    @property
    def payload(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.raw["script application/json"])
        return found


def page_of(run_dir: Path, **more: object) -> Page:
    path = write_report(run_dir, {**CONTEXT, **more})
    assert path == run_dir / "report.html"
    assert path.stat().st_size < LARGEST_PAGE
    return Page(path)


def test_a_run_that_ended_well_is_told_whole(maker) -> None:
    maker.whole()
    text = page_of(maker.path).text
    assert "On 300 held-out pictures, MSE is 0.216 of the best flat colour's, ink IoU is 0.809" in text
    assert "an SVG has 64 paths (9.12 kB)" in text
    for told in (
        "tiny", "batch size", "6 min 0 s", "702 images/s", "8 Wh at 80 W", "2.13.0+cpu", "329 held-out", "MIT",
        "Paweł Kuna", "3a5f" * 16, CONTEXT["command"], "16.48 dB", "first step 500", "2,345,678",
    ):  # fmt: skip
        assert str(told) in text, told


def test_an_interruption_is_told(maker) -> None:
    maker.whole()
    page = page_of(maker.path)
    assert "1 2026-03-01 09:30 UTC 0 to 1,620 2 min 26 s by force" in page.text
    assert "2 2026-03-01 09:32 UTC 1,500 to 4,000 3 min 47 s done" in page.text
    assert page.payload["resumed"] == [1500]


def test_steps_done_again_after_a_kill_are_drawn_once_and_as_done_last(maker) -> None:
    maker.tell("notice", 0, code="started")
    for step, loss in ((1, 5.0), (2, 4.0), (3, 3.0)):
        maker.tell("step", step, step=step, total_steps=9, losses={"loss": loss})
    maker.tell("notice", 4, code="resumed", resumed_from=1)
    maker.tell("step", 5, step=2, total_steps=9, losses={"loss": 4.5})
    maker.events()
    (curve,) = page_of(maker.path).payload["curves"]
    assert curve["series"][0]["points"] == [[1, 5.0], [2, 4.5]]


def test_the_page_refers_to_nothing_outside_itself(maker) -> None:
    maker.whole()
    page = page_of(maker.path)
    for tag, attributes in page.tags:
        assert tag not in ("link", "iframe", "object", "embed", "base", "form", "a"), tag
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            if name in ("src", "href", "srcset", "poster", "data", "action"):
                assert re.match(r"data:image/(png|svg\+xml);base64,", value or ""), (tag, value)
    assert not re.findall(r"url\(|@import|fetch\(|XMLHttpRequest|innerHTML|eval\(", "".join(page.raw.values()))


def test_its_policy_allows_its_own_style_and_script_and_data_images_alone(maker) -> None:
    maker.whole()
    page = page_of(maker.path)
    (policy,) = [a["content"] or "" for t, a in page.tags if t == "meta" and a.get("http-equiv")]

    def hashed(text: str) -> str:
        return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"

    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules == {
        "default-src": "'none'",
        "img-src": "data:",
        "style-src": hashed(page.raw["style"]),
        "script-src": hashed(page.raw["script"]),
        "base-uri": "'none'",
        "form-action": "'none'",
    }


HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\"'&<!--</script "


def test_nothing_hostile_becomes_markup(maker) -> None:
    maker.asked(
        recipe=HOSTILE, seed=HOSTILE, versions={HOSTILE: HOSTILE}, data_hash=HOSTILE, created=HOSTILE,
        arguments={HOSTILE: HOSTILE, "preset": HOSTILE},
        task={"dataset": HOSTILE, "licence": HOSTILE, "attribution": HOSTILE, "pictures": {HOSTILE: 3}},
    )  # fmt: skip
    maker.tell("notice", 0, code="damaged-checkpoint", message=HOSTILE)
    maker.tell("step", 0, step=1, total_steps=2, losses={"loss": 1.0, HOSTILE: 2.0})
    maker.tell("eval", 0, step=1, metrics={HOSTILE: 1.0, "mse": 0.1})
    maker.tell("error", 0, exit_reason=HOSTILE, message=HOSTILE, advice=HOSTILE)
    maker.events()
    folder = maker.path / "samples" / "step-000001"
    folder.mkdir(parents=True)
    name = "\"onload='alert(1)' x=\"&"
    (folder / f"{name}.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>')
    page = page_of(maker.path, name=HOSTILE, run_id=HOSTILE, command=HOSTILE, state=HOSTILE)
    assert [tag for tag, _ in page.tags].count("script") == 2
    assert not set("<>&") & set(page.raw["script application/json"])
    assert all("onerror" not in attributes and "onload" not in attributes for _, attributes in page.tags)
    assert [a["src"] for t, a in page.tags if t == "img" and a.get("src", "")] == [page_image(page)]
    assert page.text.count("<script>alert(1)</script>") >= 10  # told as text, not left out


def page_image(page: Page) -> str | None:
    return next(a["src"] for t, a in page.tags if t == "img" and "data-image" in a)


def test_the_slider_has_every_moment_of_every_picture(maker) -> None:
    maker.whole()
    page = page_of(maker.path)
    grid = page.payload["grid"]
    assert grid["steps"] == list(range(0, 4001, 500))
    assert grid["names"] == ["bell", "circle-dot", "moon", "sun", "wheel", "zoom"]
    images = list(grid["images"])
    for tag, attributes in page.tags:
        if tag == "img" and "data-image" in attributes:
            images[int(attributes["data-image"] or -1)] = attributes["src"]
    assert None not in images
    for row, name in enumerate(grid["names"]):
        target = maker.path / f"samples/step-004000/{name}.target.png"
        assert base64.b64decode(images[grid["targets"][row]].split(",")[1]) == target.read_bytes()
        for column, step in enumerate(grid["steps"]):
            for at, ending in zip(grid["frames"][row][column], ("svg", "png"), strict=True):
                file = maker.path / f"samples/step-{step:06d}/{name}.{ending}"
                assert base64.b64decode(images[at].split(",")[1]) == file.read_bytes()


def test_a_missing_or_broken_sample_leaves_the_others(maker) -> None:
    maker.samples(range(0, 101, 50), ["bell", "sun"], 100)
    (maker.path / "samples/step-000050/bell.svg").unlink()
    (maker.path / "samples/step-000100/sun.svg").write_bytes(b"\x00 torn")
    (maker.path / "samples/step-000100/sun.target.png").write_bytes(b"")
    (maker.path / "samples/.step-000150.tmp").mkdir()
    grid = page_of(maker.path).payload["grid"]
    assert grid["steps"] == [0, 50, 100]
    assert grid["frames"][0][1][0] == -1 and grid["frames"][0][0][0] >= 0
    assert grid["frames"][1][2][0] == -1 and grid["targets"][1] >= 0


@pytest.mark.skipif(sys.platform == "win32", reason="making links needs a right that few have on Windows")
def test_a_link_out_of_the_run_directory_is_not_followed(maker, tmp_path: Path) -> None:
    secret = tmp_path / "secret.svg"
    secret.write_text("<svg>secret</svg>")
    maker.samples(range(1), ["bell"], 1)
    (maker.path / "samples/step-000000/other.svg").symlink_to(secret)
    assert page_of(maker.path).payload["grid"]["names"] == ["bell"]


def test_a_large_run_is_thinned_and_says_so(maker) -> None:
    maker.whole()
    names = [f"picture-{number}" for number in range(12)]
    for step in range(1, 41):
        folder = maker.path / "samples" / f"step-{step:06d}"
        folder.mkdir()
        for name in names:
            body = base64.b64encode(os.urandom(30_000)).decode()  # nothing in it is alike or compresses
            (folder / f"{name}.svg").write_text(f"<svg>{body}</svg>")
    page = page_of(maker.path)
    grid = page.payload["grid"]
    assert grid["steps"][0] == 0 and grid["steps"][-1] == 4000, "the first and the last moment stay"
    assert re.search(r"To keep this page small, \d+ of 49 moments and \d+ of 18 pictures are shown", page.text)
    assert len(grid["images"]) > 40, "the room is used"


def test_a_single_picture_too_large_for_the_page_is_left_out(maker) -> None:
    maker.samples(range(1), ["bell", "vast"], 1)
    (maker.path / "samples/step-000000/vast.svg").write_text("<svg>" + "x" * report.LARGEST_PAGE + "</svg>")
    assert page_of(maker.path).payload["grid"]["names"] == ["bell"]


def test_long_curves_are_thinned_and_keep_their_spikes(maker) -> None:
    for step in range(1, 20_001):
        maker.tell("step", 0, step=step, total_steps=20_000, losses={"loss": 99.0 if step == 7777 else 1.0})
    maker.events()
    (curve,) = page_of(maker.path).payload["curves"]
    points = curve["series"][0]["points"]
    assert len(points) == 400 and points[0][0] == 1 and points[-1][0] == 20_000
    assert [7777, 99.0] in points
    assert curve["note"] == "400 of 20,000 points are drawn"


def test_a_directory_with_nothing_in_it(tmp_path: Path) -> None:
    page = Page(write_report(tmp_path, {}))
    assert "Nothing has been recorded in this run's directory yet." in page.text
    assert "No pictures have been written yet." in page.text
    assert page.payload["curves"] == []


def test_a_run_that_goes_on(maker) -> None:
    maker.asked()
    maker.train(0, 700, 4000)
    maker.events(torn='{"t": "2026-03-01T09:31:00+00:00", "kind": "step", "st')
    text = page_of(maker.path, state="running").text
    assert "At step 700 of 4,000, with no end recorded" in text
    assert " running " in text
    assert "MSE is" in text


def test_a_run_that_was_killed(maker) -> None:
    maker.asked()
    maker.train(0, 700, 4000)
    maker.events(torn="\x00\x00")
    text = page_of(maker.path, state="failed (ended by force)").text
    assert "Ended by force at step 700 of 4,000" in text
    assert "Go on with: supersvg-cloud resume demo" in text


def test_a_run_that_was_stopped(maker) -> None:
    maker.asked()
    maker.train(0, 700, 4000)
    maker.tell("done", 70, step=700, exit_reason="saved", wall_s=70.0)
    maker.events()
    maker.summary("saved", 700, 4000)
    text = page_of(maker.path, state="saved").text
    assert "Stopped by request at step 700 of 4,000, and saved. On 300 held-out pictures" in text
    assert "Go on with: supersvg-cloud resume demo" in text


@pytest.mark.parametrize("reason", ["diverged", "out-of-memory", "bad-data", "bug", "cannot-write", "bad-arguments"])
def test_a_run_that_failed_says_why_and_what_to_do(maker, reason: str) -> None:
    maker.asked()
    maker.train(0, 700, 4000)
    maker.tell("step", 64, step=720, total_steps=4000, losses={"loss": None}, grad_norm=None)
    told = {"message": "the loss is not finite", "advice": "train again with half the learning rate"}
    maker.tell("error", 65, exit_reason=reason, **told)
    maker.events()
    maker.summary(reason, 720, 4000, **told)
    page = page_of(maker.path, state=f"failed ({reason})")
    assert "Ended at step 720 of 4,000: the loss is not finite." in page.text
    assert "Train again with half the learning rate." in page.text
    assert ("span", {"class": "state bad"}) in page.tags
    loss = next(curve for curve in page.payload["curves"] if curve["title"] == "training loss")
    assert loss["note"] == "1 values were not finite"


def test_worse_than_one_colour_is_said_plainly(maker) -> None:
    maker.tell("eval", 1, step=5, metrics={"mse": 0.2, "flat_mse": 0.1})
    maker.tell("done", 2, step=5, exit_reason="done")
    maker.events()
    text = page_of(maker.path).text
    assert "MSE is 2 of the best flat colour's. That is no better than painting each picture in one colour." in text


JUNK: list[object] = [None, True, [], "text", -1, 10**400, {"a": {}}, 1.5, [[]], "9" * 5000]


@pytest.mark.parametrize("junk", JUNK, ids=lambda junk: str(junk)[:12])
def test_values_of_the_wrong_kind_spoil_nothing(maker, junk: object) -> None:
    maker.asked(**dict.fromkeys(("arguments", "task", "versions", "seed", "created", "recipe", "data_hash"), junk))
    fields = ("step", "total_steps", "losses", "metrics", "lr", "code", "message", "exit_reason", "resumed_from")
    for kind in ("notice", "step", "eval", "checkpoint", "sample", "done", "error", junk):
        maker.lines.append({"t": junk, "kind": kind, **dict.fromkeys(fields, junk)})
        maker.lines.append({"kind": kind, "losses": {"loss": junk}, "metrics": {"mse": junk}, "code": "resumed"})
    maker.events(torn="[1, 2]\nnull\n\xff\n" + "[" * 100)
    wrong = dict.fromkeys(("metrics", "message", "advice", "exit_reason", "step", "wall_s"), junk)
    (maker.path / "summary.json").write_text(json.dumps(wrong))
    assert page_of(maker.path, cost=junk, state="").text


def test_files_that_are_no_json_or_no_files(maker) -> None:
    (maker.path / "run.json").write_bytes(b"\xff\xfe{")
    (maker.path / "summary.json").write_text("{")
    (maker.path / "samples").write_text("a file")
    assert "Nothing has been recorded" in page_of(maker.path).text


def test_without_a_ledger_the_command_is_made_from_the_run(maker) -> None:
    maker.asked()
    path = write_report(maker.path, {})
    assert "supersvg-cloud train --recipe supersvg-coarse --data datasets/icons --preset=tiny" in Page(path).text


def test_a_directory_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(CannotWrite, match=r"report\.html") as caught:
        write_report(tmp_path / "absent", {})
    assert caught.value.cause and caught.value.advice


def test_the_page_is_replaced_whole(maker) -> None:
    maker.whole()
    write_report(maker.path, CONTEXT)
    write_report(maker.path, CONTEXT)
    assert [path.name for path in maker.path.glob("*report*")] + list(maker.path.glob(".*")) == ["report.html"]
