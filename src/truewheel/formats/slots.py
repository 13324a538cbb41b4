"""What the static data of an extension module defines: ``PyModuleDef`` structures, and arrays of slots.

Nothing tells where they are but code, which is not read. They are found by what they begin with: a ``PyModuleDef`` is an
object whose reference count is one of an immortal one, with only zeros up to its name; an array for ``PyModExport_…`` holds
``Py_mod_abi``, which must be there. What is found by chance fails a later step: a name has to be a name, and a function an
address.

Sources: CPython's ``Include/object.h``, ``Include/refcount.h``, ``Include/moduleobject.h``, ``Include/slots.h``,
``Include/slots_generated.h`` and ``Include/modsupport.h`` of 3.13 to 3.15.
"""

from __future__ import annotations

import struct

from ..model.module_facts import AbiRecord, GilUse, ModuleDefinition
from ..model.record import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .memory import Area, Memory, Word

_IMMORTAL = b"\xff\xff\xff\xff"
"""``ob_ref_local`` of an immortal object of free-threaded builds."""
_IMMORTAL_WITH_GIL = {64: 5 << 48 | 3 << 30, 32: 7 << 28}
"""``ob_refcnt`` of an immortal, static object of builds with the GIL, from 3.14 on: by the bits of an address."""

_FUNCTIONS = frozenset({1, 2, 84, 85})
"""``Py_mod_create`` and ``Py_mod_exec``: before 3.15, and from then on."""
_GIL = frozenset({4, 87})
"""``Py_mod_gil``."""
_ABI, _NAME = 109, 100
"""``Py_mod_abi``, ``Py_mod_name``."""
_OTHERS = frozenset({3, 86, 101, 102, 103, 104, 105, 106, 110})
"""Other slots of modules: interpreters, documentation, state, methods, token."""
_KNOWN = _FUNCTIONS | _GIL | _OTHERS | {_ABI, _NAME}
_GIL_VALUES = {0: GilUse.USED, 1: GilUse.NOT_USED}
_RECORD = "BBHII"
"""``PyABIInfo``: major and minor version of the record, flags, versions of the headers and of the ABI."""
_RECORD_SIZE = 12

_FIELDS = (
    "m_name",
    "m_doc",
    "m_size",
    "m_methods",
    "m_slots",
    "m_traverse",
    "m_clear",
    "m_free",
)
"""``PyModuleDef`` behind its base, each as wide as an address."""
_LARGEST_STATE = 1 << 24
"""Bytes of the largest state of a module that is believed."""

_SLOT_SIZE = 16
"""Bytes of a ``PySlot`` in every build."""
_MOST_FLAGS = 7
"""All that ``sl_flags`` may be."""
_MOST_SLOTS = 64
"""Slots of one module that are read; there are a dozen kinds."""
_MOST_FOUND = 256
"""Definitions in one file that are looked at, with those that turn out to be none."""
_LONGEST_NAME = 512
"""Characters of the longest name of a module that is believed."""


class _Slot(NamedTuple):
    """One slot: its number, and its value, ``None`` when another library decides it."""

    number: int
    value: Word | None


def find_definitions(memory: Memory) -> Iterator[ModuleDefinition]:
    """Yield the modules that ``PyModuleDef`` structures define, of any build."""
    left = _MOST_FOUND
    for area in _data_areas(memory):
        raw = memory.read(area.address, area.size) or b""
        for name_at in _places_of_names(memory, raw):
            definition = _read_definition(memory, area.address + name_at)
            if definition is not None:
                yield definition
            left -= 1
            if not left:
                return


def find_exported(memory: Memory) -> Iterator[ModuleDefinition]:
    """Yield the modules that arrays of ``PySlot`` define, as PEP 793 has them."""
    left = _MOST_FOUND
    for area in _data_areas(memory):
        raw = memory.read(area.address, area.size) or b""
        for place in _places_of_abi(memory, raw):
            definition = _read_exported(memory, area.address + place)
            if definition is not None:
                yield definition
            left -= 1
            if not left:
                return


def _data_areas(memory: Memory) -> list[Area]:
    """Return the areas to be searched, which together are not larger than the file."""
    left = len(memory.cursor)
    found = []
    for area in memory.areas:
        if area.is_data and area.size <= left:
            found.append(area)
            left -= area.size
    return found


# --- PyModuleDef ------------------------------------------------------------------------------------------------


def _places_of_names(memory: Memory, raw: bytes) -> Iterator[int]:
    """Yield where a ``PyModuleDef`` may have its name."""
    word = memory.word_size
    # Free-threaded: ob_ref_local, then ob_ref_shared, ob_type, m_init, m_index and m_copy.
    zeros = bytes(5 * word)
    for place in _places(raw, _IMMORTAL + zeros):
        name_at = place + len(_IMMORTAL) + len(zeros)
        # In builds with the GIL up to 3.13 the same bytes stand where no field of four bytes can be.
        if name_at % word == 0:
            yield name_at
    # With the GIL: ob_refcnt, then ob_type, m_init, m_index and m_copy.
    order = "<" if memory.cursor.little else ">"
    code = "Q" if memory.bits == 64 else "I"
    count = struct.pack(order + code, _IMMORTAL_WITH_GIL[memory.bits])
    zeros = bytes(4 * word)
    for place in _places(raw, count + zeros):
        yield place + len(count) + len(zeros)


def _places(raw: bytes, wanted: bytes) -> Iterator[int]:
    """Yield where bytes stand."""
    place = raw.find(wanted)
    while place >= 0:
        yield place
        place = raw.find(wanted, place + 1)


