"""Fuzzing: seeds of every format, mutations, and limits on time and memory (``hostile/test_fuzz.py``)."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import io
import random
import shutil
import signal
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
from support.smallest_files import SMALLEST
from truewheel import formats
from truewheel.audit import verdict
from truewheel.model.binary import Binary, Format
from truewheel.model.contents import File, Member
from truewheel.model.errors import FormatError, WheelError
from truewheel.system.wheels.reading import read_wheel

KEPT = CORPUS / "seeds"
"""Where inputs are kept that made something fail."""
WHEEL = "wheel"
BINARY_SUFFIXES = (".so", ".pyd", ".dylib", ".dll", ".a", ".lib")
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
    """Return sound files by format, and whole wheels: compiled here, from wheels on this machine, and made by hand."""
    found: dict[str, list[bytes]] = {form.name: [] for form, *_ in formats.READERS} | {
        WHEEL: []
    }
    rich = macho_images.whole()  # a bit of everything
    fat = [
        macho_images.fat((macho_images.X86_64, rich), wide=wide)
        for wide in (False, True)
    ]
    others = (
        ar_archives.rich(),
        ar_archives.object_file(),
        wasm_modules.SAMPLE,
        *pe_images.seeds(),
    )
    for data in (
        rich,
        *fat,
        *others,
        *_compiled(),
        *_installed(),
        *_from_wheels(),
        *SMALLEST,
    ):
        form = formats.sniff(data[: formats.HEAD])
        if (
            form is not None
            and form.name in found
            and len(data) <= LARGEST
            and len(found[form.name]) < 40
        ):
            found[form.name].append(data)
    small_wheels = [
        path
        for path in sorted(published.store().glob("*.whl"))
        if path.stat().st_size < LARGEST
    ]
    made = [wheel_of(data[0]) for data in found.values() if data]
    found[WHEEL] = made + [path.read_bytes() for path in small_wheels[:20]]
    return found


def wheel_of(binary: bytes) -> bytes:
    """Return a small wheel with one binary, some members compressed and some stored."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("p/m.abi3.so", binary[:20_000], zipfile.ZIP_DEFLATED)
        archive.writestr("p/__init__.py", b"pass\n" * 100, zipfile.ZIP_DEFLATED)
        archive.writestr(
            "p-1.dist-info/METADATA",
            b"Metadata-Version: 2.4\nName: p\nVersion: 1\nRequires-Dist: q>=1\n",
        )
        archive.writestr(
            "p-1.dist-info/WHEEL",
            b"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: cp39-abi3-win_amd64\n",
        )
        archive.writestr(
            "p-1.dist-info/RECORD", b"p/m.abi3.so,sha256=abc,20000\np/__init__.py,,\n"
        )
    return file.getvalue()


def _compiled() -> Iterator[bytes]:
    """Yield a module, an object and a static library of each compiler that there is."""
    code = "int f(void); int g(int a) { return a * f(); } int PyInit_m(void) { return g(1); } int f(void) { return 2; }"
    with tempfile.TemporaryDirectory() as place:
        path = Path(place)
        (path / "m.c").write_text(code)
        for compiler in (
            "cc",
            "gcc",
            "clang",
            "x86_64-w64-mingw32-gcc",
            "aarch64-linux-gnu-gcc",
        ):
            if shutil.which(compiler) is None:
                continue
            for options, name in (
                (["-c"], "m.o"),
                (["-shared", "-fPIC", "-g"], "m.so"),
                (["-shared", "-fPIC", "-s"], "s.so"),
            ):
                subprocess.run(
                    [compiler, *options, "m.c", "-o", name],
                    cwd=path,
                    check=False,
                    capture_output=True,
                )
            subprocess.run(
                ["ar", "rcs", "m.a", "m.o"], cwd=path, check=False, capture_output=True
            )
            for made in sorted(path.glob("*.[soa]*")):
                yield made.read_bytes()


def _installed() -> Iterator[bytes]:
    """Yield modules of this Python's standard library."""
    modules = sorted(Path(sysconfig.get_path("platstdlib")).glob("lib-dynload/*.so"))
    for path in modules[:30]:
        if path.stat().st_size <= LARGEST:
            yield path.read_bytes()


