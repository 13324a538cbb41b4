"""What the data of extension modules tells Python, read from files that compilers for many systems made."""

from __future__ import annotations

import pytest

from support import module_definitions as made
from truewheel import formats
from truewheel.formats.python_modules import with_module_facts
from truewheel.model.module_facts import (
    AbiRecord,
    GilUse,
    ModuleDefinition,
    ModuleFacts,
)

NAMED = "p/m.cpython-314t-x86_64-linux-gnu.so"


def read(data: bytes, path: str = NAMED) -> ModuleFacts:
    """Return what the data of a module says."""
    binary = formats.read(data)
    assert binary is not None
    (piece,) = with_module_facts(binary, data, path).slices
    assert piece.module is not None
    return piece.module


def with_slots(source: str, slots: str) -> str:
    """Return a source with these slots."""
    return (
        source.replace("SLOTS", slots)
        if source != made.MULTI_PHASE
        else source.replace("SLOTS {0", f"{slots} {{0")
    )


SLOTS = [
    (made.NOT_USED, GilUse.NOT_USED),
    (made.USED, GilUse.USED),
    ("", GilUse.NOT_SAID),
    ("{3, (void *)2}, {4, (void *)1},", GilUse.NOT_USED),
]


@pytest.mark.parametrize(("slots", "gil"), SLOTS)
@pytest.mark.parametrize("target", made.TARGETS)
def test_slots_are_found_on_every_system(target: str, slots: str, gil: GilUse) -> None:
    data = made.module(with_slots(made.MULTI_PHASE, slots), target=target)
    assert read(data).definitions == (ModuleDefinition(name="p.m", gil=gil),)


@pytest.mark.parametrize("target", made.TARGETS)
def test_slots_that_are_filled_at_run_time_are_not_guessed(target: str) -> None:
    data = made.module(made.AT_RUN_TIME, target=target)
    assert read(data).definitions == (ModuleDefinition(name="p.m", gil=None),)


@pytest.mark.parametrize("target", made.TARGETS)
def test_an_array_for_a_module_export_is_found(target: str) -> None:
    slots = "{87, 4, 0, {(void *)1}},"
    data = made.module(with_slots(made.EXPORTED, slots), target=target)
    record = AbiRecord(flags=2, build_version=0x030F00F0, abi_version=0x030F00F0)
    (found,) = read(data).definitions
    assert found == ModuleDefinition(
        name="m", gil=GilUse.NOT_USED, abi=record, is_exported=True
    )
