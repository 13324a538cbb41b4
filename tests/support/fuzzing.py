"""What the fuzzers need: seeds of every format, mutations, and limits on time and memory. See ``hostile/test_fuzz.py``."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import io
import random
import shutil
import signal
import struct
import subprocess
import sys
import sysconfig
import tempfile
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from support import ar_archives, macho_images, pe_images, published, wasm_modules
from support.facts import contents, wheel_named
from support.paths import CORPUS
from truewheel import formats
from truewheel.audit import verdict
from truewheel.model.binary import Binary, Format
from truewheel.model.contents import File, Member
from truewheel.model.errors import FormatError, WheelError
from truewheel.system.wheels.reading import read_wheel

KEPT = CORPUS / "seeds"
"""Where inputs are kept that made something fail."""
WHEEL = "wheel"
LARGEST = 120_000
"""Bytes of the largest seed: what matters stands in headers and tables, and small inputs are many inputs."""
SECONDS = 5
"""The longest that one input may take, on a slow machine; they take milliseconds."""
_TAGS = {
    Format.ELF: "manylinux_2_17_x86_64.linux_aarch64.android_21_arm64_v8a", Format.MACHO: "macosx_11_0_arm64.ios_13_0_arm64_iphoneos",
    Format.PE: "win_amd64", Format.WASM: "pyodide_2024_0_wasm32", Format.ARCHIVE: "any", Format.COFF: "any",
}  # fmt: skip


# --- seeds ------------------------------------------------------------------------------------------------------


@functools.cache
def seeds() -> dict[str, list[bytes]]:
    """Sound files by format (and whole wheels): compiled here, taken from wheels that are on this machine, made by hand."""
    found: dict[str, list[bytes]] = {form.name: [] for form, *_ in formats.READERS} | {WHEEL: []}
    rich = macho_images.whole()  # a bit of everything
    fat = [macho_images.fat((macho_images.X86_64, rich), wide=wide) for wide in (False, True)]
    others = (ar_archives.rich(), ar_archives.object_file(), wasm_modules.SAMPLE, *pe_images.seeds())
    for data in (rich, *fat, *others, *_compiled(), *_installed(), *_from_wheels(), *HANDMADE):
        form = formats.sniff(data[: formats.HEAD])
        if form is not None and form.name in found and len(data) <= LARGEST and len(found[form.name]) < 40:
            found[form.name].append(data)
    wheels = [p.read_bytes() for p in sorted(published.store().glob("*.whl")) if p.stat().st_size < LARGEST][:20]
    found[WHEEL] = [wheel_of(data[0]) for data in found.values() if data] + wheels
    return found


def wheel_of(binary: bytes) -> bytes:
    """A small wheel with one binary, compressed and stored."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("p/m.abi3.so", binary[:20_000], zipfile.ZIP_DEFLATED)
        archive.writestr("p/__init__.py", b"pass\n" * 100, zipfile.ZIP_DEFLATED)
        archive.writestr("p-1.dist-info/METADATA", b"Metadata-Version: 2.4\nName: p\nVersion: 1\nRequires-Dist: q>=1\n")
        archive.writestr(
            "p-1.dist-info/WHEEL", b"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: cp39-abi3-win_amd64\n"
        )
        archive.writestr("p-1.dist-info/RECORD", b"p/m.abi3.so,sha256=abc,20000\np/__init__.py,,\n")
    return file.getvalue()


def _compiled() -> Iterator[bytes]:
    """A module, an object and a static library, by the compilers that there are."""
    code = "int f(void); int g(int a) { return a * f(); } int PyInit_m(void) { return g(1); } int f(void) { return 2; }"
    with tempfile.TemporaryDirectory() as place:
        path = Path(place)
        (path / "m.c").write_text(code)
        for compiler in ("cc", "gcc", "clang", "x86_64-w64-mingw32-gcc", "aarch64-linux-gnu-gcc"):
            if shutil.which(compiler) is None:
                continue
            for options, name in (
                (["-c"], "m.o"),
                (["-shared", "-fPIC", "-g"], "m.so"),
                (["-shared", "-fPIC", "-s"], "s.so"),
            ):
                subprocess.run([compiler, *options, "m.c", "-o", name], cwd=path, check=False, capture_output=True)
            subprocess.run(["ar", "rcs", "m.a", "m.o"], cwd=path, check=False, capture_output=True)
            yield from (p.read_bytes() for p in sorted(path.glob("*.[soa]*")))


def _installed() -> Iterator[bytes]:
    modules = sorted(Path(sysconfig.get_path("platstdlib")).glob("lib-dynload/*.so"))
    yield from (p.read_bytes() for p in modules[:30] if p.stat().st_size <= LARGEST)


