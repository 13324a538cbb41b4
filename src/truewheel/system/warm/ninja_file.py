"""Reading ``build.ninja``: the steps of a build, what each reads and makes, and what the project itself has run.

The format: https://ninja-build.org/manual.html#_build_statements and ``#ref_lexer``. CMake writes it, so that only what
CMake writes is understood. Nothing here runs a build.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ...model.record import NamedTuple
from . import file_state

_OWN_TARGETS = re.compile(
    r"(edit_cache|rebuild_cache|list_install_components|install|install/\w+|test|package|package_source)\.util$"
)
"""Utility targets that CMake itself adds; all other ``CUSTOM_COMMAND`` steps are the project's."""
_HARMLESS_POST_BUILD = re.compile(r"^(:|(cd \S+ && )?\S*(strip|dsymutil)( \S+)*)$")
_COMMANDS = ("  COMMAND = ", "  POST_BUILD = ", "  PRE_LINK = ")
_SEPARATORS = frozenset({"", "|"})
"""Between explicit and implicit names."""


class Step(NamedTuple):
    """A step of the build.

    :param inputs: explicit and implicit ones: when one changes, the step runs.
    :param commands: what the project itself has run: the command of a custom one, those before and after linking.
    """

    rule: str
    outputs: tuple[str, ...]
    inputs: tuple[str, ...]
    commands: tuple[str, ...] = ()

    @property
    def is_projects_own(self) -> bool:
        """Whether it runs commands of the project's, more than compilers, linkers and CMake's own targets."""
        if self.rule != "CUSTOM_COMMAND":
            return any(
                not _HARMLESS_POST_BUILD.match(command) for command in self.commands
            )
        return not any(map(_OWN_TARGETS.search, self.outputs))


def read_build_file(build_dir: Path) -> str:
    """Return ``build.ninja`` with what it includes (Ninja manual, "include"); empty for other generators."""
    return "\n".join(_with_included(build_dir, "build.ninja", set()))


def _with_included(build_dir: Path, name: str, seen: set[str]) -> Iterator[str]:
    """Yield the text of a file and of all that it includes, each once."""
    seen.add(name)
    # A dollar sign at the end of a line continues it.
    content = file_state.text(build_dir / name).replace("$\n", "")
    yield content
    for other in re.findall(r"^(?:include|subninja) (\S+)$", content, re.MULTILINE):
        if other not in seen:
            yield from _with_included(build_dir, other, seen)


def file_names(build_file: str) -> frozenset[str]:
    """Return whatever a build file may mean by a file's name without its directory."""
    return frozenset(re.split(r"[\s\"'/=,;:|]+", build_file))


def steps(build_file: str) -> Iterator[Step]:
    """Yield the steps of a build file."""
    step: Step | None = None
    for line in build_file.splitlines():
        if line.startswith("build "):
            if step:
                yield step
            step = _read_step(line.removeprefix("build "))
        elif step and line.startswith(_COMMANDS):
            command = line.partition(" = ")[2].strip()
            step = step._replace(commands=(*step.commands, command))
    if step:
        yield step


def _read_step(statement: str) -> Step:
    """Read ``outputs: rule inputs``."""
    # An escaped colon belongs to a name. A null byte, which no name has, stands for it until the names are split.
    outputs, _, rest = statement.replace("$:", "\0").partition(":")
    # What is only to be made before, or validated, does not make the step run when it changes.
    read, _, _ = rest.partition(" || ")
    read, _, _ = read.partition(" |@ ")
    rule, *inputs = _split(read)
    return Step(rule, tuple(_split(outputs)), tuple(inputs))


def unescaped(command: str) -> str:
    """Return a command as the shell gets it (Ninja manual, "Lexical syntax").

    >>> unescaped("echo $$HOME a$:b")
    'echo $HOME a:b'
    """
    return re.sub(r"\$([$: ])", r"\1", command)


def _split(names: str) -> list[str]:
    """Split names at blanks that are not escaped, and undo Ninja's escapes."""
    found: list[str] = []
    for name in re.split(r"(?<!\$) +", names.strip()):
        if name not in _SEPARATORS:
            plain = name.replace("${cmake_ninja_workdir}", "").replace("$ ", " ")
            found.append(plain.replace("\0", ":").replace("$$", "$"))
    return found
