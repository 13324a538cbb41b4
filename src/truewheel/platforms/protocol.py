"""What every platform can answer. Adding a platform is one module here, one row in ``PLATFORMS``, one data file."""

from __future__ import annotations

from typing import Protocol

from ..model.binary import Format, Slice
from ..model.contents import Contents
from ..model.finding import Finding
from ..model.verdict import Objection, PlatformRuling


class Platform(Protocol):
    """One family of operating systems, as knowledge: what it supplies, and what it calls itself in a tag."""

    @property
    def family(self) -> str:
        """``linux``, ``macos``, ``windows``, ``android``, ``ios``, ``emscripten``."""
        ...

    def owns(self, fmt: Format, piece: Slice) -> bool:
        """Whether this slice is code for this platform. Exactly one platform owns each loadable slice that we know."""
        ...

    def understands(self, tag: str) -> bool:
        """Whether ``tag`` (one platform tag, ``manylinux_2_17_x86_64``) is one of this platform's, well formed."""
        ...

    def could_be(self, promise: str) -> bool:
        """Whether binaries of this platform could make a tag of ``promise``, be it whole or short of its CPU. For one that
        they could not, nothing need be built."""
        ...

    def complete(self, promise: str, contents: Contents) -> str:
        """A promise as users may shorten it, as a whole tag: ``manylinux_2_17`` and x86_64 binaries →
        ``manylinux_2_17_x86_64``. A promise that is whole, or not understood, comes back as it is."""
        ...

    def rule(self, contents: Contents, *, exclude: tuple[str, ...] = ()) -> PlatformRuling:
        """The most compatible tags that are true of the binaries this platform owns, with floors and findings.

        :param exclude: globs on library names that someone else supplies at run time; not counted as outside.
        """
        ...

    def objections(self, contents: Contents, tag: str, *, exclude: tuple[str, ...] = ()) -> tuple[Objection, ...]:
        """Why ``tag``, which this platform understands, would be untrue; nothing when it is honest.

        The plain tag (``linux_x86_64``) promises no more than the CPU and the libc family.
        """
        ...

    def aliases(self, tag: str) -> tuple[str, ...]:
        """Older names of the same promise: ``manylinux_2_17_x86_64`` → ``("manylinux2014_x86_64",)``."""
        ...

    def notes(self, contents: Contents, tag: str) -> tuple[Finding, ...]:
        """What is worth saying of a claimed tag besides truth: an index refuses it, it never existed, …"""
        ...

    def python(self, tag: str) -> tuple[int, int] | None:
        """The one Python whose interpreters take wheels with ``tag``, where a tag belongs to one: ``(3, 14)``."""
        ...