def _read_definition(memory: Memory, name_at: int) -> ModuleDefinition | None:
    """Return the definition whose name stands at an address; ``None`` when it is none."""
    name = _pointed_name(memory.word(name_at), memory)
    if not name or not _has_fields(memory, name_at):
        return None
    slots = memory.word(name_at + _FIELDS.index("m_slots") * memory.word_size)
    found = None
    if slots is not None and slots.is_address:
        found = _read_slots(memory, slots.value)
    # C++ may set m_slots, or fill the array, while the program runs.
    if not found:
        return ModuleDefinition(name=name)
    return ModuleDefinition(name=name, gil=_gil_of(found), abi=_abi_of(found, memory))


def _has_fields(memory: Memory, name_at: int) -> bool:
    """Return whether what follows a name may be the other fields: addresses or nothing, but for the size of the state."""
    for index, field in enumerate(_FIELDS):
        stored = memory.stored_word(name_at + index * memory.word_size)
        if stored is None:
            return False
        word = memory.word(name_at + index * memory.word_size)
        # Another library's function.
        if word is None:
            continue
        if field == "m_size":
            # -1 means that there is no state.
            size = (word.value + 1) % (1 << memory.bits)
            if word.is_address or size > _LARGEST_STATE:
                return False
        elif word.value and not word.is_address:
            return False
    return True


def _pointed_name(word: Word | None, memory: Memory) -> str:
    """Return the name of a module that an address leads to; empty when it is none."""
    if word is None or not word.is_address:
        return ""
    text = memory.string(word.value)
    is_name = text.replace(".", "_").isidentifier() and len(text) <= _LONGEST_NAME
    return text if is_name else ""


def _read_slots(memory: Memory, address: int) -> list[_Slot] | None:
    """Return an array of ``PyModuleDef_Slot``; ``None`` when it is not understood.

    An array that begins with its end is filled while the program runs, as C++ may do it: nothing, then.
    """
    found: list[_Slot] = []
    for _ in range(_MOST_SLOTS):
        number = memory.number("I", address)
        if number == 0:
            return found
        slot = _Slot(number or 0, memory.word(address + memory.word_size))
        if not _is_plausible(slot):
            return None
        found.append(slot)
        address += 2 * memory.word_size
    return None


def _is_plausible(slot: _Slot) -> bool:
    """Return whether a slot is one of a module's."""
    if slot.number not in _KNOWN:
        return False
    # Another library's function, by its name.
    if slot.value is None:
        return slot.number not in _GIL
    if slot.number in _FUNCTIONS or slot.number == _ABI:
        return slot.value.is_address
    if slot.number in _GIL:
        return not slot.value.is_address and slot.value.value in _GIL_VALUES
    return True


# --- PySlot -----------------------------------------------------------------------------------------------------


def _places_of_abi(memory: Memory, raw: bytes) -> Iterator[int]:
    """Yield where slots with ``Py_mod_abi`` may stand."""
    order = "<" if memory.cursor.little else ">"
    for flags in range(_MOST_FLAGS + 1):
        yield from _places(raw, struct.pack(order + "HHI", _ABI, flags, 0))


def _read_exported(memory: Memory, address: int) -> ModuleDefinition | None:
    """Return the definition by the array that has ``Py_mod_abi`` at an address; ``None`` when there is none."""
    here = _read_slot(memory, address)
    if here is None or _abi_of([here], memory) is None:
        return None
    before = _read_run(memory, address - _SLOT_SIZE, -_SLOT_SIZE)
    after = _read_run(memory, address + _SLOT_SIZE, _SLOT_SIZE)
    found = [*before, here, *after]
    is_ended = memory.number("H", address + _SLOT_SIZE * (len(after) + 1)) == 0
    names = [slot.value for slot in found if slot.number == _NAME]
    return ModuleDefinition(
        name=_pointed_name(names[0], memory) if names else "",
        gil=_gil_of(found) if is_ended else None,
        abi=_abi_of(found, memory),
        is_exported=True,
    )


def _read_run(memory: Memory, address: int, step: int) -> list[_Slot]:
    """Return the slots that stand one after the other from an address on."""
    found: list[_Slot] = []
    while len(found) < _MOST_SLOTS:
        slot = _read_slot(memory, address)
        if slot is None:
            break
        found.append(slot)
        address += step
    return found


def _read_slot(memory: Memory, address: int) -> _Slot | None:
    """Return a ``PySlot``; ``None`` when there is none of a module."""
    number = memory.number("H", address)
    flags = memory.number("H", address + 2)
    reserved = memory.number("I", address + 4)
    if number is None or flags is None or reserved or flags > _MOST_FLAGS:
        return None
    slot = _Slot(number, memory.word(address + 8))
    return slot if _is_plausible(slot) else None


# --- what slots say ---------------------------------------------------------------------------------------------


def _gil_of(slots: list[_Slot]) -> GilUse:
    """Return what slots say of the GIL."""
    for slot in slots:
        if slot.number in _GIL and slot.value is not None:
            return _GIL_VALUES[slot.value.value]
    return GilUse.NOT_SAID


def _abi_of(slots: list[_Slot], memory: Memory) -> AbiRecord | None:
    """Return the record behind ``Py_mod_abi``; ``None`` when there is none that can be read."""
    for slot in slots:
        if slot.number == _ABI and slot.value is not None:
            raw = memory.read(slot.value.value, _RECORD_SIZE)
            return None if raw is None else _read_record(memory, raw)
    return None


def _read_record(memory: Memory, raw: bytes) -> AbiRecord | None:
    """Return an ABI record; ``None`` when it is of another kind than the first."""
    (row,) = memory.cursor.records(_RECORD, raw)
    major, _, flags, built, version = row
    # A record of a later kind is refused by Pythons that do not know it. All Pythons with one are 3.N.
    if major != 1 or built >> 24 != 3:
        return None
    return AbiRecord(flags=flags, build_version=built, abi_version=version)
