"""The pages behind ``truewheel explain``: one Markdown file per code, shipped with the package."""

from __future__ import annotations

import difflib
from pathlib import Path

from .model.errors import TruewheelError


def titles() -> dict[str, str]:
    """Every code with its title, sorted."""
    found = {}
    for file in _folder().iterdir():
        if file.suffix == ".md":
            first = file.read_text(encoding="utf-8").partition("\n")[0]
            found[file.stem] = first.partition(": ")[2]
    return dict(sorted(found.items()))


def covered(text: str) -> dict[str, str]:
    """The codes that ``text`` is, or is the beginning of, with their titles; the letters may be small, or left out.

    :raises TruewheelError: when there are none.
    """
    name = text.strip().upper()
    name = name if name.startswith("T") else f"TW{name}"
    found = {
        code: title
        for code, title in titles().items()
        if name and code.startswith(name)
    }
    if not found or not text.strip():
        near = difflib.get_close_matches(name, titles(), n=3)
        hint = (
            f"did you mean {' or '.join(near)}?"
            if near
            else "truewheel explain lists all of them"
        )
        raise TruewheelError(f"there is no finding {text}", hint=hint)
    return found


def page(code: str) -> str:
    """The page of ``code``, in Markdown."""
    return (_folder() / f"{code}.md").read_text(encoding="utf-8")


def _folder() -> Path:
    return Path(__file__).parent / "findings"
