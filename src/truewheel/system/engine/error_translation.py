"""scikit-build-core's ways of failing become errors of truewheel's: it prints and exits, or raises its own exceptions.

Everything that goes by scikit-build-core's words stands in this file: the prefix ``ERROR:`` of what it prints before it
exits, one piece of advice, and the messages of ``FailedLiveProcessError``. It offers no other sign of what happened; a
contract test holds each of them (``tests/system/engine/test_engine.py``).
"""

from __future__ import annotations

import contextlib
import io
import re
import sys
from collections.abc import Iterator
from typing import Any, cast

from packaging.version import InvalidVersion
from scikit_build_core.errors import (
    FailedLiveProcessError,
    NotFoundError,
    ScikitBuildError,
)

from ...model.errors import ConfigError, EngineError, Problem, TruewheelError
from ...model.request import Request

WRONG_SETTINGS = "the settings of the build engine are wrong"

_ERROR_SIGN = "ERROR:"
"""Begins what scikit-build-core prints before it exits."""
_IDLE_ADVICE = "CMakeLists.txt not found when looking for"
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")

_PHASES = {
    "CMake configuration failed": "configure",
    "CMake build failed": "build",
    "CMake install failed": "install",
}
"""The step that failed, by the message of ``FailedLiveProcessError``. ``cmake.targets`` are built by the install step, so
that the step being taken does not tell which command failed."""
_PHASE_HINTS = {
    "configure": "CMake's own message is above; -Clogging.level=INFO shows the command",
    "build": "the compiler's own message is above; -Cbuild.verbose=true shows each command",
    "install": "CMake's own message is above; look at the install() commands of CMakeLists.txt",
}

_OWN_ERRORS = (
    ScikitBuildError,
    FileNotFoundError,
    FileExistsError,
    IsADirectoryError,
    PermissionError,
    AssertionError,
    ValueError,
    TypeError,
)
"""What scikit-build-core raises for mistakes in its settings and in the files that they name."""


@contextlib.contextmanager
def translated_errors(message: str) -> Iterator[None]:
    """Raise what scikit-build-core complains of as an error of truewheel's.

    :param message: what could not be done.
    :raises ConfigError: when it exits, or raises an error of its own.
    :raises EngineError: when it finds no CMake.
    """
    holders: list[_ErrorHolder] = []
    try:
        with _errors_held_back(holders):
            yield
    except SystemExit as exit_:
        raise ConfigError(message, problems=_printed_problems(holders)) from exit_
    except NotFoundError as error:
        hint = "install it, or let the front end install it: build with isolation"
        raise EngineError(str(error), phase="find CMake", hint=hint) from error
    except _OWN_ERRORS as error:
        if isinstance(error, FileNotFoundError) and not error.args:
            raise  # without a file name or a text there is nothing to tell but the traceback
        # The settings name files and directories, so that errors of the system are mistakes in them.
        raise _settings_error(message, error) from error


@contextlib.contextmanager
def translated_failure(phase: str) -> Iterator[None]:
    """Raise the failure of a command that CMake ran as an error that knows its phase.

    The command's own output stands above it already.

    :param phase: the step that is taken: ``configure``, ``build``, ``install``.
    """
    try:
        yield
    except FailedLiveProcessError as error:
        message = str(error.args[0])
        # A message that a later scikit-build-core may have is told by the step that was taken.
        failed = _PHASES.get(message, phase)
        raise EngineError(message, phase=failed, hint=_PHASE_HINTS[failed]) from None


@contextlib.contextmanager
def translated_value_errors(request: Request) -> Iterator[None]:
    """Raise values that do not fit their setting as problems with their places.

    scikit-build-core raises a group of exceptions with notes for them. For a version in CMakeLists.txt that is not a
    version it lets the exception of ``packaging`` through.

    :raises ConfigError: with all of them.
    """
    try:
        yield
    except InvalidVersion as error:  # versions in the settings come as groups, below
        from .settings_errors import invalid_minimum_error

        raise invalid_minimum_error(error) from None
    except Exception as error:
        from .settings_errors import values_of_another_type

        problems = list(values_of_another_type(error, request))
        # Exceptions without notes are mistakes of ours or of scikit-build-core's.
        if not problems:
            raise
        raise ConfigError(WRONG_SETTINGS, problems=problems) from None


@contextlib.contextmanager
def translated_provider_errors() -> Iterator[None]:
    """Raise whatever a metadata provider raises as a mistake in its table, or in the files that it reads."""
    try:
        yield
    # An error of truewheel's says already what is wrong.
    except TruewheelError:
        raise
    except Exception as error:
        problem = Problem(
            where="project.dynamic",
            message=f"{type(error).__name__}: {_describe(error)}",
        )
        raise ConfigError(
            "dynamic metadata cannot be computed", problems=[problem]
        ) from error


@contextlib.contextmanager
def held_back_advice() -> Iterator[None]:
    """Leave out the advice that there is no CMakeLists.txt to look for a version in, and pass everything else on.

    Nothing needs that file without CMake, and with CMake the build says so itself.
    """
    printed = io.StringIO()
    try:
        with contextlib.redirect_stderr(printed):
            yield
    finally:
        for line in printed.getvalue().splitlines(keepends=True):
            if _IDLE_ADVICE not in line:
                sys.stderr.write(line)


class _ErrorHolder:
    """A stream that passes on what is written, but holds everything back from the first ``ERROR:`` on."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.held: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Pass the text on, or hold it back."""
        plain = _COLOUR.sub("", text)
        if _ERROR_SIGN in plain or self.held:
            self.held.append(plain)
        else:
            self._stream.write(text)
        return len(text)

    def release(self) -> None:
        """Pass on what was held back: it was not the reason for an exit."""
        self._stream.write("".join(self.held))


@contextlib.contextmanager
def _errors_held_back(holders: list[_ErrorHolder]) -> Iterator[None]:
    """Hold back what is printed from ``ERROR:`` on, until it is known whether an exit follows.

    :param holders: gets the two streams; after an exit they hold the reason for it.
    """
    out, err = _ErrorHolder(sys.stdout), _ErrorHolder(sys.stderr)
    holders += [err, out]
    # Some of its complaints go to standard output, some to standard error.
    with (
        contextlib.redirect_stdout(cast("Any", out)),
        contextlib.redirect_stderr(cast("Any", err)),
    ):
        try:
            yield
        except SystemExit:
            raise
        # An exception tells what is wrong by itself, and what was printed before it is still wanted.
        except BaseException:
            out.release()
            err.release()
            raise
    out.release()
    err.release()


def _printed_problems(holders: list[_ErrorHolder]) -> list[Problem]:
    """Return a problem for each line that was printed before the exit."""
    text = "".join("".join(holder.held) for holder in holders)
    # What is unknown is printed as a list, a line each.
    lines = [line.strip() for line in text.replace(_ERROR_SIGN, "").splitlines()]
    return [Problem(where="tool.scikit-build", message=line) for line in lines if line]


def _settings_error(message: str, error: BaseException) -> ConfigError:
    """Return an exception of scikit-build-core's as a mistake in its settings, with the machine's failure behind it."""
    from ...model.os_errors import explain_machine_failure  # nothing fails as a rule

    told, hint = _describe(error), None
    if isinstance(error.__cause__, OSError):
        cause = explain_machine_failure(error.__cause__)
        if cause is not None:
            told, hint = f"{told}: {cause.message}", cause.hint
    return ConfigError(
        message, problems=[Problem(where="tool.scikit-build", message=told)], hint=hint
    )


def _describe(error: BaseException) -> str:
    """Return what an exception says, in one line."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error) or type(error).__name__
