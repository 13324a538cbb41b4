"""Mach-O libraries and modules that a real linker made (``zig cc``), and what independent programs say of such files."""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
import struct
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from support import needs, toolchains

TARGETS = {"arm64": "aarch64-macos.11.0", "x86_64": "x86_64-macos.11.0"}
MODULE = """
int dep(void);
int puts(const char *);
const char table[70000] = {1};
int PyInit_m(void) { return puts("m") ? table[dep()] : 1; }
"""
DEP = "@rpath/libdep.dylib"
ARM64, X86_64 = "arm64", "x86_64"
OLD_PATHS = ("/build/one", "/build/two/longer")


@functools.cache
def built(cpu: str, *, room: int = 4096) -> tuple[bytes, bytes]:
    """Return a library, and a module that needs it and searches two directories of the build.

    :param room: bytes for more load commands that the linker is to leave.
    """
    target = TARGETS[cpu]
    with tempfile.TemporaryDirectory() as place:
        path = Path(place)
        (path / "dep.c").write_text("int dep(void) { return 7; }\n")
        (path / "m.c").write_text(MODULE)
        toolchains.run(
            path, "cc", "-target", target, "-shared", "dep.c", "-o", "libdep.dylib",
            "-Wl,-install_name," + DEP,
        )  # fmt: skip
        toolchains.run(
            path, "cc", "-target", target, "-shared", "m.c", "libdep.dylib", "-o", "m.so",
            *(f"-Wl,-rpath,{directory}" for directory in OLD_PATHS), f"-Wl,-headerpad,{room}",
        )  # fmt: skip
        return (path / "libdep.dylib").read_bytes(), (path / "m.so").read_bytes()


def module(cpu: str) -> bytes:
    return built(cpu)[1]


def library(cpu: str) -> bytes:
    return built(cpu)[0]


# --- LLVM's tools -----------------------------------------------------------------------------------------------


def llvm(name: str) -> str:
    """Return the path of one of LLVM's programs, of whatever version."""
    for version in ("", "-19", "-18", "-17", "-16", "-15", "-14"):
        found = shutil.which(f"llvm-{name}{version}")
        if found is not None:
            return found
    return needs.missing(f"the program llvm-{name}")


TABLES = (
    "--bind",
    "--lazy-bind",
    "--weak-bind",
    "--rebase",
    "--exports-trie",
    "--unwind-info",
    "--function-offsets",
)
"""What LLVM's objdump prints of the loader's tables, and of those for exceptions."""  # fmt: skip


def tables(data: bytes) -> str:
    """Return what LLVM reads in the tables of the loader, without the file's name."""
    return _objdump(data, *TABLES[:6])


def headers(data: bytes) -> str:
    """Return the load commands as LLVM reads them."""
    return _objdump(data, "--private-headers")


