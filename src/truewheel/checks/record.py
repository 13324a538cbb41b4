"""RECORD against the files of the wheel, and signatures of RECORD. Pure.

Sources: "Recording installed projects" (PEP 376, PEP 627); the binary distribution format; PEP 815, which took signatures
out of that format.
"""

from __future__ import annotations

from ..model.finding import Finding, Severity
from .members import why_unread

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping

    from ..model.contents import Contents, Member, WheelFacts
    from ..model.record_file import RecordRow

SIGNATURES = ("RECORD.jws", "RECORD.p7s")
"""Signatures of RECORD that wheels might have in ``.dist-info`` before PEP 815."""
_STRONG_HASHES = frozenset({"sha256", "sha384", "sha512"})
"""Hashes that RECORD may have: sha256 or better (binary distribution format)."""
_LONGEST_HASH = 150
"""Characters that are told of a hash."""
_MOST_ROWS = 4
_BUILD_AGAIN = "build the wheel again"


def check_record(facts: WheelFacts) -> Iterator[Finding]:
    """Yield what is wrong with RECORD, or what it says is wrong with a file."""
    yield from find_undecodable_record(facts)
    yield from find_signatures(facts)
    if facts.record is None:
        yield from find_missing_record(facts)
        return
    rows = {row.path: row for row in facts.record}
    members = facts.files_by_name()
    need_no_row = _paths_without_row(facts.contents)
    written = _move_backslashed(rows, members.keys() | need_no_row)
    if written:
        yield _backslashed_rows(written, f"{facts.contents.dist_info}/RECORD")
    yield from find_unrecorded_files(rows, members, need_no_row)
    yield from find_changed_files(rows, members)
    yield from find_recorded_files_that_are_missing(rows, members, need_no_row)
    yield from find_files_without_hash(rows, members, need_no_row)


def _paths_without_row(contents: Contents) -> frozenset[str]:
    """Return the files that RECORD need not list, or not with a hash: itself, and what was signed after it."""
    return _signature_paths(contents) | {f"{contents.dist_info}/RECORD"}


def _signature_paths(contents: Contents) -> frozenset[str]:
    """Return where signatures of RECORD would lie."""
    return frozenset(f"{contents.dist_info}/{name}" for name in SIGNATURES)


def find_missing_record(facts: WheelFacts) -> Iterator[Finding]:
    """Report that there is no RECORD, or none that can be read (TW524)."""
    path = f"{facts.contents.dist_info}/RECORD"
    reason = why_unread(facts, path, if_readable="cannot be read")
    if reason:
        yield Finding(
            code="TW524",
            severity=Severity.ERROR,
            where=path,
            message=reason,
            hint=_BUILD_AGAIN,
        )


def find_undecodable_record(facts: WheelFacts) -> Iterator[Finding]:
    """Report RECORD, WHEEL and other texts beside METADATA that are not UTF-8 (TW524)."""
    # METADATA has a code of its own, TW522.
    for name in facts.undecodable:
        if name != "METADATA":
            yield Finding(
                code="TW524",
                severity=Severity.ERROR,
                where=f"{facts.contents.dist_info}/{name}",
                message="is not UTF-8, so installers cannot read it",
                hint="build the wheel again, with all texts in UTF-8",
            )


def find_unrecorded_files(
    rows: Mapping[str, RecordRow],
    members: Mapping[str, Member],
    need_no_row: frozenset[str],
) -> Iterator[Finding]:
    """Report files that RECORD does not list (TW504)."""
    for path in members:
        # "Installation will fail if any file in the archive is not both mentioned and correctly hashed in RECORD" (PEP 427).
        if path not in rows and path not in need_no_row:
            yield Finding(
                code="TW504",
                severity=Severity.ERROR,
                where=path,
                message="is not in RECORD",
                hint=_BUILD_AGAIN,
            )


def find_recorded_files_that_are_missing(
    rows: Mapping[str, RecordRow],
    members: Mapping[str, Member],
    need_no_row: frozenset[str],
) -> Iterator[Finding]:
    """Report files that RECORD lists and the wheel does not hold (TW506)."""
    # A set has no order, and the same wheel is to get the same report.
    for path in sorted(rows.keys() - members.keys() - need_no_row):
        yield Finding(
            code="TW506",
            severity=Severity.ERROR,
            where=path,
            message="is in RECORD, but not in the wheel",
            hint=_BUILD_AGAIN,
        )


def _move_backslashed(rows: dict[str, RecordRow], known: Container[str]) -> list[str]:
    """Put rows whose paths have backslashes under the paths that are meant, and return how they were written.

    :param known: the files that RECORD may list. A file with a backslash in its own name keeps its row.
    """
    written = []
    for path in [path for path in rows if "\\" in path]:
        # The binary distribution format has /, on every system.
        meant = path.replace("\\", "/")
        if path not in known and meant in known:
            rows.setdefault(meant, rows.pop(path))
            written.append(path)
    return written


def _backslashed_rows(written: list[str], where: str) -> Finding:
    """Return the note on paths with backslashes (TW506): installers read the archive, and package indexes fold such paths."""
    evidence = written[:_MOST_ROWS]
    if len(written) > len(evidence):
        evidence.append(f"and {len(written) - len(evidence)} more")
    return Finding(
        code="TW506",
        severity=Severity.NOTE,
        where=where,
        message="paths are written with backslashes: taken as they are, they are those of no file",
        evidence=tuple(evidence),
        hint="build the wheel again with a current build backend, which writes /",
    )


