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
            # Each page is headed "# TW301: its title".
            first = file.read_text(encoding="utf-8").partition("\n")[0]
            found[file.stem] = first.partition(": ")[2]
    return dict(sorted(found.items()))


def covered(text: str) -> dict[str, str]:
    """The codes that ``text`` is, or is the beginning of, with their titles; the letters may be small, or left out.

    :raises TruewheelError: when there are none.
    """
    name = text.strip().upper()
    # People remember the number: 301 is TW301.
    if not name.startswith("T"):
        name = f"TW{name}"
    known = titles()
    found = {code: title for code, title in known.items() if code.startswith(name)}
    # Blanks alone would begin every code, which is not what was asked for.
    if found and text.strip():
        return found
    near = difflib.get_close_matches(name, known, n=3)
    hint = "truewheel explain lists all of them"
    if near:
        hint = f"did you mean {' or '.join(near)}?"
    raise TruewheelError(f"there is no finding {text}", hint=hint)


def page(code: str) -> str:
    """The page of ``code``, in Markdown."""
    return (_folder() / f"{code}.md").read_text(encoding="utf-8")


def _folder() -> Path:
    return Path(__file__).parent / "findings"
