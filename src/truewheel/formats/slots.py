"""What the static data of an extension module defines: ``PyModuleDef`` structures, and arrays of slots.

Nothing tells where they are but code, which is not read. They are found by what they begin with: a ``PyModuleDef`` is an
object whose reference count is one of an immortal one, with only zeros up to its name; an array for ``PyModExport_…`` holds
``Py_mod_abi``, which must be there. What is found by chance fails a later step: a name has to be a name, and a function an
address.

Sources: CPython's ``Include/object.h``, ``Include/refcount.h``, ``Include/moduleobject.h``, ``Include/slots.h``,
``Include/slots_generated.h`` and ``Include/modsupport.h`` of 3.13 to 3.15.
"""

from __future__ import annotations

import itertools

from ..model.module_facts import AbiRecord, GilUse, ModuleDefinition
from ..model.record import NamedTuple
from .memory import Word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .memory import Area, Memory

_IMMORTAL = b"\xff\xff\xff\xff"
"""``ob_ref_local`` of an immortal object of free-threaded builds."""
_IMMORTAL_WITH_GIL = {64: 5 << 48 | 3 << 30, 32: 7 << 28}
"""``ob_refcnt`` of an immortal, static object of builds with the GIL, from 3.14 on: by the bits of an address."""

_FUNCTIONS = frozenset({1, 2, 84, 85})
"""``Py_mod_create`` and ``Py_mod_exec``: before 3.15, and from then on."""
_GIL = frozenset({4, 87})
"""``Py_mod_gil``."""
_ABI = 109
"""``Py_mod_abi``."""
_NAME = 100
"""``Py_mod_name``."""
_OTHERS = frozenset({3, 86, 101, 102, 103, 104, 105, 106, 110})
"""Other slots of modules: interpreters, documentation, state, methods, token."""
_ADDRESSES = _FUNCTIONS | {_ABI}
"""Slots whose values are addresses for sure."""
_KNOWN = _ADDRESSES | _GIL | _OTHERS | {_NAME}
_END = 0
"""``Py_slot_end``."""
_GIL_VALUES = {
    Word(0, is_address=False): GilUse.USED,
    Word(1, is_address=False): GilUse.NOT_USED,
}
_RECORD = "BBHII"
"""``PyABIInfo``: major and minor version of the record, flags, versions of the headers and of the ABI."""

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

_SLOT_HEAD = "HHI"
"""What a ``PySlot`` begins with, in every build: number, flags, zero."""
_SLOT_VALUE_AT = 8
"""Where it has its value, which takes eight bytes."""
_SLOT_SIZE = 16
_MOST_FLAGS = 7
"""All that ``sl_flags`` may be."""
_MOST_SLOTS = 64
"""Slots of one module that are read; there are a dozen kinds."""
_MOST_FOUND = 256
"""Definitions in one file that are looked at, with those that turn out to be none."""


class _Slot(NamedTuple):
    """One slot: its number, and its value, ``None`` when another library decides it."""

    number: int
    value: Word | None


def find_definitions(memory: Memory) -> Iterator[ModuleDefinition]:
    """Yield the modules that ``PyModuleDef`` structures define, of any build."""
    return _look(memory, _places_of_names, _read_definition)


def find_exported(memory: Memory) -> Iterator[ModuleDefinition]:
    """Yield the modules that arrays of ``PySlot`` define, as PEP 793 has them."""
    return _look(memory, _places_of_abi, _read_exported)


def _look(
    memory: Memory,
    find_places: Callable[[Memory, bytes], Iterator[int]],
    read: Callable[[Memory, int], ModuleDefinition | None],
) -> Iterator[ModuleDefinition]:
    """Yield what is read at the places that are found in data.

    :param find_places: yields where something may stand in some bytes.
    :param read: returns what stands at an address, or ``None``.
    """
    left = _MOST_FOUND
    for area in _data_areas(memory):
        raw = memory.read(area.address, area.size) or b""
        places = find_places(memory, raw)
        for place in itertools.islice(places, left):
            left -= 1
            address = area.address + place
            definition = read(memory, address)
            if definition is not None:
                yield definition


