"""The build attributes of 32-bit Arm: for which architecture, and how floats are passed.

Source: https://github.com/ARM-software/abi-aa/blob/main/addenda32/addenda32.rst, "Build attributes" (ARM IHI 0045). Few
files are for Arm: this module is imported for them alone.
"""

from __future__ import annotations

from ...model.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..cursor import Cursor

FORMAT_VERSION = ord("A")
TAG_FILE = 1
TAG_CPU_RAW_NAME = 4
TAG_CPU_NAME = 5
TAG_CPU_ARCH = 6
TAG_ABI_VFP_ARGS = 28
TAG_COMPATIBILITY = 32
TAG_CONFORMANCE = 67
ARCHITECTURES = {
    0: "pre-v4",
    1: "v4",
    2: "v4T",
    3: "v5T",
    4: "v5TE",
    5: "v5TEJ",
    6: "v6",
    7: "v6KZ",
    8: "v6T2",
    9: "v6K",
    10: "v7",
    11: "v6-M",
    12: "v6S-M",
    13: "v7E-M",
    14: "v8-A",
    15: "v8-R",
    16: "v8-M.base",
    17: "v8-M.main",
    21: "v8.1-M.main",
    22: "v9-A",
}
"""Values of ``Tag_CPU_arch``."""


class ArmAttributes(Record):
    """``Tag_CPU_arch`` and ``Tag_ABI_VFP_args``; ``None`` when not stated."""

    architecture: str | None = None
    hard_float: bool | None = None


def read_arm_attributes(area: Cursor) -> ArmAttributes:
    """Read ``.ARM.attributes``: of its first subsection, when it is the ABI's own and is about the whole file.

    :raises FormatError: when an attribute leaves the section.
    """
    nothing = ArmAttributes()
    if len(area) < 5 or area.number("B", 0, "version") != FORMAT_VERSION:
        return nothing
    length = area.number("I", 1, "subsection length")
    vendor = area.string(5, "vendor")
    if vendor != "aeabi":
        return nothing
    scope_at = 5 + len(vendor) + 1
    # A scope and its size in four bytes come before its attributes.
    if scope_at + 5 > len(area) or area.number("B", scope_at, "scope") != TAG_FILE:
        return nothing
    return _read_attributes(area, scope_at + 5, min(1 + length, len(area)))


def _read_attributes(area: Cursor, offset: int, end: int) -> ArmAttributes:
    """Read tags with their values: numbers, or strings for some tags."""
    architecture = None
    hard_float = None
    while offset < end:
        tag, offset = _read_uleb128(area, offset)
        if _has_only_text(tag):
            offset = _behind_text(area, offset)
            continue
        value, offset = _read_uleb128(area, offset)
        if tag == TAG_COMPATIBILITY:
            # The one attribute with a number and a string.
            offset = _behind_text(area, offset)
        elif tag == TAG_CPU_ARCH:
            architecture = ARCHITECTURES.get(value)
        elif tag == TAG_ABI_VFP_ARGS:
            hard_float = value == 1
    return ArmAttributes(architecture=architecture, hard_float=hard_float)


def _has_only_text(tag: int) -> bool:
    """Whether an attribute's value is a string: above 32, the lowest bit of the tag says so."""
    return tag in (TAG_CPU_RAW_NAME, TAG_CPU_NAME, TAG_CONFORMANCE) or (
        tag > TAG_COMPATIBILITY and tag % 2 == 1
    )


def _behind_text(area: Cursor, offset: int) -> int:
    return offset + len(area.string(offset, "attribute").encode()) + 1


def _read_uleb128(area: Cursor, offset: int) -> tuple[int, int]:
    """Return an unsigned LEB128 number of at most 64 bits, and where it ends."""
    value = 0
    for shift in range(0, 64, 7):
        byte = area.number("B", offset, "ULEB128")
        offset += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
    return value, offset
