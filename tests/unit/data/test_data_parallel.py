"""Work in other processes: all results, real errors, no worker left behind."""

from __future__ import annotations

import math
import os

import pytest

from supersvg_data import parallel


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_every_result_once(workers: int) -> None:
    assert sorted(parallel.run(math.factorial, [5, 3, 4, 0], workers)) == [1, 6, 24, 120]


def test_nothing_to_do() -> None:
    assert list(parallel.run(math.factorial, [], 4)) == []


def test_it_runs_in_other_processes_only_when_asked() -> None:
    assert set(parallel.run(os.getenv, ["SUPERSVG_TEST_UNSET", "OMP_NUM_THREADS"], 2)) == {None, "1"}
    assert list(parallel.run(os.path.basename, ["a/b"], 8)) == ["b"]


def test_an_error_of_a_worker_is_raised_here() -> None:
    with pytest.raises(ValueError, match="negative"):
        list(parallel.run(math.factorial, [1, -1, 2], 2))


def test_a_worker_that_dies_is_an_error_and_not_a_wait() -> None:
    with pytest.raises(parallel.WorkerDied) as caught:
        list(parallel.run(os._exit, [3, 3], 2))
    assert "exit status 3" in caught.value.cause
    assert "fewer workers" in caught.value.advice


def test_stopping_early_ends_the_workers() -> None:
    results = parallel.run(math.factorial, list(range(50)), 2)
    next(results)
    results.close()  # type: ignore[attr-defined]
