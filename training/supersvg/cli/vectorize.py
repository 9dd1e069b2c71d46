"""``python -m supersvg vectorize``: pictures to SVG files with a trained model."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from supersvg.cli.arguments import FlagParser, run_command


def main(argv: Sequence[str]) -> int:
    """Returns the exit code of docs/run-contract.md."""
    return run_command(lambda: vectorize(argv))


def vectorize(argv: Sequence[str]) -> None:
    """Writes one SVG per picture and prints their paths, one a line."""
    import torch

    from supersvg.engine.distributed import pick_device
    from supersvg.engine.durable import replace_file
    from supersvg.engine.run import load_vectorizer
    from supersvg.engine.trained import load_trained

    parser = FlagParser("vectorize", "Pictures to SVG files with a trained model.")
    parser.add_argument("pictures", nargs="+", type=Path, metavar="PICTURE")
    parser.add_argument("--output", "-o", type=Path, help="an SVG file, or a directory for several")
    parser.add_argument("--paths", type=int, help="exactly so many paths; by default as many as the model paints")
    arguments = parser.read(argv)
    if arguments.paths is not None and arguments.paths < 1:
        parser.error("--paths must be at least 1")
    targets = output_paths(arguments.pictures, arguments.output)
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    trained = load_trained(Path(arguments.model), best=arguments.best)
    draw = load_vectorizer(trained.recipe)(trained.config, trained.weights, pick_device(arguments.device))
    for source, target in zip(arguments.pictures, targets, strict=True):
        svg = draw(read_picture(source), arguments.paths)
        target.parent.mkdir(parents=True, exist_ok=True)
        replace_file(target, svg.encode())
        if not arguments.json:
            sys.stdout.write(f"{target}\n")
    if arguments.json:
        told = {"checkpoint": str(trained.path), "svgs": [str(target) for target in targets]}
        sys.stdout.write(json.dumps(told, indent=2) + "\n")


def output_paths(pictures: Sequence[Path], output: Path | None) -> list[Path]:
    """Where each picture's SVG goes: beside it, into the directory ``output``, or, for one picture, into
    that file.

    Raises:
        BadArguments: two pictures would be written to one file.
    """
    from supersvg.engine.errors import BadArguments

    if output is None:
        targets = [picture.with_suffix(".svg") for picture in pictures]
    elif output.suffix.lower() == ".svg" and not output.is_dir():
        targets = [output] * len(pictures)
    else:
        targets = [output / f"{picture.stem}.svg" for picture in pictures]
    for target in targets:
        sources = [str(picture) for picture, other in zip(pictures, targets, strict=True) if other == target]
        if len(sources) > 1:
            raise BadArguments(
                f"{' and '.join(sources)} would both be written to {target}",
                advice="give --output a directory, and pictures with names of their own",
            )
    return targets


def read_picture(path: Path) -> NDArray[np.uint8]:
    """[H, W, 3], upright, transparency on white.

    Raises:
        BadData: no picture that can be read.
    """
    from PIL import Image, ImageOps

    from supersvg.engine.errors import BadData

    try:
        with Image.open(path) as opened:
            upright = ImageOps.exif_transpose(opened).convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise BadData(
            f"{path} is no picture that can be read: {error}", advice="give a PNG, JPEG or WebP file"
        ) from error
    white = Image.new("RGBA", upright.size, "white")
    return np.asarray(Image.alpha_composite(white, upright).convert("RGB"))