def find_changed_files(
    rows: Mapping[str, RecordRow], members: Mapping[str, Member]
) -> Iterator[Finding]:
    """Report files of another hash or size than RECORD says, or whose hash is misspelt (TW505)."""
    for path, member in members.items():
        row = rows.get(path)
        # A file that RECORD does not list is TW504's.
        if row is None or _agrees(row, member):
            continue
        misspelt = _misspelt(row, member)
        if misspelt is not None and not _has_other_size(row, member):
            yield misspelt
            continue
        # The hash says more than the size, which then differs as well.
        if _has_other_hash(row, member):
            message = "is not what RECORD says"
            evidence = (
                f"RECORD: {row.algorithm}={row.digest}"[:_LONGEST_HASH],
                f"file: sha256={member.sha256}",
            )
        else:
            message = "is not as large as RECORD says"
            evidence = (f"RECORD: {row.size} bytes", f"file: {member.size} bytes")
        yield Finding(
            code="TW505",
            severity=Severity.ERROR,
            where=path,
            message=message,
            evidence=evidence,
            hint=_BUILD_AGAIN,
        )


def _agrees(row: RecordRow, member: Member) -> bool:
    """Return whether a row of RECORD is true of its file, as far as it says anything."""
    return not _has_other_size(row, member) and not _has_other_hash(row, member)


def _has_other_size(row: RecordRow, member: Member) -> bool:
    """Return whether RECORD has a size, and another than the file's."""
    return row.size is not None and row.size != member.size


def _has_other_hash(row: RecordRow, member: Member) -> bool:
    """Return whether the hash in RECORD is known to be another than the file's: both must be there, as sha256."""
    if not row.digest or not member.sha256:
        return False
    if row.algorithm == "sha256":
        return row.digest != member.sha256
    # SHA256=… names no algorithm of RECORD, and the hash is told as misspelt, or as another.
    return (row.algorithm or "").lower() == "sha256"


def _is_strong(algorithm: str | None) -> bool:
    """Return whether an algorithm is sha256 or better, however its name is spelt."""
    return (algorithm or "").lower() in _STRONG_HASHES


def _misspelt(row: RecordRow, member: Member) -> Finding | None:
    """Return a finding for a hash that is right, but in a form that RECORD may not have."""
    from .record_hashes import misspelt_hash  # hashes are right, as a rule

    return misspelt_hash(row, member.sha256)


def find_files_without_hash(
    rows: Mapping[str, RecordRow],
    members: Mapping[str, Member],
    need_no_row: frozenset[str],
) -> Iterator[Finding]:
    """Report files that RECORD lists without a hash, or with one that is weaker than sha256 (TW526)."""
    for path, member in members.items():
        row = rows.get(path)
        # These files have a finding already: TW504 or TW505.
        if row is None or not _agrees(row, member):
            continue
        evidence: tuple[str, ...] = ()
        if row.digest is None and path not in need_no_row:
            message = "has no hash in RECORD"
        elif row.digest is not None and not _is_strong(row.algorithm):
            message = "has a hash in RECORD that is weaker than sha256"
            evidence = (f"{row.algorithm}={row.digest}"[:100],)
        else:
            continue
        # SHA256=… is no weaker than sha256=…, and sha256:… is not without a hash.
        misspelt = _misspelt(row, member)
        if misspelt is not None:
            yield misspelt
            continue
        yield Finding(
            code="TW526",
            severity=Severity.WARNING,
            where=path,
            message=message,
            evidence=evidence,
            hint=_BUILD_AGAIN,
        )


# --- signatures -------------------------------------------------------------------------------------------------


def find_signatures(facts: WheelFacts) -> Iterator[Finding]:
    """Report signatures of RECORD in a wheel on disk (TW539).

    "Build backends and other tools MUST NOT add these files to wheels": https://peps.python.org/pep-0815/#specification
    """
    recorded = {row.path for row in facts.record or ()}
    for path in sorted(_signature_paths(facts.contents)):
        evidence = []
        if path in facts.files_by_name():
            evidence.append("it is in the wheel")
        if path in recorded:
            # It was made of a finished RECORD, which cannot have known its hash.
            evidence.append("RECORD lists it, and must not")
        if evidence:
            yield Finding(
                code="TW539",
                severity=Severity.WARNING,
                where=path,
                message="a signature of RECORD: no installer checks it, and wheels may no longer have one (PEP 815)",
                evidence=tuple(evidence),
                hint="leave it out; indexes publish attestations of whole wheels instead (PEP 740)",
            )


def find_built_signatures(contents: Contents) -> Iterator[Finding]:
    """Report signatures of RECORD that a build would put into its wheel (TW539): a backend must not add them."""
    for path in sorted(_signature_paths(contents) & contents.paths()):
        yield Finding(
            code="TW539",
            severity=Severity.ERROR,
            where=path,
            message="a signature of RECORD: no installer checks it, and wheels may no longer have one (PEP 815)",
            hint="leave it out of what install() puts into ${SKBUILD_METADATA_DIR}",
        )
