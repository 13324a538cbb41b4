"""``variant.json``: read as it was written, with every mistake told."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.strategies import properties, values
from truewheel.model.variant_file import SCHEMA, read_variant_file, variant_file_text
from truewheel.model.variants import Property, Variant

GOOD = {
    "$schema": SCHEMA,
    "default-priorities": {"namespace": ["x86_64"]},
    "providers": {"x86_64": {"requires": ["some-provider"]}},
    "variants": {"v3": {"x86_64": {"level": ["v3"]}}},
}


@given(values, st.lists(properties, max_size=9))
def test_law_documents_are_read_as_they_were_written(
    label: str, given_: list[Property]
) -> None:
    wanted = Variant(label=label, properties=tuple(given_))
    table = {
        "default-priorities": {"namespace": list(wanted.namespaces)},
        "providers": {name: {"requires": ["x"]} for name in wanted.namespaces},
    }
    file = read_variant_file(variant_file_text(wanted, table).decode())
    assert file.version == (0, 2, 0)
    assert file.variants == (wanted,)
    assert file.mistakes == ()


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), lambda s: st.lists(s) | st.dictionaries(st.sampled_from([*GOOD, "v3", "x86_64"]), s)).map(json.dumps))  # fmt: skip
def test_law_any_text_is_read(text: str) -> None:
    assert read_variant_file(text).mistakes


def test_a_sound_document_has_no_mistakes() -> None:
    assert read_variant_file(json.dumps(GOOD)).mistakes == ()
    older = {
        **GOOD,
        "$schema": "https://variants-schema.wheelnext.dev/peps/825/v0.1.0.json",
        "providers": None,
    }
    assert read_variant_file(json.dumps(older)).mistakes == ()


@pytest.mark.parametrize(
    ("change", "mistake"),
    [
        ({"$schema": None}, "$schema does not tell"),
        ({"$schema": "https://x/v2.json"}, "$schema does not tell"),
        ({"variants": ["v3"]}, "variants is not an object"),
        ({"variants": {"V3": {}}}, "'V3' is not a valid label"),
        ({"variants": {"v3": []}}, "variants.v3 is not an object"),
        ({"variants": {"v3": {"x86_64": {}}}}, "variants.v3.x86_64 is not a namespace"),
        (
            {"variants": {"v3": {"x86_64": {"level": "v3"}}}},
            "variants.v3.x86_64.level is not a feature",
        ),
        (
            {"variants": {"v3": {"x86_64": {"level": []}}}},
            "variants.v3.x86_64.level is not a feature",
        ),
        (
            {"variants": {"v3": {"blas": {"library": ["mkl"]}}}},
            "default-priorities.namespace lacks blas",
        ),
        ({"default-priorities": None}, "default-priorities.namespace is not a list"),
        (
            {"default-priorities": {"namespace": "x86_64"}},
            "default-priorities.namespace is not a list",
        ),
        ({"providers": {}}, "providers are not those"),
        (
            {"providers": {"x86_64": {}}},
            "providers.x86_64 must have just one of requires",
        ),
        (
            {"providers": {"x86_64": {"requires": ["x"], "builtin": "y"}}},
            "providers.x86_64 must have just one",
        ),
        ({"providers": {"x86_64": 3}}, "providers.x86_64 must have just one"),
    ],
)
def test_mistakes_in_documents_are_told(
    change: dict[str, object], mistake: str
) -> None:
    (told,) = read_variant_file(json.dumps({**GOOD, **change})).mistakes
    assert mistake in told


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"a": 1, "a": 2}', "[" * 100_000])
def test_what_is_not_a_json_object_has_one_mistake(text: str) -> None:
    assert len(read_variant_file(text).mistakes) == 1
