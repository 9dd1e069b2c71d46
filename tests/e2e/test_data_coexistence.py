"""The folder named `datasets` in this repository hides no package named `datasets`, such as Hugging Face's."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
CODE = """
import datasets, supersvg_data
print(datasets.load_dataset("x"), supersvg_data.RECIPES["test"].name)
"""


@pytest.mark.parametrize("beside_ours", [False, True])
def test_a_package_named_datasets_stays_importable(tmp_path: Path, beside_ours: bool) -> None:
    package = tmp_path / "site" / "datasets"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("from datasets.load import load_dataset\n")
    (package / "load.py").write_text("def load_dataset(name):\n    return f'theirs {name}'\n")
    # At the end of the path, behind everything that we install: the worst place for it.
    code = f"import sys; sys.path.append({str(tmp_path / 'site')!r}){CODE}"
    command = [sys.executable, "-c", code]
    out = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=REPOSITORY if beside_ours else tmp_path
    ).stdout
    assert out.split() == ["theirs", "x", "test"]


def test_nothing_of_ours_is_named_datasets(tmp_path: Path) -> None:
    code = "import importlib.util, supersvg_data; print(importlib.util.find_spec('datasets'))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path).stdout
    # A real one may be installed; then it is not in this repository.
    assert str(REPOSITORY / "datasets") not in out
