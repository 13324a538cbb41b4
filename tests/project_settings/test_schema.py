"""Settings, read and checked."""

from __future__ import annotations

import pytest

from truewheel.model.errors import Problem
from truewheel.model.settings import Settings
from truewheel.project_settings import schema


def test_without_settings_there_are_the_defaults() -> None:
    assert schema.read({}, {}, {}) == (Settings(), ())


def test_an_option_is_stronger_than_a_variable_and_that_than_the_table() -> None:
    table, options, environ = {"tag": "a"}, {"tag": "c"}, {"TRUEWHEEL_TAG": "b"}
    assert schema.read(table, {}, {})[0].tag == "a"
    assert schema.read(table, {}, environ)[0].tag == "b"
    assert schema.read(table, options, environ)[0].tag == "c"


def test_mistakes_name_their_place_and_what_is_allowed() -> None:
    settings, problems = schema.read(
        {"tag": 3, "select": ["TW", 1]}, {"exclud": "x"}, {"TRUEWHEEL_TAG": ""}
    )
    assert settings == Settings()
    assert [p.where for p in problems] == [
        "-Ctruewheel.exclud",
        "tool.truewheel.tag",
        "TRUEWHEEL_TAG",
        "tool.truewheel.select",
    ]
    assert problems[0].hint == "did you mean exclude or include?"


def test_settings_of_one_build_cannot_stand_in_the_projects_table() -> None:
    settings, problems = schema.read(
        {"variant": ["a :: b :: c"], "variant-label": "x"}, {}, {}
    )
    assert settings == Settings()
    assert [p.where for p in problems] == [
        "tool.truewheel.variant",
        "tool.truewheel.variant-label",
    ]
    assert "TRUEWHEEL_VARIANT_LABEL" in str(problems[1].hint)
    settings, problems = schema.read(
        {}, {"variant": "a :: b :: c;a :: b :: d"}, {"TRUEWHEEL_VARIANT_LABEL": "x"}
    )
    assert (settings.variant, settings.variant_label, problems) == (
        ("a :: b :: c", "a :: b :: d"),
        "x",
        (),
    )


def test_variables_that_nothing_reads_are_told() -> None:
    _, problems = schema.read(
        {},
        {},
        {
            "TRUEWHEEL_TGA": "native",
            "truewheel_x": "",
            "PATH": "",
            "TRUEWHEEL_EXTENDED": "1",
            "TRUEWHEEL_CACHE_DIR": "c",
        },
    )
    assert (problems[0].where, problems[0].hint) == (
        "TRUEWHEEL_TGA",
        "did you mean TRUEWHEEL_TAG?",
    )
    assert [p.where for p in problems] == ["TRUEWHEEL_TGA", "truewheel_x"]
    assert "TRUEWHEEL_SELECT" in str(problems[1].hint)


def test_the_headline_names_where_the_mistakes_are() -> None:
    def told(*places: str) -> str:
        return schema.headline([Problem(where=place, message="") for place in places])

    assert (
        told("project.version", "tool.truewheel.tag") == "pyproject.toml has mistakes"
    )
    assert told("-Ctruewheel.tga") == "options of the front end (-C) have mistakes"
    assert told("TRUEWHEEL_TGA", "TRUEWHEEL_X") == "environment variables have mistakes"
    assert (
        told("TRUEWHEEL_TGA", "tool.x")
        == "pyproject.toml and environment variables have mistakes"
    )
    assert (
        told("truewheel.variant-label")
        == "options or variables of this build have mistakes"
    )


def test_a_slip_in_a_code_is_a_mistake() -> None:
    for wrong in ("tw3", "W301", "TW3011", ""):
        _, problems = schema.read({"ignore": [wrong]}, {}, {})
        assert [p.where for p in problems] == ["tool.truewheel.ignore"]
        assert repr(wrong) in problems[0].message
    assert schema.read({"ignore": ["TW3", "TW301", "TW"]}, {}, {})[1] == ()


def test_a_set_of_libraries_stands_for_its_globs() -> None:
    settings, problems = schema.read({"exclude": ["@torch", "libx.so"]}, {}, {})
    assert problems == ()
    assert {"libtorch.so", "libc10.so", "libx.so"} <= set(settings.exclude)
    assert "@torch" not in settings.exclude
    (given, _) = schema.read({}, {"exclude": "@cuda;libx.so"}, {})
    assert {"libcuda.so.*", "libx.so"} <= set(given.exclude)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("@cude", "did you mean @cuda?"),
        ("@everything", "there are @cuda, @rocm, @torch, @oneapi"),
    ],
)
def test_a_set_that_there_is_not_is_one_error(name: str, hint: str) -> None:
    settings, (problem,) = schema.read({"exclude": [name]}, {}, {})
    assert problem.message == f"{name!r} is not a set of libraries"
    assert problem.hint == hint
    assert settings.exclude == ()
