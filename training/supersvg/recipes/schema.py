"""From frozen dataclasses to flags, JSON and tables.

A config is a frozen dataclass whose fields were made by ``option``; everything else here is derived from it.
Every flag is accepted as ``--a-b`` and ``--a_b``, with its value after a space or an equals sign.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

ConfigT = TypeVar("ConfigT")
Value = bool | int | float | str | None


class RecipeError(ValueError):
    """Arguments that cannot be trained with; ``advice`` is what to type. Exit reason ``bad-arguments``."""

    def __init__(self, message: str, *, advice: str) -> None:
        super().__init__(f"{message}\n  {advice}")
        self.message = message
        self.advice = advice


@dataclass(frozen=True)
class Option:
    """One setting as a person meets it."""

    name: str
    type: type[bool] | type[int] | type[float] | type[str]
    optional: bool
    default: Value
    help: str
    unit: str
    choices: tuple[str, ...]
    aliases: tuple[str, ...]
    bare: str | None
    """The value that the flag has when it is given without one."""
    group: str
    operational: bool
    """Whether a resumed run may change it: it says where or how often, not what is learned."""

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")


def option(
    default: Value,
    help: str,  # noqa: A002 - the field's word, and the word of every argument parser
    *,
    unit: str = "",
    choices: tuple[str, ...] = (),
    aliases: tuple[str, ...] = (),
    bare: str | None = None,
    group: str = "training",
    operational: bool = False,
) -> Any:
    """A dataclass field that is also a flag, a key in a configuration file and a row of the documentation."""
    metadata = {
        "help": help,
        "unit": unit,
        "choices": choices,
        "aliases": aliases,
        "bare": bare,
        "group": group,
        "operational": operational,
    }
    return dataclasses.field(default=default, metadata=metadata)


def options(config: type[Any]) -> tuple[Option, ...]:
    """The settings of a config type, in the order of its fields."""
    hints = typing.get_type_hints(config)
    found = []
    for field in dataclasses.fields(config):
        hint = hints[field.name]
        members = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
        kind = next(member for member in members if member is not type(None))
        found.append(
            Option(
                name=field.name,
                type=kind,
                optional=type(None) in members,
                default=field.default,  # type: ignore[arg-type]  # every field is made by `option`
                **field.metadata,
            )
        )
    return tuple(found)


def parse_flags(config: type[Any], argv: Sequence[str]) -> dict[str, Value]:
    """What ``argv`` says, by field name; nothing is filled in and no contradiction is looked for yet.

    Raises:
        RecipeError: an unknown flag (with the nearest known one), one that was refused with its reason, a
            missing or malformed value, or a word that belongs to no flag.
    """
    by_flag = _by_flag(config)
    settings: dict[str, Value] = {}
    words = list(argv)
    while words:
        word = words.pop(0)
        if not word.startswith("--") or word == "--":
            raise RecipeError(
                f"{word!r} belongs to no flag", advice="every setting is a flag: --name value or --name=value"
            )
        name, has_value, text = word[2:].partition("=")
        known = name.replace("-", "_")
        negated = known.startswith("no_") and known[3:] in by_flag and by_flag[known[3:]].type is bool
        if negated:
            known = known[3:]
        if known not in by_flag:
            raise _unknown(config, "--" + name, known, by_flag)
        this = by_flag[known]
        if this.type is bool and not has_value:
            settings[this.name] = not negated
            continue
        if not has_value:
            text = _next_value(this, words)
        value = convert(this, text)
        settings[this.name] = (not value) if negated else value
    return settings


def _next_value(this: Option, words: list[str]) -> str:
    if words and not words[0].startswith("--") and (this.bare is None or words[0] in this.choices):
        return words.pop(0)
    if this.bare is not None:
        return this.bare
    raise RecipeError(f"{this.flag} has no value", advice=f"give one: {this.flag} {_example(this)}")


def _example(this: Option) -> str:
    if this.choices:
        return "|".join(this.choices)
    return this.type.__name__.upper() if this.default in (None, "") else str(this.default)


def _by_flag(config: type[Any]) -> dict[str, Option]:
    table: dict[str, Option] = {}
    for this in options(config):
        for name in (this.name, *this.aliases):
            table[name.replace("-", "_")] = this
    return table


def _unknown(config: type[Any], flag: str, known: str, by_flag: Mapping[str, Option]) -> RecipeError:
    refused: Mapping[str, str] = getattr(config, "REFUSED", {})
    if known in refused:
        return RecipeError(f"{flag} is not taken by this trainer", advice=refused[known])
    near = difflib.get_close_matches(known, by_flag, n=1)
    guess = f"did you mean --{near[0].replace('_', '-')}? " if near else ""
    return RecipeError(f"unknown flag {flag}", advice=f"{guess}`python -m supersvg train --help` lists them all")


def convert(this: Option, value: object) -> Value:
    """``value`` (text from a command line, or whatever a configuration file held) as the option's type.

    Raises:
        RecipeError: it is no such thing.
    """
    if value is None or (this.optional and value == "none"):
        if this.optional:
            return None
        raise RecipeError(f"{this.flag} cannot be empty", advice=f"give {_example(this)}")
    converted = _as_type(this, value)
    if this.choices and converted not in this.choices:
        near = difflib.get_close_matches(str(value), this.choices, n=1)
        raise RecipeError(
            f"{this.flag} cannot be {value!r}",
            advice=(f"did you mean {near[0]}? " if near else "") + f"choose one of {', '.join(this.choices)}",
        )
    return converted


_TRUE, _FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


def _as_type(this: Option, value: object) -> Value:
    text = str(value).strip()
    try:
        if this.type is bool:
            if text.lower() in _TRUE + _FALSE:
                return text.lower() in _TRUE
            raise ValueError(text)
        if this.type is int:
            # "1e4" is how people write large counts; 2.5 stays an error.
            number = float(text) if not text.lstrip("+-").replace("_", "").isdigit() else int(text)
            if number != int(number):
                raise ValueError(text)
            return int(number)
        if this.type is float:
            number = float(text)
            if number != number or number in (float("inf"), float("-inf")):
                raise ValueError(text)
            return number
    except (ValueError, OverflowError) as error:
        kinds = {bool: "true or false", int: "a whole number", float: "a number"}
        raise RecipeError(
            f"{this.flag} takes {kinds[this.type]}, not {text!r}",
            advice=f"for example {this.flag} {_example(this)}",
        ) from error
    return text


def resolve(config: type[ConfigT], flags: Mapping[str, object], file: Mapping[str, object] | None = None) -> ConfigT:
    """The config that these settings mean: flags over configuration file over preset over defaults.

    Where a higher layer sets one of two exclusive settings (``--epochs`` over a preset's ``steps``) the lower
    one gives way. Both among the flags is a contradiction; a file may hold both, as complete settings do.

    Raises:
        RecipeError: unknown names, malformed values, or settings that contradict each other.
    """
    layers = [_checked(config, file or {}), _checked(config, flags)]
    preset = next((layer["preset"] for layer in reversed(layers) if layer.get("preset")), "")
    presets: Mapping[str, Mapping[str, Value]] = getattr(config, "PRESETS", {})
    if preset:
        if preset not in presets:
            near = difflib.get_close_matches(str(preset), presets, n=1, cutoff=0.4)
            raise RecipeError(
                f"there is no preset {preset!r}",
                advice=(f"did you mean {near[0]}? " if near else "") + f"presets: {', '.join(presets)}",
            )
        layers.insert(0, dict(presets[str(preset)]))
    merged: dict[str, Value] = {}
    exclusive: Mapping[str, tuple[str, Value]] = getattr(config, "GIVES_WAY", {})
    for layer in layers:
        for winner, (loser, unset) in exclusive.items():
            if layer is layers[-1] and winner in layer and layer.get(loser, unset) != unset:
                raise RecipeError(
                    f"{_flag(winner)} and {_flag(loser)} say the same thing twice",
                    advice=f"keep one of {_flag(winner)} {layer[winner]} and {_flag(loser)} {layer[loser]}",
                )
            if winner in layer:
                merged[loser] = unset
        merged.update(layer)
    return config(**merged)


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _checked(config: type[Any], layer: Mapping[str, object]) -> dict[str, Value]:
    by_flag = _by_flag(config)
    checked: dict[str, Value] = {}
    for name, value in layer.items():
        known = name.replace("-", "_")
        if known not in by_flag:
            raise _unknown(config, name, known, by_flag)
        this = by_flag[known]
        checked[this.name] = convert(this, value)
    return checked


def to_dict(config: object) -> dict[str, Value]:
    """Every setting by name; what a YAML or JSON file holds. ``from_dict(type(c), to_dict(c)) == c``."""
    return dataclasses.asdict(config)  # type: ignore[call-overload,no-any-return]


def from_dict(config: type[ConfigT], settings: Mapping[str, object]) -> ConfigT:
    """The inverse of ``to_dict``: complete settings, so that no preset is applied a second time."""
    return config(**_checked(config, settings))


def to_json(config: object) -> str:
    return json.dumps(to_dict(config), indent=2)


def from_json(config: type[ConfigT], text: str) -> ConfigT:
    """The inverse of ``to_json``.

    Raises:
        RecipeError: no JSON object, or not this config's.
    """
    try:
        settings = json.loads(text)
    except json.JSONDecodeError as error:
        raise RecipeError(f"the settings are no JSON: {error}", advice="write them with to_json") from error
    if not isinstance(settings, dict):
        raise RecipeError("the settings are no JSON object", advice='write {"batch_size": 64, ...}')
    return from_dict(config, settings)


def to_flags(config: object) -> list[str]:
    """The shortest command line that means this config: what differs from the preset and the defaults."""
    base = resolve(type(config), {"preset": getattr(config, "preset", "")})
    words: list[str] = []
    for this in options(type(config)):
        value = getattr(config, this.name)
        if this.name == "preset":
            words += [f"--preset={value}"] if value else []
        elif value != getattr(base, this.name):
            words.append(f"{this.flag}={_as_text(value)}")
    return words


def _as_text(value: Value) -> str:
    if value is None:
        return "none"
    return str(value).lower() if isinstance(value, bool) else str(value)


def differences(old: object, new: object, *, include_operational: bool = False) -> dict[str, tuple[Value, Value]]:
    """Settings that differ between two configs of one type: name -> (old, new)."""
    return {
        this.name: (getattr(old, this.name), getattr(new, this.name))
        for this in options(type(old))
        if (include_operational or not this.operational) and getattr(old, this.name) != getattr(new, this.name)
    }


def option_table(config: type[Any]) -> str:
    """The help text: every flag, its default, unit and meaning, by group."""
    lines: list[str] = []
    seen: list[str] = []
    for this in options(config):
        if this.group not in seen:
            seen.append(this.group)
    for group in seen:
        lines.append(f"{group}:")
        for this in options(config):
            if this.group == group:
                lines += _option_lines(this)
        lines.append("")
    return "\n".join(lines)


def _option_lines(this: Option) -> list[str]:
    if this.type is bool:
        shape = f"{this.flag} | --no-{this.name.replace('_', '-')}"
    else:
        value = "|".join(this.choices) or this.type.__name__.upper()
        shape = f"{this.flag} [{value}]" if this.bare is not None else f"{this.flag} {value}"
    default = (
        ""
        if this.default in (None, "")
        else f" [default: {str(this.default).lower() if this.type is bool else this.default}]"
    )
    also = f" (also {', '.join('--' + alias.replace('_', '-') for alias in this.aliases)})" if this.aliases else ""
    unit = f", {this.unit}" if this.unit else ""
    return [f"  {shape}", f"      {this.help}{unit}{default}{also}"]
