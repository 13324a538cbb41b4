"""Which files a link command names, as the linker would find them: paths, ``-lNAME`` in ``-L`` directories, linker scripts.

The parts of the command come from CMake (``file_api``). Where a file is not found, nothing is said about it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from .file_api import CMakeAnswer, LinkedTarget
from .linked_files import (
    Nature,
    files_in_script,
    is_file,
    library_names,
    nature_of,
)

_WORD = re.compile(r"""(?:[^\s"'\\]|\\[\s"'$\\]|\\|"(?:\\["$\\]|[^"])*"|'[^']*')+""")
_QUOTED = re.compile(r"""\\([\s"'$\\])|["']""")
_SCRIPTS_IN_SCRIPTS = 4
"""How deep linker scripts are followed; more than any is."""


def linked_files(
    target: LinkedTarget,
    answer: CMakeAnswer,
) -> dict[str, Nature]:
    """Return the libraries that a target is linked with, and what each is: absolute paths, in order of the link."""
    return _Link(target, answer).files()


def split_words(fragment: str) -> list[str]:
    r"""Return the words of a part of a command, which is quoted for a shell; Windows' paths keep their backslashes.

    >>> split_words("-L/opt/lib '-la b' \"C:\\lib\\x.lib\"")
    ['-L/opt/lib', '-la b', 'C:\\lib\\x.lib']
    """
    words: list[str] = []
    for quoted in _WORD.findall(fragment):
        word = _QUOTED.sub(lambda match: match[1] or "", quoted)
        words.append(word)
    return words


class _Link:
    """The link command of one target, read from left to right."""

    def __init__(
        self,
        target: LinkedTarget,
        answer: CMakeAnswer,
    ) -> None:
        """Find out where the linker looks for libraries."""
        self._words = list(_linker_words(target.fragments))
        # Ninja runs all commands in the top directory, but CMake before 3.20 wrote paths for the target's own; Make does run
        # them there (https://gitlab.kitware.com/cmake/cmake/-/issues/22301).
        self._bases = [answer.build_dir, target.build_dir]
        if not answer.generator.startswith("Ninja"):
            self._bases.reverse()
        self._directories = _named_directories(self._words, self._bases)
        self._directories += answer.link_directories
        self._implicit = answer.implicit_libraries.get(target.language, ())
        self._wants_static = False
        self._found: dict[str, Nature] = {}

    def files(self) -> dict[str, Nature]:
        """Return the libraries of the command, and those that the compiler adds to it."""
        for word in self._words:
            # It holds for what follows (GNU ld, "-Bstatic").
            if word in ("-Bstatic", "-Bdynamic"):
                self._wants_static = word == "-Bstatic"
            else:
                self._add(word, self._bases, depth=0)
        return {**self._found, **self._runtime()}

    def _runtime(self) -> dict[str, Nature]:
        """Return the shared libraries that the compiler adds: those of C, of C++, of Fortran."""
        named, self._found, self._wants_static = self._found, {}, False
        for name in self._implicit:
            # Mostly names, but paths and options too (CMAKE_<LANG>_IMPLICIT_LINK_LIBRARIES).
            is_path = Path(name).is_absolute()
            word = name if is_path or name.startswith("-") else f"-l{name}"
            self._add(word, self._bases, depth=0)
        added, self._found = self._found, named
        # Parts of compilers, such as libgcc.a, are in every file that they make.
        shared = [path for path, nature in added.items() if nature is Nature.SHARED]
        return dict.fromkeys(shared, Nature.SHARED)

    def _add(
        self,
        word: str,
        bases: Sequence[str],
        *,
        depth: int,
    ) -> None:
        """Note the library that a word names, or those that a linker script there names."""
        path = self._find(word, bases)
        if path is None:
            return
        nature = nature_of(path)
        if nature in (Nature.SHARED, Nature.STATIC, Nature.IMPORT):
            real = os.path.realpath(path)
            self._found.setdefault(real, nature)
        elif nature is Nature.SCRIPT and depth < _SCRIPTS_IN_SCRIPTS:
            # Names in a script are looked for beside it as well (GNU ld, "INPUT").
            beside = str(Path(path).parent)
            places = [*bases, beside, *self._directories]
            for name in files_in_script(path):
                self._add(name, places, depth=depth + 1)

    def _find(
        self,
        word: str,
        bases: Sequence[str],
    ) -> str | None:
        """Return the file that a word of the command means; ``None`` for options and for what is not there."""
        if word.startswith("-l"):
            names = library_names(word[2:])
            if self._wants_static:
                names = names[-1:]
            return _first_file(self._directories, names)
        if word.startswith("-"):
            return None
        return _first_file(bases, (word,))


def _first_file(
    directories: Sequence[str],
    names: Sequence[str],
) -> str | None:
    """Return the first file that there is: a linker looks for all names in a directory before it goes to the next."""
    for directory in directories:
        for name in names:
            path = os.path.normpath(Path(directory, name))
            if is_file(path):
                return path
    return None


def _linker_words(fragments: Sequence[str]) -> Iterator[str]:
    """Yield the words that a linker gets, of those that go through the compiler (``-Wl,``) too."""
    for fragment in fragments:
        for word in split_words(fragment):
            if not word.startswith("-Wl,"):
                yield word
                continue
            _, *parts = word.split(",")
            for part in parts:
                # Others are options, and names that belong to them, such as that of -soname.
                is_path = Path(part).is_absolute()
                if is_path or part.startswith("-B"):
                    yield part


def _named_directories(
    words: Sequence[str],
    bases: Sequence[str],
) -> list[str]:
    """Return the directories of ``-L``, and of Microsoft's ``-LIBPATH:``; they hold for the whole command."""
    found: dict[str, None] = {}
    for word in words:
        directory = ""
        if word[1:9].upper() == "LIBPATH:":
            directory = word[9:]
        elif word.startswith("-L"):
            directory = word[2:]
        if not directory:
            continue
        for base in bases:
            place = Path(base, directory)
            found[os.path.normpath(place)] = None
    return list(found)
