"""Which files Python loads, and which a wheel only carries: programs, libraries chosen at run time, WebAssembly for browsers.

An extension module is loaded by ``import``, and with it the libraries of the wheel that it needs. Every other binary is run or
opened by code that may look first at which system it is on. So it does not tie the wheel to one system. Pure.
"""

from __future__ import annotations

from ..model.audit import InWheel
from ..model.binary import Format, Kind, WasmSlice
from ..model.contents import is_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..model.audit import LoadableSlice, PlatformAudit
    from ..model.binary import Binary, Slice


def is_web_module(path: str, piece: Slice) -> bool:
    """Return whether a slice is WebAssembly that no Python loads: it is no side module, and is not named like a module.

    https://github.com/WebAssembly/tool-conventions/blob/main/DynamicLinking.md#the-dylink0-section
    """
    if not isinstance(piece, WasmSlice) or piece.kind is not Kind.EXECUTABLE:
        return False
    return not piece.dylink and not is_module(path)


def is_carried_web_module(path: str, binary: Binary) -> bool:
    """Return whether a file is WebAssembly that no Python loads. One that was not read may be anything."""
    if binary.format is not Format.WASM or not binary.slices:
        return False
    return all(is_web_module(path, piece) for piece in binary.slices)


def loaded_paths(part: PlatformAudit) -> frozenset[str]:
    """Return the extension modules among the files of one platform, and the libraries of the wheel that they come to need."""
    needs: dict[str, list[str]] = {}
    for link in part.linkage:
        if isinstance(link.source, InWheel):
            needs.setdefault(link.file, []).append(link.source.path)
    # A module brings what it needs, and that brings more.
    waiting = [code.path for code in part.files if _is_extension_module(code)]
    found = set()
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += needs.get(path, ())
    return frozenset(found)


def _is_extension_module(code: LoadableSlice) -> bool:
    """Return whether a file has the name of an extension module, or exports an init function."""
    from .python.init_functions import init_functions  # asked for mixtures alone

    # Libraries that can be run as well (PIE) are not told apart from programs: none is a module.
    if code.slice.kind is Kind.EXECUTABLE:
        return False
    return is_module(code.path) or bool(init_functions(code.slice.exports))


def what_they_are(files: Iterable[LoadableSlice]) -> str:
    """Return what files are that are only carried, and why they count as that, as the beginning of a sentence."""
    kinds = {code.slice.kind for code in files}
    if kinds == {Kind.EXECUTABLE}:
        return "programs, which Python does not load,"
    if Kind.EXECUTABLE in kinds:
        return "programs, and libraries that no extension module needs,"
    return "libraries that no extension module needs"
