"""Run directories as a trainer leaves them (docs/run-contract.md), made with the standard library alone."""

from __future__ import annotations

import functools
import json
import math
import random
import struct
import zlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

BEGUN = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
SIDE = 96


def png(pixels: Callable[[int, int], tuple[int, int, int]], side: int = SIDE) -> bytes:
    rows = b"".join(b"\0" + b"".join(bytes(pixels(x, y)) for x in range(side)) for y in range(side))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")


@functools.cache
def ring(name: str, blur: float) -> tuple[str, bytes]:
    """(SVG, PNG) of a ring whose size depends on the name; ``blur`` 1 is nothing learned, 0 the target."""
    chance = random.Random(name)
    x, y, outer = chance.uniform(38, 58), chance.uniform(38, 58), chance.uniform(22, 34)
    inner, outer = outer * 0.6 * (1 - blur), outer * (1 + 0.35 * blur)
    ink = int(200 * blur)

    def pixel(px: int, py: int) -> tuple[int, int, int]:
        away = math.hypot(px + 0.5 - x, py + 0.5 - y)
        level = ink if inner <= away <= outer else 255
        return level, level, level

    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {SIDE} {SIDE}"><rect width="{SIDE}" height="{SIDE}" '
        f'fill="#fff"/><circle cx="{x}" cy="{y}" r="{outer}" fill="rgb({ink},{ink},{ink})"/>'
        f'<circle cx="{x}" cy="{y}" r="{inner}" fill="#fff"/></svg>'
    )
    return svg, png(pixel)


class RunMaker:
    """Writes a run directory piece by piece, so that a test can leave any piece out."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines: list[dict[str, Any]] = []
        path.mkdir(parents=True, exist_ok=True)

    def asked(self, **more: Any) -> None:
        from supersvg.recipes import CoarseConfig, resolve, to_dict

        config = resolve(CoarseConfig, {"preset": "tiny", "data_path": "datasets/icons", "steps": 4000})
        run = {
            "recipe": "supersvg-coarse",
            "arguments": to_dict(config),
            "seed": 0,
            "data_hash": "3a5f" * 16,
            "processes": 1,
            "versions": {
                "supersvg-cloud": "0.1.0",
                "torch": "2.13.0+cpu",
                "python": "3.11.7",
                "device": "cpu",
                "threads": 2,
            },
            "created": BEGUN.isoformat(),
            "task": {
                "dataset": "icons",
                "revision": "tabler-3.51.0+feather-4.29.2",
                "licence": "MIT",
                "attribution": "Tabler Icons, (c) 2020-2026 Paweł Kuna; Feather, (c) 2013-2023 Cole Bemis",
                "pictures": {"train": 6245, "held-out": 329},
                "parameters": 2_345_678,
            },
        }
        (self.path / "run.json").write_text(json.dumps({**run, **more}), encoding="utf-8")

    def tell(self, kind: str, at_s: float, **fields: Any) -> None:
        self.lines.append({"t": (BEGUN + timedelta(seconds=at_s)).isoformat(), "kind": kind, **fields})

    def train(self, start: int, end: int, total: int, every: int = 20) -> None:
        chance = random.Random(start)
        resumed = {"code": "resumed", "resumed_from": start} if start else {"code": "started"}
        self.tell("notice", start * 0.09, message=f"from step {start}", **resumed)
        for step in range(start + every, end + 1, every):
            left = math.exp(-step / total * 4)
            noise = chance.uniform(0.85, 1.15)
            losses = {
                "loss": 0.02 + 0.2 * left * noise,
                "mse": 0.012 + 0.16 * left * noise,
                "boundary": 0.003 + 0.01 * left,
            }
            rate = 1e-3 * min(1.0, step / 200) * (0.5 + 0.5 * math.cos(math.pi * step / total))
            self.tell(
                "step", step * 0.09, step=step, total_steps=total, epoch=step / 400, losses=losses, lr=rate,
                grad_norm=0.2 + left * noise, images_per_s=700 * noise,
                memory_bytes=1_200_000_000, elapsed_s=step * 0.09,
            )  # fmt: skip
            if step % 500 == 0:
                self.evaluate(step, total)

    def metrics(self, step: int, total: int) -> dict[str, float]:
        left = math.exp(-step / total * 4)
        mse = 0.021 + 0.08 * left
        return {
            "mse": mse, "flat_mse": 0.104, "mse_ratio": mse / 0.104, "psnr": -10 * math.log10(mse),
            "ssim": 0.78 - 0.4 * left, "ink_iou": 0.82 - 0.6 * left, "paths": 64.0, "svg_bytes": 9120.0,
            "pictures": 300.0,
        }  # fmt: skip

    def evaluate(self, step: int, total: int) -> None:
        self.tell("eval", step * 0.09, step=step, metrics=self.metrics(step, total), best=True, seconds=4.0)

    def samples(self, steps: range, names: list[str], total: int) -> None:
        for step in steps:
            folder = self.path / "samples" / f"step-{step:06d}"
            folder.mkdir(parents=True)
            for name in names:
                svg, drawn = ring(name, 1 - step / total)
                (folder / f"{name}.svg").write_text(svg, encoding="utf-8")
                (folder / f"{name}.png").write_bytes(drawn)
                (folder / f"{name}.target.png").write_bytes(ring(name, 0)[1])

    def events(self, torn: str = "") -> None:
        text = "".join(json.dumps(line) + "\n" for line in self.lines)
        (self.path / "events.jsonl").write_text(text + torn, encoding="utf-8")

    def summary(self, reason: str, step: int, total: int, **more: Any) -> None:
        told = {"step": step, **self.metrics(step, total)}
        found = {
            "exit_reason": reason, "step": step, "total_steps": total, "images": step * 64, "images_per_s": 701.5,
            "metrics": {"first": {"step": 500, **self.metrics(500, total)}, "best": told, "last": told},
            "wall_s": step * 0.09, "memory_bytes": 1_200_000_000, "message": "", "advice": "",
        }  # fmt: skip
        (self.path / "summary.json").write_text(json.dumps({**found, **more}), encoding="utf-8")

    def whole(self) -> None:
        """A run of 4,000 steps that was killed once and ended well."""
        self.asked()
        self.train(0, 1620, 4000)
        self.train(1500, 4000, 4000)
        self.tell("done", 362.0, step=4000, exit_reason="done", wall_s=362.0)
        self.samples(range(0, 4001, 500), ["bell", "circle-dot", "moon", "sun", "wheel", "zoom"], 4000)
        self.events()
        self.summary("done", 4000, 4000)


@pytest.fixture
def maker(tmp_path: Path) -> RunMaker:
    return RunMaker(tmp_path / "run")
