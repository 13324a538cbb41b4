"""PE images with odd parts: what the loader does not ask for is skipped, and wine says which these are."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from support import wine
from support.pe_images import sample
from support.pe_patching import mingw
from support.reading import error_of
from truewheel import formats
from truewheel.model.binary import Kind, PeSlice

FAR = 0x900000
EXPORT, IMPORT, RESOURCE, CERTIFICATE, LOAD_CONFIG, DELAY_IMPORT = 0, 1, 2, 4, 10, 13
SKIPPED = {
    RESOURCE: ("the version resource", False),
    CERTIFICATE: ("the signature (certificate table)", False),
    LOAD_CONFIG: ("the load configuration", True),
    DELAY_IMPORT: ("the delay-load directory", True),
}
"""What is written down for a directory that leads nowhere, and whether something fails for somebody."""


def with_directory(data: bytes, number: int) -> bytes:
    """Return an image for x86-64 with a directory that leads out of it."""
    changed = bytearray(data)
    (header,) = struct.unpack_from("<I", data, 60)
    struct.pack_into("<II", changed, header + 24 + 112 + 8 * number, FAR, 40)
    return bytes(changed)


def read(data: bytes) -> PeSlice:
    binary = formats.read(data)
    assert binary is not None
    (piece,) = binary.slices
    assert isinstance(piece, PeSlice)
    assert piece.kind is Kind.SHARED
    return piece


@pytest.mark.parametrize("directory", SKIPPED)
def test_what_the_loader_does_not_ask_for_is_skipped(directory: int) -> None:
    whole = read(sample())
    found = read(with_directory(sample(), directory))
    assert [(part.part, part.grave) for part in found.skipped] == [SKIPPED[directory]]
    assert found.needs == whole.needs
    assert found.imports == whole.imports
    assert found.exports == whole.exports


@pytest.mark.parametrize("directory", [EXPORT, IMPORT])
def test_what_the_loader_asks_for_stays_an_error(directory: int) -> None:
    assert error_of(with_directory(sample(), directory))


@pytest.mark.slow
def test_wine_loads_what_is_read_and_refuses_what_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "m.c").write_text(
        "#include <stdlib.h>\n__declspec(dllexport) int next(void) { return abs(-7); }\n"
    )
    plain = mingw(tmp_path, "plain.dll", "-shared", "m.c")
    names = ["plain.dll"]
    for directory in SKIPPED:
        changed = with_directory(plain, directory)
        assert read(changed).skipped
        names.append(f"m{directory}.dll")
        (tmp_path / names[-1]).write_bytes(changed)
    assert wine.load(tmp_path, *names) == ["7"] * len(names)

    # An import directory that leads nowhere makes wine crash, and wait for a debugger: it is not asked for that.
    refused = plain[: len(plain) // 2]
    assert error_of(refused)
    (tmp_path / "refused.dll").write_bytes(refused)
    (answer,) = wine.load(tmp_path, "refused.dll")
    assert answer.startswith("error")
