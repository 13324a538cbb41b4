"""The version resource: the file version that Windows Explorer shows, and that installers compare.

The loader never looks at resources. So one that is damaged, or that a packer has moved, is a file without a version and not a
broken file.

Sources:

* the tree of resources: https://learn.microsoft.com/en-us/windows/win32/debug/pe-format#the-rsrc-section
* ``VS_VERSIONINFO``: https://learn.microsoft.com/en-us/windows/win32/menurc/vs-versioninfo
"""

from __future__ import annotations

from ...model.errors import FormatError
from .layout import RESOURCE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .image import Image

RT_VERSION = 16
RESOURCE_DIRECTORY = "12xHH"
"""``IMAGE_RESOURCE_DIRECTORY``: the numbers of entries with a name and with a number."""
RESOURCE_DIRECTORY_SIZE = 16
RESOURCE_ENTRY = "II"
"""``IMAGE_RESOURCE_DIRECTORY_ENTRY``: number, and where the content is, from the tree's root."""
IS_DIRECTORY = 1 << 31
"""The bit of the second field that tells a directory from data."""
FIXED_INFO_AT = 40
"""Where ``VS_FIXEDFILEINFO`` begins: behind three numbers, the key ``VS_VERSION_INFO`` in UTF-16, and up to a multiple of 4."""
FIXED_INFO = "IIHHHH"
"""Of ``VS_FIXEDFILEINFO``: its mark, its own version, and the file's version: two numbers of 32 bits, each as two halves."""
FIXED_INFO_MARK = 0xFEEF04BD
_MOST_TYPES = 4096
"""How many entries of one directory are looked at."""


def read_file_version(image: Image) -> tuple[int, int, int, int] | None:
    """Return the file version of an image; ``None`` when it has no version resource that can be read."""
    root, _ = image.header.directory(RESOURCE)
    if not root:
        return None
    try:
        return _version_at(image, root)
    except FormatError as error:
        # LoadLibrary reads no resources of this kind.
        image.skipped.add("the version resource", error)
        return None


def _version_at(image: Image, root: int) -> tuple[int, int, int, int] | None:
    """Return the version of the first version resource, in whatever language.

    :raises FormatError: when the tree leads out of the file.
    """
    # The levels of the tree: type, name, language. Of the lower two there is one entry as a rule.
    at = _entry(image, root, 0, RT_VERSION)
    for _ in ("name", "language"):
        if at is None or not at & IS_DIRECTORY:
            return None
        place = at & ~IS_DIRECTORY
        at = _entry(image, root, place, None)
    if at is None or at & IS_DIRECTORY:
        return None
    (address,) = image.row("I", root + at, "version resource")
    fields = image.row(
        FIXED_INFO,
        address + FIXED_INFO_AT,
        "VS_FIXEDFILEINFO",
    )
    mark, _, minor, major, revision, build = fields
    if mark != FIXED_INFO_MARK:
        return None
    return major, minor, build, revision


def _entry(image: Image, root: int, at: int, number: int | None) -> int | None:
    """Return where the entry of this number is, or the first entry of any: relative to the root, with its bit."""
    names, numbers = image.row(RESOURCE_DIRECTORY, root + at, "resource directory")
    count = min(names + numbers, _MOST_TYPES)
    entries = image.rows(
        RESOURCE_ENTRY,
        root + at + RESOURCE_DIRECTORY_SIZE,
        count,
        "resource directory",
    )
    for key, place in entries:
        if number is None or key == number:
            return place
    return None
