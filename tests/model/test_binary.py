"""What can be asked of a binary's facts."""

from __future__ import annotations

import pytest

from truewheel.model.binary import Binary, ElfSlice, Format, Kind, Slice


def slice_of(kind: Kind) -> Slice:
    return Slice(cpu="x86_64", bits=64, kind=kind)


@pytest.mark.parametrize("kind", [Kind.SHARED, Kind.BUNDLE, Kind.EXECUTABLE])
def test_a_loader_takes_libraries_bundles_and_programs(kind: Kind) -> None:
    assert Binary(format=Format.ELF, slices=(slice_of(kind),)).is_loadable


@pytest.mark.parametrize("kind", [Kind.OBJECT, Kind.ARCHIVE, Kind.OTHER])
def test_a_loader_takes_no_input_of_linkers(kind: Kind) -> None:
    assert not Binary(format=Format.ELF, slices=(slice_of(kind),)).is_loadable


def test_one_loadable_slice_makes_a_file_loadable() -> None:
    fat = Binary(
        format=Format.MACHO, slices=(slice_of(Kind.OBJECT), slice_of(Kind.SHARED))
    )
    assert fat.is_loadable


@pytest.mark.parametrize("form", [Format.ELF, Format.MACHO, Format.PE, Format.WASM])
def test_a_file_that_was_not_read_is_taken_to_be_loadable(form: Format) -> None:
    """Whatever it is, a wheel with it in is bound to a platform."""
    assert Binary(format=form).is_loadable


@pytest.mark.parametrize("form", [Format.ARCHIVE, Format.COFF])
def test_formats_that_only_linkers_read_are_never_loadable(form: Format) -> None:
    assert not Binary(format=form).is_loadable


@pytest.mark.parametrize(
    ("kind", "interpreter", "relocated"),
    [
        (Kind.SHARED, None, True),
        (Kind.EXECUTABLE, "/lib64/ld-linux-x86-64.so.2", True),
        (Kind.EXECUTABLE, None, False),
    ],
    ids=["library", "program", "static program"],
)
def test_static_programs_relocate_themselves(
    kind: Kind, interpreter: str | None, relocated: bool
) -> None:
    piece = ElfSlice(
        cpu="x86_64", bits=64, machine=62, kind=kind, interpreter=interpreter
    )
    assert piece.is_relocated is relocated
