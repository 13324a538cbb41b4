"""The way from a file to a library's directory, as loaders read it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truewheel.platforms.elf import expand_origin
from truewheel.repair.ways import MACHO_ORIGIN, relative_way

NAMES = st.sampled_from(["a", "b", "c.libs"])
DIRECTORIES = st.lists(NAMES, max_size=4).map("/".join)


@pytest.mark.parametrize(
    ("file", "directory", "way"),
    [
        ("pkg/_core.so", "other/lib", "$ORIGIN/../other/lib"),
        ("pkg/sub/_core.so", "pkg", "$ORIGIN/.."),
        ("_core.so", ".", "$ORIGIN"),
        ("_core.so", "other", "$ORIGIN/other"),
        ("pkg/_core.so", "<prefix>/lib", "$ORIGIN/../../.."),
        ("<prefix>/bin/tool", "<prefix>/lib", "$ORIGIN/../lib"),
    ],
)
def test_the_way_is_written_from_the_file(file: str, directory: str, way: str) -> None:
    assert relative_way(file, directory) == way
    as_dyld = way.replace("$ORIGIN", "@loader_path")
    assert relative_way(file, directory, origin=MACHO_ORIGIN) == as_dyld


def test_no_way_leads_from_a_script_to_a_package_on_every_python() -> None:
    with pytest.raises(ValueError, match="<prefix>/bin/tool"):
        relative_way("<prefix>/bin/tool", "other")


@given(DIRECTORIES, DIRECTORIES)
def test_the_loader_is_led_where_the_way_was_to_lead(here: str, there: str) -> None:
    way = relative_way(f"{here}/m.so".lstrip("/"), there or ".")
    assert expand_origin(way, here or ".") == (there or ".")
