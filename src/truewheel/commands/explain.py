"""``truewheel explain``: the page of a finding, or the titles of several."""

from __future__ import annotations

from ..finding_pages import covered, page, titles
from ..model.errors import ExitCode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import SimpleNamespace


def run(options: SimpleNamespace) -> int:
    """Print what is known of a code, or of all that begin alike; return the exit code."""
    found = titles()
    if options.code is not None:
        found = covered(options.code)
    # One code is what somebody has in front of them: it gets its whole page.
    if len(found) == 1:
        (code,) = found
        print(page(code).rstrip())
        return int(ExitCode.FINE)
    for code, title in found.items():
        print(f"{code}  {title}")
    return int(ExitCode.FINE)
