"""The variant that a build is told to make."""

from __future__ import annotations

import pytest

from truewheel.model.variant_file import variant_file_text
from truewheel.project_settings.variants import declared_variant

TABLE = {
    "default-priorities": {"namespace": ["x86_64", "blas"]},
    "providers": {
        "x86_64": {"requires": ["some-provider"]},
        "blas": {"static-properties": {"library": ["mkl"]}},
    },
}


def test_the_order_of_declaration_leaves_no_trace() -> None:
    one = ["x86_64 :: level :: v3", "blas :: library :: mkl", "blas::library::mkl"]
    first, _ = declared_variant("a", one, TABLE)
    second, _ = declared_variant("a", one[::-1], TABLE)
    assert first == second
    assert first is not None
    assert variant_file_text(first, TABLE).decode().count("mkl") == 2


def test_without_a_declaration_there_is_no_variant() -> None:
    assert declared_variant("", (), None) == (None, ())


@pytest.mark.parametrize(
    ("label", "given_", "table", "where", "message"),
    [
        ("v3", ["x86_64 level v3"], TABLE, "truewheel.variant", "is not a valid property"),
        ("v9", ["x86_64 :: level :: v9"], TABLE, "truewheel.variant", "not a level"),
        ("", ["x86_64 :: level :: v3"], TABLE, "truewheel.variant-label", "is missing"),
        ("x86-64", ["x86_64 :: level :: v3"], TABLE, "truewheel.variant-label", "is not a valid label"),
        ("null", ["x86_64 :: level :: v3"], TABLE, "truewheel.variant-label", "without properties"),
        ("v3", [], TABLE, "truewheel.variant", "has no properties"),
        ("v3", ["x86_64 :: level :: v3"], None, "variant", "missing"),
        ("null", [], {"providers": {}}, "variant", "no providers"),
        ("cuda", ["nvidia :: sm_arch :: 120_real"], TABLE, "variant.providers", "none for nvidia"),
    ],
)  # fmt: skip
def test_mistakes_in_declarations_are_told_with_their_setting(
    label: str, given_: list[str], table: object, where: str, message: str
) -> None:
    problem = declared_variant(label, given_, table)[1][0]
    assert problem.where == where
    assert message in problem.message
    assert problem.hint


def test_providers_that_would_have_to_run_are_refused() -> None:
    table = {
        **TABLE,
        "providers": {"x86_64": {"build-requires": ["x"]}, "blas": {"requires": ["y"]}},
    }
    (problem, _) = declared_variant("null", (), table)[1]
    assert problem.where == "variant.providers.x86_64.build-requires"


def test_the_table_must_be_one_that_readers_understand() -> None:
    (problem,) = declared_variant(
        "null", (), {**TABLE, "default-priorities": {"namespace": ["blas"]}}
    )[1]
    assert (
        problem.message
        == "providers are not those of the namespaces in default-priorities"
    )
