"""`demo`: from nothing to a trained model and its report."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from supersvg_cloud.cli.options import Json, Offline, Plain

if TYPE_CHECKING:
    from supersvg_cloud.cli.session import Session
    from supersvg_cloud.model import Run
    from supersvg_cloud.runs.journal import Status


def demo(
    steps: Annotated[int | None, typer.Option(min=1, help="Fewer steps, for a quicker look; promises nothing.")] = None,
    name: Annotated[str, typer.Option(help="The run's name.")] = "demo",
    offline: Offline = False,
    plain: Plain = False,
    as_json: Json = False,
) -> None:
    """From nothing to a trained model, its SVGs and a report, in minutes on a laptop's CPU.

    Given again, it goes on where it was interrupted, or shows what it made.
    """
    from supersvg_cloud import console
    from supersvg_cloud.cli.session import session
    from supersvg_cloud.cli.words import number, size
    from supersvg_cloud.runs.demo import require_promised, result

    with session(flags={"recipe": "supersvg-coarse"}, as_json=as_json) as opened:
        status = _trained(opened, name, steps, offline=offline, plain=plain)
        made = result(status)
        report = status.run.run_dir / "report.html"
        if as_json:
            console.say_json({**status.as_dict(), "result": asdict(made), "report": str(report)})
        else:
            rows = [
                ("held-out squared error", number(made.mse)),
                ("of the best flat colour", number(made.flat_mse)),
                ("ratio (promised: 0.333 or less)", number(made.ratio)),
                ("ink IoU (promised: 0.6 or more)", number(made.ink_iou)),
                ("paths per picture", number(made.paths)),
                ("SVG size", size(made.svg_bytes)),
                ("electricity", f"{status.bill.kwh:.3f} kWh"),
            ]
            console.say_table(["what", "value>"], rows)
            console.say(f"Report: {report}")
            console.say(f"Next:   supersvg-cloud vectorize PICTURE --run {name} -o OUT.svg")
        if steps is None:
            require_promised(status)


def _trained(opened: Session, name: str, steps: int | None, *, offline: bool, plain: bool) -> Status:
    from supersvg_cloud.cli.follow import follow
    from supersvg_cloud.model import State
    from supersvg_cloud.runs.train import Journey

    known = [run for run in opened.ledger.runs() if run.name == name]
    run = known[0] if known else _begin(opened, name, steps, offline=offline)
    status = opened.status(run)
    if status.state is State.DONE:
        return status
    journey = Journey(opened.config, opened.ledger, opened.provider, run, offline=offline)
    return follow(opened, journey, detach=False, plain=plain, tell=False)


def _begin(opened: Session, name: str, steps: int | None, *, offline: bool) -> Run:
    """The dataset comes before the run here, since without a network the run is on another dataset."""
    from dataclasses import replace

    from supersvg_cloud import console
    from supersvg_cloud.cli.progress import told
    from supersvg_cloud.config import Value
    from supersvg_cloud.errors import BadData
    from supersvg_cloud.model import Workload
    from supersvg_cloud.runs import datasets
    from supersvg_cloud.runs.train import new_run, picture_size, require_trainer

    require_trainer(opened.config)
    dataset = "icons"
    flags = ["--preset=tiny", *([f"--steps={steps}"] if steps else [])]
    size = picture_size(Workload(opened.config["recipe"], dataset, tuple(flags)))
    try:
        with told(quiet=opened.as_json) as tell:
            datasets.prepare(dataset, offline=offline, size=size, told=tell)
    except BadData as error:
        dataset = "test"
        console.warn(f"The icons cannot be fetched ({error.message}). Going on with the generated dataset `test`.")
    values = {**opened.config.values, "dataset": Value("dataset", dataset, "demo")}
    return new_run(replace(opened.config, values=values), opened.ledger, name=name, flags=flags)
