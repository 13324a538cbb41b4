"""What PE images need for their exports: a DLL may offer what another one has, and that one has to be there as well.

Source: https://learn.microsoft.com/en-us/windows/win32/debug/pe-format#export-address-table. Pure.
"""

from __future__ import annotations

from ..model.binary import Need, NeedKind, PeSlice
from ..model.record import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..model.binary import Slice


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
