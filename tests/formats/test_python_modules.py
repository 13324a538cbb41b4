"""What the data of extension modules tells Python, read from files that compilers for many systems made."""

from __future__ import annotations

import struct

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


# --- which files are looked into --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "is_read"),
    [
        ("p/m.cpython-313t-x86_64-linux-gnu.so", True),
        ("p/m.cpython-313td-x86_64-linux-gnu.so", True),
        ("p/m.cp314t-win_amd64.pyd", True),
        ("p/m.cpython-315-x86_64-linux-gnu.so", True),
        ("p/m.abi3t.so", True),
        ("p/m.abi3t-x86_64-linux-gnu.so", True),
        ("p/m.cpython-314-x86_64-linux-gnu.so", False),
        ("p/m.cpython-39-x86_64-linux-gnu.so", False),
        ("p/m.cp312-win_amd64.pyd", False),
        ("p/m.abi3.so", False),
        ("p/m.pypy311-pp73-x86_64-linux-gnu.so", False),
        ("p/m.cpython-3x-x86_64-linux-gnu.so", False),
        ("p/m.so", False),
        ("p/libm.so", False),
        ("p/m.so.1", False),
    ],
)
def test_only_what_a_python_would_look_into_is_read(path: str, is_read: bool) -> None:
    data = made.module(with_slots(made.MULTI_PHASE, ""))
    binary = formats.read(data)
    assert binary is not None
    (piece,) = with_module_facts(binary, data, path).slices
    assert (piece.module is not None) == is_read


def test_a_bare_name_is_looked_into_where_the_symbols_tell() -> None:
    data = made.module(with_slots(made.EXPORTED, ""))
    assert len(read(data, "p/m.so").definitions) == 1
    assert len(read(data, "p/m.abi3.so").definitions) == 1


def test_a_file_that_is_broken_elsewhere_says_nothing() -> None:
    """The chain of its pages lies outside of the file, which nobody else looks at."""
    data = bytearray(made.module(with_slots(made.MULTI_PHASE, ""), target=made.CHAINED))
    binary = formats.read(bytes(data))
    assert binary is not None
    at, kind = 32, 0
    while kind != 0x80000034:
        kind, size = struct.unpack_from("<II", data, at)
        at += size
    (offset,) = struct.unpack_from("<I", data, at - size + 8)
    struct.pack_into("<I", data, offset + 4, 0x7FFFFFFF)
    (piece,) = with_module_facts(binary, bytes(data), NAMED).slices
    assert piece.module is None


# --- nanobind's split mode --------------------------------------------------------------------------------------

SPLIT = """
void *PyImport_ImportModule(const char *); void *PyCapsule_New(void *, const char *, void *); void *PyErr_Format(void *, const char *, ...);
EXPORT void *PyInit_m(void) {
  if (!PyImport_ImportModule("nanobind_backend"))
    return PyErr_Format(0, "Importing the extension '%s' failed because the nanobind backend module 'nanobind_backend' is not installed."
                           " Install it via 'pip install nanobind-backend'.", "m");
  return PyCapsule_New(0, "nanobind_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1_ft", 0);
}
"""


def test_the_backend_of_a_module_in_split_mode_is_found() -> None:
    found = read(made.module(SPLIT), "p/m.abi3.so").nanobind
    assert found is not None
    assert found.module == "nanobind_backend"
    assert found.distribution == "nanobind-backend"
    assert (
        found.platform_abi
        == "nanobind_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1_ft"
    )
    assert found.is_free_threaded


def test_a_module_that_only_talks_of_nanobind_has_no_backend() -> None:
    source = SPLIT.replace("is not installed", "").replace(
        "module 'nanobind_backend'", "module"
    )
    assert read(made.module(source), "p/m.abi3.so").nanobind is None
    defined = with_slots(made.MULTI_PHASE, made.NOT_USED)
    assert read(made.module(defined), "p/m.abi3t.so").nanobind is None
