"""Libraries as they were published, for many machines and after other tools, and those of this machine."""

from __future__ import annotations

import itertools
import zipfile
from collections.abc import Iterator
from pathlib import Path

from support import needs, published
from support.elf_builds import result
from truewheel import formats
from truewheel.formats.elf.image import read_image
from truewheel.model.binary import ElfSlice
from truewheel.model.edits import ReplaceNeeded, SetName, SetSearchPaths

EDITS = (
    SetSearchPaths(paths=("$ORIGIN/../package.libs",), kind="RPATH"),
    SetName(name="libother-12345678.so.1"),
    ReplaceNeeded(old="libc.so.6", new="libc-12345678.so.6"),
)
LARGEST = 30_000_000
MOST_OF_A_WHEEL = 3


def published_libraries() -> Iterator[tuple[str, bytes]]:
    for path in sorted(published.store().glob("*.whl")):
        with zipfile.ZipFile(path) as wheel:
            members = [
                member
                for member in wheel.infolist()
                if ".so" in member.filename and member.file_size < LARGEST
            ]
            for member in members[:MOST_OF_A_WHEEL]:
                yield f"{path.name}: {member.filename}", wheel.read(member)


def installed_libraries() -> Iterator[tuple[str, bytes]]:
    paths = {path.resolve() for path in Path("/usr/lib").glob("*-linux-gnu/*.so.*")}
    for path in sorted(path for path in paths if path.is_file())[:150]:
        if path.stat().st_size < LARGEST:
            yield str(path), path.read_bytes()


def facts(data: bytes) -> ElfSlice | None:
    binary = formats.read(data)
    if binary is None or not isinstance(binary.slices[0], ElfSlice):
        return None
    return binary.slices[0]


def test_names_change_and_nothing_else() -> None:
    count = 0
    for name, data in itertools.chain(published_libraries(), installed_libraries()):
        before = facts(data)
        # Linker scripts and Mach-O modules are called so, too.
        if before is None or not before.needs:
            continue
        made = result(data, EDITS)
        after = facts(made)
        assert after is not None
        assert after.name == "libother-12345678.so.1", name
        assert len(after.search_paths) == 1, name
        assert after.exports == before.exports, name
        assert len(after.imports) == len(before.imports), name
        assert after.build_id == before.build_id, name
        # Besides the strings, a segment's worth of tables at most.
        strings = len(read_image(data).strings)
        assert len(made) - len(data) < 3 * strings + 0x2000, name
        count += 1
    if count < 100:
        needs.missing("a hundred libraries")
