"""Compilers for other systems: clang and LLD for every target, from the package ``ziglang``."""

from __future__ import annotations

import functools
import importlib.util
import subprocess
from pathlib import Path

from support import needs

LLVM_NAMES = {"x86": "i686", "x64": "x86_64", "arm64": "aarch64", "arm64ec": "arm64ec"}
"""Machines as Microsoft's linker calls them, and as clang does."""


@functools.cache
def zig() -> Path:
    """Return the path of ``zig``, which is all of these programs."""
    found = importlib.util.find_spec("ziglang")
    places = list(found.submodule_search_locations or ()) if found is not None else []
    return Path(places[0]) / "zig" if places else needs.missing("the package ziglang")


def run(place: Path, *command: str | Path) -> None:
    """Run ``zig COMMAND`` in a directory."""
    done = subprocess.run(
        [zig(), *command], cwd=place, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def compiled(
    place: Path, name: str, source: str, *, target: str, flags: tuple[str, ...] = ()
) -> Path:
    """Compile a C or assembler source; return the object file."""
    (place / name).write_text(source)
    output = place / f"{name}-{target}.obj"
    run(place, "clang", f"--target={target}", "-c", name, "-o", output, "-O1", *flags)
    return output


def import_library(place: Path, library: str, exports: str, machine: str) -> Path:
    """Return the import library of a DLL; ``exports`` are the lines of a module-definition file."""
    definition, output = place / f"{library}.def", place / f"{library}-{machine}.lib"
    definition.write_text(f"LIBRARY {library}\nEXPORTS\n{exports}\n")
    run(place, "lib", f"/def:{definition}", f"/machine:{machine}", f"/out:{output}")
    return output
