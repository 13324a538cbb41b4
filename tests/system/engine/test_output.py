"""What tools print reaches its reader unchanged and at once; its last lines are known afterwards."""

from __future__ import annotations

import subprocess
import sys
import time

SCRIPT = """
import subprocess, sys
from truewheel.system.engine.output import kept_output
print("before", flush=True)
with kept_output() as lines:
    {inside}
print("after", list(lines), flush=True)
"""
SPEAK = """subprocess.run(["sh", "-c", 'for n in 1 2 3; do echo "out $n"; echo "err $n" >&2; done; printf rest'])"""


def run(inside: str, **streams: object) -> subprocess.CompletedProcess[str]:
    """Run code while output is kept, in a process of its own."""
    command = [sys.executable, "-c", SCRIPT.format(inside=inside)]
    return subprocess.run(command, text=True, check=True, **streams)  # type: ignore[call-overload, no-any-return]


def test_one_stream_keeps_its_order() -> None:
    done = run(SPEAK, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    *said, after = done.stdout.splitlines()
    wanted = ["out 1", "err 1", "out 2", "err 2", "out 3", "err 3", "rest"]
    assert ["before", *wanted[:-1]] == said
    assert after == f"restafter {wanted!r}"


def test_two_streams_stay_two() -> None:
    done = run(SPEAK, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert done.stdout.startswith("before\nout 1\nout 2\nout 3\nrest")
    assert done.stderr == "err 1\nerr 2\nerr 3\n"
    assert "'out 3'" in done.stdout
    assert "'err 3'" in done.stdout


def test_bytes_that_are_not_text_pass_as_they_are() -> None:
    inside = r"""subprocess.run(["printf", r"\377\200 line\r\n"])"""
    command = [sys.executable, "-c", SCRIPT.format(inside=inside)]
    assert (
        b"\xff\x80 line\r\n"
        in subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    )


def test_only_the_last_lines_are_kept() -> None:
    done = run("subprocess.run(['seq', '20000'])", stdout=subprocess.PIPE)
    assert "20000\nafter ['15001'" in done.stdout
    assert "\n15000\n" in done.stdout


def test_a_daemon_that_stays_does_not_hold_the_build_up() -> None:
    """Compilation caches and build servers leave one behind that has the streams still open."""
    began = time.monotonic()
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            SCRIPT.format(inside="subprocess.Popen(['sleep', '30']); print('said')"),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    lines = []
    while not lines or not lines[-1].startswith("after"):
        lines.append(process.stdout.readline())
    assert time.monotonic() - began < 15
    assert lines[:2] == ["before\n", "said\n"]
    assert process.wait(timeout=15) == 0
    process.stdout.close()


def test_closed_streams_do_no_harm() -> None:
    script = "import os; os.close(1); from truewheel.system.engine.output import kept_output\nwith kept_output(): pass"
    subprocess.run([sys.executable, "-c", script], check=True)
