"""How much of an earlier build tree may be used again, so that the result equals that of a build from nothing.

What a build read is known where it was watched: then evidence decides, step by step (``evidence.py``). Where it could not
be, a file that the build tool does not know of may have been read by anything (``unwatched.py``). Pure; never looks at disk.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..model.build_record import (
    BuildRecord,
    Inputs,
    Reuse,
    ReuseDecision,
    difference,
)
from .evidence import decide_by_evidence, in_doubt
from .input_names import is_restless
from .unwatched import (
    REASONS_OF_ANY_BUILD,
    Comparison,
    decide_unwatched,
    ended_badly,
    first_reason,
    settings_changed,
)

__all__ = ["decide", "in_doubt", "is_restless"]


def decide(
    before: BuildRecord | None,
    now: Inputs,
    *,
    outside: Mapping[str, str],
    answers: Mapping[int, str],
    source: str,
) -> ReuseDecision:
    """Return how much of the tree that ``before`` describes may be used again, for a build from ``now``.

    :param outside: the present stamps of ``before``'s files outside, and the present digests of its folders; empty for what
        is gone. Of a build that was watched there are none.
    :param answers: the new answers to what a build asked that was watched, by the number of the question.
    :param source: the source tree, with a separator at its end.
    """
    if before is None:
        return ReuseDecision(reuse=Reuse.CLEAN, because="nothing was built here before")
    change = difference(before.inputs.sources, now.sources)
    builds = Comparison(
        was=before.inputs, traces=before.traces, now=now, outside=outside, change=change
    )
    if before.evidence is None:
        return decide_unwatched(builds)
    reason = first_reason(REASONS_OF_ANY_BUILD, builds)
    if reason:
        return ReuseDecision(reuse=Reuse.CLEAN, because=reason)
    return decide_by_evidence(
        before,
        now,
        reason_to_configure=first_reason((ended_badly, settings_changed), builds),
        answers=answers,
        source=source,
    )
