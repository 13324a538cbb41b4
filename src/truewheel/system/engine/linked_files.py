"""What a file is that a link names: a shared library, a static one, a linker script. Told by its first bytes."""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterator
from pathlib import Path

from ... import formats
from ...formats import import_library
from ...model.binary import Format
from ...model.record import Enum

ET_DYN = 3
"""``e_type`` of a shared object (ELF, gABI chapter 4); objects and programs have others."""
_FAT = (b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf")
_LONGEST_SCRIPT = 1 << 16
_ENOUGH_OF_AN_ARCHIVE = 1 << 20
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_INPUTS = re.compile(r"\b(?:INPUT|GROUP)\s*\(((?:[^()]|\([^()]*\))*)\)")
"""A command of a linker script that names files; ``AS_NEEDED(...)`` may stand in it."""
_WORDS_OF_SCRIPTS = re.compile(r'AS_NEEDED|[(),]|"([^"]*)"|([^\s(),"]+)')


class Nature(Enum):
    """What a linker would make of a file."""

    SHARED = "shared library"
    STATIC = "static library"
    IMPORT = "import library"
    SCRIPT = "linker script"
    OTHER = "something else"


def nature_of(path: str) -> Nature:
    """Return what a file is; a file that cannot be read is something else."""
    try:
        with Path(path).open("rb") as file:
            head = file.read(formats.HEAD)
            if head.startswith(_FAT):
                file.seek(_first_slice(head))
                head = file.read(formats.HEAD)
    except OSError:
        return Nature.OTHER
    form = formats.sniff(head)
    if form is None:
        # Scripts are text in any encoding. Everything binary has a zero early on.
        return Nature.OTHER if b"\0" in head else Nature.SCRIPT
    if form is Format.ARCHIVE:
        is_import = imported_dll(path) is not None
        return Nature.IMPORT if is_import else Nature.STATIC
    is_shared = form in (Format.MACHO, Format.PE)
    if form is Format.ELF:
        is_shared = _elf_type(head) == ET_DYN
    return Nature.SHARED if is_shared else Nature.OTHER


def imported_dll(path: str) -> str | None:
    """Return the name of the DLL that a file is the import library for; ``None`` for every other file."""
    try:
        with Path(path).open("rb") as file:
            # Static libraries may be large, and the first members tell.
            data = file.read(_ENOUGH_OF_AN_ARCHIVE)
    except OSError:
        return None
    return import_library.dll_name(data)


def dll_of(path: str) -> str | None:
    """Return the DLL of an import library, where installers put it: beside it, or in ``bin`` beside its directory."""
    name = imported_dll(path)
    home = Path(path).parent
    for place in (home, home.parent / "bin"):
        if name and (place / name).is_file():
            return os.path.realpath(place / name)
    return None


def _elf_type(head: bytes) -> int:
    """Return ``e_type``; ``EI_DATA`` tells the order of its bytes."""
    order = ">" if head[5:6] == b"\x02" else "<"
    (found,) = struct.unpack_from(f"{order}H", head, 16)
    return int(found)


def _first_slice(head: bytes) -> int:
    """Return where the first file of a universal one begins (``fat_arch`` and ``fat_arch_64`` in ``mach-o/fat.h``)."""
    form = ">Q" if head.startswith(_FAT[1]) else ">I"
    whole = head.ljust(formats.HEAD, b"\0")
    (offset,) = struct.unpack_from(form, whole, 16)
    return int(offset)


def files_in_script(path: str) -> Iterator[str]:
    """Yield what a linker script names (GNU ld, "File Commands"): paths, names, and ``-lNAME``.

    Text that is not a linker script, such as Apple's ``.tbd``, names nothing.
    """
    with Path(path).open("rb") as file:
        content = file.read(_LONGEST_SCRIPT)
    text = content.decode("utf-8", "surrogateescape")
    without_comments = _COMMENT.sub(" ", text)
    for inputs in _INPUTS.findall(without_comments):
        for quoted, plain in _WORDS_OF_SCRIPTS.findall(inputs):
            name = quoted or plain
            if name:
                yield name


def library_names(name: str) -> tuple[str, ...]:
    """Return the file names under which linkers look for ``-lNAME``, in their order; of all systems."""
    if name.startswith(":"):
        return (name[1:],)
    return (
        f"lib{name}.so",
        f"lib{name}.dylib",
        f"lib{name}.dll.a",
        f"{name}.lib",
        f"lib{name}.dll",
        f"lib{name}.a",
    )


def is_file(path: str) -> bool:
    """Return whether there is a file; a link counts when it leads to one."""
    return Path(path).is_file()
