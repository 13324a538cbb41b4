"""Claims of Python and ABI tags, and what is said of them."""

from __future__ import annotations

from truewheel.audit.python.tags import python_claim_findings
from truewheel.model.contents import Contents
from truewheel.model.finding import Finding


def findings_about(inside: Contents, tag: str) -> tuple[Finding, ...]:
    """Return what contradicts a claim (``cp39-abi3``, ``py2.py3-none``) or is odd beside it."""
    interpreters, abis = (tuple(part.split(".")) for part in tag.split("-"))
    return python_claim_findings(inside, interpreters=interpreters, abis=abis)


def codes_about(inside: Contents, tag: str) -> list[str]:
    """Return the codes of what is said of a claim."""
    return [finding.code for finding in findings_about(inside, tag)]
