"""What a repair has to say: names that loaders know, and names that code may open."""

from __future__ import annotations

import pytest

from support.slices import linux, mac
from truewheel.model.binary import Slice
from truewheel.model.record import replace
from truewheel.repair.findings import loader_names

INTEL = replace(mac(name="libx.dylib"), cpu="x86_64", signed=False)


@pytest.mark.parametrize(
    ("slices", "expected"),
    [
        ([linux("liba.so", name="libx.dylib")], {"liba.so": 1, "libx.dylib": 1}),
        # A library that needs one of its own name: an ELF file has each string once.
        ([linux("libx.dylib", name="libx.dylib")], {"libx.dylib": 1}),
        # The signature holds the name of the file, and LC_ID_DYLIB a path.
        ([mac(name="@rpath/libx.dylib")], {"@rpath/libx.dylib": 1, "libx.dylib": 1}),
        ([mac(name="libx.dylib")], {"libx.dylib": 2}),
        ([INTEL], {"libx.dylib": 1}),
        # Each slice has tables of its own.
        ([INTEL, mac(name="libx.dylib")], {"libx.dylib": 3}),
    ],
)
def test_how_often_the_tables_of_a_loader_hold_a_name(
    slices: list[Slice], expected: dict[str, int]
) -> None:
    assert dict(loader_names("/opt/libx.dylib", slices)) == expected
