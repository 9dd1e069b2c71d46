"""Settings and their origins: flags > SUPERSVG_* > ./supersvg.yaml > the user's config.yaml > defaults.

``train.*`` is open: its keys are the recipe's settings and are checked by the recipe, not here.
"""

from __future__ import annotations

import difflib
import os
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from supersvg_cloud.errors import BadConfig

PROJECT_FILE = "supersvg.yaml"
USER_FILE = "config.yaml"
SECRET = re.compile(r"(key|token|secret|password)$", re.IGNORECASE)


@dataclass(frozen=True)
class Setting:
    """One thing that can be configured. ``kind`` is float, int, str or words (a command line)."""

    key: str
    kind: str
    default: str | float | int | tuple[str, ...]
    help: str


@dataclass(frozen=True)
class Value:
    """A setting's value and the place that decided it."""

    key: str
    value: Any
    origin: str


SETTINGS: tuple[Setting, ...] = (
    Setting("runs_dir", "str", "", "where new runs get their directories; empty: HOME/runs"),
    Setting("recipe", "str", "supersvg-coarse", "what `train` trains"),
    Setting("dataset", "str", "icons", "what `train` trains on: a dataset's name, or a folder of pictures"),
    Setting("processes", "int", 1, "trainer processes on this machine; above 1: through torchrun"),
    Setting(
        "local.watts",
        "float",
        100.0,
        "what this machine draws at the wall while it trains; the default is a busy desktop without a GPU",
    ),
    Setting(
        "local.price_per_kwh",
        "float",
        0.30,
        "what a kilowatt hour costs, in your currency; the default is a usual European household price",
    ),
    Setting(
        "trainer.command",
        "words",
        (),
        "another trainer that keeps the run contract; empty: `python -m supersvg` of this installation",
    ),
    Setting(
        "stop.patience",
        "float",
        120.0,
        "seconds that `stop` waits for the trainer to save before it says so and gives up waiting",
    ),
)
_BY_KEY = {setting.key: setting for setting in SETTINGS}
RESERVED_VARIABLES = {
    "SUPERSVG_HOME",
    "SUPERSVG_DATA",
    "SUPERSVG_DEBUG",
    "SUPERSVG_CLAIM",
    "SUPERSVG_CLOUD_COMPLETE",
}


def variable(key: str) -> str:
    """The environment variable of a setting: ``local.watts`` -> ``SUPERSVG_LOCAL_WATTS``."""
    return "SUPERSVG_" + key.replace(".", "_").upper()


@dataclass(frozen=True)
class Config:
    """All settings, resolved. ``train`` holds the recipe's settings from files and environment, by name."""

    home: Path
    values: Mapping[str, Value]
    train: Mapping[str, Value]

    def __getitem__(self, key: str) -> Any:
        return self.values[key].value

    @property
    def runs_dir(self) -> Path:
        chosen = self["runs_dir"]
        return Path(chosen).expanduser().absolute() if chosen else self.home / "runs"

    @property
    def ledger(self) -> Path:
        return self.home / "ledger.sqlite"

    def shown(self) -> list[Value]:
        """Every setting, sorted by key; the values of secrets are masked."""
        every = [*self.values.values(), *self.train.values()]
        return [replace(v, value="***") if SECRET.search(v.key) and v.value else v for v in every]


def home_dir(environ: Mapping[str, str], user_data: Path) -> Path:
    """``$SUPERSVG_HOME``, or ``supersvg-cloud`` in the user's data folder."""
    chosen = environ.get("SUPERSVG_HOME")
    return Path(chosen).expanduser().absolute() if chosen else user_data / "supersvg-cloud"


