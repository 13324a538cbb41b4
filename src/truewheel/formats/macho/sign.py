"""Ad hoc signatures: read, checked, and made. They say that the pages are as they were, not who made them.

Everything is big-endian, whatever the file is. Source: ``kern/cs_blobs.h``,
https://github.com/apple-oss-distributions/xnu/blob/main/osfmk/kern/cs_blobs.h; what ``codesign --sign -`` writes.
"""

from __future__ import annotations

import hashlib
import struct

from ...model.edits import Kept, chunks_of
from ...model.errors import FormatError
from ...model.record import NamedTuple
from ..cursor import Cursor
from .layout import CSMAGIC_EMBEDDED_SIGNATURE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...model.edits import Sliceable

CSMAGIC_REQUIREMENTS = 0xFADE0C01
CSMAGIC_CODEDIRECTORY = 0xFADE0C02
CSMAGIC_BLOBWRAPPER = 0xFADE0B01
CSSLOT_CODEDIRECTORY = 0
CSSLOT_REQUIREMENTS = 2
CSSLOT_SIGNATURESLOT = 0x10000
CSSLOT_ALTERNATE_CODEDIRECTORIES = range(0x1000, 0x1005)
CSSLOT_ENTITLEMENTS = 5
CSSLOT_DER_ENTITLEMENTS = 7
CS_ADHOC = 0x2
CS_SUPPORTSEXECSEG = 0x20400
"""The version of a ``CodeDirectory`` that ends with the place of ``__TEXT``."""
CS_EXECSEG_MAIN_BINARY = 0x1
HASHES = {1: ("sha1", 20), 2: ("sha256", 32), 3: ("sha256", 20), 4: ("sha384", 48)}
"""``CS_HASHTYPE_*``: the algorithm, and how many bytes of each hash are kept."""
SHA256 = 2
HASH_SIZE = 32
PAGE_BITS = 12
"""Pages of 4096 bytes, as ``codesign`` hashes them; 16384 are accepted as well."""
_KNOWN_PAGE_BITS = range(10, 17)

_INDEX = struct.Struct(">II")
"""``CS_BlobIndex``: slot and offset."""
_HEAD = struct.Struct(">III")
"""``CS_SuperBlob``: magic, size and how many blobs there are."""
_CODE_DIRECTORY = "IIIIIIIIIBBBB"
"""Magic, size, version, flags; where hashes and identifier are; special slots, code slots, limit; of the hashes size and type,
platform, bits of a page."""
_NEW_CODE_DIRECTORY = struct.Struct(">" + _CODE_DIRECTORY + "IIIIQQQQ")
_NO_REQUIREMENTS = _HEAD.pack(CSMAGIC_REQUIREMENTS, _HEAD.size, 0)
_NO_CMS = _INDEX.pack(CSMAGIC_BLOBWRAPPER, _INDEX.size)


class Identity(NamedTuple):
    """What one signature hands on to the next.

    :param identifier: by which the system knows the program.
    :param entitlements: blobs by their slots, of a signature that is ad hoc already: any other signer's are not ours.
    """

    identifier: bytes
    entitlements: tuple[tuple[int, bytes], ...] = ()


class Program(NamedTuple):
    """What a ``CodeDirectory`` says of the slice.

    :param limit: where the signature begins: all bytes before it are hashed.
    :param text_at: the offset of ``__TEXT`` in the slice.
    :param is_main: whether it is a program, and not a library or bundle.
    """

    limit: int
    text_at: int
    text_size: int
    is_main: bool


# --- making -----------------------------------------------------------------------------------------------------


def signature_size(program: Program, identity: Identity) -> int:
    """Return how many bytes :func:`signature` will return, without hashing anything."""
    return len(_super_blob(program, identity, b"")) + _hashes_size(program)


def signature(
    content: Sliceable,
    program: Program,
    identity: Identity,
) -> bytes:
    """Return an ad hoc signature of the bytes before the limit.

    :param content: the slice; all of it that lies before the limit has its final form.
    """
    hashes = b"".join(
        page_hashes(
            content,
            program.limit,
            bits=PAGE_BITS,
            hash_type=SHA256,
        )
    )
    return _super_blob(program, identity, hashes)


