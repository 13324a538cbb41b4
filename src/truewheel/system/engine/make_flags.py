"""What ``MAKEFLAGS`` says, word by word: options that a build may well have, and those that would leave it undone.

GNU make writes the letters of its options as the first word, without a dash, then those with arguments, then ``--`` and the
variables of its command line. Users write what they would type. Options that are not known here are not passed on.

Sources: GNU make manual, "Communicating Options to a Sub-make", "Summary of Options", "POSIX Jobserver Interaction".
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator

_LETTERS = frozenset("bmdkrRsSwBO")
"""Options that change what is printed, which rules are built in, or that more is made than has to be."""
_LETTERS_WITH_NUMBER = frozenset("jl")
"""Options that say how many jobs run at once; the number may be a word of its own."""
_DIGITS = "0123456789."
_LETTERS_WITH_ARGUMENT = frozenset("CEfIoW")
"""Options about other directories, makefiles and files; their argument may be a word of its own."""
_LONG_OPTIONS = frozenset(
    {
        "--jobs",
        "--load-average",
        "--max-load",
        "--output-sync",
        "--silent",
        "--quiet",
        "--no-silent",
        "--print-directory",
        "--no-print-directory",
        "--keep-going",
        "--no-keep-going",
        "--stop",
        "--no-builtin-rules",
        "--no-builtin-variables",
        "--always-make",
        "--shuffle",
        "--trace",
        "--debug",
        "--warn-undefined-variables",
    }
)
_JOBSERVERS = ("--jobserver-auth", "--jobserver-fds", "--jobserver-style", "--sync-mutex")  # fmt: skip
_WORD = re.compile(r"(?:\\.|\S)+")
"""Blanks inside of a word have a backslash before them."""


def harmless_flags(text: str) -> tuple[str, tuple[str, ...]]:
    r"""Return the options that a build may have, and the words that it may not.

    A jobserver is reached by its named pipe, or by descriptors that were closed on the way here; then it is left out
    without a word, for make runs as many jobs without it.

    >>> harmless_flags("kn -j4 --jobserver-auth=3,4 -- DESTDIR=/stage")
    ('-k -j4', ('-n', 'DESTDIR=/stage'))
    >>> harmless_flags("-j 4 --jobserver-auth=fifo:/tmp/GMfifo1")
    ('-j4 --jobserver-auth=fifo:/tmp/GMfifo1', ())
    """
    kept: list[str] = []
    dropped: list[str] = []
    for word in _options(text):
        if word.startswith(_JOBSERVERS):
            if "=fifo:" in word:
                kept.append(word)
        elif _is_harmless(word):
            kept.append(word)
        else:
            dropped.append(word)
    return " ".join(kept), tuple(dropped)


def _is_harmless(option: str) -> bool:
    if option.startswith("--"):
        name, _, _ = option.partition("=")
        return name in _LONG_OPTIONS
    return option.startswith("-") and option[1] in _LETTERS | _LETTERS_WITH_NUMBER


def _options(text: str) -> Iterator[str]:
    """Yield each option with its argument, and each variable."""
    words = deque(_WORD.findall(text))
    # Without a dash the first word is one of letters, unless it sets a variable.
    if words and not words[0].startswith("-") and "=" not in words[0]:
        words[0] = f"-{words[0]}"
    while words:
        word = words.popleft()
        if word.startswith("-") and not word.startswith("--"):
            yield from _single_options(word.removeprefix("-"), words)
        # Two dashes alone only say that variables follow.
        elif word != "--":
            yield word


def _single_options(letters: str, following: deque[str]) -> Iterator[str]:
    """Yield the options of one word of letters; the last one takes the next word when that is its argument."""
    while letters:
        letter, letters = letters[0], letters[1:]
        argument = ""
        if letter in _LETTERS_WITH_ARGUMENT:
            argument, letters = letters, ""
            if not argument and following:
                argument = following.popleft()
        elif letter in _LETTERS_WITH_NUMBER:
            letters_after = letters.lstrip(_DIGITS)
            argument = letters.removesuffix(letters_after)
            letters = letters_after
            is_last = not argument and not letters
            if is_last and following and not following[0].strip(_DIGITS):
                argument = following.popleft()
        elif letter == "O":
            argument, letters = letters, ""
        yield f"-{letter}{argument}"
