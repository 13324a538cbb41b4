"""What stops the work: the same exception gives the same words and exit code to hooks and commands."""

from __future__ import annotations

import errno
import io

import pytest

from truewheel import boundary
from truewheel.model.errors import EngineError, ExitCode, TruewheelError, WheelError


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (
            TruewheelError("x is wrong", hint="write y"),
            ExitCode.USAGE,
            "error: x is wrong\n  hint: write y\n",
        ),
        (
            EngineError("CMake failed", phase="build"),
            ExitCode.BUILD_FAILED,
            "error: CMake failed\n",
        ),
        (WheelError("no wheel"), ExitCode.NOT_A_WHEEL, "error: no wheel\n"),
        (MemoryError(), ExitCode.USAGE, "error: there is not enough memory\n"),
        (
            ImportError("no such name", name="scikit_build_core.build"),
            ExitCode.USAGE,
            "error: this scikit-build-core is not one that truewheel works with (no such name)\n",
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_hooks_and_commands_say_the_same(
    error: BaseException, code: int, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert boundary.stop_hook(error) == code
    of_the_hook = capsys.readouterr().err
    assert of_the_hook.startswith(text)
    assert boundary.stop_command(error) == code
    assert capsys.readouterr().err == of_the_hook


@pytest.mark.parametrize("stop", [boundary.stop_hook, boundary.stop_command])
@pytest.mark.parametrize(
    "error",
    [KeyError("x"), ImportError("gone", name="truewheel.nothing"), AssertionError()],
)
def test_mistakes_of_ours_keep_their_traceback(
    stop: object, error: BaseException, capsys: pytest.CaptureFixture[str]
) -> None:
    assert callable(stop)
    assert stop(error) is None
    assert capsys.readouterr() == ("", "")


def test_a_full_disk_is_told_by_both_with_what_to_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = OSError(errno.ENOSPC, "No space left on device", "/there/x")
    assert boundary.stop_hook(error) == ExitCode.USAGE
    assert capsys.readouterr().err.startswith(
        "error: /there/x: No space left on device\n  hint: make room there"
    )
    assert boundary.stop_command(error) == ExitCode.USAGE
    said = capsys.readouterr().err
    assert said.startswith(
        "error: /there/x cannot be used: No space left on device\n  hint: make room there"
    )


def test_a_missing_file_is_a_mistake_of_the_user_in_a_command_and_of_ours_in_a_hook(
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = FileNotFoundError(errno.ENOENT, "No such file or directory", "/there/x")
    assert boundary.stop_hook(error) is None
    assert boundary.stop_command(error) == ExitCode.USAGE
    assert (
        capsys.readouterr().err
        == "error: /there/x cannot be used: No such file or directory\n"
    )


def test_ctrl_c_is_what_shells_expect(capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        boundary.stop_command(KeyboardInterrupt())
        == boundary.stop_hook(KeyboardInterrupt())
        == 130
    )
    assert capsys.readouterr().err == "truewheel: interrupted; nothing was written\n"


def test_a_hook_whose_reader_has_gone_did_not_go_well(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A front end that gets no result must not take the exit code for success."""
    assert boundary.stop_hook(BrokenPipeError()) == ExitCode.USAGE
    assert (
        capsys.readouterr().err
        == "error: the program reading this output has closed the pipe\n"
    )


@pytest.mark.parametrize("variable", ["", "1"])
def test_colour_is_for_terminals_that_want_it(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", variable)
    terminal = io.StringIO()
    assert not boundary.style_for(terminal).colour
    monkeypatch.setattr(terminal, "isatty", lambda: True, raising=False)
    assert boundary.style_for(terminal, verbose=True).colour == (not variable)
