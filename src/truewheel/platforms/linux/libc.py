"""Which libc a file is linked with, and what it asks of a loader for that libc's sake. Pure."""

from __future__ import annotations

from ...model.binary import ElfSlice
from ...model.record import worked_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...model.binary import Slice

LIBC_OF_KIND = {"manylinux": "glibc", "musllinux": "musl"}
"""The libc that each promise is about (PEP 600, PEP 656)."""
RELR_VERSION = "GLIBC_ABI_DT_RELR"
"""A version that linkers require for glibc's sake of files with DT_RELR, where they link with its libc."""
RELR_SINCE: Mapping[str, tuple[int, ...]] = {"glibc": (2, 36), "musl": (1, 2, 4)}
"""The first releases that apply DT_RELR (glibc ``NEWS`` for 2.36, musl ``WHATSNEW`` for 1.2.4)."""


def is_musl(library: str) -> bool:
    """Return whether a library is musl itself, by the names that linkers write."""
    return library == "libc.so" or library.startswith("libc.musl-")


def libc_of(piece: Slice) -> str | None:
    """Return the libc that code is linked with: ``glibc``, ``musl``, or ``None`` when nothing in it says."""
    return _libc(piece) if isinstance(piece, ElfSlice) else None


@worked_out
def _libc(piece: ElfSlice) -> str | None:
    """Return the libc by the libraries that are needed, by the interpreter, and by the versions of symbols."""
    libraries = [need.library for need in piece.needs]
    interpreter = piece.interpreter or ""
    # PEP 656: the libc is the loader, so one name tells both.
    if any(map(is_musl, libraries)) or "ld-musl" in interpreter:
        return "musl"
    if "libc.so.6" in libraries or "ld-linux" in interpreter:
        return "glibc"
    return "glibc" if _has_versions_of_glibc(piece) else None


def _has_versions_of_glibc(piece: ElfSlice) -> bool:
    """Return whether a file needs a version of one of glibc's libraries: libm and libpthread have them, too."""
    for need in piece.needs:
        if any(version.startswith("GLIBC_") for version in need.versions):
            return True
    return False
