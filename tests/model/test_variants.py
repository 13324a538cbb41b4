"""Properties and variants as values."""

from __future__ import annotations

import pytest
from hypothesis import given

from support.strategies import properties
from truewheel.model.variants import Property, Variant, parse_property


@given(properties)
def test_law_properties_are_read_as_they_were_written(prop: Property) -> None:
    assert parse_property(str(prop)) == prop


@pytest.mark.parametrize("text", ["", "x86_64", "a :: b", "a :: b :: c :: d", "A :: b :: c", "a.b :: c :: d", "a::b::c d", "a :: :: c"])  # fmt: skip
def test_what_is_not_a_property_is_not_parsed(text: str) -> None:
    assert parse_property(text) is None


def test_the_order_of_properties_leaves_no_trace() -> None:
    level = Property(namespace="x86_64", feature="level", value="v3")
    library = Property(namespace="blas", feature="library", value="mkl")
    variant = Variant(label="a", properties=(level, library, library))
    assert variant == Variant(label="a", properties=(library, level))
    assert variant.properties == (library, level)
