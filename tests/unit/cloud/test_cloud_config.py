"""Layers of settings, their origins, and what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from supersvg_cloud import config
from supersvg_cloud.errors import BadConfig

DOCS = Path(__file__).parents[3] / "docs" / "configuration.md"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    path = tmp_path / "home"
    path.mkdir()
    return path


def read(home: Path, cwd: Path, environ: dict[str, str] | None = None, **flags: object) -> config.Config:
    return config.load(flags=flags, environ=environ or {}, cwd=cwd, home=home)


def test_each_layer_overrides_the_one_below_and_says_so(home: Path, tmp_path: Path) -> None:
    def origin(environ: dict[str, str] | None = None, **flags: object) -> tuple[object, str]:
        value = read(home, tmp_path, environ, **flags).values["dataset"]
        return value.value, value.origin

    assert origin() == ("icons", "default")
    (home / "config.yaml").write_text("dataset: mine\n")
    assert origin() == ("mine", str(home / "config.yaml"))
    (tmp_path / "supersvg.yaml").write_text("dataset: ours\n")
    assert origin() == ("ours", str(tmp_path / "supersvg.yaml"))
    assert origin({"SUPERSVG_DATASET": "now"}) == ("now", "environment SUPERSVG_DATASET")
    assert origin({"SUPERSVG_DATASET": "now"}, dataset="typed") == ("typed", "flag")


def test_nested_settings_and_recipe_settings(home: Path, tmp_path: Path) -> None:
    (tmp_path / "supersvg.yaml").write_text("local:\n  watts: 350\ntrain:\n  preset: small\n  epochs: 3\n")
    found = read(home, tmp_path, {"SUPERSVG_TRAIN_EPOCHS": "5"})
    assert found["local.watts"] == 350.0
    assert found.train["train.preset"].value == "small"
    assert found.train["train.epochs"].value == "5"


@pytest.mark.parametrize(
    ("text", "message", "advice"),
    [
        ("dataset: [a\n", "this is no YAML", "key: value"),
        ("- a\n- b\n", "holds list, not settings", "key: value"),
        ("local: 5\n", "local holds 5", "indent"),
        ("datset: icons\n", "no setting 'datset'", "did you mean dataset?"),
        ("local:\n  wats: 3\n", "no setting 'local.wats'", "did you mean local.watts?"),
        ("local:\n  watts: lots\n", "local.watts is 'lots', and must be a number", "local.watts: 100"),
        ("local:\n  watts: -1\n", "must be a number, 0 or above", "local.watts"),
        ("local:\n  watts: .inf\n", "must be a number", "local.watts"),
        ("processes: 1.5\n", "must be a whole number", "processes: 1"),
        ("processes: true\n", "must be a whole number", "processes: 1"),
        ("dataset: {a: 1}\n", "must be text", "dataset: icons"),
    ],
)
def test_bad_files_are_explained(home: Path, tmp_path: Path, text: str, message: str, advice: str) -> None:
    (tmp_path / "supersvg.yaml").write_text(text)
    with pytest.raises(BadConfig) as raised:
        read(home, tmp_path)
    assert message in raised.value.message
    assert str(tmp_path / "supersvg.yaml") in raised.value.message
    assert advice in raised.value.advice


def test_bad_yaml_names_line_and_column(home: Path, tmp_path: Path) -> None:
    (tmp_path / "supersvg.yaml").write_text("dataset: icons\n  local: 3\n")
    with pytest.raises(BadConfig, match="line 2, column 8"):
        read(home, tmp_path)


def test_yaml_runs_no_code(home: Path, tmp_path: Path) -> None:
    (tmp_path / "supersvg.yaml").write_text("dataset: !!python/object/apply:os.getcwd []\n")
    with pytest.raises(BadConfig, match="no YAML"):
        read(home, tmp_path)


def test_a_file_in_another_encoding_is_explained(home: Path, tmp_path: Path) -> None:
    (tmp_path / "supersvg.yaml").write_bytes(b"dataset: \xff\xfe\n")
    with pytest.raises(BadConfig, match="cannot be read"):
        read(home, tmp_path)


def test_an_empty_file_says_nothing(home: Path, tmp_path: Path) -> None:
    (tmp_path / "supersvg.yaml").write_text("# nothing yet\nlocal:\n")
    assert read(home, tmp_path)["dataset"] == "icons"


def test_secrets_are_masked_where_settings_are_shown(home: Path, tmp_path: Path) -> None:
    found = read(home, tmp_path, {"SUPERSVG_TRAIN_API_TOKEN": "abcdefgh"})
    shown = {value.key: value.value for value in found.shown()}
    assert shown["train.api_token"] == "***"
    assert shown["dataset"] == "icons"


def test_a_trainer_command_is_split_into_words(home: Path, tmp_path: Path) -> None:
    found = read(home, tmp_path, {"SUPERSVG_TRAINER_COMMAND": "python3 'my trainer.py'"})
    assert found["trainer.command"] == ("python3", "my trainer.py")


def test_every_setting_is_documented_with_its_variable() -> None:
    text = DOCS.read_text(encoding="utf-8")
    for setting in config.SETTINGS:
        assert f"| `{setting.key}` | `{config.variable(setting.key)}` |" in text


def test_runs_go_below_home_unless_said_otherwise(home: Path, tmp_path: Path) -> None:
    assert read(home, tmp_path).runs_dir == home / "runs"
    assert read(home, tmp_path, {"SUPERSVG_RUNS_DIR": str(tmp_path / "r")}).runs_dir == tmp_path / "r"
    assert config.home_dir({"SUPERSVG_HOME": str(tmp_path)}, home) == tmp_path
    assert config.home_dir({}, home) == home / "supersvg-cloud"