def _hashes_size(program: Program) -> int:
    return HASH_SIZE * -(-program.limit >> PAGE_BITS)


def _super_blob(
    program: Program,
    identity: Identity,
    hashes: bytes,
) -> bytes:
    """Return all blobs: code directory, no requirements, entitlements if there are, an empty wrapper for certificates.

    :param hashes: of all pages; without them the result is that much shorter, and good for its size alone.
    """
    special = {CSSLOT_REQUIREMENTS: _NO_REQUIREMENTS, **dict(identity.entitlements)}
    # In the order of their slots, as the kernel expects the code directory first.
    blobs = [
        (CSSLOT_CODEDIRECTORY, _code_directory(program, identity, special, hashes)),
        *sorted(special.items()),
        (CSSLOT_SIGNATURESLOT, _NO_CMS),
    ]
    index = b""
    offset = _HEAD.size + _INDEX.size * len(blobs)
    for slot, blob in blobs:
        index += _INDEX.pack(slot, offset)
        offset += len(blob)
    head = _HEAD.pack(CSMAGIC_EMBEDDED_SIGNATURE, offset, len(blobs))
    return head + index + b"".join(blob for _, blob in blobs)


def _code_directory(
    program: Program,
    identity: Identity,
    special: dict[int, bytes],
    hashes: bytes,
) -> bytes:
    """Return ``CS_CodeDirectory``, its identifier, the hashes of the special slots from the last one on, and of the pages."""
    # Special slots are counted backwards from the first page's hash; those between are zero.
    last = max(special)
    slots = b""
    for slot in range(last, 0, -1):
        blob = special.get(slot)
        slots += bytes(HASH_SIZE) if blob is None else hashlib.sha256(blob).digest()
    name = identity.identifier + b"\0"
    hashes_at = _NEW_CODE_DIRECTORY.size + len(name) + len(slots)
    head = _NEW_CODE_DIRECTORY.pack(
        CSMAGIC_CODEDIRECTORY,
        hashes_at + _hashes_size(program),
        CS_SUPPORTSEXECSEG,
        CS_ADHOC,
        hashes_at,
        _NEW_CODE_DIRECTORY.size,
        last,
        _hashes_size(program) // HASH_SIZE,
        program.limit,
        HASH_SIZE,
        SHA256,
        0,
        PAGE_BITS,
        # spare2, no scatter, no team, spare3, no limit of 64 bits: Mach-O has 32 for the place of a signature
        0,
        0,
        0,
        0,
        0,
        program.text_at,
        program.text_size,
        CS_EXECSEG_MAIN_BINARY if program.is_main else 0,
    )
    return head + name + slots + hashes


def page_hashes(
    content: Sliceable,
    limit: int,
    *,
    bits: int,
    hash_type: int,
) -> Iterator[bytes]:
    """Yield the hash of each page before ``limit``, the last of which may be short."""
    algorithm, kept = HASHES[hash_type]
    page = 1 << bits
    # A chunk holds whole pages: each is a power of two.
    for chunk in chunks_of(content, (Kept(0, limit),)):
        for start in range(0, len(chunk), page):
            digest = hashlib.new(algorithm, chunk[start : start + page]).digest()
            yield digest[:kept]


# --- reading ----------------------------------------------------------------------------------------------------


class CodeDirectory(NamedTuple):
    """What is read of one ``CS_CodeDirectory``; offsets are from its own start."""

    cursor: Cursor
    flags: int
    hashes_at: int
    identifier_at: int
    special_slots: int
    code_slots: int
    limit: int
    hash_size: int
    hash_type: int
    page_bits: int


def is_valid(
    content: Sliceable,
    start: int,
    size: int,
) -> bool:
    """Return whether the signature at ``start`` fits to the bytes before it. Who signed is not asked."""
    try:
        blobs = _read_blobs(_signature_at(content, start, size))
        directories = _code_directories(blobs)
        return bool(directories) and all(
            _fits(content, start, directory, blobs) for directory in directories
        )
    except FormatError:
        # Nobody can read it: the system neither.
        return False


