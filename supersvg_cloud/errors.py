"""The one tree of errors: what happened, why, what to type next, and the exit code a script can rely on.

Every class here is one row of docs/errors.md, which is generated from this module (``python -m
supersvg_cloud.cli.reference``). The exit codes 64 to 75 are those of the run contract and mean the same
whether a trainer or the command line gives them.
"""

from __future__ import annotations

from typing import ClassVar


class SuperSVGError(Exception):
    """Something a person can act on. Never raised itself; every subclass has a code and an exit code.

    ``message`` says what happened, ``cause`` why (empty when the message says it all), ``advice`` what to do.
    """

    code: ClassVar[str] = ""
    exit_code: ClassVar[int] = 1
    meaning: ClassVar[str] = ""

    def __init__(self, message: str, *, cause: str = "", advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.cause = cause
        self.advice = advice

    def as_dict(self) -> dict[str, object]:
        """The machine-readable form that ``--json`` prints under the key ``error``."""
        return {
            "code": self.code,
            "exit_code": self.exit_code,
            "message": self.message,
            "cause": self.cause,
            "advice": self.advice,
        }


class UsageError(SuperSVGError):
    code, exit_code = "usage", 2
    meaning = "The command line itself is wrong: an unknown command or flag, a missing or malformed value."


class UnknownRun(SuperSVGError):
    code, exit_code = "unknown-run", 3
    meaning = "No run has that id or name, or there is no run at all."


class AmbiguousRun(SuperSVGError):
    code, exit_code = "ambiguous-run", 4
    meaning = "Several runs fit and nobody is there to choose."


class NameTaken(SuperSVGError):
    code, exit_code = "name-taken", 5
    meaning = "Another run already has that name or that directory."


class NotNow(SuperSVGError):
    code, exit_code = "not-now", 6
    meaning = "The run is in a state in which this cannot be done: stopping what ended, resuming what is done."


class Mismatch(SuperSVGError):
    code, exit_code = "mismatch", 7
    meaning = "A copy or a dataset does not match its hashes."


class DemoBelowTarget(SuperSVGError):
    code, exit_code = "demo-below-target", 8
    meaning = "The demo ran, but what it trained is worse than it promises to be."


class MachineUnfit(SuperSVGError):
    code, exit_code = "machine-unfit", 9
    meaning = "`doctor` found something missing without which nothing can be trained here."


class BadArguments(SuperSVGError):
    code, exit_code = "bad-arguments", 64
    meaning = "Settings that no training can be started with: unknown, malformed or contradicting each other."


class BadData(SuperSVGError):
    code, exit_code = "bad-data", 65
    meaning = "The dataset is missing, empty, damaged, or could not be fetched."


class Diverged(SuperSVGError):
    code, exit_code = "diverged", 66
    meaning = "The training left the finite numbers; the last good state is kept."


class EndedByForce(SuperSVGError):
    code, exit_code = "ended-by-force", 67
    meaning = "The trainer went away without leaving a reason: killed, out of system memory, or a power cut."


class MissingExtra(SuperSVGError):
    code, exit_code = "missing-extra", 69
    meaning = "A part of the installation that this command needs is not there."


class TrainerBug(SuperSVGError):
    code, exit_code = "bug", 70
    meaning = "A fault in the trainer or in supersvg-cloud itself; its log has the traceback."


class OutOfMemory(SuperSVGError):
    code, exit_code = "out-of-memory", 71
    meaning = "The memory of the GPU or of the machine was too small."


class Busy(SuperSVGError):
    code, exit_code = "busy", 73
    meaning = "Another trainer is at work in that run directory."


class CannotWrite(SuperSVGError):
    code, exit_code = "cannot-write", 74
    meaning = "A directory cannot be written, or the disk is full."


class LedgerDamaged(SuperSVGError):
    code, exit_code = "ledger-damaged", 76
    meaning = "The ledger is not a readable database. The run directories are unharmed."


class LedgerNewer(SuperSVGError):
    code, exit_code = "ledger-newer", 77
    meaning = "A newer version of supersvg-cloud wrote the ledger; this one will not touch it."


class BadConfig(SuperSVGError):
    code, exit_code = "bad-config", 78
    meaning = "A configuration file or environment variable is unreadable, unknown or malformed."


SUCCESS, SAVED, INTERRUPTED = 0, 75, 130
"""Exit codes that are no error: done; saved and ready to be resumed; left with the trainer running."""

BY_EXIT_REASON: dict[str, type[SuperSVGError]] = {
    "bad-arguments": BadArguments,
    "bad-data": BadData,
    "diverged": Diverged,
    "bug": TrainerBug,
    "out-of-memory": OutOfMemory,
    "cannot-write": CannotWrite,
    "busy": Busy,
    "force": EndedByForce,
}
"""``exit_reason`` of summary.json (``force``: none at all) -> the error that the command ends with."""

REASON_BY_EXIT_CODE: dict[int, str] = {
    0: "done",
    75: "saved",
    **{kind.exit_code: reason for reason, kind in BY_EXIT_REASON.items() if reason != "force"},
}


def every_error() -> list[type[SuperSVGError]]:
    """All classes of the tree, by exit code."""
    found: list[type[SuperSVGError]] = []
    todo = list(SuperSVGError.__subclasses__())
    while todo:
        kind = todo.pop()
        found.append(kind)
        todo.extend(kind.__subclasses__())
    return sorted(found, key=lambda kind: kind.exit_code)