def _data_areas(memory: Memory) -> list[Area]:
    """Return the areas to be searched, which together are not larger than the file."""
    left = len(memory.cursor)
    found = []
    for area in memory.areas:
        if not area.is_data or area.size > left:
            continue
        found.append(area)
        left -= area.size
    return found


def _places(raw: bytes, wanted: bytes) -> Iterator[int]:
    """Yield where bytes stand."""
    place = raw.find(wanted)
    while place >= 0:
        yield place
        place = raw.find(wanted, place + 1)


# --- PyModuleDef ------------------------------------------------------------------------------------------------


def _places_of_names(memory: Memory, raw: bytes) -> Iterator[int]:
    """Yield where a ``PyModuleDef`` may have its name."""
    word = memory.word_size
    # Free-threaded: ob_ref_local, then ob_ref_shared, ob_type, m_init, m_index and m_copy.
    beginning = _IMMORTAL + bytes(5 * word)
    for place in _places(raw, beginning):
        name_at = place + len(beginning)
        # In builds with the GIL up to 3.13 the same bytes stand where no field of four bytes can be.
        if name_at % word == 0:
            yield name_at
    # With the GIL: ob_refcnt, then ob_type, m_init, m_index and m_copy.
    count = _IMMORTAL_WITH_GIL[memory.bits]
    beginning = memory.packed(memory.word_code, count) + bytes(4 * word)
    for place in _places(raw, beginning):
        yield place + len(beginning)


def _read_definition(memory: Memory, name_at: int) -> ModuleDefinition | None:
    """Return the definition whose name stands at an address; ``None`` when it is none."""
    pointer = memory.word(name_at)
    name = _pointed_name(pointer, memory)
    if not name or not _has_fields(memory, name_at):
        return None
    fields_before = _FIELDS.index("m_slots")
    slots_at = name_at + fields_before * memory.word_size
    slots = memory.word(slots_at)
    found = None
    if slots is not None and slots.is_address:
        found = _read_slots(memory, slots.value)
    # C++ may set m_slots, or fill the array, while the program runs.
    if not found:
        return ModuleDefinition(name=name)
    gil = _gil_of(found)
    abi = _abi_of(found, memory)
    return ModuleDefinition(name=name, gil=gil, abi=abi)


def _has_fields(memory: Memory, name_at: int) -> bool:
    """Return whether what follows a name may be the other fields of a ``PyModuleDef``."""
    address = name_at
    for field in _FIELDS:
        if not _may_be_field(memory, field, address):
            return False
        address += memory.word_size
    return True


def _may_be_field(memory: Memory, field: str, address: int) -> bool:
    """Return whether a word may be a field: the size of the state, or else an address or nothing."""
    if memory.stored_word(address) is None:
        return False
    word = memory.word(address)
    # Another library's function.
    if word is None or word.is_address:
        return field != "m_size"
    if field == "m_size":
        return _may_be_size(word.value, memory)
    return word.value == 0


def _may_be_size(value: int, memory: Memory) -> bool:
    """Return whether a number may be the size of a module's state."""
    # -1 means that there is no state.
    none = (1 << memory.bits) - 1
    return value == none or value <= _LARGEST_STATE


def _pointed_name(pointer: Word | None, memory: Memory) -> str:
    """Return the name of a module that an address leads to; empty when it is none."""
    if pointer is None or not pointer.is_address:
        return ""
    text = memory.string(pointer.value)
    # A module of a package has the package's name in its own.
    joined = text.replace(".", "_")
    return text if joined.isidentifier() else ""


