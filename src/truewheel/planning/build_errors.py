"""What CMake, compilers and linkers say when they fail → what is wrong, and what to do. Pure.

The messages that are understood stand in ``build_errors.json``; what is not among them is not guessed at. Tools say well
where they stopped, and badly what a person who builds a Python package can do about it: they do not know of
``pyproject.toml``.
"""

from __future__ import annotations

import difflib
import re

from ..data_tables import table
from ..model.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_TABLE = "planning/build_errors.json"
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_PLACE = re.compile(r"(\S[^:]*:\d+) \(\w+\)")
"""``CMakeLists.txt:3 (find_package)``"""
_VARIABLES = {
    "C": "CC",
    "CXX": "CXX",
    "Fortran": "FC",
    "CUDA": "CUDACXX",
    "OBJC": "OBJC",
    "OBJCXX": "OBJCXX",
}
"""The environment variable that names the compiler of each language (cmake-env-variables(7))."""
_LANGUAGES = {variable: language for language, variable in _VARIABLES.items()}
_NOT_ERRORS = ("-- ", "CMake Warning", "  ")
"""How lines begin that tell of something else: what a project can do without, and the text of warnings."""
_ALIKE = 0.75
"""How alike two names must be, from 0 to 1, for one to be taken for a slip in the other."""


class Circumstances(Record):
    """What is known about the build that failed.

    :param requires: normalised names of what ``build-system.requires`` lists.
    :param installed: normalised names of the distributions that the build can import.
    :param system: ``sys.platform``.
    :param python: its version, ``3.13``.
    :param variables: names of the environment variables that are set.
    :param headers: whether this Python's headers are there.
    :param full: a directory on whose disk there is no room; empty when there is none. Tools do not always notice.
    """

    requires: frozenset[str] = frozenset()
    installed: frozenset[str] = frozenset()
    system: str = "linux"
    python: str = "3"
    variables: frozenset[str] = frozenset()
    headers: bool = True
    full: str = ""


class Diagnosis(Record):
    """Why a tool failed, and what to do about it; a sentence each.

    :param name: of the kind of failure, as in ``docs/how-to/when-a-build-fails.md``.
    """

    name: str
    because: str
    cure: str


class Rule(Record):
    """How to understand one kind of message: a row of ``rules`` in the table.

    :param patterns: regular expressions, of which one must be found; named groups are words for the sentences.
    :param when: a condition beside the message; see :func:`_fits`.
    :param provided: the name of a table of what Python distributions provide. If it lists ``what``, the rule is about that
        distribution; if not, the sentences below hold.
    :param table: the name of a table of commands, which must list ``what``; its value is the word ``found``.
    :param near: names of tables, of whose names ``what`` may be a misspelling.
    :param because: a sentence with words in braces; a rule without one is only about distributions.
    :param cure: another one, or one for each system.
    """

    name: str
    patterns: Sequence[str]
    when: str = ""
    provided: str = ""
    table: str = ""
    near: Sequence[str] = ()
    because: str = ""
    cure: str | Mapping[str, str] = ""


class Message(Record):
    """What a tool said: the text in one line, and where CMake says that it comes from (``CMakeLists.txt:3``)."""

    text: str
    place: str = ""

    @property
    def at(self) -> str:
        """Its place as it stands in a sentence."""
        return f" ({self.place})" if self.place else ""


def diagnosis(said: Sequence[str], circumstances: Circumstances) -> Diagnosis | None:
    """Return what the first message that is understood means, ``None`` if none is.

    CMake's errors come first; of everything else, what was said last, since what was said before did not stop the build.

    :param said: the lines that tools printed.

    >>> diagnosis(["x.c:1:10: fatal error: Python.h: No such file or directory"], Circumstances()).because
    "the compiler was not told where Python's headers are"
    """
    for message in _messages(said, circumstances):
        for row in table(_TABLE)["rules"]:
            found = apply_rule(Rule(**row), message, circumstances)
            if found is not None:
                return found
    return None


# --- messages -----------------------------------------------------------------------------------------------------


def _messages(said: Sequence[str], circumstances: Circumstances) -> Iterator[Message]:
    """Yield what may be the reason of a failure, the likeliest first."""
    lines = _lines_of_the_last_step([_COLOUR.sub("", line).rstrip() for line in said])
    # A full disk makes tools fail in many ways, few of which say so.
    if circumstances.full:
        yield Message(text="No space left on device", place=circumstances.full)
    yield from _cmake_errors(lines)
    for line in reversed(lines):
        if not line.startswith(_NOT_ERRORS):
            yield Message(text=line)


def _lines_of_the_last_step(lines: Sequence[str]) -> Sequence[str]:
    """Return what was said since the engine announced the step that failed (``*** Building project with Ninja...``)."""
    start = 0
    for number, line in enumerate(lines):
        if line.startswith("*** "):
            start = number
    return lines[start:]


def _cmake_errors(lines: Sequence[str]) -> Iterator[Message]:
    """Yield CMake's errors. Their text is indented, empty lines are part of it, and a call stack may follow."""
    block: list[str] = []
    for line in lines:
        if line.startswith("CMake Error"):
            yield from _message_of_error(block)
            block = [line]
        elif block and (not line or line.startswith((" ", "Call Stack"))):
            block.append(line)
        else:
            yield from _message_of_error(block)
            block = []
    yield from _message_of_error(block)


