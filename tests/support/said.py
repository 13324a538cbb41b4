"""Modules whose data says something to Python, as facts made by hand."""

from __future__ import annotations

from support.facts import binary_file, module
from truewheel.model.contents import File
from truewheel.model.module_facts import (
    AbiRecord,
    GilUse,
    ModuleDefinition,
    ModuleFacts,
    NanobindBackend,
)
from truewheel.model.record import replace

STABLE, GIL, THREADED = 1, 2, 4
SPLIT = "nanobind_system_libstdcpp_gxx_abi_1xxx_use_cxx11_abi_1"
"""How a module in nanobind's split mode asks for its backend."""


def saying(
    path: str,
    *imports: str,
    definitions: tuple[ModuleDefinition, ...] = (),
    nanobind: NanobindBackend | None = None,
    exports: str | None = None,
) -> File:
    """Return a module with these imports, and what was read in its data."""
    made = module(path, *imports, exports=exports)
    assert made.binary is not None
    facts = ModuleFacts(definitions=definitions, nanobind=nanobind)
    return binary_file(path, replace(made.binary.slices[0], module=facts))


def defining(
    gil: GilUse | None,
    *,
    name: str = "p.m",
    abi: AbiRecord | None = None,
    exported: bool = False,
) -> tuple[ModuleDefinition, ...]:
    """Return the one definition of a file."""
    return (ModuleDefinition(name=name, gil=gil, abi=abi, is_exported=exported),)


def record(flags: int, version: int = 0x030F0000) -> AbiRecord:
    """Return an ABI record."""
    return AbiRecord(flags=flags, build_version=0x030F0200, abi_version=version)


def recorded(path: str, flags: int, version: int = 0x030F0000) -> File:
    """Return a module as PEP 793 has it, with an ABI record, which does without the GIL."""
    definitions = defining(GilUse.NOT_USED, abi=record(flags, version), exported=True)
    return saying(path, definitions=definitions, exports="PyModExport_m")


def backend(
    tag: str = SPLIT, distribution: str = "nanobind-backend"
) -> NanobindBackend:
    """Return what a module in nanobind's split mode asks for."""
    return NanobindBackend(
        module="nanobind_backend", distribution=distribution, platform_abi=tag
    )
