"""What an image is for: a process, the Common Language Runtime, firmware, or two kinds of CPU at once."""

from __future__ import annotations

from ...model.binary import Kind
from ...model.errors import FormatError
from .layout import (
    CERTIFICATE,
    CHPE_POINTER_AT,
    CLR,
    COMIMAGE_FLAGS_IL_LIBRARY,
    COMIMAGE_FLAGS_ILONLY,
    EXPORT,
    IMAGE_FILE_DLL,
    IMAGE_FILE_EXECUTABLE_IMAGE,
    IMAGE_FILE_MACHINE_AMD64,
    IMAGE_FILE_MACHINE_ARM64,
    IMAGE_SUBSYSTEM_NATIVE,
    IMPORT,
    LOAD_CONFIG,
    SUBSYSTEMS_OF_FIRMWARE,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    from .image import Image
    from .layout import Header


def kind_of(image: Image) -> Kind:
    """Return what the loader would do with an image.

    Images of the CLR, of resources alone, for firmware and for the kernel are not code for a process's CPU, whatever machine
    their header names.
    """
    header = image.header
    if not _is_for_processes(image):
        return Kind.OTHER
    if header.characteristics & IMAGE_FILE_DLL:
        return Kind.SHARED if _has_code(header) else Kind.OTHER
    # Drivers, and the few programs that run before Windows does.
    return Kind.OTHER if header.subsystem == IMAGE_SUBSYSTEM_NATIVE else Kind.EXECUTABLE


def _is_for_processes(image: Image) -> bool:
    header = image.header
    # The bit says that the linker found all that it looked for.
    is_finished = header.characteristics & IMAGE_FILE_EXECUTABLE_IMAGE
    if header.is_companion or not is_finished:
        return False
    return header.subsystem not in SUBSYSTEMS_OF_FIRMWARE and not _is_managed(image)


def _has_code(header: Header) -> bool:
    """Whether a DLL is more than resources; one that only forwards to others has no code, but exports."""
    exports_at, _ = header.directory(EXPORT)
    imports_at, _ = header.directory(IMPORT)
    return any((header.code, header.entry, exports_at, imports_at))


def _is_managed(image: Image) -> bool:
    """Whether all code is for the Common Language Runtime: as a rule such images say i386, and run anywhere."""
    address, _ = image.header.directory(CLR)
    if not address:
        return False
    (flags,) = image.row("16xI", address, "CLR header")
    return bool(flags & (COMIMAGE_FLAGS_ILONLY | COMIMAGE_FLAGS_IL_LIBRARY))


def hybrid_of(image: Image) -> Literal["arm64ec", "arm64x"] | None:
    """Return how an image with CHPE metadata serves ARM64 and AMD64.

    ARM64EC images call themselves AMD64, ARM64X images ARM64.
    https://learn.microsoft.com/en-us/windows/arm/arm64x-pe
    """
    header = image.header
    address, _ = header.directory(LOAD_CONFIG)
    machines = (IMAGE_FILE_MACHINE_AMD64, IMAGE_FILE_MACHINE_ARM64)
    if header.machine not in machines or header.width.bits != 64:
        return None
    if not address:
        return None
    try:
        pointer = _chpe_pointer(image, address)
    except FormatError as error:
        image.skipped.add(
            "the load configuration",
            error,
            loss="whether it has code for ARM64EC is not known",
            grave=True,
        )
        return None
    if not pointer or not header.base <= pointer < header.base + header.image_size:
        return None
    return "arm64ec" if header.machine == IMAGE_FILE_MACHINE_AMD64 else "arm64x"


def _chpe_pointer(image: Image, address: int) -> int:
    """Return ``CHPEMetadataPointer`` of a load configuration, 0 when that is too old to have one.

    :raises FormatError: when it does not lie in the file.
    """
    # The structure begins with its own size, and has grown with each Windows.
    (size,) = image.row("I", address, "load configuration")
    if size < CHPE_POINTER_AT + 8:
        return 0
    (pointer,) = image.row("Q", address + CHPE_POINTER_AT, "CHPEMetadataPointer")
    return pointer


def has_certificate(image: Image) -> bool:
    """Whether an attribute certificate is attached, inside of the file.

    https://learn.microsoft.com/en-us/windows/win32/debug/pe-format#the-attribute-certificate-table-image-only
    """
    # The address in this directory, and in no other, is an offset in the file.
    offset, size = image.header.directory(CERTIFICATE)
    if not offset or size < 8:
        return False
    try:
        image.cursor.bytes(offset, size, "certificate table")
    except FormatError as error:
        # What checks signatures takes the file for one without any; the loader does not look.
        image.skipped.add("the signature (certificate table)", error)
        return False
    length: int = image.cursor.number("I", offset, "attribute certificate")
    return 8 < length <= size
