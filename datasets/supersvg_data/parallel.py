"""Run one function of this package over many arguments in other processes.

The workers are plain interpreters that run this module, fed with pickles over pipes. That needs neither a
``__main__`` guard in the caller's script (as multiprocessing's "spawn" does) nor a fork of a process that already has
threads (torch, OpenMP). A worker ends when its pipe closes, so it never outlives its parent.
"""

from __future__ import annotations

import importlib
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, TypeVar

from supersvg_data.errors import DataError

Argument = TypeVar("Argument")
Result = TypeVar("Result")


def cpu_count() -> int:
    """The processors that this process may use, not all that the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _environment() -> dict[str, str]:
    package_parent = str(Path(__file__).resolve().parent.parent)
    path = os.pathsep.join(part for part in (package_parent, os.environ.get("PYTHONPATH")) if part)
    # One thread each: the parallelism is over processes.
    return {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


class WorkerDied(DataError):
    """A worker process ended before it answered (most often: killed for memory)."""


def _serve_one(function: str, tasks: queue.SimpleQueue[Any], results: queue.SimpleQueue[Any]) -> None:
    """Start one worker and feed it from ``tasks`` until a None comes; answers are (True, value) or (False, error)."""
    process = subprocess.Popen(
        [sys.executable, "-m", "supersvg_data.parallel", function],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=_environment(),
    )
    assert process.stdin is not None and process.stdout is not None
    with process:
        try:
            while (task := tasks.get()) is not None:
                pickle.dump(task, process.stdin)
                process.stdin.flush()
                results.put(pickle.load(process.stdout))
        except (EOFError, BrokenPipeError, pickle.UnpicklingError) as error:
            died = WorkerDied(
                "A worker process ended before it had finished.",
                cause=f"exit status {process.wait()} ({error or 'no answer'})",
                advice="try again with fewer workers; if memory ran out, close other programs first",
            )
            results.put((False, died))


def run(function: Callable[[Argument], Result], tasks: Sequence[Argument], workers: int | None) -> Iterator[Result]:
    """Yield ``function(task)`` for every task, in the order in which they finish.

    ``function`` is importable by module and name, from this package or a standard one; arguments and results can be
    pickled. With ``workers`` 1, or a single task, everything runs here. An error that a worker meets is raised here.
    """
    workers = min(workers or cpu_count(), len(tasks))
    if workers <= 1:
        yield from map(function, tasks)
        return
    pending: queue.SimpleQueue[Any] = queue.SimpleQueue()
    results: queue.SimpleQueue[Any] = queue.SimpleQueue()
    for task in tasks:
        pending.put(task)
    for _ in range(workers):
        pending.put(None)
    name = f"{function.__module__}:{function.__qualname__}"
    threads = [threading.Thread(target=_serve_one, args=(name, pending, results), daemon=True) for _ in range(workers)]
    for thread in threads:
        thread.start()
    try:
        for _ in tasks:
            succeeded, value = results.get()
            if not succeeded:
                raise value
            yield value
    finally:
        # After an error or an interrupt: take what nobody has started, so that every worker meets a None next.
        while not pending.empty():
            try:
                pending.get_nowait()
            except queue.Empty:
                break
        for _ in threads:
            pending.put(None)
        for thread in threads:
            thread.join()


def _serve(function: Callable[[Any], Any], requests: IO[bytes], answers: IO[bytes]) -> None:
    while True:
        try:
            task = pickle.load(requests)
        except EOFError:
            return
        try:
            answer = (True, function(task))
        except Exception as error:  # noqa: BLE001 - it is raised again in the parent
            answer = (False, error)
        try:
            pickle.dump(answer, answers)
            answers.flush()
        except BrokenPipeError:
            return  # The parent is gone.


def _main() -> None:
    module, name = sys.argv[1].split(":")
    # Ctrl-C reaches the whole group of a terminal: the parent decides, and closes the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = sys.stdout.buffer
    sys.stdout = sys.stderr  # Whatever a library prints must not end up among the answers.
    _serve(getattr(importlib.import_module(module), name), sys.stdin.buffer, answers)


if __name__ == "__main__":
    _main()
