"""Runs trainers for the kill tests: imports torch once, then forks a process per run.

Reads one JSON request a line from standard input and answers with one: the child's exit code (negative: the
signal that ended it), how many crash points it passed, and its standard error. A request:

    {"argv": [...], "kill_at": N}
        SIGKILL inside the N-th call that changes the disk: half a write, or a rename not done
    {"argv": [...], "signal": "SIGTERM", "after": N}
        that signal from outside once the N-th forward pass is under way, wherever that hits
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any

import torch

from supersvg.cli import main
from supersvg.engine import run as _loaded  # noqa: F401 - imported here once, so that no child has to

torch.set_num_threads(1)


class CrashPoints:
    """Counts the calls that change the disk, and ends the process inside one of them."""

    CALLS = ("write", "fsync", "replace", "ftruncate")

    def __init__(self, kill_at: int | None, told: int) -> None:
        self.kill_at, self.told, self.count = kill_at, told, 0
        self.real = {name: getattr(os, name) for name in self.CALLS}
        for name in self.CALLS:
            setattr(os, name, self._counting(name))

    def _counting(self, name: str) -> Any:
        def call(*args: Any) -> Any:
            if args[0] == self.told or (name == "write" and args[0] <= 2):
                return self.real[name](*args)
            self.count += 1
            if self.count == self.kill_at:
                if name == "write":
                    self.real[name](args[0], args[1][: len(args[1]) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            return self.real[name](*args)

        return call


def serve(request: dict[str, Any]) -> dict[str, Any]:
    steps_out, steps_in = os.pipe()
    points_out, points_in = os.pipe()
    text_out, text_in = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(text_in, 2)
        os.close(steps_out)
        os.environ["TOY_PROGRESS"] = str(steps_in)
        points = CrashPoints(request.get("kill_at"), steps_in)
        code = main(request["argv"])
        points.real["write"](points_in, str(points.count).encode())
        sys.stderr.flush()
        os._exit(code)
    for handle in (steps_in, points_in, text_in):
        os.close(handle)
    seen = 0
    while byte := os.read(steps_out, 1):
        seen += len(byte)
        if seen == request.get("after"):
            os.kill(child, getattr(signal, request["signal"]))
    _, status = os.waitpid(child, 0)
    with os.fdopen(points_out) as points_file, os.fdopen(text_out) as text_file:
        answer = {"code": os.waitstatus_to_exitcode(status), "points": int(points_file.read() or 0)}
        answer["stderr"] = text_file.read()[-4000:]
    os.close(steps_out)
    return answer


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(serve(json.loads(line))), flush=True)
