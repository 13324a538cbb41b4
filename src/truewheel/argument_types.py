"""What an argument of the command line stands for, and what is wrong with it. Only the parser asks.

Each function raises ``argparse.ArgumentTypeError``, whose message the parser prints with the option's name.
"""

from __future__ import annotations

from argparse import ArgumentTypeError


def count(text: str) -> int:
    """Return a number that is at least one."""
    # int() would also take " 2", "+2" and "2_0".
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a number from 1 on")
    return int(text)


def promised_tag(text: str) -> str:
    """Return a platform tag. An empty one promises nothing, and is a variable without a value as a rule."""
    from .platforms import PLATFORMS, examples_like

    if not text:
        raise ArgumentTypeError("the tag is empty")
    # Its version may be newer than what this release knows.
    if any(platform.is_plausible(text) for platform in PLATFORMS):
        return text
    raise ArgumentTypeError(
        f"{text!r} is not a platform tag that can be checked; such tags are spelt {', '.join(examples_like(text))}"
    )


def excluded(text: str) -> tuple[str, ...]:
    """Return the globs that an argument stands for."""
    from .platforms.exclude_sets import expand_exclude, set_names, unknown_sets

    if not text:
        raise ArgumentTypeError("the glob is empty")
    # A misspelt set would match nothing, and leave out nothing.
    if unknown_sets([text]):
        raise ArgumentTypeError(
            f"{text!r} is not a set of libraries; there are {', '.join(set_names())}"
        )
    return expand_exclude([text])


def kind(text: str) -> str:
    """Return a kind of project that ``init`` knows."""
    from .templates.kinds import KINDS

    if text not in KINDS:
        raise ArgumentTypeError(f"{text!r} is not one of {', '.join(KINDS)}")
    return text


def code_prefix(text: str) -> str:
    """Return the beginning of a finding's code. A slip here would switch a check off in silence, so it is refused."""
    from .finding_pages import titles

    prefix = text.upper()
    if not prefix or not any(code.startswith(prefix) for code in titles()):
        raise ArgumentTypeError(
            f"no finding's code begins with {text!r}; truewheel explain lists them"
        )
    return prefix