def load(
    *,
    flags: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    home: Path | None = None,
) -> Config:
    """Read every layer. ``flags`` are settings given on the command line; ``None`` in them means not given.

    Raises:
        BadConfig: a file is no YAML mapping, a key is unknown, or a value is not of its setting's kind.
    """
    environ = os.environ if environ is None else environ
    home = home or _default_home(environ)
    values = {s.key: Value(s.key, s.default, "default") for s in SETTINGS}
    train: dict[str, Value] = {}
    for path in (home / USER_FILE, (cwd or Path.cwd()) / PROJECT_FILE):
        _layer(_read_yaml(path), str(path), values, train)
    _layer(_from_environment(environ), "", values, train)
    given = {key: value for key, value in (flags or {}).items() if value is not None}
    _layer({key: (value, "flag") for key, value in given.items()}, "", values, train)
    return Config(home=home, values=values, train=train)


def _default_home(environ: Mapping[str, str]) -> Path:
    from supersvg_cloud.platform import this_platform

    return home_dir(environ, this_platform().user_data_dir())


def _layer(found: Mapping[str, Any], origin: str, values: dict[str, Value], train: dict[str, Value]) -> None:
    for key, entry in found.items():
        value, where = entry if not origin else (entry, origin)
        if key.startswith("train."):
            train[key] = Value(key, value, where)
            continue
        if key not in _BY_KEY:
            near = difflib.get_close_matches(key, [*_BY_KEY, "train"], n=1)
            guess = f"did you mean {near[0]}? " if near else ""
            raise BadConfig(
                f"{where}: there is no setting {key!r}",
                advice=f"{guess}`supersvg-cloud config show` lists them; recipe settings go under `train:`",
            )
        values[key] = Value(key, _convert(_BY_KEY[key], value, where), where)


def _convert(setting: Setting, value: Any, where: str) -> Any:
    try:
        if setting.kind == "words":
            return tuple(shlex.split(value)) if isinstance(value, str) else tuple(str(word) for word in value)
        if setting.kind == "str":
            if isinstance(value, (dict, list)):
                raise ValueError(value)
            return "" if value is None else str(value)
        if isinstance(value, bool):
            raise ValueError(value)
        number = float(value)
        if not 0 <= number < float("inf") or (setting.kind == "int" and number != int(number)):
            raise ValueError(value)
        return int(number) if setting.kind == "int" else number
    except (TypeError, ValueError) as error:
        kind = {"float": "a number, 0 or above", "int": "a whole number, 0 or above", "str": "text"}
        shown = "***" if SECRET.search(setting.key) else repr(value)
        raise BadConfig(
            f"{where}: {setting.key} is {shown}, and must be {kind.get(setting.kind, 'a command line')}",
            advice=f"write for example {setting.key}: {setting.default or 'text'}",
        ) from error


def _from_environment(environ: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    found = {}
    for setting in SETTINGS:
        name = variable(setting.key)
        if environ.get(name):
            found[setting.key] = (environ[name], f"environment {name}")
    for name, text in environ.items():
        if name.startswith("SUPERSVG_TRAIN_") and text:
            found["train." + name.removeprefix("SUPERSVG_TRAIN_").lower()] = (text, f"environment {name}")
    return found


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise BadConfig(
            f"{path} cannot be read",
            cause=str(error),
            advice="mend its permissions or encoding (UTF-8), or move it away",
        ) from error
    import yaml  # type: ignore[import-untyped, unused-ignore]  # its stubs are a development package

    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise BadConfig(
            f"{path}{place}: this is no YAML",
            cause=str(getattr(error, "problem", "") or error),
            advice="write `key: value` lines, indented with spaces; docs/configuration.md has an example",
        ) from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise BadConfig(
            f"{path} holds {type(content).__name__}, not settings",
            advice="write `key: value` lines; docs/configuration.md has an example",
        )
    return _flatten(content, path)


def _flatten(content: Mapping[Any, Any], path: Path) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    groups = {key.split(".")[0] for key in _BY_KEY if "." in key} | {"train"}
    for key, value in content.items():
        name = str(key)
        if name not in groups:
            flat[name] = value
        elif isinstance(value, dict):
            flat.update({f"{name}.{inner}": entry for inner, entry in value.items()})
        elif value is not None:
            raise BadConfig(
                f"{path}: {name} holds {value!r}, not settings",
                advice=f"indent them below it:\n{name}:\n  key: value",
            )
    return flat
