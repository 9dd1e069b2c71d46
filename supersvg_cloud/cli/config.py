"""`config show`: every setting and its origin."""

from __future__ import annotations

from supersvg_cloud.cli.options import Json


def show(as_json: Json = False) -> None:
    """Show every setting, its value, and the place that decided it."""
    from supersvg_cloud import config, console

    settings = config.load()
    if as_json:
        found = {value.key: {"value": value.value, "origin": value.origin} for value in settings.shown()}
        console.say_json({"home": str(settings.home), "settings": found})
        return
    console.say(f"home: {settings.home}")
    rows = [(value.key, _words(value.value), value.origin) for value in settings.shown()]
    console.say_table(["setting", "value", "from"], rows)


def _words(value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(str(word) for word in value) or "(empty)"
    return str(value) if value != "" else "(empty)"