def read_identity(
    content: Sliceable,
    start: int,
    size: int,
) -> Identity | None:
    """Return what the signature at ``start`` hands on; ``None`` when it cannot be read."""
    try:
        blobs = _read_blobs(_signature_at(content, start, size))
        directories = _code_directories(blobs)
        if not directories:
            return None
        first = directories[0]
        area = bytes(first.cursor.data[first.identifier_at :])
    except FormatError:
        return None
    name, end, _ = area.partition(b"\0")
    if not end or not name:
        return None
    # Of a signature with a certificate they are what its owner may do, and not anybody.
    entitlements = []
    for slot in (CSSLOT_ENTITLEMENTS, CSSLOT_DER_ENTITLEMENTS):
        if slot in blobs and first.flags & CS_ADHOC:
            entitlements.append((slot, bytes(blobs[slot].data)))
    return Identity(identifier=name, entitlements=tuple(entitlements))


def _signature_at(
    content: Sliceable,
    start: int,
    size: int,
) -> Cursor:
    """Return the bytes that ``LC_CODE_SIGNATURE`` points at, for reading."""
    raw = bytes(content[start : start + size])
    return Cursor(
        raw,
        little=False,
        base=start,
        what="signature",
    )


def _read_blobs(cursor: Cursor) -> dict[int, Cursor]:
    """Return each blob by its slot."""
    magic, size, count = cursor.unpack("III", 0, "CS_SuperBlob")
    if magic != CSMAGIC_EMBEDDED_SIGNATURE:
        cursor.fail(
            "it has no magic number",
            offset=0,
            field="magic",
            value=magic,
        )
    # What follows is room that the signer left.
    whole = cursor.part(0, size, "CS_SuperBlob")
    found: dict[int, Cursor] = {}
    for slot, offset in whole.rows("II", _HEAD.size, count, "CS_BlobIndex"):
        length = whole.number("I", offset + 4, "length")
        found[slot] = whole.part(offset, length, "CS_GenericBlob")
    return found


def _code_directories(blobs: dict[int, Cursor]) -> list[CodeDirectory]:
    """Return the code directory, and those with other hashes for older or newer systems."""
    found = []
    for slot in (CSSLOT_CODEDIRECTORY, *CSSLOT_ALTERNATE_CODEDIRECTORIES):
        if slot in blobs:
            cursor = blobs[slot]
            fields = cursor.unpack(_CODE_DIRECTORY, 0, "CS_CodeDirectory")
            _, _, _, flags, hashes_at, identifier_at, *counts = fields
            special, pages, limit, size, kind, _, bits = counts
            directory = CodeDirectory(
                cursor,
                flags,
                hashes_at,
                identifier_at,
                special,
                pages,
                limit,
                size,
                kind,
                bits,
            )
            found.append(directory)
    return found


def _fits(
    content: Sliceable,
    start: int,
    directory: CodeDirectory,
    blobs: dict[int, Cursor],
) -> bool:
    """Return whether all hashes of one code directory are those of the pages and of the other blobs."""
    algorithm, size = HASHES.get(directory.hash_type, ("", 0))
    is_known = directory.hash_size == size and directory.page_bits in _KNOWN_PAGE_BITS
    pages = -(-start >> directory.page_bits) if is_known else -1
    # All that lies before the signature is hashed, or bytes could be changed unseen.
    if directory.limit != start or directory.code_slots != pages:
        return False
    cursor = directory.cursor
    for slot in range(1, directory.special_slots + 1):
        place = directory.hashes_at - slot * size
        stated = bytes(cursor.bytes(place, size, "special slot"))
        # Others are of files beside this one.
        if slot in blobs and stated != _hash(algorithm, blobs[slot])[:size]:
            return False
    stated = bytes(cursor.bytes(directory.hashes_at, pages * size, "code slots"))
    hashes = page_hashes(
        content,
        start,
        bits=directory.page_bits,
        hash_type=directory.hash_type,
    )
    return all(
        stated[nth * size : (nth + 1) * size] == digest
        for nth, digest in enumerate(hashes)
    )


def _hash(algorithm: str, blob: Cursor) -> bytes:
    return hashlib.new(algorithm, bytes(blob.data)).digest()
