"""The wheels of one version that lie in one directory, with the sdist beside them, and what was concluded about them.

Of each wheel there is only what questions about the set need, for it comes from the process that has read the wheel.
"""

from __future__ import annotations

from types import MappingProxyType

from .finding import Severity
from .record import Enum, Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from .finding import Finding
    from .wheel_name import WheelName


class Role(Enum):
    """What a wheel is asked for the sake of its set."""

    MEMBER = "member"
    # It is a pure wheel beside others, or one of the others: then it matters which Python files both have.
    COMPARED = "compared"


class SetMember(Record):
    """One wheel of a set.

    :param headers: those of METADATA that resolvers go by, in their order: ``Requires-Dist``, ``Requires-Python`` and
        ``Provides-Extra``.
    :param modules: the paths of its extension modules, from ``site-packages``.
    :param is_bound: whether it holds binaries of any kind.
    :param python: the hash of each Python file by its path from ``site-packages``, if it was asked for.
    """

    filename: str
    name: WheelName
    headers: tuple[tuple[str, str], ...] = ()
    modules: tuple[str, ...] = ()
    is_bound: bool = False
    python: Mapping[str, str] = MappingProxyType({})

    @property
    def is_for_any_platform(self) -> bool:
        """Whether its name promises nothing but Python."""
        return self.name.platforms == ("any",)

    def values(self, header: str) -> tuple[str, ...]:
        """Return the values of one header of METADATA.

        :param header: in lower case.
        """
        return tuple(value for name, value in self.headers if name == header)


class SdistFacts(Record):
    """What an sdist says of itself, and the names of its files.

    :param top: the directory at the top in which everything lies; empty when there are several, or none.
    :param paths: of its files, from there.
    :param metadata: the text of PKG-INFO; ``None`` when it is missing.
    :param build_texts: those of ``pyproject.toml``, ``setup.cfg`` and ``setup.py``, as far as there are any.
    """

    filename: str
    top: str
    paths: tuple[str, ...]
    metadata: str | None
    build_texts: tuple[str, ...] = ()


class WheelSet(Record):
    """What lies in one directory and is of one version.

    :param directory: as it was asked for.
    :param label: what people call it, ``p 1.0``.
    :param members: in the order of their file names.
    """

    directory: str
    label: str
    name: str
    version: str
    members: tuple[SetMember, ...]
    sdist: SdistFacts | None = None

    @property
    def filenames(self) -> tuple[str, ...]:
        """The names of its wheels."""
        return tuple(member.filename for member in self.members)

    @property
    def modules(self) -> list[str]:
        """The path of every extension module that one of its wheels has, sorted."""
        found: set[str] = set()
        for member in self.members:
            found.update(member.modules)
        return sorted(found)


class SetChecked(Record):
    """What was concluded about a set.

    :param name: of the distribution; ``None`` when it is about all that lies in the directory.
    :param wheels: their file names.
    :param sdist: its file name; ``None`` when there is none.
    :param findings: errors first.
    """

    directory: str
    name: str | None = None
    version: str | None = None
    wheels: tuple[str, ...]
    sdist: str | None = None
    findings: tuple[Finding, ...] = ()

    def passes(self, *, strict: bool = False) -> bool:
        """Return whether the set may be published: no finding at level error (``strict``: nor warning)."""
        grave = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
        return grave.isdisjoint(finding.severity for finding in self.findings)
