"""Commands that run with fewer rights than the tests."""

from __future__ import annotations

import os
import shutil

from . import needs

_WITHOUT_OVERRIDE = "-dac_override,-dac_read_search"
"""Capabilities by which the superuser reads everything (capabilities(7))."""


def as_anybody() -> tuple[str, ...]:
    """Return the words by which a command loses what lets the superuser read everything."""
    if os.geteuid() != 0:
        return ()
    if shutil.which("setpriv") is None:
        needs.missing("the program setpriv")
    return (
        "setpriv",
        f"--bounding-set={_WITHOUT_OVERRIDE}",
        f"--inh-caps={_WITHOUT_OVERRIDE}",
    )
