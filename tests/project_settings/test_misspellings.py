"""What was meant by a table that nothing reads."""

from __future__ import annotations

import pytest

from truewheel.project_settings.misspellings import misspelt_tables

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
        (
            "tool.truewheel",
            "truewhel true-wheel TrueWheel trewheel truewheels truwheel true_wheel",
        ),
        (
            "tool.scikit-build",
            "scikit-biuld scikit_build scikitbuild Scikit-Build scikit-buid scikit.build scikit-build-core",
        ),
    ],
)
def test_a_slip_in_the_name_of_a_table_is_told(meant: str, names: str) -> None:
    for name in names.split():
        (problem,) = misspelt_tables({"tool": {name: {}}})
        assert (problem.where, problem.hint) == (
            f"tool.{name}",
            f"did you mean {meant}?",
        )


def test_tables_outside_of_tool_are_told() -> None:
    document = {
        "truewheel": {},
        "tools": {"scikit-build": {}},
        "Tool": {"truewheel": {}, "ruff": {}},
        "project": {},
    }
    found = {p.where: p.hint for p in misspelt_tables(document)}
    assert found == {
        "truewheel": "did you mean tool.truewheel?",
        "tools.scikit-build": "did you mean tool.scikit-build?",
        "Tool.truewheel": "did you mean tool.truewheel?",
    }


def test_tables_of_others_are_their_own() -> None:
    others: dict[str, object] = {name: {} for name in OTHERS.split()}
    top = {**others, "project": {}, "variant": {}, "dependency-groups": {}}
    assert (
        list(
            misspelt_tables(
                {**top, "tool": {**others, "truewheel": {}, "scikit-build": {}}}
            )
        )
        == []
    )