def _from_wheels() -> Iterator[bytes]:
    """The first small binaries of published wheels that were downloaded already."""
    for path in sorted(published.store().glob("*.whl")):
        with zipfile.ZipFile(path) as archive:
            small = [i for i in archive.infolist() if 1000 < i.file_size <= LARGEST]
            for info in [i for i in small if i.filename.endswith((".so", ".pyd", ".dylib", ".dll", ".a", ".lib"))][:2]:
                yield archive.read(info)


def _macho(commands: list[bytes], cpu: int = 0x0100000C) -> bytes:
    body = b"".join(commands)
    return (
        struct.pack("<IIIIIIII", 0xFEEDFACF, cpu, 0 if cpu == 0x0100000C else 3, 6, len(commands), len(body), 0x85, 0)
        + body
    )


def _fat(commands: list[bytes]) -> bytes:
    pieces = [(cpu, subtype, _macho(commands, cpu)) for cpu, subtype in ((0x01000007, 3), (0x0100000C, 0))]
    rows = [struct.pack(">IIIII", c, t, 4096 * (n + 1), len(p), 12) for n, (c, t, p) in enumerate(pieces)]
    head = struct.pack(">II", 0xCAFEBABE, 2) + b"".join(rows)
    return head.ljust(4096, b"\0") + pieces[0][2].ljust(4096, b"\0") + pieces[1][2]


def _pe() -> bytes:
    optional = struct.pack("<HBBIIIII", 0x20B, 14, 0, 512, 512, 0, 4096, 4096)
    optional += struct.pack("<QIIHHHHHHIIIIHH", 0x180000000, 4096, 512, 6, 0, 0, 0, 6, 0, 0, 12288, 512, 0, 2, 0x160)
    optional += struct.pack("<QQQQII", 1 << 20, 4096, 1 << 20, 4096, 0, 16)
    optional += struct.pack("<IIII", 4096, 100, 4196, 60).ljust(128, b"\0")
    section = b".rdata\0\0" + struct.pack("<IIIIIIHHI", 512, 4096, 512, 512, 0, 0, 0, 0, 0x40000040)
    head = b"MZ" + bytes(58) + struct.pack("<I", 64)
    head += b"PE\0\0" + struct.pack("<HHIIIHH", 0x8664, 1, 0, 0, 0, len(optional), 0x2022)
    exports = struct.pack("<IIHHIIIIIII", 0, 0, 0, 0, 4160, 1, 1, 1, 4136, 4140, 4144) + struct.pack(
        "<IIH", 4096, 4170, 0
    )
    return (
        (head + optional + section).ljust(512, b"\0")
        + exports.ljust(64, b"\0")
        + b"m.pyd\0\0\0\0\0PyInit_m\0".ljust(448, b"\0")
    )


def _wasm() -> bytes:
    dylink = b"\x08dylink.0" + b"\x01\x04\x08\x02\x00\x00" + b"\x02\x06\x01\x04libc"
    sections = [
        (0, dylink), (1, b"\x01\x60\x00\x01\x7f"), (2, b"\x01\x03env\x0aPyList_New\x00\x00"), (3, b"\x01\x00"),
        (7, b"\x01\x08PyInit_m\x00\x01"), (10, b"\x01\x04\x00\x41\x01\x0b"),
    ]  # fmt: skip
    return b"\0asm\1\0\0\0" + b"".join(bytes([kind, len(body)]) + body for kind, body in sections)


def _archive() -> bytes:
    member = b"m.o/            0           0     0     644     4         `\nabcd"
    table = b"/               0           0     0     0       12        `\n" + struct.pack(">II", 1, 80) + b"f\0\0\0"
    return b"!<arch>\n" + table + member


def _coff() -> bytes:
    section = b".text\0\0\0" + struct.pack("<IIIIIIHHI", 0, 0, 4, 60, 0, 0, 0, 0, 0x60000020)
    symbol = b"f\0\0\0\0\0\0\0" + struct.pack("<IhHBB", 0, 1, 0x20, 2, 0)
    return struct.pack("<HHIIIHH", 0x8664, 1, 0, 64, 1, 0, 0) + section + b"abcd" + symbol + struct.pack("<I", 4)


_DYLIB = struct.pack("<IIIIII", 0x0D, 40, 24, 0, 0x10000, 0x10000) + b"@rpath/m.dylib\0\0"
_BUILD = struct.pack("<IIIIII", 0x32, 24, 1, 11 << 16, 14 << 16, 0)
HANDMADE = (_macho([_BUILD, _DYLIB]), _fat([_BUILD, _DYLIB]), _pe(), _wasm(), _archive(), _coff())
"""One small file of each format that no compiler here may make."""


# --- mutations --------------------------------------------------------------------------------------------------


def mutated(data: bytes, chance: random.Random, *, tail: int = 0) -> bytes:
    """A copy with some bytes, numbers, lengths or blocks changed; mostly where headers and tables are.

    :param tail: how many of the last bytes are such a place too (the directory of a ZIP file).
    """
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        if not changed:
            break
        where = _place(len(changed), chance, tail)
        chance.choice((_fill, _fill, _number, _number, _number, _copy_block, _cut))(changed, where, chance)
    return bytes(changed[: chance.randrange(len(changed) + 1)] if chance.random() < 0.1 else changed)


