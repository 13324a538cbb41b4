"""What tests of the checks ask of them."""

from __future__ import annotations

from truewheel.checks import check_wheel
from truewheel.model.contents import WheelFacts


def codes_of_wheel(facts: WheelFacts) -> list[str]:
    """Return the codes of what is wrong with a wheel on disk."""
    return [finding.code for finding in check_wheel(facts)]
