"""What each operating system supplies, what it calls itself, and how it finds libraries. One row per platform.

A platform's module and table are loaded when a file or a tag of its kind turns up: most wheels are about one.
"""

from __future__ import annotations

import functools
from importlib import import_module

from ..model.binary import Format
from ..model.record import Record, worked_out

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any

    from ..model.audit import LoadableSlice
    from ..model.binary import Slice
    from ..model.tags import PlatformTag
    from .base import Platform


class LazyPlatform(Record):
    """A platform that is not loaded before it is asked something that its row does not tell.

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
    def loaded(self) -> Platform:
        """Return the platform itself."""
        found: Platform = getattr(
            import_module(f".{self.family}", __package__), self.family.upper()
        )
        return found

    def __getattr__(self, name: str) -> Any:
        # A slot of the record that is still empty, and no question to the platform.
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.loaded(), name)

    # What can be told from the row alone does not load the platform.

    def owns(self, form: Format, piece: Slice) -> bool:
        """Return whether a slice is code for this platform; for other formats nothing is loaded."""
        return form is self.format and self.loaded().owns(form, piece)

    def parse_tag(self, text: str) -> PlatformTag | None:
        """Return a tag of this platform, ``None`` for others."""
        return self.loaded().parse_tag(text) if text.startswith(self.tags) else None

    def is_plausible(self, promise: str) -> bool:
        """Return whether binaries of this platform could keep a promise."""
        return promise.startswith(self.tags) and self.loaded().is_plausible(promise)

    def expand(self, promise: str, files: Sequence[LoadableSlice]) -> str:
        """Return a shortened promise as a whole tag."""
        return (
            self.loaded().expand(promise, files)
            if promise.startswith(self.tags)
            else promise
        )


_ROWS = (
    LazyPlatform(
        family="linux",
        format=Format.ELF,
        tags=("linux", "manylinux", "musllinux"),
        examples=("manylinux_2_28_x86_64", "musllinux_1_2_aarch64", "linux_x86_64"),
    ),
    LazyPlatform(
        family="macos",
        format=Format.MACHO,
        tags=("macosx",),
        examples=("macosx_11_0_arm64", "macosx_10_13_x86_64", "macosx_11_0_universal2"),
    ),
    LazyPlatform(
        family="windows",
        format=Format.PE,
        tags=("win",),
        examples=("win_amd64", "win_arm64", "win32"),
    ),
    LazyPlatform(
        family="android",
        format=Format.ELF,
        tags=("android",),
        examples=("android_24_arm64_v8a", "android_24_x86_64"),
    ),
    LazyPlatform(
        family="ios",
        format=Format.MACHO,
        tags=("ios",),
        examples=("ios_13_0_arm64_iphoneos", "ios_13_0_arm64_iphonesimulator"),
    ),
    LazyPlatform(
        family="emscripten",
        format=Format.WASM,
        tags=("pyemscripten", "pyodide", "emscripten"),
        examples=("pyemscripten_2026_0_wasm32", "pyodide_2025_0_wasm32"),
    ),
)
PLATFORMS: tuple[Platform, ...] = _ROWS  # type: ignore[assignment]  # what a row does not answer itself, it hands on
"""Every platform that is known. Exactly one owns each loadable slice."""


_BY_FAMILY = {row.family: row for row in _ROWS}


@functools.lru_cache(maxsize=256)
def parse_platform_tag(text: str) -> PlatformTag | None:
    """Return the tag that ``text`` spells; ``None`` when it is not a tag of any platform.

    >>> parse_platform_tag("manylinux2014_x86_64").level, parse_platform_tag("plan9_mips")
    ((2, 17), None)
    """
    # No text is a tag of two platforms, so the first that takes it is the one.
    for platform in PLATFORMS:
        tag = platform.parse_tag(text)
        if tag is not None:
            return tag
    return None


def parse_known_tags(texts: Iterable[str]) -> Iterator[PlatformTag]:
    """Yield the tags of platforms that are known, and pass over all others."""
    for text in texts:
        tag = parse_platform_tag(text)
        if tag is not None:
            yield tag


def platform_of(family: str) -> Platform:
    """Return the platform that is called ``family``."""
    return _BY_FAMILY[family].loaded()


def examples_like(tag: str) -> tuple[str, ...]:
    """Return tags of the kind that ``tag``, which is not one, seems to be meant for; one of each kind when it is like none.

    >>> examples_like("macos_11_0_arm64")[0], examples_like("amiga_68k")[:2]
    ('macosx_11_0_arm64', ('manylinux_2_28_x86_64', 'macosx_11_0_arm64'))
    """
    for row in _ROWS:
        if tag.startswith(tuple(name[:3] for name in row.tags)):
            return row.examples
    return tuple(row.examples[0] for row in _ROWS)
