"""The PE writer on every image of the published wheels: all libraries get longer names, and pefile compares."""

from __future__ import annotations

import zipfile

import pytest

from support import needs, published
from support.pe_patching import check_against, libraries, patched, renamed
from truewheel import formats
from truewheel.model.edits import ReplaceNeeded

pytestmark = pytest.mark.network
WINDOWS = [row for row in published.sample(published.OTHERS) if row.family == "windows"]


@pytest.mark.parametrize("row", WINDOWS, ids=lambda row: row.filename)
def test_libraries_get_longer_names(row: published.Published) -> None:
    path = published.have(row) or needs.missing(
        f"{row.filename} from the package index"
    )
    images = 0
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.endswith((".pyd", ".dll", ".exe")):
                check(archive.read(name))
                images += 1
    assert images


def check(old: bytes) -> None:
    before = formats.read(old)
    assert before is not None
    for digits in (8, 64):
        names = {
            name: f"{name.removesuffix('.dll')}-{'0' * digits}.dll"
            for name in libraries(old)
        }
        new = renamed(old, names)
        check_against(old, new, names)
        edits = [ReplaceNeeded(old=name, new=other) for name, other in names.items()]
        assert patched(new, *edits) == new
        after = formats.read(new)
        assert after is not None
        assert after.slices[0].exports == before.slices[0].exports
