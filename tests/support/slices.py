"""Code for one CPU that needs libraries, made by hand for each system; without any other fault."""

from __future__ import annotations

from truewheel.model.binary import (
    ElfSlice,
    Kind,
    MachOSlice,
    MinimumOS,
    Need,
    PeSlice,
    SearchPath,
    Slice,
    WasmSlice,
)

ANDROID = (MinimumOS(platform="android", version=(24,)),)


def linux(
    *needs: str, cpu: str = "x86_64", runpath: str = "", name: str | None = None
) -> ElfSlice:
    return ElfSlice(
        cpu=cpu,
        bits=64,
        kind=Kind.SHARED,
        machine=62,
        needs=tuple(Need(library=need) for need in needs),
        search_paths=(SearchPath(path=runpath, kind="RUNPATH"),) if runpath else (),
        name=name,
    )


def android(*needs: str, path: str = "", kind: str = "RUNPATH") -> ElfSlice:
    return ElfSlice(
        cpu="aarch64",
        bits=64,
        kind=Kind.SHARED,
        machine=183,
        needs=tuple(Need(library=need) for need in needs),
        minimum_os=ANDROID,
        search_paths=(SearchPath(path=path, kind=kind),) if path else (),  # type: ignore[arg-type]
    )


def mac(*needs: str, rpath: str = "", name: str | None = None) -> MachOSlice:
    return MachOSlice(
        cpu="arm64",
        bits=64,
        kind=Kind.SHARED,
        file_type=6,
        needs=tuple(Need(library=need) for need in needs),
        minimum_os=(MinimumOS(platform="macos", version=(11, 0)),),
        search_paths=(SearchPath(path=rpath, kind="LC_RPATH"),) if rpath else (),
        name=name,
        signed=True,
    )


def windows(*needs: str) -> PeSlice:
    needed = tuple(Need(library=need) for need in needs)
    return PeSlice(
        cpu="x86_64", bits=64, kind=Kind.SHARED, machine=0x8664, needs=needed
    )


def web(*needs: str, runtime_path: str = "") -> WasmSlice:
    return WasmSlice(
        cpu="wasm32",
        bits=32,
        kind=Kind.SHARED,
        dylink=True,
        needs=tuple(Need(library=need) for need in needs),
        search_paths=(SearchPath(path=runtime_path, kind="RUNPATH"),)
        if runtime_path
        else (),
    )


def module_path(piece: Slice) -> str:
    """Return the path of a module with that code in a package ``p``."""
    return "p/m.pyd" if isinstance(piece, PeSlice) else "p/m.so"
