"""What the data of extension modules tells Python, read where a Python would look at it.

It is read apart from the rest, because few modules say anything there that matters, and to look for it takes time.
"""

from __future__ import annotations

from importlib import import_module

from ..model.binary import Format, MachOSlice
from ..model.errors import FormatError
from ..model.module_facts import (
    ModuleFacts,
    NanobindBackend,
)
from ..model.record import replace
from .cursor import View
from .looked_into import may_say_more

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model.binary import Binary, Slice
    from ..model.edits import Sliceable
    from .cursor import Buffer, Readable
    from .memory import Memory

_READERS = {
    Format.ELF: "elf.memory",
    Format.MACHO: "macho.memory",
    Format.PE: "pe.memory",
}
"""The formats of which it is known how a file lies in memory."""
_MAKES_MODULES = frozenset(
    {"PyModuleDef_Init", "PyModule_Create2", "PyModule_FromDefAndSpec2"}
)
"""What a module calls that defines itself. In nanobind's split mode the backend does it."""
_ASKS_BACKEND = frozenset({"PyImport_ImportModule", "PyCapsule_New"})
"""What it calls there instead (``nanobind/nb_backend.h``)."""
_BACKEND_MESSAGE = b"failed because the nanobind backend module '"
_INSTALL_MESSAGE = " via 'pip install "
"""What it says where there is no backend."""
_PLATFORM_ABI = b"\0nanobind_"
"""How the tag begins that module and backend have to agree on."""
_LONGEST_TEXT = 1024


def with_module_facts(binary: Binary, data: Buffer | Sliceable, path: str) -> Binary:
    """Return the facts of a file, with what its data tells Python, if a Python would look there.

    :param data: the whole file.
    :param path: its name tells which Pythons will import it.
    """
    module = _READERS.get(binary.format)
    if module is None:
        return binary
    slices = []
    for piece in binary.slices:
        facts = None
        if may_say_more(path, piece):
            facts = _read_facts(piece, data, module)
        slices.append(piece if facts is None else replace(piece, module=facts))
    return replace(binary, slices=tuple(slices))


def _read_facts(
    piece: Slice, data: Buffer | Sliceable, module: str
) -> ModuleFacts | None:
    """Return what one slice says; ``None`` where the file is broken in a way that nobody else minds."""
    whole: Readable = (
        data if isinstance(data, (bytes, bytearray, memoryview)) else View(data)
    )
    if isinstance(piece, MachOSlice):
        whole = whole[piece.offset : piece.offset + piece.size]
    try:
        memory: Memory = import_module(f".{module}", __package__).read_memory(whole)
        return _facts_of(piece, memory)
    except FormatError:
        return None


def _facts_of(piece: Slice, memory: Memory) -> ModuleFacts:
    """Return what a slice says, by its data in memory."""
    from .slots import find_definitions, find_exported

    definitions = list(find_definitions(memory))
    if piece.exports_slots:
        definitions += find_exported(memory)
    return ModuleFacts(
        definitions=tuple(definitions), nanobind=_find_backend(piece, memory)
    )


# --- nanobind ---------------------------------------------------------------------------------------------------


def _find_backend(piece: Slice, memory: Memory) -> NanobindBackend | None:
    """Return the backend of nanobind's that a module asks for by name; ``None`` for nearly all."""
    names = {symbol.name for symbol in piece.imports}
    # Whoever makes modules without the backend needs none.
    if not names >= _ASKS_BACKEND or names & _MAKES_MODULES:
        return None
    message = _find_text(memory, _BACKEND_MESSAGE)
    backend = _read_backend(message)
    if backend is None:
        return None
    rest = _find_text(memory, _PLATFORM_ABI)
    return replace(backend, platform_abi=f"nanobind_{rest}")


def _find_text(memory: Memory, beginning: bytes) -> str:
    """Return what follows the beginning of a string; empty when there is no such string."""
    for area in memory.areas:
        raw = memory.read(area.address, area.size) or b""
        place = raw.find(beginning)
        if place >= 0:
            return _text_at(raw, place + len(beginning))
    return ""


def _text_at(raw: bytes, place: int) -> str:
    """Return the string at a place."""
    piece = raw[place : place + _LONGEST_TEXT]
    return piece.partition(b"\0")[0].decode("utf-8", "replace")


def _read_backend(text: str) -> NanobindBackend | None:
    """Return the backend that a message names: ``nanobind_backend' is not installed. Install it via 'pip install X'.``."""
    module, quote, rest = text.partition("'")
    if not quote or not module.replace(".", "_").isidentifier():
        return None
    _, _, distribution = rest.partition(_INSTALL_MESSAGE)
    return NanobindBackend(module=module, distribution=distribution.partition("'")[0])