def _message_of_error(block: Sequence[str]) -> Iterator[Message]:
    """Yield an error with its place: the outermost one, for the innermost is often a module of CMake's own.

    :param block: its lines; none for no error.
    """
    if not block:
        return
    text, _, stack = "\n".join(block).partition("\nCall Stack")
    first_line = block[0].removeprefix("CMake Error at ")
    places = ["", *_PLACE.findall(first_line)]
    for line in stack.split("\n"):
        places += _PLACE.findall(line)
    yield Message(text=" ".join(text.split()), place=places[-1])


# --- rules --------------------------------------------------------------------------------------------------------


def apply_rule(
    rule: Rule, message: Message, circumstances: Circumstances
) -> Diagnosis | None:
    """Return what a message means by one rule, ``None`` if the rule is not about it."""
    words = _words_in(rule.patterns, message.text)
    if words is None or not _fits(rule.when, words, circumstances):
        return None
    distribution = _distribution_with(rule, words)
    if distribution:
        part = words.get("header", words["what"])
        found = f"{part} was not found{message.at}"
        return _missing_distribution(rule.name, found, distribution, circumstances)
    command = _command_that_defines(rule, words)
    if not rule.because or (rule.table and not command):
        return None
    general = {
        "found": command,
        "guess": _guess(words.get("what", ""), rule.near),
        "python": circumstances.python,
        "there": circumstances.python,
        "at": message.at,
        **_compiler_words(words),
    }
    # What the message itself says is more exact than what is known in general.
    words = {**general, **words}
    cure = _cure_for(rule.cure, circumstances.system)
    return Diagnosis(
        name=rule.name, because=rule.because.format(**words), cure=cure.format(**words)
    )


def _words_in(patterns: Sequence[str], text: str) -> dict[str, str] | None:
    """Return the named groups of the first pattern that is found, ``None`` if none is."""
    for pattern in patterns:
        match = re.search(pattern, text)
        if match is not None:
            return {
                name: word
                for name, word in match.groupdict().items()
                if word is not None
            }
    return None


def _fits(
    condition: str, words: Mapping[str, str], circumstances: Circumstances
) -> bool:
    """Return whether the condition of a rule holds; one without a condition always does."""
    if condition == "variable":
        # The engine sets CC and CXX as well: then the user's variable is not to blame.
        variable = words.get("variable") or _compiler_words(words)["variable"]
        return variable in circumstances.variables
    if condition == "headerless":
        # CMake calls all components missing if one is, so that the headers may well be there.
        return not circumstances.headers
    return True


def _distribution_with(rule: Rule, words: Mapping[str, str]) -> str:
    """Return the Python distribution that provides what a message names, empty if the rule's table does not know it."""
    if not rule.provided:
        return ""
    known: dict[str, str] = table(_TABLE)[rule.provided]
    return known.get(words["what"], "")


def _command_that_defines(rule: Rule, words: Mapping[str, str]) -> str:
    """Return what defines the command that a message names, empty if the rule's table does not know it."""
    if not rule.table:
        return ""
    # Names of commands have no case.
    commands: dict[str, str] = table(_TABLE)[rule.table]
    known = {name.lower(): command for name, command in commands.items()}
    return known.get(words["what"].lower(), "")


def _guess(name: str, tables: Sequence[str]) -> str:
    """Return which of the names in ``tables`` may be meant, as a question; empty when none is alike."""
    known: dict[str, str] = {}
    for one in tables:
        known.update({each.lower(): each for each in table(_TABLE)[one]})
    near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=_ALIKE)
    return f"did you mean {known[near[0]]}? " if near else ""


def _compiler_words(words: Mapping[str, str]) -> dict[str, str]:
    """Return the language, and the variable that names its compiler; a message says one of the two."""
    language = words.get("language") or _LANGUAGES.get(words.get("variable", ""), "C")
    return {"language": language, "variable": _VARIABLES.get(language, "CC")}


def _cure_for(cure: str | Mapping[str, str], system: str) -> str:
    """Return the cure for a system; the one without a name is for all others."""
    if isinstance(cure, str):
        return cure
    return cure.get(system, cure[""])


def _missing_distribution(
    kind: str, found: str, name: str, circumstances: Circumstances
) -> Diagnosis:
    """Return why a part of a Python distribution was not found, and what to do.

    :param found: that it was not found, and where.
    :param name: the distribution.
    """
    if name in circumstances.installed:
        because = f"{found}, although {name} is installed"
        cure = (
            "look whether CMAKE_ARGS, cmake.define or a toolchain file sets CMAKE_PREFIX_PATH; and link a target that "
            "includes headers with what find_package gives for them"
        )
    elif name in circumstances.requires:
        because = (
            f"{found}: {name} is in build-system.requires, but not in this environment"
        )
        cure = f"build with isolation, as front ends do by default; or install it here: pip install {name}"
    else:
        because = f"{found}: build-system.requires in pyproject.toml lacks {name}"
        cure = (
            f'add it: requires = ["truewheel", "{name}"] in [build-system]; '
            f"without build isolation, also: pip install {name}"
        )
    return Diagnosis(name=kind, because=because, cure=cure)