def _objdump(data: bytes, *options: str) -> str:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place, "m.so")
        path.write_bytes(data)
        command = [llvm("objdump"), "--macho", *options, path.name]
        if data[:4] in (b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf"):
            command.insert(2, "--arch=all")
        done = subprocess.run(
            command, cwd=place, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def lipo(*files: bytes) -> bytes:
    """Return what LLVM's lipo makes of files."""
    with tempfile.TemporaryDirectory() as place:
        names = []
        for nth, data in enumerate(files):
            names.append(f"{nth}.o")
            Path(place, names[-1]).write_bytes(data)
        command = [llvm("lipo"), "-create", *names, "-output", "fat"]
        done = subprocess.run(
            command, cwd=place, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return Path(place, "fat").read_bytes()


# --- a second opinion on signatures -----------------------------------------------------------------------------


class Signed(NamedTuple):
    """What stands in a signature, read with none of truewheel's code; numbers as in ``cs_blobs.h``."""

    version: int
    flags: int
    identifier: str
    limit: int
    hash_type: int
    page_size: int
    text: tuple[int, int, int]
    blobs: dict[int, bytes]
    place: tuple[int, int]
    are_pages_right: bool
    are_blobs_right: bool


def commands_of(data: bytes) -> list[tuple[int, bytes]]:
    """Return the load commands of a thin little-endian file: kind and bytes."""
    count = struct.unpack_from("<I", data, 16)[0]
    at, found = 32 if data[:4] == b"\xcf\xfa\xed\xfe" else 28, []
    for _ in range(count):
        kind, size = struct.unpack_from("<II", data, at)
        found.append((kind, data[at : at + size]))
        at += size
    return found


def signed(data: bytes) -> Signed | None:
    """Return what the signature of a thin file says, ``None`` when it has none."""
    places = [raw for kind, raw in commands_of(data) if kind == 0x1D]
    if not places:
        return None
    start, size = struct.unpack_from("<II", places[0], 8)
    blob = data[start : start + size]
    assert blob[:4] == b"\xfa\xde\x0c\xc0"
    blobs = {}
    for nth in range(int.from_bytes(blob[8:12], "big")):
        slot, at = struct.unpack_from(">II", blob, 12 + 8 * nth)
        length = int.from_bytes(blob[at + 4 : at + 8], "big")
        blobs[slot] = blob[at : at + length]
    own = blobs[0]
    fields = struct.unpack_from(">IIIIIIIIIBBBB", own)
    _, _, version, flags, hashes, name, special, pages, limit, width, kind, _, bits = (
        fields
    )
    page = 1 << bits
    assert (kind, width) == (2, 32)
    assert pages == (limit + page - 1) // page
    right = all(
        own[hashes + 32 * nth : hashes + 32 * nth + 32]
        == hashlib.sha256(data[nth * page : min((nth + 1) * page, limit)]).digest()
        for nth in range(pages)
    )
    whole = all(
        own[hashes - 32 * slot : hashes - 32 * slot + 32]
        == hashlib.sha256(blobs[slot]).digest()
        for slot in range(1, special + 1)
        if slot in blobs
    )
    return Signed(
        version=version, flags=flags, identifier=own[name : own.index(b"\0", name)].decode(), limit=limit, hash_type=kind,
        page_size=page, text=struct.unpack_from(">QQQ", own, 64), blobs=blobs, place=(start, size), are_pages_right=right,
        are_blobs_right=whole,
    )  # fmt: skip


def unsigned(data: bytes) -> bytes:
    """Return a thin file as a linker would have made it without a signature."""
    size, kinds = struct.unpack_from("<I", data, 20)[0], commands_of(data)
    assert kinds[-1][0] == 0x1D, "the signature's command is not the last"
    start = struct.unpack_from("<I", kinds[-1][1], 8)[0]
    changed = bytearray(data[:start])
    struct.pack_into("<II", changed, 16, len(kinds) - 1, size - 16)
    changed[32 + size - 16 : 32 + size] = bytes(16)
    at = 32
    for kind, raw in kinds:
        if kind == 0x19 and raw[8:18] == b"__LINKEDIT":
            offset = struct.unpack_from("<Q", raw, 40)[0]
            struct.pack_into("<Q", changed, at + 48, start - offset)
        at += len(raw)
    return bytes(changed)


def segment(data: bytes, name: str) -> tuple[int, int, int, int]:
    """Return address, size in memory, offset and size in the file of a segment of a 64-bit file."""
    for kind, raw in commands_of(data):
        if kind == 0x19 and raw[8:24].rstrip(b"\0").decode() == name:
            found: tuple[int, int, int, int] = struct.unpack_from("<QQQQ", raw, 24)
            return found
    raise AssertionError(f"no segment {name}")


def seed() -> int:
    return int(os.environ.get("TRUEWHEEL_SEED", "20261129"))


def with_signature(data: bytes, signature: bytes) -> bytes:
    """Return a signed thin file with other bytes in the place of its signature, which may be more or fewer."""
    found = signed(data)
    assert found is not None
    start, size = found.place
    changed = bytearray(data[:start] + signature)
    at = 32
    for kind, raw in commands_of(data):
        if kind == 0x1D:
            struct.pack_into("<I", changed, at + 12, len(signature))
        if kind == 0x19 and raw[8:18] == b"__LINKEDIT":
            length = struct.unpack_from("<Q", raw, 48)[0] - size + len(signature)
            struct.pack_into("<Q", changed, at + 32, -(-length // 16384) * 16384)
            struct.pack_into("<Q", changed, at + 48, length)
        at += len(raw)
    return bytes(changed)
