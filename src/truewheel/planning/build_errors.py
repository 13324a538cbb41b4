"""What CMake, compilers and linkers say when they fail → what is wrong, and what to do. Pure.

What is recognised stands in ``failures.json``; what is not, is not guessed at. Tools say well where they stopped, and badly
what a person who builds a Python package can do about it: they do not know of ``pyproject.toml``.
"""

from __future__ import annotations

import difflib
import re

from ..data_tables import table
from ..model.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_PLACE = re.compile(r"(\S[^:]*:\d+) \(\w+\)")
"""``CMakeLists.txt:3 (find_package)``"""
_VARIABLES = {"C": "CC", "CXX": "CXX", "Fortran": "FC", "CUDA": "CUDACXX", "OBJC": "OBJC", "OBJCXX": "OBJCXX"}
"""Which name a language's compiler (cmake-env-variables(7))."""
_LANGUAGES = {variable: language for language, variable in _VARIABLES.items()}
_NO_ERRORS = ("-- ", "CMake Warning", "  ")
"""How lines begin that tell of something else: what a project can do without, and the text of warnings."""


class Circumstances(Record):
    """Of the build that failed.

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


class _Saying(Record):
    """One message: its text in one line, and where CMake says that it comes from (``CMakeLists.txt:3``)."""

    text: str
    place: str = ""


def diagnosis(said: Sequence[str], circumstances: Circumstances) -> Diagnosis | None:
    """What the first message that is understood means; ``None`` when none is. CMake's errors come first; of everything
    else, what was said last, since what was said before did not stop the build.

    :param said: the lines that tools printed.

    >>> diagnosis(["x.c:1:10: fatal error: Python.h: No such file or directory"], Circumstances()).because
    "the compiler was not told where Python's headers are"
    """
    plain = _of_the_last_step([_COLOUR.sub("", line).rstrip() for line in said])
    others = (_Saying(text=line) for line in reversed(plain) if not line.startswith(_NO_ERRORS))
    sayings = [*_errors(plain), *others]
    if circumstances.full:
        sayings.insert(0, _Saying(text="No space left on device", place=circumstances.full))
    for saying in sayings:
        for rule in table("planning/build_errors.json")["rules"]:
            found = _applied(rule, saying, circumstances)
            if found is not None:
                return found
    return None


def _of_the_last_step(lines: Sequence[str]) -> Sequence[str]:
    """What was said since the engine announced the step that failed (``*** Building project with Ninja...``)."""
    start = next((i for i in range(len(lines) - 1, -1, -1) if lines[i].startswith("*** ")), 0)
    return lines[start:]


def _errors(lines: Sequence[str]) -> Iterator[_Saying]:
    """CMake's errors. Their text is indented, empty lines are part of it, and a call stack may follow."""
    block: list[str] = []
    for line in (*lines, "-- the end"):
        if block and (not line or line.startswith((" ", "Call Stack"))):
            block.append(line)
            continue
        if block:
            yield _saying(block)
        block = [line] if line.startswith("CMake Error") else []


def _saying(block: Sequence[str]) -> _Saying:
    """An error with its place: the outermost one, for the innermost is often a module of CMake's own."""
    stack = next((i for i, line in enumerate(block) if line.startswith("Call Stack")), len(block))
    places = _PLACE.findall(block[0].removeprefix("CMake Error at "))
    places += [place for line in block[stack:] for place in _PLACE.findall(line)]
    return _Saying(text=" ".join(" ".join(block[:stack]).split()), place=places[-1] if places else "")


def _applied(rule: Mapping[str, Any], saying: _Saying, circumstances: Circumstances) -> Diagnosis | None:
    match = next((m for p in rule["patterns"] if (m := re.search(p, saying.text))), None)
    if match is None:
        return None
    words = {k: v for k, v in match.groupdict().items() if v is not None}
    if "provided" in rule:
        requirement = table("planning/build_errors.json")[rule["provided"]].get(words["what"])
        if requirement is not None:
            because, cure = _lacking(words.get("header", words["what"]), requirement, saying, circumstances)
            return Diagnosis(name=rule["name"], because=because, cure=cure)
    if "because" not in rule:
        return None
    if "table" in rule:
        known = {name.lower(): found for name, found in table("planning/build_errors.json")[rule["table"]].items()}
        if words["what"].lower() not in known:  # names of commands have no case
            return None
        words["found"] = known[words["what"].lower()]
    words = {
        "guess": _guess(words.get("what", ""), rule.get("near", ())),
        **_compiler(words),
        "python": circumstances.python,
        "there": circumstances.python,
        "at": _at(saying),
        **words,
    }
    if rule.get("when") == "variable" and words["variable"] not in circumstances.variables:
        return None  # the engine sets it, too
    if rule.get("when") == "headerless" and circumstances.headers:
        return None  # of all that CMake then calls missing, something else is
    cure = rule["cure"] if isinstance(rule["cure"], str) else rule["cure"].get(circumstances.system, rule["cure"][""])
    return Diagnosis(name=rule["name"], because=rule["because"].format(**words), cure=cure.format(**words))


def _guess(name: str, tables: Sequence[str]) -> str:
    """Which of the names in ``tables`` may be meant; empty when none is alike."""
    known = {each.lower(): each for where in tables for each in table("planning/build_errors.json")[where]}
    near = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.75)
    return f"did you mean {known[near[0]]}? " if near else ""


def _compiler(words: Mapping[str, str]) -> dict[str, str]:
    """The language, and the variable that names its compiler; a message says one of the two."""
    language = words.get("language") or _LANGUAGES.get(words.get("variable", ""), "C")
    return {"language": language, "variable": _VARIABLES.get(language, "CC")}


def _at(saying: _Saying) -> str:
    return f" ({saying.place})" if saying.place else ""


def _lacking(what: str, name: str, saying: _Saying, circumstances: Circumstances) -> tuple[str, str]:
    """``what`` is a part of the distribution ``name``, and was not found: why, and what to do."""
    found = f"{what} was not found{_at(saying)}"
    if name in circumstances.installed:
        cure = (
            "look whether CMAKE_ARGS, cmake.define or a toolchain file sets CMAKE_PREFIX_PATH; and link a target that "
            "includes headers with what find_package gives for them"
        )
        return f"{found}, although {name} is installed", cure
    if name in circumstances.requires:
        return (
            f"{found}: {name} is in build-system.requires, but not in this environment",
            f"build with isolation, as front ends do by default; or install it here: pip install {name}",
        )
    return (
        f"{found}: build-system.requires in pyproject.toml lacks {name}",
        f'add it: requires = ["truewheel", "{name}"] in [build-system]; without build isolation, also: pip install {name}',
    )
