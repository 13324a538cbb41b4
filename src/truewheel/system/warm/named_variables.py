"""Which variables of the environment a step may look at, as far as the texts that it read name them.

What shells and interpreters do with a script is not seen: whether it looks at a variable is known only from its text.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable

from .watched_steps import IsRestless

_LONGEST_TEXT = 1_000_000
"""Bytes; no script is longer."""


def words_that_may_be_variables(
    texts: Iterable[str], commands: Iterable[str], is_restless: IsRestless
) -> frozenset[str]:
    """Return the words of texts that are names of variables which count only where they are named.

    :param texts: paths of files.
    :param commands: texts themselves.
    """
    found: set[str] = set()
    contents = map(_text_of, texts)
    for content in (*contents, *commands):
        words = re.findall(r"\b[A-Za-z_]\w+\b", content)
        found.update(filter(is_restless, words))
    return frozenset(found)


def _text_of(path: str) -> str:
    """Return what a file holds; nothing when it cannot be read, or is larger than scripts are."""
    try:
        size = os.path.getsize(path)
        if size > _LONGEST_TEXT:
            return ""
        with open(path, "rb") as file:
            content = file.read()
    except OSError:
        return ""
    # Names of variables are ASCII, and any byte is a character of this encoding.
    return content.decode("latin-1")
