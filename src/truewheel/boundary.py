"""What stops the work becomes a text on standard error and an exit code, in the same way for hooks and commands.

What a user did wrong, what the machine lacks and what a compiler refuses is told in words. Only truewheel's own mistakes
stay tracebacks. Nothing here is imported before something has stopped, and nothing here decides what is an error.
"""

from __future__ import annotations

import os
import sys

from .model.errors import ExitCode, TruewheelError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

    from .report.text import Style

INTERRUPTED = 130
"""The exit code of a process that Ctrl-C has stopped, as shells give it: 128 and the number of SIGINT."""


def stop_hook(error: BaseException) -> int | None:
    """Tell why a hook stops, and return its exit code; ``None`` for a mistake of ours, whose traceback is wanted."""
    if isinstance(error, KeyboardInterrupt):
        say("truewheel: interrupted; nothing was written")
        return INTERRUPTED
    explained = explain(error)
    if explained is None and isinstance(error, BrokenPipeError):
        explained = TruewheelError(
            "the program reading this output has closed the pipe"
        )
    if explained is None:
        return None
    tell(explained)
    return int(explained.exit_code)


def stop_command(error: BaseException) -> int | None:
    """Tell why a command stops, and return its exit code; ``None`` for a mistake of ours, whose traceback is wanted."""
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    if isinstance(error, BrokenPipeError):
        # `truewheel show … | head`: the reader has what it wanted, which is not a failure.
        _leave_stdout()
        return int(ExitCode.FINE)
    # The files of a command are named by its user, while a hook opens many that only truewheel knows of.
    explained = _name_file(error) if isinstance(error, OSError) else explain(error)
    if explained is None:
        return None
    tell(explained)
    return int(explained.exit_code)


def explain(error: BaseException) -> TruewheelError | None:
    """Return the error in words; ``None`` when it may as well be a mistake of ours."""
    if isinstance(error, TruewheelError):
        return error
    if isinstance(error, MemoryError):
        return TruewheelError(
            "there is not enough memory",
            hint="give it more, or look at fewer files at once",
        )
    if isinstance(error, OSError):
        from .model.os_errors import explain_machine_failure

        return explain_machine_failure(error, home=_working_directory())
    if isinstance(error, ImportError) and (error.name or "").startswith(
        "scikit_build_core"
    ):
        # Its private parts move between releases; the contract test (tests/system/engine) knows the supported ones.
        return TruewheelError(
            f"this scikit-build-core is not one that truewheel works with ({error})",
            hint="require scikit-build-core<2",
        )
    return None


def tell(error: TruewheelError) -> None:
    """Print an error as people read it."""
    from .report.text import error_text

    say(error_text(error, style_for(sys.stderr)))


def say(text: str) -> None:
    """Print a text to standard error, after everything that was printed before."""
    import contextlib

    # A stream without a place to go may be the very thing to tell of; the exit code remains.
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    with contextlib.suppress(OSError):
        print(text, file=sys.stderr, flush=True)


def style_for(stream: TextIO, *, verbose: bool = False) -> Style:
    """Return how to write for whoever reads ``stream``: in colour on a terminal, unless NO_COLOR forbids it.

    Source: https://no-color.org
    """
    from .report.text import Style

    return Style(
        colour=stream.isatty() and not os.environ.get("NO_COLOR"), verbose=verbose
    )


def _working_directory() -> str:
    """Return the directory that relative paths start from; empty when it was deleted."""
    try:
        # Not Path.cwd(): pathlib is slow to import, and this may be said by `show`.
        return os.getcwd()
    except OSError:
        return ""


def _name_file(error: OSError) -> TruewheelError:
    """Return an error of the operating system in words, for whoever named the file."""
    from .model.os_errors import hint_for

    # Without a name it is our own output that has no place to go.
    what = "the output cannot be written"
    if error.filename:
        what = f"{os.fsdecode(error.filename)} cannot be used"
    return TruewheelError(f"{what}: {error.strerror}", hint=hint_for(error))


def _leave_stdout() -> None:
    """Let standard output lead nowhere, so that the interpreter does not complain when it closes it.

    Source: https://docs.python.org/3/library/signal.html#note-on-sigpipe
    """
    import contextlib

    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
