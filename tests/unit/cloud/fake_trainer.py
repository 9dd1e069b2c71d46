"""A trainer that keeps docs/run-contract.md with the standard library alone, and misbehaves on request.

FAKE_STEPS   steps to take (20)             FAKE_AT    the step before which FAKE_END happens (10)
FAKE_END     an exit reason, or `kill`      FAKE_GATE  wait before FAKE_AT until this file exists
FAKE_STEP_S  seconds per step (0)           FAKE_DEAF  1: ignore SIGTERM until the gate opens
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import signal
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

CODES = {"done": 0, "saved": 75, "bad-arguments": 64, "bad-data": 65, "diverged": 66, "bug": 70}
CODES |= {"out-of-memory": 71, "busy": 73, "cannot-write": 74}
POLL_S = 0.02


def main() -> int:
    verb, words = sys.argv[1], sys.argv[2:]
    run_dir = Path(words[words.index("--run-dir") + 1])
    if verb == "evaluate":
        print(json.dumps({"mse": 0.01, "words": words}))
        return 0
    if verb == "vectorize":
        Path(words[words.index("--output") + 1]).write_text("<svg/>")
        return 0
    return Training(run_dir, resuming="--resume" in words, words=words).run()


class Training:
    def __init__(self, run_dir: Path, *, resuming: bool, words: list[str]) -> None:
        self.dir, self.resuming, self.words = run_dir, resuming, words
        self.steps = int(os.environ.get("FAKE_STEPS", "20"))
        self.at = int(os.environ.get("FAKE_AT", "10"))
        self.end = os.environ.get("FAKE_END", "")
        self.gate = os.environ.get("FAKE_GATE", "")
        self.pause = threading.Event()
        self.leave = False

    def run(self) -> int:
        signal.signal(signal.SIGTERM, self.asked)
        print("fake trainer:", " ".join(self.words), flush=True)
        lock = (self.dir / ".lock").open("w")
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return CODES["busy"]
        (self.dir / "summary.json").unlink(missing_ok=True)
        self.events = (self.dir / "events.jsonl").open("a")
        if not (self.dir / "run.json").exists():
            (self.dir / "run.json").write_text(json.dumps({"words": self.words}))
        return self.train(self.newest() if self.resuming else 0)

    def asked(self, *_: object) -> None:
        if os.environ.get("FAKE_DEAF") != "1":
            self.leave = True

    def train(self, start: int) -> int:
        self.tell("notice", message=f"starting from step {start}")
        for step in range(start, self.steps):
            if step == self.at and not self.resuming and self.end:
                if self.end == "kill":
                    os.kill(os.getpid(), signal.SIGKILL)
                self.tell("error", exit_reason=self.end, message=f"fake {self.end}", advice="do something else")
                return self.finish(self.end, step)
            if step == self.at and self.gate:
                self.tell("notice", message="waiting at the gate")
                while not Path(self.gate).exists() and not self.leave:
                    self.pause.wait(POLL_S)
            if self.leave:
                self.save(step)
                return self.finish("saved", step)
            self.pause.wait(float(os.environ.get("FAKE_STEP_S", "0")))
            loss = 1 / (step + 1)
            self.tell(
                "step",
                step=step + 1,
                total_steps=self.steps,
                losses={"loss": loss, "mse": loss},
                lr=0.001,
                images_per_s=100.0,
                memory_bytes=123_000_000,
                elapsed_s=0.1 * step,
                eta_s=0.1 * (self.steps - step),
            )
            if (step + 1) % 5 == 0:
                self.save(step + 1)
                self.tell("eval", step=step + 1, metrics={"mse": loss / 10, "ink_iou": 1 - loss}, best=True)
        return self.finish("done", self.steps)

    def save(self, step: int) -> None:
        folder = self.dir / "checkpoints" / f"step-{step:06d}"
        folder.mkdir(parents=True, exist_ok=True)
        data = f"weights after {step}".encode()
        (folder / "model.pt").write_bytes(data)
        files = {"model.pt": {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}}
        (folder / "complete.json").write_text(json.dumps({"step": step, "files": files}))
        self.tell("checkpoint", step=step, path=f"checkpoints/{folder.name}")

    def newest(self) -> int:
        found = sorted(self.dir.glob("checkpoints/*/complete.json"))
        return int(json.loads(found[-1].read_text())["step"]) if found else 0

    def tell(self, kind: str, **fields: Any) -> None:
        self.events.write(json.dumps({"t": datetime.now(UTC).isoformat(), "kind": kind, **fields}) + "\n")
        self.events.flush()

    def finish(self, reason: str, step: int) -> int:
        metrics = {"last": {"mse": 0.005, "flat_mse": 0.05, "ink_iou": 0.9, "step": step}}
        self.tell("done", step=step, exit_reason=reason)
        summary: dict[str, Any] = {"exit_reason": reason, "step": step, "metrics": metrics}
        if reason not in ("done", "saved"):
            summary |= {"message": f"fake {reason}", "advice": "do something else"}
        (self.dir / "summary.json").write_text(json.dumps(summary))
        # torchrun and its like replace exit codes; the summary alone has to be enough.
        return CODES[reason] if os.environ.get("FAKE_CODE") is None else int(os.environ["FAKE_CODE"])


if __name__ == "__main__":
    sys.exit(main())
