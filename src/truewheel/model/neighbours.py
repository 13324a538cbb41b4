"""Other distributions that are installed beside a wheel, in the same ``site-packages``. Pure.

Each is read from its own wheel, or from an environment. Where its files come to lie is what a loader goes by.
"""

from __future__ import annotations

from .header_files import each_header
from .record import Record
from .wheel_name import parse_wheel_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .contents import Contents, WheelFacts


class Neighbour(Record):
    """One distribution beside a wheel.

    :param distribution: its name, as it writes it.
    :param contents: its files; of an installed distribution only those that were asked for.
    :param requires: its requirements (``Requires-Dist``), as they are written.
    """

    distribution: str
    version: str
    contents: Contents
    requires: tuple[str, ...] = ()


def neighbour_of(facts: WheelFacts) -> Neighbour:
    """Return a wheel as a neighbour of another."""
    name = version = ""
    for header, value in each_header(facts.metadata or ""):
        if header.lower() == "name":
            name = value
        if header.lower() == "version":
            version = value
    parts = parse_wheel_name(facts.filename)
    # A wheel without METADATA cannot be installed; that is said when it is judged itself.
    if parts is not None:
        name, version = name or parts.name, version or parts.version
    return Neighbour(
        distribution=name or facts.filename,
        version=version,
        contents=facts.contents,
        requires=required_by(facts.metadata or ""),
    )


def required_by(metadata: str) -> tuple[str, ...]:
    """Return the requirements in the text of METADATA.

    >>> required_by("Name: p\\nRequires-Dist: torch>=2\\n\\nRequires-Dist: none")
    ('torch>=2',)
    """
    return tuple(
        value
        for name, value in each_header(metadata)
        if name.lower() == "requires-dist"
    )
