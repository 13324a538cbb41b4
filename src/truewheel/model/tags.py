"""Tags as values: what the parts of a wheel's file name say, parsed once, and their spelling back.

Which tags there are is each platform's knowledge (:meth:`~truewheel.platforms.base.Platform.parse_tag`). Here is only what
all of them have in common. Pure.
"""

from __future__ import annotations

from .record import Record

Level = tuple[int, ...]
"""How new a system is, in the numbers of its own kind: ``(2, 28)`` of glibc, ``(24,)`` of Android; compared as tuples."""

ANY: Level = (0, 0)
"""What every system of a platform is."""
NEVER: Level = (1 << 40, 0)
"""What no system is: a need of this level fits no promise."""


def dotted(level: Level) -> str:
    """Return a level as people write it.

    >>> dotted((2, 28))
    '2.28'
    """
    return ".".join(map(str, level))


def underscored(level: Level) -> str:
    """Return a level as tags write it.

    >>> underscored((2, 28))
    '2_28'
    """
    return "_".join(map(str, level))


class PlatformTag(Record):
    """One platform tag.

    :param text: as it is spelt.
    :param family: the platform that it is a tag of: ``linux``, ``macos``, ``windows``, ``android``, ``ios``, ``emscripten``.
    :param kind: the promise that it makes: ``manylinux``, ``musllinux``, ``macosx``, ``win``, ``android``, ``ios``,
        ``pyemscripten``, ``pyodide``, ``emscripten``; ``linux`` promises nothing.
    :param level: the oldest system that is promised, empty when a tag names none.
    :param cpu: the last part: a CPU, or what stands for several (``universal2``) or for an ABI (``arm64_v8a``).
    :param sdk: ``iphoneos`` or ``iphonesimulator`` on iOS.
    """

    text: str
    family: str
    kind: str
    level: Level = ()
    cpu: str = ""
    sdk: str = ""

    def __str__(self) -> str:
        return self.text

    @property
    def is_plain(self) -> bool:
        """Whether the tag promises no more than the CPU, which is what remains when no promise can be kept."""
        return self.kind == "linux"
