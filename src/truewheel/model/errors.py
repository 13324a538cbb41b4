"""What stops the work: errors, each with its exit code. What is wrong with a wheel is a finding (``model/finding.py``)."""

from __future__ import annotations

from .record import IntEnum, Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import ClassVar

    from .finding import Finding


class ExitCode(IntEnum):
    """What the ``truewheel`` command returns to the shell."""

    # Scripts and CI rely on these numbers: they never change.
    FINE = 0
    FINDINGS = 1
    # argparse ends with 2, too, when it cannot read the command line.
    USAGE = 2
    BUILD_FAILED = 3
    NOT_A_WHEEL = 4


class TruewheelError(Exception):
    """Something that stops the work, said so that a person can act on it.

    :param message: one sentence, what went wrong; names the file.
    :param context: the evidence, a line each.
    :param hint: something that the user can type or change.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.USAGE

    def __init__(
        self, message: str, *, context: Iterable[str] = (), hint: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.context = tuple(context)
        self.hint = hint

    def __reduce__(self) -> tuple[object, ...]:
        """Return how it gets from one process to another: its constructor takes words that pickle does not know."""
        return _revived, (type(self), self.args, dict(self.__dict__))


def _revived(
    kind: type[TruewheelError], args: tuple[object, ...], state: dict[str, object]
) -> TruewheelError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


class Problem(Record):
    """One mistake in a configuration: its full TOML path (``project.version``), what is wrong, and a cure."""

    where: str
    message: str
    hint: str | None = None


class ConfigError(TruewheelError):
    """The project's configuration is wrong; carries every problem at once."""

    def __init__(
        self, message: str, *, problems: Iterable[Problem], hint: str | None = None
    ) -> None:
        """Keep the problems, and make a line of evidence of each."""
        self.problems = tuple(problems)
        lines = []
        for problem in self.problems:
            line = f"{problem.where}: {problem.message}"
            # A hint of its own for each: the error's hint is about the whole file.
            if problem.hint:
                line += f" ({problem.hint})"
            lines.append(line)
        super().__init__(message, context=lines, hint=hint)


class EngineError(TruewheelError):
    """CMake, the compiler or another tool of the build failed.

    :param phase: ``configure``, ``build``, ``install``, …
    :param argv: the command that failed, empty when no command ran.
    :param returncode: its exit status, ``None`` when it did not run.
    :ivar said: what the tools printed, a line each: the last ones. Where it is not known, empty.
    """

    exit_code = ExitCode.BUILD_FAILED

    def __init__(
        self,
        message: str,
        *,
        phase: str,
        argv: Iterable[str] = (),
        returncode: int | None = None,
        context: Iterable[str] = (),
        hint: str | None = None,
    ) -> None:
        """Keep what is known of the command; what it printed is added by whoever has heard it."""
        super().__init__(message, context=context, hint=hint)
        self.phase = phase
        self.said: tuple[str, ...] = ()
        self.argv = tuple(argv)
        self.returncode = returncode


class FormatError(TruewheelError):
    """A binary file is not what its header claims.

    :param offset: the byte at which reading failed, from the start of the file (or archive member).
    :param field: the name that the format's specification gives to what was read (``e_shoff``).
    :param value: what was found there.
    :param reason: the message without its first words, which call the whole file broken; the message itself by default.
    """

    exit_code = ExitCode.NOT_A_WHEEL

    def __init__(
        self,
        message: str,
        *,
        offset: int,
        field: str,
        value: object = None,
        hint: str | None = None,
        reason: str | None = None,
    ) -> None:
        """Keep the place, and make the line of evidence of it."""
        place = f"at byte {offset:#x}, {field}"
        # Where a file is cut there is no value that could be told.
        if value is not None:
            place += f" = {value!r}"
        super().__init__(message, context=[place], hint=hint)
        self.offset = offset
        self.field = field
        self.value = value
        self.reason = message if reason is None else reason


class WheelError(TruewheelError):
    """A file is not a wheel that can be read, or a wheel cannot be written."""

    exit_code = ExitCode.NOT_A_WHEEL


class VerdictError(TruewheelError):
    """A build that succeeded made something that must not be shipped as declared; carries the findings."""

    exit_code = ExitCode.FINDINGS

    def __init__(
        self,
        message: str,
        *,
        findings: Iterable[Finding],
        context: Iterable[str] = (),
        hint: str | None = None,
    ) -> None:
        """Keep the findings."""
        self.findings = tuple(findings)
        super().__init__(message, context=context, hint=hint)


class RepairError(TruewheelError):
    """A wheel cannot be made self-contained: a library is missing or unfit, or a file has no room for what it must say."""

    exit_code = ExitCode.FINDINGS
