"""Other distributions that are installed beside a wheel, in the same ``site-packages``. Pure.

Each is read from its own wheel, or from an environment. Where its files come to lie is what a loader goes by.
"""

from __future__ import annotations

from .header_files import each_header
from .record import Record
from .wheel_name import escape, parse_wheel_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from .contents import Contents, WheelFacts


class Neighbour(Record):
    """One distribution beside a wheel.

    :param distribution: its name, as it writes it.
    :param contents: its files; of an installed distribution only those that were asked for.
    :param requires: its requirements (``Requires-Dist``), as they are written.
    :param platforms: the platform tags in its wheel's name; empty when there is none, or it is no wheel.
    """

    distribution: str
    version: str
    contents: Contents
    requires: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()


def neighbour_of(facts: WheelFacts) -> Neighbour:
    """Return a wheel as a neighbour of another."""
    metadata = facts.metadata or ""
    headers = {name.lower(): value for name, value in each_header(metadata)}
    # A wheel without METADATA cannot be installed; that is said when it is judged itself.
    parts = parse_wheel_name(facts.filename)
    if parts is not None:
        headers.setdefault("name", parts.name)
        headers.setdefault("version", parts.version)
    return Neighbour(
        distribution=headers.get("name", facts.filename),
        version=headers.get("version", ""),
        contents=facts.contents,
        requires=required_by(metadata),
        platforms=parts.platforms if parts is not None else (),
    )


def required_by(metadata: str) -> tuple[str, ...]:
    """Return the requirements in the text of METADATA.

    >>> required_by("Name: p\\nRequires-Dist: torch>=2\\n\\nRequires-Dist: none")
    ('torch>=2',)
    """
    found = []
    for name, value in each_header(metadata):
        # Names of headers may be written in either case (RFC 5322, 1.2.2).
        if name.lower() == "requires-dist":
            found.append(value)
    return tuple(found)


def required_python(metadata: str) -> str:
    """Return the Pythons that the text of METADATA allows; empty when it allows all.

    >>> required_python("Name: p\\nRequires-Python: >=3.10\\n\\n")
    '>=3.10'
    """
    for name, value in each_header(metadata):
        if name.lower() == "requires-python":
            return value
    return ""


def without(
    facts: WheelFacts, neighbours: Iterable[Neighbour]
) -> tuple[Neighbour, ...]:
    """Return the neighbours that are not the wheel's own distribution: of one only one version is installed."""
    others = tuple(neighbours)
    if not others:
        return ()
    own = escape(neighbour_of(facts).distribution)
    return tuple(one for one in others if escape(one.distribution) != own)
