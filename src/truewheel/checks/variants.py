"""Wheel variants: whether ``variant.json`` is there, is well formed, and agrees with the label in the file name. Pure.

Whether the CPU that a variant promises is the one that its binaries need is asked in ``audit/cpu_levels.py``.
Sources: PEP 825 and PEP 850, drafts.
"""

from __future__ import annotations

from ..model.finding import Finding, Severity
from ..model.variant_file import KNOWN_VERSIONS, read_variant_file
from ..model.variants import NULL
from ..model.wheel_name import VARIANT, parse_wheel_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..model.contents import WheelFacts
    from ..model.variant_file import VariantFile
    from ..model.variants import Variant

_MOST_LISTED = 5
"""Mistakes or variants that a finding lists."""
_WIDEST = 200
"""Characters of a variant that are shown."""


def check_variant(facts: WheelFacts) -> tuple[Finding, ...]:
    """Return what is wrong with the label of a wheel on disk, and with its ``variant.json``."""
    name = parse_wheel_name(facts.filename)
    label = name.variant if name is not None else ""
    path = f"{facts.contents.dist_info}/{VARIANT}"
    text = facts.texts.get(VARIANT)
    # Without the file nobody can tell whether the wheel runs here, so installers pass it over.
    if text is None:
        return tuple(find_missing_file(path, label))
    file = read_variant_file(text)
    return (
        *find_mistakes(path, file),
        *find_other_labels(path, label, file),
        *find_misused_labels(path, file),
        *find_draft_or_unknown_version(path, file),
    )


def find_missing_file(path: str, label: str) -> Iterator[Finding]:
    """Report a label in the file name that nothing explains (TW535)."""
    if label:
        yield Finding(
            code="TW535",
            severity=Severity.ERROR,
            where=path,
            message=f"is missing: nothing tells what {label} means",
            hint="build it again with -Ctruewheel.variant-label=…, or leave the label out of the name",
        )


def find_mistakes(path: str, file: VariantFile) -> Iterator[Finding]:
    """Report a ``variant.json`` that departs from the draft (TW535)."""
    if file.mistakes:
        yield Finding(
            code="TW535",
            severity=Severity.ERROR,
            where=path,
            message="is not what the draft asks for, so that installers pass the wheel over",
            evidence=file.mistakes[:_MOST_LISTED],
            hint="build the wheel again",
        )


def find_other_labels(path: str, label: str, file: VariantFile) -> Iterator[Finding]:
    """Report a ``variant.json`` that describes another variant than the file name says, or several (TW536)."""
    labels = [variant.label for variant in file.variants]
    # In a file with mistakes, labels may not have been understood.
    if labels == [label] or (file.mistakes and not labels):
        return
    # One wheel is one variant; the file that lists all of them belongs to an index.
    if label:
        described = ", ".join(labels[:_MOST_LISTED]) or "nothing"
        message = f"describes {described}; the file name says {label}"
    else:
        message = "describes a variant, but the file name has no label, so that every installer takes it"
    yield Finding(
        code="TW536",
        severity=Severity.ERROR,
        where=path,
        message=message,
        evidence=tuple(
            str(variant)[:_WIDEST] for variant in file.variants[:_MOST_LISTED]
        ),
        hint="build the wheel again; a label cannot be changed by renaming",
    )


def find_misused_labels(path: str, file: VariantFile) -> Iterator[Finding]:
    """Report ``null`` with properties, and any other label without (TW536)."""
    # In a file with mistakes, properties may not have been understood.
    if file.mistakes:
        return
    for variant in file.variants:
        is_null, has_properties = variant.label == NULL, bool(variant.properties)
        if is_null != has_properties:
            continue
        if is_null:
            message = f"{variant.label} is the label of a variant without properties"
        else:
            message = f"{variant.label} has no properties"
        yield Finding(
            code="TW536",
            severity=Severity.ERROR,
            where=path,
            message=message,
            evidence=(str(variant)[:_WIDEST],),
            hint=f"{NULL} is for the variant without properties, and for that alone",
        )


def find_draft_or_unknown_version(path: str, file: VariantFile) -> Iterator[Finding]:
    """Report the version of the format, as long as it is a draft's or not known (TW537)."""
    if not file.version:
        return
    version = ".".join(map(str, file.version))
    is_draft = file.version[0] == 0
    if file.version in KNOWN_VERSIONS or is_draft:
        yield _draft(path, f"has format {version}, a draft's")
    else:
        yield Finding(
            code="TW537",
            severity=Severity.WARNING,
            where=path,
            message=f"has format {version}, which is not known here: only its label and properties were looked at",
            hint="a newer truewheel may know it",
        )


def find_draft_of_build(variant: Variant) -> tuple[Finding, ...]:
    """Report that a variant that is being built follows a draft (TW537)."""
    return (_draft(variant.label, "follows PEP 825 and PEP 850, which are drafts"),)


def _draft(where: str, what: str) -> Finding:
    """Return the warning about something that follows a draft."""
    return Finding(
        code="TW537",
        severity=Severity.WARNING,
        where=where,
        message=f"{what}: not for production, and package indexes refuse the file name",
        hint="fine for trials and for an index of one's own; what is published is a wheel without a label",
    )
