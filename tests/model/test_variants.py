"""Properties, labels, and ``variant.json``."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truewheel.model import variants

TABLE = {
    "default-priorities": {"namespace": ["x86_64", "blas"]},
    "providers": {"x86_64": {"requires": ["some-provider"]}, "blas": {"static-properties": {"library": ["mkl"]}}},
}
GOOD = {
    "$schema": variants.SCHEMA,
    "default-priorities": {"namespace": ["x86_64"]},
    "providers": {"x86_64": {"requires": ["some-provider"]}},
    "variants": {"v3": {"x86_64": {"level": ["v3"]}}},
}
names = st.text("abcxyz019_", min_size=1, max_size=9)
values = st.text("abcxyz019_.", min_size=1, max_size=9)
properties = st.builds(lambda n, f, v: variants.Property(namespace=n, feature=f, value=v), names, names, values)


@given(properties)
def test_law_properties_are_read_as_they_were_written(prop: variants.Property) -> None:
    assert variants.parse_property(str(prop)) == prop


@pytest.mark.parametrize("text", ["", "x86_64", "a :: b", "a :: b :: c :: d", "A :: b :: c", "a.b :: c :: d", "a::b::c d", "a :: :: c"])  # fmt: skip
def test_no_properties(text: str) -> None:
    assert variants.parse_property(text) is None


@given(values, st.lists(properties, max_size=9))
def test_law_documents_are_read_as_they_were_written(label: str, given_: list[variants.Property]) -> None:
    wanted = variants.variant(label, given_)
    table = {
        "default-priorities": {"namespace": list(wanted.namespaces)},
        "providers": {name: {"requires": ["x"]} for name in wanted.namespaces},
    }
    read = variants.read(variants.text_of(wanted, table).decode())
    assert (read.version, read.variants, read.mistakes) == ((0, 2, 0), (wanted,), ())


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), lambda s: st.lists(s) | st.dictionaries(st.sampled_from([*GOOD, "v3", "x86_64"]), s)).map(json.dumps))  # fmt: skip
def test_law_any_text_is_read(text: str) -> None:
    assert variants.read(text).mistakes


def test_the_order_of_declaration_leaves_no_trace() -> None:
    one = ["x86_64 :: level :: v3", "blas :: library :: mkl", "blas::library::mkl"]
    first, _ = variants.declared("a", one, TABLE)
    second, _ = variants.declared("a", one[::-1], TABLE)
    assert first == second
    assert first is not None
    assert variants.text_of(first, TABLE).decode().count("mkl") == 2


def test_a_sound_document_has_no_mistakes() -> None:
    assert variants.read(json.dumps(GOOD)).mistakes == ()
    older = {**GOOD, "$schema": "https://variants-schema.wheelnext.dev/peps/825/v0.1.0.json", "providers": None}
    assert variants.read(json.dumps(older)).mistakes == ()


@pytest.mark.parametrize(
    ("change", "mistake"),
    [
        ({"$schema": None}, "$schema does not tell"),
        ({"$schema": "https://x/v2.json"}, "$schema does not tell"),
        ({"variants": ["v3"]}, "variants is no object"),
        ({"variants": {"V3": {}}}, "'V3' is no label"),
        ({"variants": {"v3": []}}, "variants.v3 is no object"),
        ({"variants": {"v3": {"x86_64": {}}}}, "variants.v3.x86_64 is no namespace"),
        ({"variants": {"v3": {"x86_64": {"level": "v3"}}}}, "variants.v3.x86_64.level is no feature"),
        ({"variants": {"v3": {"x86_64": {"level": []}}}}, "variants.v3.x86_64.level is no feature"),
        ({"variants": {"v3": {"blas": {"library": ["mkl"]}}}}, "default-priorities.namespace lacks blas"),
        ({"default-priorities": None}, "default-priorities.namespace is no list"),
        ({"default-priorities": {"namespace": "x86_64"}}, "default-priorities.namespace is no list"),
        ({"providers": {}}, "providers are not those"),
        ({"providers": {"x86_64": {}}}, "providers.x86_64 has not just one of requires"),
        ({"providers": {"x86_64": {"requires": ["x"], "builtin": "y"}}}, "providers.x86_64 has not just one"),
        ({"providers": {"x86_64": 3}}, "providers.x86_64 has not just one"),
    ],
)
def test_mistakes_in_documents(change: dict[str, object], mistake: str) -> None:
    (told,) = variants.read(json.dumps({**GOOD, **change})).mistakes
    assert mistake in told


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"a": 1, "a": 2}', "[" * 100_000])
def test_what_is_no_json_object(text: str) -> None:
    assert len(variants.read(text).mistakes) == 1


def test_nothing_declared_is_no_variant() -> None:
    assert variants.declared("", (), None) == (None, ())


@pytest.mark.parametrize(
    ("label", "given_", "table", "where", "message"),
    [
        ("v3", ["x86_64 level v3"], TABLE, "truewheel.variant", "is no property"),
        ("v9", ["x86_64 :: level :: v9"], TABLE, "truewheel.variant", "no level"),
        ("", ["x86_64 :: level :: v3"], TABLE, "truewheel.variant-label", "is missing"),
        ("x86-64", ["x86_64 :: level :: v3"], TABLE, "truewheel.variant-label", "is no label"),
        ("null", ["x86_64 :: level :: v3"], TABLE, "truewheel.variant-label", "without properties"),
        ("v3", [], TABLE, "truewheel.variant", "has no properties"),
        ("v3", ["x86_64 :: level :: v3"], None, "variant", "missing"),
        ("null", [], {"providers": {}}, "variant", "no providers"),
        ("cuda", ["nvidia :: sm_arch :: 120_real"], TABLE, "variant.providers", "none for nvidia"),
    ],
)  # fmt: skip
def test_mistakes_in_declarations(label: str, given_: list[str], table: object, where: str, message: str) -> None:
    problem = variants.declared(label, given_, table)[1][0]
    assert problem.where == where
    assert message in problem.message
    assert problem.hint


def test_providers_that_would_have_to_run_are_refused() -> None:
    table = {**TABLE, "providers": {"x86_64": {"build-requires": ["x"]}, "blas": {"requires": ["y"]}}}
    (problem, _) = variants.declared("null", (), table)[1]
    assert problem.where == "variant.providers.x86_64.build-requires"


def test_the_table_must_be_one_that_readers_understand() -> None:
    (problem,) = variants.declared("null", (), {**TABLE, "default-priorities": {"namespace": ["blas"]}})[1]
    assert problem.message == "providers are not those of the namespaces in default-priorities"
