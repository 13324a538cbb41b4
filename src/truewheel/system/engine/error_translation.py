"""What scikit-build-core complains of, as errors of truewheel's: it prints and exits, or raises what is its own."""

from __future__ import annotations

import contextlib
import io
import re
import sys
from collections.abc import Iterator
from typing import Any, cast

from packaging.version import InvalidVersion
from scikit_build_core.errors import NotFoundError, ScikitBuildError

from ...model.errors import ConfigError, EngineError, Problem, TruewheelError
from ...model.request import Request

WRONG = "the settings of the build engine are wrong"


@contextlib.contextmanager
def wrong_values(request: Request) -> Iterator[None]:
    """Values that are not of their setting's type, for which the engine raises a group of exceptions with notes, and a
    version in CMakeLists.txt that is none.

    :raises ConfigError: with all of them.
    """
    try:
        yield
    except InvalidVersion as error:  # of the settings' own versions, the groups below tell
        from .settings_errors import no_version

        raise no_version(error) from None
    except Exception as error:
        from .settings_errors import misfits

        problems = list(misfits(error, request))
        if not problems:
            raise
        raise ConfigError(WRONG, problems=problems) from None


@contextlib.contextmanager
def without_idle_advice() -> Iterator[None]:
    """Leaves out that there is no CMakeLists.txt to look for a version in: nothing needs one without CMake, and with it
    the build says so itself."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            yield
    finally:
        for line in said.getvalue().splitlines(keepends=True):
            if "CMakeLists.txt not found when looking for" not in line:
                sys.stderr.write(line)


class _Tee:
    """A stream that passes on what is written, and keeps everything from the first line that begins with ERROR."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.kept: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
        if "ERROR:" in plain or self.kept:
            self.kept.append(plain)
        else:
            self._stream.write(text)
        return len(text)

    def release(self) -> None:
        """Pass on what was kept: it was not the reason for an exit."""
        self._stream.write("".join(self.kept))


@contextlib.contextmanager
def complaints(message: str) -> Iterator[None]:
    """The engine prints what is wrong and exits; here that becomes an error that carries the text."""
    out, err = _Tee(sys.stdout), _Tee(sys.stderr)
    try:
        with contextlib.redirect_stdout(cast("Any", out)), contextlib.redirect_stderr(cast("Any", err)):
            try:
                yield
            except SystemExit:
                raise
            except BaseException:
                out.release()
                err.release()
                raise
        out.release()
        err.release()
    except SystemExit as exit_:
        text = "".join([*err.kept, *out.kept]).replace("ERROR:", "").strip()
        problems = [
            Problem(where="tool.scikit-build", message=line.strip()) for line in text.splitlines() if line.strip()
        ]
        raise ConfigError(message, problems=problems) from exit_
    except NotFoundError as error:
        hint = "install it, or let the front end install it: build with isolation"
        raise EngineError(str(error), phase="find CMake", hint=hint) from error
    except (
        ScikitBuildError,
        FileNotFoundError,
        FileExistsError,
        IsADirectoryError,
        PermissionError,
        AssertionError,
        ValueError,
        TypeError,
    ) as error:
        from ...model.os_errors import explain_machine_failure  # nothing fails as a rule

        if isinstance(error, FileNotFoundError) and error.filename is None and not error.args:
            raise
        cause = explain_machine_failure(error.__cause__) if isinstance(error.__cause__, OSError) else None
        told = f"{_said(error)}: {cause.message}" if cause is not None else _said(error)
        problem = Problem(where="tool.scikit-build", message=told)
        raise ConfigError(message, problems=[problem], hint=cause.hint if cause is not None else None) from error


def _said(error: BaseException) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error) or type(error).__name__


@contextlib.contextmanager
def provider_errors() -> Iterator[None]:
    """Whatever a metadata provider raises is a mistake in its table, or in the files that it reads."""
    try:
        yield
    except TruewheelError:
        raise
    except Exception as error:
        problem = Problem(where="project.dynamic", message=f"{type(error).__name__}: {_said(error)}")
        raise ConfigError("dynamic metadata cannot be computed", problems=[problem]) from error
