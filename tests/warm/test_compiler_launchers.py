"""Compiler launchers: objects shared between Pythons and between machines, compile jobs sent elsewhere. With the real tools."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support import interpreters, needs
from support.warm_project import HOOK, Project, build, new_project

CORES = 6


def project_with_core(place: Path) -> Project:
    """Write a project with an extension module over a library that does not know Python."""
    project = new_project(place)
    for number in range(CORES):
        project.write(
            f"src/parts/part_{number}.c",
            f"int part_{number}(void) {{ return {number}; }}\n",
        )
    module = "Python_add_library(_warm MODULE WITH_SOABI src/main.c ${parts} table.c)"
    core = "add_library(core STATIC ${parts})\nset_target_properties(core PROPERTIES POSITION_INDEPENDENT_CODE ON)\n"
    project.replace("CMakeLists.txt", module, core + module.replace("${parts} ", ""))
    project.append("CMakeLists.txt", "target_link_libraries(_warm PRIVATE core)\n")
    return project


def counted(directory: Path) -> dict[str, int]:
    """Return ccache's statistics."""
    done = subprocess.run(
        [needs.program("ccache"), "--print-stats"], env={**os.environ, "CCACHE_DIR": str(directory)}, check=True,
        capture_output=True, text=True,
    )  # fmt: skip
    rows = (line.split("\t") for line in done.stdout.splitlines())
    return {row[0]: int(row[1]) for row in rows if len(row) == 2}


def hits(directory: Path) -> int:
    """Return how many objects came from ccache."""
    found = counted(directory)
    return found["direct_cache_hit"] + found["preprocessed_cache_hit"]


