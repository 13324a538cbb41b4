"""Search paths that a library has from the files for which it is loaded: DT_RPATH, and LC_RPATH for ``@rpath``. Pure."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..model.audit import LoadableSlice
    from ..model.binary import Need
    from ..platforms.base import Platform

_MOST_USERS = 100
"""Files that are looked at for one need; a way that takes more is not looked for."""


def users_of(
    platform: Platform,
    files: Sequence[LoadableSlice],
    by_name: Mapping[str, Sequence[LoadableSlice]],
) -> Mapping[str, Sequence[LoadableSlice]]:
    """Return the files that need each file of a wheel, by its path.

    :param by_name: the files by the names that others may need them by.
    """
    found: dict[str, list[LoadableSlice]] = {}
    for code in files:
        for need in platform.needs(code):
            name = platform.name_in_wheel(need)
            if name is None:
                continue
            for library in by_name.get(platform.fold(name), ()):
                # A library that needs itself is loaded by then.
                if library.path != code.path:
                    found.setdefault(library.path, []).append(code)
    return found


def is_reached_for_all(
    platform: Platform,
    code: LoadableSlice,
    need: Need,
    library: LoadableSlice,
    users: Mapping[str, Sequence[LoadableSlice]],
) -> bool:
    """Return whether ``code`` finds a library whichever file of the wheel it is loaded for."""
    waiting = list(users.get(code.path, ()))
    seen = {code.path}
    is_reached = False
    while waiting:
        loader = waiting.pop()
        # Libraries may need one another.
        if loader.path in seen:
            continue
        seen.add(loader.path)
        if platform.inherits(code, loader, need, library):
            is_reached = True
            continue
        # Nobody loads this one for another: it is where a way would have to begin.
        above = users.get(loader.path, ())
        if not above or len(seen) > _MOST_USERS:
            return False
        waiting += above
    return is_reached
