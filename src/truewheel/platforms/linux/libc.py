"""Which libc a file is linked with, and what it asks of a loader for that libc's sake. Pure."""

from __future__ import annotations

from ...model.binary import ElfSlice
from ...model.record import worked_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...model.audit import LoadableSlice, PlatformAudit
    from ...model.binary import Slice
    from ...model.surroundings import Surroundings
    from ...model.tags import PlatformTag

LIBC_OF_KIND = {"manylinux": "glibc", "musllinux": "musl"}
"""The libc that each promise is about (PEP 600, PEP 656)."""
KIND_OF_LIBC = {libc: kind for kind, libc in LIBC_OF_KIND.items()}
RELR_VERSION = "GLIBC_ABI_DT_RELR"
"""A version that linkers require for glibc's sake of files with DT_RELR, where they link with its libc."""
RELR_SINCE: Mapping[str, tuple[int, ...]] = {"glibc": (2, 36), "musl": (1, 2, 4)}
"""The first releases that apply DT_RELR (glibc ``NEWS`` for 2.36, musl ``WHATSNEW`` for 1.2.4)."""


def is_musl(library: str) -> bool:
    """Return whether a library is musl itself, by the names that linkers write."""
    return library == "libc.so" or library.startswith("libc.musl-")


PARTS_OF_GLIBC = frozenset(
    {
        "libc.so.6",
        "libm.so.6",
        "libmvec.so.1",
        "libpthread.so.0",
        "libdl.so.2",
        "librt.so.1",
        "libutil.so.1",
        "libresolv.so.2",
        "libanl.so.1",
        "libBrokenLocale.so.1",
        "libc_malloc_debug.so.0",
        "libnss_files.so.2",
        "libnss_dns.so.2",
        "libnss_compat.so.2",
        "libnss_db.so.2",
        "libnss_hesiod.so.2",
    }
)
"""glibc's own libraries, which fit the loader of the same build alone (glibc's ``shlib-versions``)."""


def is_libc(library: str) -> bool:
    """Return whether a library is part of glibc or musl."""
    return library in PARTS_OF_GLIBC or is_musl(library)


def libc_named_by(files: Sequence[LoadableSlice]) -> str | None:
    """Return the libc that files are linked with; where none names one, musl if their names do."""
    # With --as-needed, code that uses nothing of its libc does not name it.
    return _libc_linked(files) or _libc_in_names(files)


def _libc_linked(files: Sequence[LoadableSlice]) -> str | None:
    linked = set(map(_libc_of_file, files))
    # Which goes first matters to nobody: with both there is no promise.
    for libc in ("musl", "glibc"):
        if libc in linked:
            return libc
    return None


def _libc_of_file(code: LoadableSlice) -> str | None:
    return libc_of(code.slice)


def _libc_in_names(files: Sequence[LoadableSlice]) -> str | None:
    """Return musl when the suffixes of modules say so (CPython's ``Misc/platform_triplet.c``).

    Pythons with musl look for ``linux-musl`` from 3.11 on. Older ones looked for ``linux-gnu``, so that tells nothing.
    """
    names = " ".join(code.path.rpartition("/")[2] for code in files)
    # A wheel with both kinds of names proves nothing by them.
    if "-linux-gnu" in names:
        return None
    return "musl" if "-linux-musl" in names else None


def kind_with_libraries(
    part: PlatformAudit, around: Surroundings, tag: PlatformTag | None
) -> str | None:
    """Return the promise about the wheel's libc; where no file names one, that of the promise, or of this machine."""
    if part.basis.kind is None:
        return None
    libc = libc_named_by(part.files) or _libc_promised(tag) or around.libc
    return KIND_OF_LIBC.get(libc, part.basis.kind)


def _libc_promised(tag: PlatformTag | None) -> str | None:
    # A plain tag promises no libc.
    return LIBC_OF_KIND.get(tag.kind) if tag is not None else None


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
