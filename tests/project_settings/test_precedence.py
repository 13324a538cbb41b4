"""One reader of ``cache`` for whoever must know it before the build, and the same answer as all settings' own reader."""

from __future__ import annotations

import typing

import pytest

from truewheel.model.settings import Settings
from truewheel.project_settings import precedence, schema


def test_the_modes_are_those_of_the_model() -> None:
    hints = typing.get_type_hints(Settings)
    assert set(precedence.CACHE_MODES) == set(typing.get_args(hints["cache"]))
    assert precedence.CACHE_MODES[0] == Settings().cache


CASES = {
    "nothing is said": ({}, {}, {}, "on"),
    "in the table": ({"cache": "off"}, {}, {}, "off"),
    "a variable is stronger than the table": (
        {"cache": "off"},
        {},
        {"TRUEWHEEL_CACHE": "mirror"},
        "mirror",
    ),
    "an option is stronger than a variable": (
        {},
        {"cache": "on"},
        {"TRUEWHEEL_CACHE": "off"},
        "on",
    ),
    "on and then off": ({}, {"cache": ("on", "off")}, {}, "off"),
    "off and then on": ({}, {"cache": ["off", "on"]}, {}, "on"),
    "a list of one": ({}, {"cache": ["off"]}, {}, "off"),
    "a mistake in an option": ({"cache": "off"}, {"cache": "no"}, {}, "off"),
    "an empty variable": ({}, {}, {"TRUEWHEEL_CACHE": ""}, "on"),
    "a list in the table": ({"cache": ["off"]}, {}, {}, "on"),
    "a number in the table": ({"cache": 0}, {}, {}, "on"),
    "false in the table": ({"cache": False}, {}, {}, "on"),
}


@pytest.mark.parametrize(
    ("table", "options", "environ", "mode"), CASES.values(), ids=CASES.keys()
)
def test_both_readers_of_cache_agree(
    table: dict[str, object],
    options: dict[str, object],
    environ: dict[str, str],
    mode: str,
) -> None:
    settings, _ = schema.read(table, options, environ)
    assert settings.cache == mode
    config_settings = {f"truewheel.{name}": value for name, value in options.items()}
    assert (
        precedence.cache_mode({"tool": {"truewheel": table}}, config_settings, environ)
        == mode
    )


@pytest.mark.parametrize("value", [True, False, [], ()])
def test_front_ends_may_pass_what_is_no_string(value: object) -> None:
    """The build itself tells of the mistake; whoever looks ahead must not stumble."""
    assert precedence.cache_mode({}, {"truewheel.cache": value}, {}) == "on"


@pytest.mark.parametrize(
    "document", [{}, {"tool": 1}, {"tool": {}}, {"tool": {"truewheel": "off"}}]
)
def test_a_file_without_a_table_of_ours_says_nothing(
    document: dict[str, object],
) -> None:
    assert precedence.cache_mode(document, {}, {}) == "on"
    assert precedence.cache_mode(document, {"truewheel.cache": "off"}, {}) == "off"


def test_options_of_the_engine_are_not_ours() -> None:
    assert precedence.own_options(
        {"truewheel.tag": "native", "cmake.verbose": "true"}
    ) == {"tag": "native"}
