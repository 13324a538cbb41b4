"""One model, many products."""

from __future__ import annotations

import pytest

from truewheel.model.errors import Problem
from truewheel.model.settings import Settings
from truewheel.project_settings import schema


def test_every_field_is_documented() -> None:
    for field in schema.fields():
        assert len(field.text) > 30, field.key
        assert field.variable.startswith("TRUEWHEEL_")


def test_defaults_come_from_nothing() -> None:
    assert schema.read({}, {}, {}) == (Settings(), ())


def test_order_of_strength() -> None:
    table, options, environ = {"tag": "a"}, {"tag": "c"}, {"TRUEWHEEL_TAG": "b"}
    assert schema.read(table, {}, {})[0].tag == "a"
    assert schema.read(table, {}, environ)[0].tag == "b"
    assert schema.read(table, options, environ)[0].tag == "c"


def test_mistakes_name_their_place_and_what_is_allowed() -> None:
    settings, problems = schema.read({"tag": 3, "select": ["TW", 1]}, {"exclud": "x"}, {"TRUEWHEEL_TAG": ""})
    assert settings == Settings()
    assert [p.where for p in problems] == [
        "-Ctruewheel.exclud",
        "tool.truewheel.tag",
        "TRUEWHEEL_TAG",
        "tool.truewheel.select",
    ]
    assert problems[0].hint == "did you mean exclude?"


def test_what_is_said_of_one_build_is_not_said_of_the_project() -> None:
    settings, problems = schema.read({"variant": ["a :: b :: c"], "variant-label": "x"}, {}, {})
    assert settings == Settings()
    assert [p.where for p in problems] == ["tool.truewheel.variant", "tool.truewheel.variant-label"]
    assert "TRUEWHEEL_VARIANT_LABEL" in str(problems[1].hint)
    settings, problems = schema.read({}, {"variant": "a :: b :: c;a :: b :: d"}, {"TRUEWHEEL_VARIANT_LABEL": "x"})
    assert (settings.variant, settings.variant_label, problems) == (("a :: b :: c", "a :: b :: d"), "x", ())


def test_variables_that_nobody_reads() -> None:
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
    assert (problems[0].where, problems[0].hint) == ("TRUEWHEEL_TGA", "did you mean TRUEWHEEL_TAG?")
    assert [p.where for p in problems] == ["TRUEWHEEL_TGA", "truewheel_x"]
    assert "TRUEWHEEL_SELECT" in str(problems[1].hint)


OTHERS = """autoflake autopep8 bandit basedpyright black briefcase bumpversion cibuildwheel codespell commitizen conda-lock
coverage cruft dagster deptry django-stubs doit dynamic-metadata flake8 flit hatch interrogate isort jupyter-releaser
maturin meson-python mypy nox pdm pip-tools pixi poe poetry pyright pyrefly pytest py-build-cmake pylint pyodide
pyprojectsort repo-review ruff scikit-bio scikit-hep scikit-image scikit-learn semantic_release setuptools setuptools_scm
setuptools-rust skbuild taskipy tbump towncrier tomcli tox ty uv validate-pyproject versioningit vulture wheel whey
yapf zest-releaser buildwheel testwheel true trueskill scikit build-system rebuild"""
"""Tables that are read by somebody else."""


@pytest.mark.parametrize(
    ("meant", "names"),
    [
        ("tool.truewheel", "truewhel true-wheel TrueWheel trewheel truewheels truwheel true_wheel"),
        (
            "tool.scikit-build",
            "scikit-biuld scikit_build scikitbuild Scikit-Build scikit-buid scikit.build scikit-build-core",
        ),
    ],
)
def test_misspelt_tables(meant: str, names: str) -> None:
    for name in names.split():
        (problem,) = schema.misspelt_tables({"tool": {name: {}}})
        assert (problem.where, problem.hint) == (f"tool.{name}", f"did you mean {meant}?")


def test_tables_that_are_not_in_tool() -> None:
    document = {"truewheel": {}, "tools": {"scikit-build": {}}, "Tool": {"truewheel": {}, "ruff": {}}, "project": {}}
    found = {p.where: p.hint for p in schema.misspelt_tables(document)}
    assert found == {
        "truewheel": "did you mean tool.truewheel?",
        "tools.scikit-build": "did you mean tool.scikit-build?",
        "Tool.truewheel": "did you mean tool.truewheel?",
    }


def test_tables_of_others_are_their_own() -> None:
    others: dict[str, object] = {name: {} for name in OTHERS.split()}
    top = {**others, "project": {}, "variant": {}, "dependency-groups": {}}
    assert list(schema.misspelt_tables({**top, "tool": {**others, "truewheel": {}, "scikit-build": {}}})) == []


def test_the_headline_names_where_the_mistakes_are() -> None:
    def told(*places: str) -> str:
        return schema.headline([Problem(where=place, message="") for place in places])

    assert told("project.version", "tool.truewheel.tag") == "pyproject.toml has mistakes"
    assert told("-Ctruewheel.tga") == "options of the front end (-C) have mistakes"
    assert told("TRUEWHEEL_TGA", "TRUEWHEEL_X") == "environment variables have mistakes"
    assert told("TRUEWHEEL_TGA", "tool.x") == "pyproject.toml and environment variables have mistakes"
    assert told("truewheel.variant-label") == "options or variables of this build have mistakes"


def test_slips_in_codes_switch_nothing_off() -> None:
    for wrong in ("tw3", "W301", "TW3011", ""):
        _, problems = schema.read({"ignore": [wrong]}, {}, {})
        assert [p.where for p in problems] == ["tool.truewheel.ignore"]
        assert repr(wrong) in problems[0].message
    assert schema.read({"ignore": ["TW3", "TW301", "TW"]}, {}, {})[1] == ()


def test_json_schema_names_every_key() -> None:
    document = schema.json_schema()
    assert set(document["properties"]) == {f.key for f in schema.fields() if f.in_table}
    assert document["additionalProperties"] is False
