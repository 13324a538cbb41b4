"""Who decides how much of an earlier build is used again, as the build areas see it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from ...model.build_record import BuildRecord, Inputs, ReuseDecision
from ...model.evidence import Evidence


class Planner(Protocol):
    """What decides it: :mod:`truewheel.planning.reuse`."""

    def decide(
        self,
        before: BuildRecord | None,
        now: Inputs,
        *,
        outside: Mapping[str, str],
        answers: Mapping[int, str],
        source: str,
    ) -> ReuseDecision:
        """Return how much of the tree that ``before`` describes may be used again, for a build from ``now``."""

    def in_doubt(
        self,
        evidence: Evidence,
        answers: Mapping[int, str],
        *,
        among: Iterable[str],
        source: str,
    ) -> dict[str, str]:
        """Return which steps cannot be used again once there are other answers, each with what changed."""

    def is_restless(self, variable: str) -> bool:
        """Return whether a variable differs between builds that are the same."""
