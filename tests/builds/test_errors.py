"""Mistakes of users, through a real front end: one clear message, the right exit code, and no half-written product."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support import hooks, needs


def build(source: Path, output: Path) -> subprocess.CompletedProcess[str]:
    """Run ``python -m build --wheel --no-isolation``."""
    needs.program("gcc")
    command = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--skip-dependency-check",
        "-o",
        str(output),
        str(source),
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def told(run: subprocess.CompletedProcess[str]) -> str:
    """Return everything that was printed."""
    return run.stdout + run.stderr


def test_a_missing_cmakelists_is_named_with_a_cure(tmp_path: Path) -> None:
    run = build(hooks.project(tmp_path, cmake=""), tmp_path / "out")
    assert run.returncode != 0
    assert "error: CMakeLists.txt is missing" in told(run)
    assert "wheel.cmake = false" in told(run)
    assert "Traceback" not in told(run)


def test_a_failed_configuration_shows_cmakes_own_lines(tmp_path: Path) -> None:
    cmake = hooks.CMAKE.replace(
        "find_package(Python", "find_package(Nothing REQUIRED)\nfind_package(Python"
    )
    run = build(hooks.project(tmp_path, cmake=cmake), tmp_path / "out")
    assert run.returncode != 0
    assert "error: CMake configuration failed" in told(run)
    assert "FindNothing.cmake" in told(run)
    assert "Traceback" not in told(run)


def test_a_compile_error_shows_the_compilers_own_lines(tmp_path: Path) -> None:
    run = build(hooks.project(tmp_path, value="1 + ;"), tmp_path / "out")
    assert run.returncode != 0
    assert "m.c:4" in told(run)
    assert "error: expected expression" in told(run)
    assert "error: CMake build failed" in told(run)
    assert "Traceback" not in told(run)
    assert list((tmp_path / "out").glob("*")) == []


def test_a_failed_install_names_the_missing_file(tmp_path: Path) -> None:
    run = build(
        hooks.project(
            tmp_path, cmake=hooks.CMAKE + "install(FILES gone.txt DESTINATION pkg)\n"
        ),
        tmp_path / "out",
    )
    assert run.returncode != 0
    assert "error: CMake install failed" in told(run)
    assert "gone.txt" in told(run)


def test_an_empty_wheel_fails_and_asks_for_install(tmp_path: Path) -> None:
    source = hooks.project(
        tmp_path,
        cmake=hooks.CMAKE.replace("install(TARGETS _m DESTINATION pkg)\n", ""),
        pyproject="[tool.scikit-build]\nwheel.packages = []\n",
    )
    run = build(source, tmp_path / "out")
    assert run.returncode != 0
    assert "TW523" in told(run)
    assert "install(TARGETS" in told(run)


@pytest.mark.parametrize(("hook", "status"), [("build_wheel", 3), ("build_sdist", 0)])
def test_only_hooks_that_compile_fail_for_a_compile_error(
    tmp_path: Path, hook: str, status: int
) -> None:
    run = hooks.hook(hooks.project(tmp_path, value="1 + ;"), hook, tmp_path / "out")
    assert run.returncode == status


def test_wrong_configuration_is_exit_code_two(tmp_path: Path) -> None:
    run = hooks.hook(
        hooks.project(tmp_path, pyproject="[tool.truewheel]\ntagg = 1\n"),
        "build_wheel",
        tmp_path / "out",
    )
    assert run.returncode == 2
    assert (
        "tool.truewheel.tagg: there is no such setting (did you mean tag?)"
        in run.stderr
    )
    assert "Traceback" not in run.stderr


def test_misspelt_tables_and_variables_are_named_with_a_guess(tmp_path: Path) -> None:
    source = hooks.project(tmp_path, pyproject='[tool.truewhel]\ntag = "native"\n')
    run = hooks.hook(
        source, "build_wheel", tmp_path / "out", environ={"TRUEWHEEL_TGA": "native"}
    )
    assert run.returncode == 2
    assert (
        "tool.truewhel: nothing reads this table (did you mean tool.truewheel?)"
        in run.stderr
    )
    assert (
        "TRUEWHEEL_TGA: there is no such variable (did you mean TRUEWHEEL_TAG?)"
        in run.stderr
    )


@pytest.mark.parametrize("name", ["scikit-biuld", "scikit_build", "true-wheel"])
def test_a_misspelt_table_stops_the_build(tmp_path: Path, name: str) -> None:
    source = hooks.project(tmp_path, pyproject=f"[tool.{name}]\nbuild.verbose = true\n")
    run = hooks.hook(source, "prepare_metadata_for_build_wheel", tmp_path / "out")
    assert run.returncode == 2
    assert run.stderr.startswith("error: pyproject.toml has mistakes\n")
    assert f"tool.{name}: nothing reads this table (did you mean tool." in run.stderr


def test_a_value_of_the_wrong_type_is_told_without_a_traceback(tmp_path: Path) -> None:
    source = hooks.project(
        tmp_path, pyproject='[tool.scikit-build]\nlogging.level = "LOUD"\n'
    )
    for hook, given in (
        ("get_requires_for_build_wheel", ()),
        ("build_wheel", (tmp_path / "out",)),
    ):
        run = hooks.hook(source, hook, *given)
        assert run.returncode == 2, run.stderr
        assert "because: tool.scikit-build.logging.level: 'LOUD' not in" in run.stderr
        assert "Traceback" not in run.stderr


def test_mistakes_in_options_are_not_blamed_on_the_file(tmp_path: Path) -> None:
    run = hooks.hook(
        hooks.project(tmp_path),
        "build_wheel",
        tmp_path / "out",
        {"truewheel.tga": "native"},
    )
    assert run.returncode == 2
    assert "pyproject.toml" not in run.stderr
    assert "error: options of the front end (-C) have mistakes\n" in run.stderr


@pytest.mark.parametrize(
    ("settings", "options", "tag"),
    [
        (
            '[tool.truewheel]\ntag = "manylinux_2_17_x86_63"\n',
            {},
            "manylinux_2_17_x86_63",
        ),
        ('[tool.truewheel]\ntag = "foo"\n', {}, "foo"),
        (
            "",
            {"wheel.tags": "py3-none-any;py3-none-manylinux_2_17_x86_63"},
            "manylinux_2_17_x86_63",
        ),
    ],
)
def test_an_impossible_tag_is_refused_before_anything_is_compiled(
    tmp_path: Path, settings: str, options: dict[str, str], tag: str
) -> None:
    source = hooks.project(tmp_path, pyproject=settings, value="1 + ;")
    run = hooks.hook(source, "build_wheel", tmp_path / "out", options)
    assert run.returncode == 1
    assert run.stdout == ""
    assert (
        f"error TW315: {tag}: {tag} is not a platform tag that can be checked here"
        in run.stderr
    )


def test_a_missing_cmakelists_is_told_once(tmp_path: Path) -> None:
    run = hooks.hook(hooks.project(tmp_path, cmake=""), "build_wheel", tmp_path / "out")
    assert run.returncode == 3
    assert run.stderr.count("CMakeLists.txt") == 1
    assert "WARNING" not in run.stderr


def test_an_output_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file in the way")
    run = hooks.hook(hooks.project(tmp_path), "build_wheel", tmp_path / "out")
    assert run.returncode == 2
    assert "cannot be written" in run.stderr
    assert "hint: choose another output directory" in run.stderr
    assert (tmp_path / "out").read_text() == "a file in the way"


def test_a_read_only_output_directory_is_told(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root writes everywhere; the test above covers the message")
    (tmp_path / "out").mkdir(mode=0o555)
    run = hooks.hook(hooks.project(tmp_path), "build_wheel", tmp_path / "out")
    assert run.returncode == 2
    assert "cannot be written" in run.stderr


def test_an_interrupted_build_leaves_nothing(tmp_path: Path) -> None:
    slow = (
        hooks.CMAKE
        + "add_custom_target(slow ALL COMMAND ${CMAKE_COMMAND} -E sleep 60)\n"
    )
    source = hooks.project(tmp_path, cmake=slow)
    script = f"import truewheel.backend as b; b.build_wheel({str(tmp_path / 'out')!r})"
    environ = {**os.environ, "TMPDIR": str(tmp_path)}
    process = subprocess.Popen(
        [sys.executable, "-c", script], cwd=source, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
        # A shell starts what runs in the background with this signal ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  # this process has no other thread
    )  # fmt: skip
    assert process.stdout is not None
    lines = []
    while "Building project" not in (line := process.stdout.readline()):
        lines.append(line)
        assert line, "".join(lines)
    time.sleep(1)
    os.killpg(process.pid, signal.SIGINT)
    rest, _ = process.communicate(timeout=30)
    assert process.returncode == 130, rest
    assert "interrupted" in rest
    assert "Traceback" not in rest
    assert not (tmp_path / "out").exists() or list((tmp_path / "out").iterdir()) == []
    assert list(tmp_path.glob("truewheel-*")) == []


def test_a_project_may_say_something_after_success_and_after_failure(
    tmp_path: Path,
) -> None:
    table = '[tool.scikit-build]\nmessages.after-success = "well {platform.system}"\nmessages.after-failure = "badly"\n'
    run = hooks.hook(
        hooks.project(tmp_path, pyproject=table), "build_wheel", tmp_path / "out"
    )
    assert "well Linux" in run.stderr or "well Darwin" in run.stderr
    (tmp_path / "source" / "m.c").write_text("#error\n")
    run = hooks.hook(tmp_path / "source", "build_wheel", tmp_path / "out2")
    assert run.returncode == 3
    assert "badly" in run.stderr


def test_a_misspelt_name_in_a_template_is_named_with_a_guess(tmp_path: Path) -> None:
    table = '[[tool.scikit-build.generate]]\npath = "pkg/v.py"\ntemplate = "v = ${versoin}"\n'
    run = hooks.hook(
        hooks.project(tmp_path, pyproject=table), "build_wheel", tmp_path / "out"
    )
    assert run.returncode == 2
    assert "did you mean version?" in run.stderr
    assert "Traceback" not in run.stderr
