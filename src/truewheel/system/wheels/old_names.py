"""Old names of renamed libraries, looked for in the members of a wheel while these are unpacked anyhow.

What they mean is decided in :mod:`truewheel.audit.old_names`.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ...formats.cursor import Buffer
    from ...model.edits import Sliceable


def names_sought(paths: Iterable[str]) -> frozenset[str]:
    """Return the names by which code may open libraries of the wheel that were renamed; none for most wheels."""
    # Where repairs put libraries: beside the packages, or on Windows beside a module that is in none.
    if not any(".libs/" in path or path.endswith(".dll") for path in paths):
        return frozenset()
    from ...model.renamed_libraries import renamed_libraries

    found: set[str] = set()
    for renamed in renamed_libraries(paths):
        found |= renamed.old
    return frozenset(found)


def names_opened_by(
    content: Buffer | Sliceable, name: str, sought: frozenset[str]
) -> frozenset[str]:
    """Return the names of libraries that a program has in its data, or that Python code opens.

    :param name: of the member.
    """
    if not sought:
        return frozenset()
    from ...formats.opened_names import names_loaded, names_opened

    if not name.endswith(".py"):
        return names_opened(content, sought)
    if not isinstance(content, (bytes, bytearray)):
        content = bytes(content[:])
    return names_loaded(content, sought)
