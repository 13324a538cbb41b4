"""WebAssembly with odd custom sections: engines ignore what is wrong in these, and wasmtime says so."""

from __future__ import annotations

import pytest
import wasmtime

from support.reading import error_of
from support.wasm_modules import DYLINK, SAMPLE, custom, leb, module, section, text
from truewheel import formats
from truewheel.model.binary import Kind, WasmSlice

HUGE = leb(1 << 60)


def read(data: bytes) -> WasmSlice:
    binary = formats.read(data)
    assert binary is not None
    (piece,) = binary.slices
    assert isinstance(piece, WasmSlice)
    return piece


def is_taken(data: bytes) -> bool:
    """Whether wasmtime finds nothing wrong in a module."""
    try:
        wasmtime.Module.validate(wasmtime.Engine(), data)
    except wasmtime.WasmtimeError:
        return False
    return True


@pytest.mark.parametrize("name", ["producers", "target_features"])
def test_custom_sections_that_no_loader_asks_for_may_be_odd(name: str) -> None:
    data = module(DYLINK, custom(name, HUGE))
    assert is_taken(data)
    found = read(data)
    (skipped,) = found.skipped
    assert skipped.part == f"the custom section {name}"
    assert not skipped.grave
    assert found.kind is Kind.SHARED
    assert [need.library for need in found.needs] == ["liba.so", "libb.so"]


def test_what_was_read_before_the_odd_place_stays() -> None:
    features = leb(9) + b"+" + text("simd128")
    found = read(module(custom("target_features", features)))
    assert found.features == ("simd128",)
    assert found.skipped


@pytest.mark.parametrize("name", ["name", ".debug_info", "vendor", "linking"])
def test_custom_sections_that_are_not_read_may_hold_anything(name: str) -> None:
    data = module(custom(name, HUGE))
    assert is_taken(data)
    assert not read(data).skipped


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (module(section(0, HUGE)), "section name"),
        (module(section(7, HUGE)), "export name"),
        (module(b"\2\xff\xff\xff\x7f"), "section"),
    ],
)
def test_what_engines_refuse_stays_an_error(data: bytes, field: str) -> None:
    assert not is_taken(data)
    assert error_of(data).field == field


def test_what_dynamic_linkers_ask_for_stays_an_error() -> None:
    """Engines pass over it: it is Emscripten's loader that cannot read it (``getDylinkMetadata``)."""
    data = module(custom("dylink.0", b"\2\x60"))
    assert is_taken(data)
    assert error_of(data).field == "dylink.0 subsection"
    assert not read(SAMPLE).skipped
