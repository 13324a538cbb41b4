"""The pages behind ``truewheel explain``: one Markdown file per code, shipped with the package."""

from __future__ import annotations

import difflib
from pathlib import Path

from .model.diagnostics import TruewheelError


def titles() -> dict[str, str]:
    """Every code with its title, sorted."""
    found = {}
    for file in _folder().iterdir():
        if file.suffix == ".md":
            first = file.read_text(encoding="utf-8").partition("\n")[0]
            found[file.stem] = first.partition(": ")[2]
    return dict(sorted(found.items()))


def page(code: str) -> str:
    """The page of ``code``, in Markdown.

    :raises TruewheelError: when there is no such code.
    """
    name = code.upper()
    if name not in titles():
        near = difflib.get_close_matches(name, titles(), n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "truewheel explain lists all of them"
        raise TruewheelError(f"there is no finding {code}", hint=hint)
    return (_folder() / f"{name}.md").read_text(encoding="utf-8")


def _folder() -> Path:
    return Path(__file__).parent / "findings"