@pytest.mark.network
@pytest.mark.slow
def test_objects_are_shared_between_pythons(
    environ: dict[str, str], tmp_path: Path
) -> None:
    needs.program("ccache")
    project, store = project_with_core(tmp_path / "project"), tmp_path / "objects"
    before = 0
    for number, (version, python) in enumerate(sorted(interpreters.found().items())):
        output = tmp_path / version
        place = tmp_path / f"venv-{version}"
        subprocess.run([python, "-m", "venv", place], check=True)
        own = place / "bin" / "python"
        subprocess.run(
            [own, "-m", "pip", "install", "-q", "truewheel", "cmake", "ninja"],
            env=environ,
            check=True,
        )
        output.mkdir()
        here = {
            **environ,
            "CCACHE_DIR": str(store),
            "TRUEWHEEL_CACHE_DIR": str(tmp_path / "cache"),
        }
        here["PATH"] = f"{own.parent}{os.pathsep}{here['PATH']}"
        done = subprocess.run(
            [own, "-c", HOOK, "build_wheel", str(output), "{}"], cwd=project.root, env=here, capture_output=True, text=True, check=False
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        served = hits(store) - before
        before += served
        if number == 0:
            assert served < CORES, (version, counted(store))
        else:
            assert served >= CORES, (version, counted(store))


def free_port() -> int:
    """Return a port at which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def running(command: list[str], port: int, log: Path) -> Iterator[None]:
    """Run a server until it answers at ``port``, and then as long as the block lasts."""
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)
    try:
        end = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert time.monotonic() < end, f"{command[0]} does not answer"
                assert process.poll() is None, f"{command[0]} ended"
                time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait()


def test_objects_are_shared_between_machines_through_redis(tmp_path: Path) -> None:
    """Two machines are two local storages and two empty workspaces; they share a Redis server and nothing else."""
    needs.program("ccache")
    project, port = project_with_core(tmp_path / "project"), free_port()
    with running(
        [
            needs.program("redis-server"),
            "--port",
            str(port),
            "--save",
            "",
            "--dir",
            str(tmp_path),
        ],
        port,
        tmp_path / "log",
    ):
        digests = []
        for machine in ("first", "second"):
            shutil.rmtree(tmp_path / "cache", ignore_errors=True)
            # The one name for ccache 4.8 and newer, the other for older ones.
            address = f"redis://127.0.0.1:{port}"
            project.variables = {
                "CCACHE_DIR": str(tmp_path / machine), "CCACHE_REMOTE_STORAGE": address, "CCACHE_SECONDARY_STORAGE": address,
            }  # fmt: skip
            digests.append(
                build(project, project.root, tmp_path / "out", tmp_path / "cache")[0]
            )
    assert digests[0] == digests[1]
    assert hits(tmp_path / "first") == 0
    assert hits(tmp_path / "second") == CORES + 3, counted(tmp_path / "second")


def test_distcc_sends_compile_jobs_to_two_servers(tmp_path: Path) -> None:
    project = project_with_core(tmp_path / "project")
    program = needs.program("distccd")
    ports = [free_port(), free_port()]
    logs = [tmp_path / f"distccd-{port}.log" for port in ports]
    commands = [
        [program, "--no-detach", "--daemon", "--allow", "127.0.0.1", "--listen", "127.0.0.1", "--port", str(port),
         "--log-stderr", "--log-level", "info", "--enable-tcp-insecure", "--jobs", "2"]
        for port in ports
    ]  # fmt: skip
    (tmp_path / "distcc").mkdir()
    # Debug information tells that what was compiled had been preprocessed elsewhere.
    project.replace("pyproject.toml", "Debug", "Release")
    right, _ = build(project, project.root, tmp_path / "out", tmp_path / "plain")
    with (
        running(commands[0], ports[0], logs[0]),
        running(commands[1], ports[1], logs[1]),
    ):
        project.options = {"truewheel.launcher": "distcc"}
        project.variables = {
            "DISTCC_HOSTS": " ".join(f"127.0.0.1:{port}/1" for port in ports), "DISTCC_FALLBACK": "0",
            "DISTCC_DIR": str(tmp_path / "distcc"),
        }  # fmt: skip
        ours, said = build(project, project.root, tmp_path / "out", tmp_path / "cache")
    jobs = [
        len(re.findall(r"COMPILE_OK", log.read_text(errors="replace"))) for log in logs
    ]
    assert all(jobs), (jobs, said)
    assert sum(jobs) == CORES + 3, (jobs, said)
    assert ours == right


def text(path: Path) -> str:
    """Return what is in a log, as far as it is there."""
    return path.read_text(errors="replace") if path.exists() else ""


@pytest.mark.extended
def test_icecream_sends_compile_jobs_to_another_daemon(tmp_path: Path) -> None:
    """A scheduler and two daemons of Icecream; the second is the one that compiles."""
    programs = {
        name: shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
        for name in ("icecc", "iceccd", "icecc-scheduler")
    }
    if not all(programs.values()) or os.geteuid() != 0:
        pytest.skip("needs Icecream, and to be root, as its daemons do")
    project, port = project_with_core(tmp_path / "project"), free_port()
    right, _ = build(project, project.root, tmp_path / "out", tmp_path / "plain")
    place = Path(tempfile.mkdtemp())
    place.chmod(0o777)  # the daemons become another user
    scheduler = [
        programs["icecc-scheduler"],
        "-p",
        str(port),
        "-n",
        f"net{port}",
        "-l",
        place / "scheduler.log",
        "-vvv",
    ]
    started = [subprocess.Popen(scheduler)]
    try:
        for host in ("first", "second"):
            command = [programs["iceccd"], "-p", str(free_port()), "-n", f"net{port}", "-s", f"127.0.0.1:{port}", "-m", "2",
                       "-N", host, "-b", place / host, "-l", place / f"{host}.log"]  # fmt: skip
            started.append(
                subprocess.Popen(
                    command,
                    env={
                        **os.environ,
                        "ICECC_TEST_SOCKET": str(place / f"{host}.socket"),
                    },
                )
            )
        end = time.monotonic() + 30
        while "login second" not in text(
            place / "scheduler.log"
        ) or "login first" not in text(place / "scheduler.log"):
            assert time.monotonic() < end, text(place / "scheduler.log") + text(
                place / "first.log"
            )
            time.sleep(0.2)
        project.options = {"truewheel.launcher": "icecc"}
        project.variables = {
            "ICECC_TEST_SOCKET": str(place / "first.socket"),
            "ICECC_PREFERRED_HOST": "second",
        }
        ours, said = build(project, project.root, tmp_path / "out", tmp_path / "cache")
    finally:
        for process in started:
            process.terminate()
            process.wait()
        log = text(place / "scheduler.log")
        shutil.rmtree(place)
    jobs = log.count("in joblist of second")
    assert jobs > 0, said  # icecc compiles by itself what nobody has time for
    assert ours == right


def test_sccache_is_required_from_the_package_index(
    environ: dict[str, str], tmp_path: Path
) -> None:
    project = new_project(tmp_path / "project")
    project.options = {"truewheel.launcher": "sccache"}
    bare = {**os.environ, "PATH": "/usr/bin:/bin"}
    script = "import json, sys; from truewheel import backend; print(backend.get_requires_for_build_wheel(json.loads(sys.argv[1])))"
    done = subprocess.run(
        [sys.executable, "-c", script, json.dumps(project.options)], cwd=project.root, env=bare, capture_output=True, text=True, check=True
    )  # fmt: skip
    assert "sccache" in done.stdout


@pytest.mark.parametrize("launcher", ["recc", "icecc"])
def test_a_launcher_that_is_missing_is_told(tmp_path: Path, launcher: str) -> None:
    if shutil.which(launcher):
        pytest.skip(f"{launcher} is here")
    project = new_project(tmp_path / "project")
    project.options = {"truewheel.launcher": launcher}
    with pytest.raises(AssertionError, match=f"{launcher} is not on PATH"):
        build(project, project.root, tmp_path / "out", tmp_path / "cache")


def test_a_launcher_that_the_user_has_set_is_kept(tmp_path: Path) -> None:
    needs.program("ccache")
    project = new_project(tmp_path / "project")
    own = tmp_path / "own"
    own.write_text('#!/bin/sh\necho "$@" >> "$0.log"\nexec "$@"\n')
    own.chmod(0o755)
    project.variables = {"CMAKE_C_COMPILER_LAUNCHER": str(own)}
    build(project, project.root, tmp_path / "out", tmp_path / "cache")
    assert "main.c" in (tmp_path / "own.log").read_text()
