"""Hashes of RECORD that are right and written in another form than the standard's. Pure.

"The hash algorithm as named in ``hashlib.algorithms_guaranteed``, followed by the equals character, and the digest encoded
with the urlsafe-base64-nopad encoding":
https://packaging.python.org/en/latest/specifications/recording-installed-packages/#the-record-file
"""

from __future__ import annotations

import binascii
import re

from ..model.finding import Finding, Severity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model.record_file import RecordRow

_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]{64}").fullmatch
"""Whether a text is a digest of sha256 in hexadecimal."""
_LONGEST = 200
"""Characters of a hash with its algorithm; no spelling of sha256 is longer."""


def misspelt_hash(row: RecordRow, sha256: str | None) -> Finding | None:
    """Return TW505, a warning, for a hash that is the file's and is written in another form; ``None`` for any other.

    :param sha256: of the file, as RECORD should have it.
    """
    written = row.algorithm or ""
    if row.digest is not None:
        written = f"{written}={row.digest}"
    if not sha256 or len(written) > _LONGEST:
        return None
    faults = _faults(written, sha256)
    # It is another file's hash, or a sound one.
    if not faults:
        return None
    return Finding(
        code="TW505",
        severity=Severity.WARNING,
        where=row.path,
        message="has the right hash in RECORD, but not in the form that RECORD must have",
        evidence=(
            f"RECORD: {written}, {' and '.join(faults)}",
            f"right: sha256={sha256}",
        ),
        hint="write urlsafe base64 without padding after sha256=: pip and uv do not look, but the library installer, "
        "which Poetry and PDM use, can refuse it",
    )


def _faults(written: str, sha256: str) -> list[str]:
    """Return what is wrong with the form of a hash; nothing when it is another hash, or has the right form."""
    algorithm, digest, faults = _divided(written)
    if algorithm != "sha256":
        # "SHA256" and "sha-256" are names of the same algorithm, which RECORD does not know.
        if algorithm.lower().replace("-", "") != "sha256":
            return []
        faults.append(f"which spells sha256 as {algorithm}")
    # Only the name of the algorithm is wrong then, if anything is.
    if digest == sha256:
        return faults
    form = _form(digest, sha256)
    return [*faults, form] if form else []


def _divided(written: str) -> tuple[str, str, list[str]]:
    """Return algorithm and digest, and what is wrong with how they are divided."""
    algorithm, equals, digest = written.partition("=")
    # The padding of base64 is an equals sign, too.
    if equals and digest.strip("="):
        return algorithm, digest, []
    algorithm, colon, digest = written.partition(":")
    if colon:
        return algorithm, digest, ["which has a colon in the place of ="]
    return "sha256", written, ["which does not name the algorithm"]


def _form(digest: str, sha256: str) -> str:
    """Return the encoding of a digest, as a phrase; empty when the digest is another."""
    plain = digest.rstrip("=")
    urlsafe = plain.replace("+", "-").replace("/", "_")
    if urlsafe == sha256:
        forms = []
        if plain != urlsafe:
            forms.append("in the standard alphabet of base64 (+ and /)")
        if plain != digest:
            forms.append("with padding (=)")
        return f"which is {' and '.join(forms)}"
    if _HEXADECIMAL(digest):
        encoded = binascii.b2a_base64(bytes.fromhex(digest), newline=False)
        of_base64 = encoded.decode().rstrip("=")
        if of_base64.replace("+", "-").replace("/", "_") == sha256:
            return "which is hexadecimal"
    return ""
