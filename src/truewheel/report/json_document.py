"""The document of ``--json``. Its keys are described in the command-line reference, and keep their meaning."""

from __future__ import annotations

import json
from itertools import starmap
from typing import TYPE_CHECKING, Any

from ..model.record import parts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..audit.truth import Checked
    from ..model.contents import WheelFacts
    from ..model.errors import TruewheelError
    from ..model.finding import Finding
    from ..model.floor import Evidence, Floor
    from ..model.judged import WheelOnDisk
    from ..model.sets import SetChecked
    from ..model.variants import Variant

JSON_VERSION = 1
"""Increase this when a key changes its meaning or goes."""


def json_document(
    wheels: Iterable[tuple[WheelFacts | WheelOnDisk, Checked]],
    unread: Iterable[tuple[str, TruewheelError]] = (),
    sets: Iterable[SetChecked] = (),
) -> str:
    """Return the document about these wheels.

    :param unread: what could not be read, and why.
    :param sets: the wheels of each version in a directory, together.
    """
    document = {
        "version": JSON_VERSION,
        "wheels": list(starmap(_wheel, wheels)),
        "unread": list(starmap(_unread, unread)),
        "sets": list(map(_set, sets)),
    }
    # Sorted, so that two documents can be compared line by line.
    return json.dumps(document, indent=2, sort_keys=True)


def _unread(
    path: str,
    error: TruewheelError,
) -> dict[str, Any]:
    return {"path": path, "message": error.message, "because": list(error.context)}


def _wheel(
    facts: WheelFacts | WheelOnDisk,
    checked: Checked,
) -> dict[str, Any]:
    """Return what is said of one wheel."""
    truth = checked.truth
    # A file that has no wheel name makes no claim, and is told all the same.
    claimed = checked.claimed.tag if checked.claimed else None
    return {
        "file": facts.filename,
        "path": facts.path,
        "size": facts.size,
        "claimed": claimed,
        "true": checked.is_true,
        "tag": truth.tag,
        "tags": list(truth.expanded),
        "variant": _variant(truth.variant),
        "reasons": list(truth.reasons),
        "floors": list(map(_floor, truth.floors)),
        "findings": list(map(_finding, checked.findings)),
    }


def _set(checked: SetChecked) -> dict[str, Any]:
    """Return what is said of the wheels of a directory together."""
    return {
        **parts(checked),
        "wheels": list(checked.wheels),
        "findings": list(map(_finding, checked.findings)),
    }


def _variant(variant: Variant | None) -> dict[str, Any] | None:
    if variant is None:
        return None
    properties = list(map(str, variant.properties))
    return {"label": variant.label, "properties": properties}


def _floor(floor: Floor) -> dict[str, Any]:
    evidence = list(map(_evidence, floor.evidence))
    return {
        "of": floor.of,
        "version": floor.text,
        "cpu": floor.cpu,
        "evidence": evidence,
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    """Return the parts that apply."""
    # A key that is missing reads as "does not apply"; null would read as "not known".
    return {name: value for name, value in parts(evidence).items() if value is not None}


def _finding(finding: Finding) -> dict[str, Any]:
    """Return a finding without what is only text for people."""
    told = parts(finding)
    # What several findings say together.
    del told["alike"]
    # json knows neither our enumerations nor that a tuple is meant as a list.
    return {
        **told,
        "severity": finding.severity.value,
        "evidence": list(finding.evidence),
    }
