"""What PE images are made for, and what they need: beside imports, what their exports are forwarded to.

Sources: https://learn.microsoft.com/en-us/windows/win32/debug/pe-format#export-address-table;
https://learn.microsoft.com/en-us/windows/arm/arm64ec-abi. Pure.
"""

from __future__ import annotations

from ..model.binary import Need, NeedKind, PeSlice
from ..model.finding import Finding, Severity
from ..model.record import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..model.audit import LoadableSlice
    from ..model.binary import Slice


def machine_of(piece: Slice) -> str:
    """Return the CPU whose machines run the code.

    ARM64X images serve arm64 and, emulated, x64 processes. ARM64EC ones call themselves AMD64, but run on arm64 alone.
    """
    hybrid = getattr(piece, "hybrid", None)
    if "arm64ec" in (piece.cpu, hybrid):
        return "arm64ec"
    return "arm64" if hybrid == "arm64x" else piece.cpu


def with_forwarders(piece: Slice) -> Sequence[Need]:
    """Return the libraries that an image imports from, and those that its exports are forwarded to, as re-exported."""
    forwarded = {name.lower(): name for name in _libraries(piece)}
    found = []
    for need in piece.needs:
        is_forwarded = forwarded.pop(need.library.lower(), None) is not None
        found.append(_reexported(need) if is_forwarded else need)
    found += [_reexported(Need(library=name)) for name in forwarded.values()]
    return found


def _libraries(piece: Slice) -> list[str]:
    forwards = piece.forwards if isinstance(piece, PeSlice) else ()
    found = []
    for _, target in forwards:
        library, _, _ = target.rpartition(".")
        # The loader adds the suffix where there is none.
        found.append(library if "." in library else f"{library}.dll")
    return found


def _reexported(need: Need) -> Need:
    return replace(need, kind=NeedKind.REEXPORTED)


def emulated_only(code: LoadableSlice) -> Finding:
    """Return TW314 for code that only emulated processes on arm64 run, with where the file says so."""
    piece = code.slice
    what, evidence = (
        "ARM64EC code",
        f"its header's machine is {getattr(piece, 'machine', 0):#06x}",
    )
    if isinstance(piece, PeSlice) and piece.hybrid == "arm64ec":
        what = "ARM64EC code calls itself AMD64, but"
        evidence = "its header says AMD64, and its load configuration has CHPE metadata"
    return Finding(
        code="TW314",
        severity=Severity.WARNING,
        where=code.path,
        message=f"{what} runs in emulated processes on arm64 machines alone",
        evidence=(evidence,),
        hint="build it for x64 or arm64, or as ARM64X",
    )
