"""Emscripten and Pyodide: WebAssembly side modules (``pyemscripten_2026_0_wasm32``).

Which ABI a side module was built for stands nowhere in it: the compiler's version is at best a comment that linkers
strip. So there are no best tags: it is said whether the binaries can be side modules of a Python at all, and what the target
or the file name says of the ABI is to be believed, as long as Python and ABI tags are those of its Python. Sources: PEP 783,
https://peps.python.org/pep-0783/; WebAssembly's ``DynamicLinking.md``. Pure; see ``docs/regenerate/emscripten.py``.
"""

from __future__ import annotations

import re

from ..data_tables import table
from ..model.audit import TagBasis, ViolationCause
from ..model.binary import Format, Kind, Need, WasmSlice
from ..model.tags import PlatformTag
from .base import Platform, Words, mismatch
from .elf import ORIGIN, expand_origin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

    from ..model.audit import LoadableSlice, Supplied, Violation
    from ..model.binary import SearchPath, Slice

_CPU = "wasm32"


def _policy() -> Mapping[str, Any]:
    return table("platforms/policy/emscripten.json")


class Emscripten(Platform):
    """Emscripten, Pyodide above all."""

    family = "emscripten"
    words = Words(
        reach="put it beside the module, or into NAME.libs as pyodide auditwheel does",
        ask_for_less="link its libraries as side modules for 32 bits (-sSIDE_MODULE), as pyodide build does",
    )

    def owns(self, form: Format, piece: Slice) -> bool:
        """Return whether it is a WebAssembly module: no other Python loads them as extension modules."""
        return form is Format.WASM and isinstance(piece, WasmSlice)

    def parse_tag(self, text: str) -> PlatformTag | None:
        """Return ``pyemscripten_YEAR_PATCH_wasm32``, or the older ``pyodide_…`` and ``emscripten_…``, as a tag."""
        if not any(re.fullmatch(pattern, text) for pattern in _policy()["tags"]):
            return None
        kind, *level, cpu = text.split("_")
        return PlatformTag(
            text=text,
            family="emscripten",
            kind=kind,
            level=tuple(int(number) for number in level),
            cpu=cpu,
        )

    def is_plausible(self, promise: str) -> bool:
        """Return whether the promise is a release, with or without the one CPU that there is."""
        return (
            self.parse_tag(promise) is not None
            or self.parse_tag(f"{promise}_{_CPU}") is not None
        )

    def expand(self, promise: str, files: Sequence[LoadableSlice]) -> str:
        """Add the one CPU that there is."""
        whole = f"{promise}_{_CPU}"
        return promise if self.parse_tag(whole) is None else whole

    def python_of(self, tag: PlatformTag) -> tuple[int, int] | None:
        """Return the Python of the year; ``None`` for years that are not known, and for the oldest names."""
        # https://peps.python.org/pep-0783/#specification: one ABI a year, for one Python.
        if tag.kind == "emscripten":
            return None
        year = str(tag.level[0])
        major, minor = _policy()["pythons"].get(year, (0, 0))
        return (major, minor) if major else None

    # --- where its loader finds libraries -----------------------------------------------------------------------

    def needs(self, code: LoadableSlice) -> Sequence[Need]:
        """Return libraries, and the modules that functions are imported from where no program has them."""
        piece = code.slice
        if not isinstance(piece, WasmSlice) or not piece.dylink:
            return ()
        known = _policy()["modules"]
        unknown = [
            Need(library=name) for name in piece.import_modules if name not in known
        ]
        return (*piece.needs, *unknown)

    def reaches(
        self,
        code: LoadableSlice,
        need: Need,
        library: LoadableSlice,
    ) -> bool:
        """Return whether the library is where Pyodide looks: beside the module, in ``site-packages``, in ``NAME.libs``."""
        # https://github.com/pyodide/pyodide/blob/main/src/js/dynload.ts
        is_bundled = (
            library.directory.endswith(".libs") and "/" not in library.directory
        )
        return is_bundled or library.directory in self._directories(code)

    def searched(self, code: LoadableSlice, need: Need) -> tuple[str, ...]:
        """Return the directories, in order."""
        return ("NAME.libs", *self._directories(code))

    def supplies(
        self,
        code: LoadableSlice,
        need: Need,
        kind: str | None,
    ) -> Supplied | None:
        """Return nothing: the program has modules, which are no needs, and no libraries."""
        return None

    def is_portable(self, path: SearchPath) -> bool:
        """Return whether a search path is relative to the file."""
        return path.path.startswith(ORIGIN)

    def explain_missing(self, need: Need) -> tuple[str, str]:
        """Return what to do about a library or a module that no program has."""
        message = "is neither in the wheel nor part of an Emscripten program"
        return message, "put it into the wheel, or link it statically"

    def _directories(self, code: LoadableSlice) -> dict[str, None]:
        runtime = [
            expand_origin(search.path, code.directory)
            for search in code.slice.search_paths
        ]
        return dict.fromkeys((*runtime, code.directory, "."))

    # --- tags ---------------------------------------------------------------------------------------------------

    def basis(self, files: Sequence[LoadableSlice]) -> TagBasis:
        """Return no tags: the target's has to be believed."""
        return TagBasis(kind="emscripten", endings=(), plain=_CPU)

    def mismatches(
        self,
        files: Sequence[LoadableSlice],
        tag: PlatformTag,
    ) -> Iterator[Violation]:
        """Yield libraries that no Emscripten program could load: those for 64 bits, and those that are no side modules."""
        for code in files:
            if code.cpu != _CPU:
                fact = f"it is code for {code.cpu}"
                yield mismatch(
                    code.path,
                    fact,
                    allows=f"{tag} means {_CPU}",
                    cause=ViolationCause.OTHER_CPU,
                )
            elif code.slice.kind is Kind.SHARED and not _is_side_module(code):
                allows = f"Python on {tag} loads side modules alone"
                yield mismatch(
                    code.path,
                    "it has no dylink.0 section",
                    allows=allows,
                    cause=ViolationCause.OTHER_LOADER,
                )


def _is_side_module(code: LoadableSlice) -> bool:
    """Return whether a module can be loaded into a running program."""
    # https://github.com/WebAssembly/tool-conventions/blob/main/DynamicLinking.md
    return isinstance(code.slice, WasmSlice) and code.slice.dylink


EMSCRIPTEN = Emscripten()