def _place(size: int, chance: random.Random, tail: int) -> int:
    if tail and chance.random() < 0.6:
        return max(size - 1 - chance.randrange(tail), 0)
    return chance.randrange(min(size, chance.choice((64, 512, 4096, size))))


def _fill(data: bytearray, where: int, chance: random.Random) -> None:
    size = min(chance.choice((1, 2, 4, 8)), len(data) - where)
    data[where : where + size] = bytes([chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))]) * size


def _number(data: bytearray, where: int, chance: random.Random) -> None:
    """A number as lying headers have it: small, the length of the file, just beyond it, huge, negative."""
    size = chance.choice((2, 4, 8))
    where -= where % size if chance.random() < 0.7 else 0
    value = chance.choice(
        (0, 1, 2, len(data), len(data) - 1, len(data) + 1, where, 1 << 31, (1 << 63) - 1, -1, chance.randrange(1 << 16))
    )
    packed = (value % (1 << 8 * size)).to_bytes(size, chance.choice(("little", "little", "big")))
    data[where : where + size] = packed[: len(data) - where]


def _copy_block(data: bytearray, where: int, chance: random.Random) -> None:
    size = chance.choice((4, 16, 64, 256))
    other = chance.randrange(len(data))
    data[where : where + size] = data[other : other + size]


def _cut(data: bytearray, where: int, chance: random.Random) -> None:
    size = chance.choice((1, 4, 16))
    if chance.random() < 0.5:
        del data[where : where + size]
    else:
        data[where:where] = bytes(chance.randrange(256) for _ in range(size))


# --- targets ----------------------------------------------------------------------------------------------------


def read(data: bytes) -> Binary | None:
    """Facts, or ``None`` where these are no binary's or it says that it is broken. Anything else escapes."""
    try:
        return formats.read(data)
    except FormatError as error:
        if not error.field or error.offset < 0:
            raise AssertionError(f"{error!r} does not say where") from error
        return None


def read_and_judge(data: bytes) -> None:
    """As :func:`read`; what could be read is judged as a module of a wheel, which must not fail either."""
    binary = read(data)
    if binary is None:
        return
    name = f"p-1-cp39-abi3-{_TAGS[binary.format]}.whl"
    file = File(path="p/m.abi3.so", size=len(data), binary=binary)
    members = (Member(name=file.path, size=len(data), compressed_size=len(data)),)
    inside = contents(file)
    facts = wheel_named(name, inside, size=len(data), members=members, wheel_headers=(), metadata=None)
    verdict.check(facts)


def read_wheel_and_judge(data: bytes) -> None:
    """A whole wheel, through everything that ``truewheel check`` does."""
    with tempfile.TemporaryDirectory() as place, contextlib.suppress(WheelError):
        path = Path(place, "p-1-cp39-abi3-win_amd64.whl")
        path.write_bytes(data)
        verdict.check(read_wheel(path, digests=True), upload=True)


def target(kind: str) -> Callable[[bytes], None]:
    """What an input of this kind is given to."""
    return read_wheel_and_judge if kind == WHEEL else read_and_judge


# --- limits -----------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def limited(data: bytes, kind: str, *, memory: bool = False) -> Iterator[None]:
    """Run on one input: an error, a loop or a flood of memory fails, and the input is kept in ``tests/corpus/seeds``.

    :param memory: whether to measure memory, which takes three times as long.
    """
    timer = hasattr(signal, "setitimer")
    if timer:
        signal.signal(signal.SIGALRM, _too_long)
        signal.setitimer(signal.ITIMER_REAL, SECONDS * (4 if memory else 1))
    if memory:
        tracemalloc.start()
    try:
        yield
        peak = tracemalloc.get_traced_memory()[1] if memory else 0
        assert peak < 40 * len(data) + allowance(kind), f"{peak} bytes of memory for an input of {len(data)}"
    except BaseException as error:
        print(f"kept as {keep(data, kind, error)}", file=sys.stderr)
        raise
    finally:
        if memory:
            tracemalloc.stop()
        if timer:
            signal.setitimer(signal.ITIMER_REAL, 0)


def allowance(kind: str) -> int:
    """Bytes that any input may cost: modules that are imported on the way, tables that are read once, and for a wheel the
    pieces in which it is unpacked."""
    return 8_000_000 if kind == WHEEL else 3_000_000


def _too_long(*_: object) -> None:
    raise AssertionError(f"not done within {SECONDS} seconds")


def keep(data: bytes, kind: str, error: BaseException) -> Path:
    """Store an input for all later runs."""
    path = KEPT / f"{kind.lower()}-{type(error).__name__}-{hashlib.sha256(data).hexdigest()[:8]}"
    path.write_bytes(data)
    return path
