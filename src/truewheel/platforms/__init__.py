"""What each operating system supplies, what it calls itself, and how it finds libraries. One row per platform.

A platform's module and table are loaded when a file or a tag of its kind turns up: most wheels are about one.
"""

from __future__ import annotations

from importlib import import_module

from ..model.binary import Format
from ..model.record import Record, worked_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model.binary import Slice
    from ..model.contents import Contents
    from ..model.finding import Finding
    from ..model.verdict import Objection, PlatformRuling
    from .protocol import Platform


class _Row(Record):
    """A platform that is not loaded before it is asked; see :class:`~truewheel.platforms.protocol.Platform`.

    :param family: what it is called, and its module: there, its name in capitals is the platform.
    :param format: of the files that may be its.
    :param tags: what its tags begin with.
    :param examples: tags, for people who misspelt one.
    """

    family: str
    format: Format
    tags: tuple[str, ...]
    examples: tuple[str, ...]

    @worked_out
    def _loaded(self) -> Platform:
        found: Platform = getattr(import_module(f".{self.family}", __package__), self.family.upper())
        return found

    def owns(self, fmt: Format, piece: Slice) -> bool:
        return fmt is self.format and self._loaded().owns(fmt, piece)

    def understands(self, tag: str) -> bool:
        return tag.startswith(self.tags) and self._loaded().understands(tag)

    def could_be(self, promise: str) -> bool:
        return promise.startswith(self.tags) and self._loaded().could_be(promise)

    def complete(self, promise: str, contents: Contents) -> str:
        return self._loaded().complete(promise, contents) if promise.startswith(self.tags) else promise

    def rule(self, contents: Contents, *, exclude: tuple[str, ...] = ()) -> PlatformRuling:
        return self._loaded().rule(contents, exclude=exclude)

    def objections(self, contents: Contents, tag: str, *, exclude: tuple[str, ...] = ()) -> tuple[Objection, ...]:
        return self._loaded().objections(contents, tag, exclude=exclude)

    def aliases(self, tag: str) -> tuple[str, ...]:
        return self._loaded().aliases(tag)

    def notes(self, contents: Contents, tag: str) -> tuple[Finding, ...]:
        return self._loaded().notes(contents, tag)

    def python(self, tag: str) -> tuple[int, int] | None:
        return self._loaded().python(tag)


_ROWS = (
    _Row(
        family="linux", format=Format.ELF, tags=("linux", "manylinux", "musllinux"),
        examples=("manylinux_2_28_x86_64", "musllinux_1_2_aarch64", "linux_x86_64"),
    ),
    _Row(
        family="macos", format=Format.MACHO, tags=("macosx",),
        examples=("macosx_11_0_arm64", "macosx_10_13_x86_64", "macosx_11_0_universal2"),
    ),
    _Row(family="windows", format=Format.PE, tags=("win",), examples=("win_amd64", "win_arm64", "win32")),
    _Row(family="android", format=Format.ELF, tags=("android",), examples=("android_24_arm64_v8a", "android_24_x86_64")),
    _Row(
        family="ios", format=Format.MACHO, tags=("ios",),
        examples=("ios_13_0_arm64_iphoneos", "ios_13_0_arm64_iphonesimulator"),
    ),
    _Row(
        family="emscripten", format=Format.WASM, tags=("pyemscripten", "pyodide", "emscripten"),
        examples=("pyemscripten_2026_0_wasm32", "pyodide_2025_0_wasm32"),
    ),
)  # fmt: skip
PLATFORMS: tuple[Platform, ...] = _ROWS
"""Every platform that is known. Exactly one owns each loadable slice."""


def examples(tag: str) -> tuple[str, ...]:
    """Tags of the kind that ``tag``, which is none, seems to be meant for; one of each kind when it is like none.

    >>> examples("macos_11_0_arm64")[0], examples("amiga_68k")[:2]
    ('macosx_11_0_arm64', ('manylinux_2_28_x86_64', 'macosx_11_0_arm64'))
    """
    like = [row.examples for row in _ROWS if tag.startswith(tuple(name[:3] for name in row.tags))]
    return like[0] if like else tuple(row.examples[0] for row in _ROWS)