def _from_wheels() -> Iterator[bytes]:
    """Yield the first two small binaries of each published wheel that was downloaded already."""
    for path in sorted(published.store().glob("*.whl")):
        with zipfile.ZipFile(path) as archive:
            small = [
                member
                for member in archive.infolist()
                if 1000 < member.file_size <= LARGEST
            ]
            binaries = [
                member for member in small if member.filename.endswith(BINARY_SUFFIXES)
            ]
            for member in binaries[:2]:
                yield archive.read(member)


# --- mutations --------------------------------------------------------------------------------------------------


def mutated(data: bytes, chance: random.Random, *, tail: int = 0) -> bytes:
    """Return a copy with some bytes, numbers, lengths or blocks changed, mostly where headers and tables are.

    :param tail: how many of the last bytes are such a place too (the directory of a ZIP file).
    """
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        if not changed:
            break
        where = _place(len(changed), chance, tail)
        chance.choice((_fill, _fill, _number, _number, _number, _copy_block, _cut))(
            changed, where, chance
        )
    return bytes(
        changed[: chance.randrange(len(changed) + 1)]
        if chance.random() < 0.1
        else changed
    )


def _place(size: int, chance: random.Random, tail: int) -> int:
    if tail and chance.random() < 0.6:
        return max(size - 1 - chance.randrange(tail), 0)
    return chance.randrange(min(size, chance.choice((64, 512, 4096, size))))


def _fill(data: bytearray, where: int, chance: random.Random) -> None:
    size = min(chance.choice((1, 2, 4, 8)), len(data) - where)
    data[where : where + size] = (
        bytes([chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))]) * size
    )


def _number(data: bytearray, where: int, chance: random.Random) -> None:
    """Write a number as lying headers have it: small, the length of the file, just beyond it, huge, or negative."""
    size = chance.choice((2, 4, 8))
    where -= where % size if chance.random() < 0.7 else 0
    value = chance.choice(
        (
            0,
            1,
            2,
            len(data),
            len(data) - 1,
            len(data) + 1,
            where,
            1 << 31,
            (1 << 63) - 1,
            -1,
            chance.randrange(1 << 16),
        )
    )
    packed = (value % (1 << 8 * size)).to_bytes(
        size, chance.choice(("little", "little", "big"))
    )
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
    """Return facts, or ``None`` if these bytes are not a binary or it is told to be broken. Any other error escapes."""
    try:
        return formats.read(data)
    except FormatError as error:
        if not error.field or error.offset < 0:
            raise AssertionError(f"{error!r} does not say where") from error
        return None


def read_and_judge(data: bytes) -> None:
    """Read; what could be read is judged as a module of a wheel, which must not fail either."""
    binary = read(data)
    if binary is None:
        return
    name = f"p-1-cp39-abi3-{_TAGS[binary.format]}.whl"
    file = File(path="p/m.abi3.so", size=len(data), binary=binary)
    members = (Member(name=file.path, size=len(data), compressed_size=len(data)),)
    inside = contents(file)
    facts = wheel_named(
        name, inside, size=len(data), members=members, wheel_headers=(), metadata=None
    )
    verdict.check(facts)


def read_wheel_and_judge(data: bytes) -> None:
    """Do everything with a whole wheel that ``truewheel check`` does."""
    with tempfile.TemporaryDirectory() as place, contextlib.suppress(WheelError):
        path = Path(place, "p-1-cp39-abi3-win_amd64.whl")
        path.write_bytes(data)
        verdict.check(read_wheel(path, digests=True), upload=True)


def target(kind: str) -> Callable[[bytes], None]:
    """Return the function that inputs of this kind are given to."""
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
        assert peak < 40 * len(data) + allowance(kind), (
            f"{peak} bytes of memory for an input of {len(data)}"
        )
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
    path = (
        KEPT
        / f"{kind.lower()}-{type(error).__name__}-{hashlib.sha256(data).hexdigest()[:8]}"
    )
    path.write_bytes(data)
    return path