def _read_slots(memory: Memory, address: int) -> list[_Slot] | None:
    """Return an array of ``PyModuleDef_Slot``; ``None`` when it is not understood.

    An array that begins with its end is filled while the program runs, as C++ may do it: nothing, then.
    """
    found: list[_Slot] = []
    while len(found) < _MOST_SLOTS:
        number = memory.number("I", address)
        if number is None:
            return None
        if number == _END:
            return found
        value = memory.word(address + memory.word_size)
        slot = _Slot(number, value)
        if not _is_plausible(slot):
            return None
        found.append(slot)
        address += 2 * memory.word_size
    return None


# --- PySlot -----------------------------------------------------------------------------------------------------


def _places_of_abi(memory: Memory, raw: bytes) -> Iterator[int]:
    """Yield where slots with ``Py_mod_abi`` may stand."""
    for flags in range(_MOST_FLAGS + 1):
        beginning = memory.packed(_SLOT_HEAD, _ABI, flags, 0)
        yield from _places(raw, beginning)


def _read_exported(memory: Memory, address: int) -> ModuleDefinition | None:
    """Return the definition by the array that has ``Py_mod_abi`` at an address; ``None`` when there is none."""
    here = _read_slot(memory, address)
    if here is None:
        return None
    abi = _abi_of([here], memory)
    if abi is None:
        return None
    before = _read_run(memory, address - _SLOT_SIZE, -_SLOT_SIZE)
    behind = address + _SLOT_SIZE
    after = _read_run(memory, behind, _SLOT_SIZE)
    found = [*before, here, *after]
    end = behind + _SLOT_SIZE * len(after)
    is_whole = memory.number("H", end) == _END
    # A slot that was not read may be the one about the GIL.
    gil = _gil_of(found) if is_whole else None
    return ModuleDefinition(
        name=_name_of(found, memory),
        gil=gil,
        abi=abi,
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
    head = memory.numbers(_SLOT_HEAD, address)
    if head is None:
        return None
    number, flags, reserved = head
    if reserved or flags > _MOST_FLAGS:
        return None
    value = memory.word(address + _SLOT_VALUE_AT)
    slot = _Slot(number, value)
    if not _is_plausible(slot):
        return None
    return slot


# --- what slots say ---------------------------------------------------------------------------------------------


def _is_plausible(slot: _Slot) -> bool:
    """Return whether a slot is one of a module's."""
    if slot.number in _GIL:
        return slot.value in _GIL_VALUES
    # Another library's function, by its name.
    if slot.number in _ADDRESSES and slot.value is not None:
        return slot.value.is_address
    return slot.number in _KNOWN


def _value_of(slots: list[_Slot], numbers: frozenset[int]) -> Word | None:
    """Return the value of the first slot that has one of some numbers."""
    for slot in slots:
        if slot.number in numbers:
            return slot.value
    return None


def _gil_of(slots: list[_Slot]) -> GilUse:
    """Return what slots say of the GIL."""
    value = _value_of(slots, _GIL)
    if value is None:
        return GilUse.NOT_SAID
    return _GIL_VALUES[value]


def _name_of(slots: list[_Slot], memory: Memory) -> str:
    """Return the name that slots give to a module; empty when they give none."""
    wanted = frozenset({_NAME})
    value = _value_of(slots, wanted)
    return _pointed_name(value, memory)


def _abi_of(slots: list[_Slot], memory: Memory) -> AbiRecord | None:
    """Return the record behind ``Py_mod_abi``; ``None`` when there is none of the kind that is known here."""
    wanted = frozenset({_ABI})
    pointer = _value_of(slots, wanted)
    if pointer is None:
        return None
    numbers = memory.numbers(_RECORD, pointer.value)
    if numbers is None:
        return None
    major, _, flags, built, version = numbers
    # Pythons that do not know a later kind of record refuse it.
    if major != 1:
        return None
    # All Pythons with one are 3.N.
    built_for = built >> 24
    if built_for != 3:
        return None
    return AbiRecord(flags=flags, build_version=built, abi_version=version)
