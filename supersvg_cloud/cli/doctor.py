"""`doctor`: can this machine train?"""

from __future__ import annotations

from dataclasses import asdict

from supersvg_cloud.cli.options import Json


def doctor(as_json: Json = False) -> None:
    """See whether this machine can train, and what to do if not."""
    from supersvg_cloud import config, console
    from supersvg_cloud.errors import MachineUnfit
    from supersvg_cloud.platform import this_platform
    from supersvg_cloud.runs.doctor import examine, this_machine

    checks = examine(this_machine(this_platform(), config.load().home))
    stopping = [check for check in checks if check.needed and check.level == "missing"]
    if as_json and not stopping:
        console.say_json({"fit": True, "checks": [asdict(check) for check in checks]})
    elif not as_json:
        rows = [(check.level, check.name, check.found, check.advice) for check in checks]
        console.say_table(["", "what", "found", "what to do"], rows)
    if stopping:
        raise MachineUnfit(
            "this machine cannot train yet: " + "; ".join(f"{check.name} {check.found}" for check in stopping),
            advice=" and ".join(check.advice for check in stopping),
        )
    if not as_json:
        console.say("This machine can train.")
