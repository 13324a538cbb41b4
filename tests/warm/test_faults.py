"""Whatever happens to a build or to the cache, the next build succeeds and makes the right wheel."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from support import needs, warm_edits
from support.warm_project import (
    EXTENDED,
    FILES,
    HOOK,
    Project,
    build,
    new_project,
    unpacked,
)

EACH = 20 if EXTENDED else 3
"""Kills in each phase."""
MORE = 10
"""Tries more for a phase that no kill came in time for."""


@pytest.fixture(scope="session")
def tools(environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment as a front end makes it for one build."""
    place = tmp_path_factory.mktemp("front-end") / "build-env-first"
    subprocess.run([sys.executable, "-m", "venv", place], check=True)
    install = [
        place / "bin" / "python",
        "-m",
        "pip",
        "install",
        "-q",
        "truewheel",
        "cmake",
        "ninja",
    ]
    subprocess.run(install, check=True, env=environ)
    return place


def isolated(tools: Path, place: Path) -> Path:
    """Return a copy of the environment at another path."""
    shutil.copytree(
        tools, place / f"build-env-{random.randrange(10**9)}", symlinks=True
    )
    return next(
        iter(sorted(place.glob("build-env-*"), key=lambda p: p.stat().st_mtime_ns))
    )


def start(
    python: Path,
    source: Path,
    output: Path,
    cache: Path,
    hook: str = "build_wheel",
    *,
    path: str | None = None,
) -> subprocess.Popen[str]:
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    environ = {k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "CFLAGS"}}
    environ |= {"PYTHONPATH": path} if path else {}
    environ |= {
        "TRUEWHEEL_CACHE_DIR": str(cache),
        "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
    }
    return subprocess.Popen(
        [python, "-c", HOOK, hook, str(output), "{}"], cwd=source, env=environ, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def finished(process: subprocess.Popen[str], output: Path) -> tuple[bytes, str]:
    said, _ = process.communicate()
    assert process.returncode == 0, said
    (wheel,) = output.iterdir()
    return wheel.read_bytes(), said


PHASES = {
    "library that watches": "cache/tools/making-*/*",
    "environment copy": "cache/environments/.draft-*/**/*",
    "mirroring": "cache/builds/*/*/source/data/*",
    "configure": "cache/builds/*/*/build/CMakeFiles/*",
    "ask again": "cache/builds/*/*/build/.truewheel-aside/*",
    "compile": "cache/builds/*/*/build/**/*.o",
    "install": "cache/builds/*/*/stage/wheel/platlib/**/*",
    "evidence": "cache/builds/*/*/stage/wheel/platlib/**/*",
    "record": "cache/builds/*/*/record.*",
    "pack": "out/*",
}
"""By phase: the files that appear while it lasts, or just before."""
LONGEST = {"evidence": 0.15}
"""Seconds after which a build is killed at the latest, where it is not the usual."""


def seen(place: Path, pattern: str) -> dict[Path, int]:
    found = {}
    with contextlib.suppress(OSError):  # it comes and goes
        for path in place.glob(pattern):
            with contextlib.suppress(OSError):
                found[path] = path.stat().st_mtime_ns
    return found


def killed(
    process: subprocess.Popen[str], place: Path, pattern: str, after: float
) -> bool:
    """Kill a process a little after a phase has begun, which something new shows; return whether it still ran then."""
    before = seen(place, pattern)
    while process.poll() is None and seen(place, pattern).items() <= before.items():
        time.sleep(0.001)
    time.sleep(after)
    was_running = process.poll() is None
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    return was_running


def phases_to_strike(counts: Mapping[str, int]) -> Iterator[tuple[int, str]]:
    """Yield the phases in turn, then those again that no kill came in time for: some last a thousandth of a second.

    :param counts: how many kills came in time, by phase; the test counts.
    """
    numbers = itertools.count()
    for _ in range(EACH):
        for phase in PHASES:
            yield next(numbers), phase
    for phase in PHASES:
        for _ in range(MORE):
            if not counts[phase]:
                yield next(numbers), phase


@pytest.mark.slow
@pytest.mark.network
def test_after_a_build_was_killed_in_any_phase_the_next_one_is_right(
    tools: Path, tmp_path: Path, record_property: pytest.RecordProperty
) -> None:
    needs.program("gcc")
    chance = random.Random(20261121)
    cache, project = tmp_path / "cache", new_project(tmp_path / "project")
    (project.root / "src/warm/data.bin").write_bytes(
        chance.randbytes(3_000_000)
    )  # it takes a moment to pack
    for number in range(200):
        project.write(f"data/{number}.txt", "mirrored")
    environment = isolated(tools, tmp_path)
    right, _ = finished(
        start(environment / "bin/python", project.root, tmp_path / "o", tmp_path / "c"),
        tmp_path / "o",
    )
    counts = {
        **dict.fromkeys(PHASES, 0),
        "too late": 0,
        "afterwards from nothing": 0,
        "afterwards warm": 0,
    }
    for number, phase in phases_to_strike(counts):
        if phase == "environment copy":
            shutil.rmtree(cache, ignore_errors=True)
        elif phase == "library that watches":
            shutil.rmtree(cache / "tools", ignore_errors=True)
        elif phase == "ask again":
            # A command reads it, and does not say so. This kept build is whole, for another one followed each kill.
            project.write("tools/data.txt", f"1, 2, {number}\n")
        elif phase == "mirroring":
            shutil.rmtree(cache / "builds", ignore_errors=True)
        elif phase != "pack":
            project.write(
                "config.h.in", f"{FILES['config.h.in']}// {number}\n"
            )  # to configure and to compile again
        source = unpacked(project, tmp_path / f"source-{number}")
        environment = environment.rename(
            environment.with_name(f"build-env-{chance.randrange(10**9)}")
        )
        process = start(environment / "bin/python", source, tmp_path / "out", cache)
        # A phase that is over before the usual moment is struck as soon as it is seen.
        is_late = number >= EACH * len(PHASES)
        moment = 0 if is_late else chance.uniform(0, LONGEST.get(phase, 0.02))
        was_running = killed(process, tmp_path, PHASES[phase], moment)
        counts[phase if was_running else "too late"] += 1
        project.write("config.h.in", FILES["config.h.in"])
        project.write("tools/data.txt", FILES["tools/data.txt"])
        source = unpacked(project, tmp_path / f"again-{number}")
        wheel, said = finished(
            start(environment / "bin/python", source, tmp_path / "o", cache),
            tmp_path / "o",
        )
        assert wheel == right, f"killed during {phase}: {said}"
        counts[
            "afterwards warm" if "built: warm" in said else "afterwards from nothing"
        ] += 1
    record_property("killed", json.dumps(counts))
    assert all(counts[phase] for phase in PHASES), counts


@pytest.mark.slow
@pytest.mark.network
def test_isolated_builds_may_run_at_once(tools: Path, tmp_path: Path) -> None:
    """Each in an environment of its own, which one of them keeps for all."""
    needs.program("gcc")
    project = new_project(tmp_path / "project")
    pythons = []
    for number in range(3):
        shutil.copytree(
            tools,
            tmp_path / f"build-env-{number}",
            symlinks=True,
            copy_function=os.link,
        )
        pythons.append(tmp_path / f"build-env-{number}" / "bin/python")
    outputs = [tmp_path / f"out-{n}" for n in range(3)]
    sources = [unpacked(project, tmp_path / f"source-{n}") for n in range(3)]
    running = [
        start(*each, tmp_path / "cache")
        for each in zip(pythons, sources, outputs, strict=True)
    ]
    wheels = {
        finished(process, output)[0]
        for process, output in zip(running, outputs, strict=True)
    }
    assert len(wheels) == 1
    kept = [
        p.name for p in (tmp_path / "cache" / "environments").iterdir() if p.is_dir()
    ]
    assert len(kept) == 1, kept


@pytest.mark.parametrize("phase", ["configure", "compile", "install"])
def test_a_cache_that_vanishes_during_a_build_does_no_harm(
    tmp_path: Path, phase: str
) -> None:
    needs.program("gcc")
    project = new_project(tmp_path / "project")
    process = start(
        Path(sys.executable),
        project.root,
        tmp_path / "o",
        tmp_path / "cache",
        path=os.environ.get("PYTHONPATH"),
    )
    while process.poll() is None and not seen(tmp_path, PHASES[phase]):
        time.sleep(0.001)
    shutil.rmtree(tmp_path / "cache", ignore_errors=True)
    process.communicate()  # however that ends
    ours, _ = build(project, project.root, tmp_path / "out", tmp_path / "cache")
    again, said = build(project, project.root, tmp_path / "out", tmp_path / "cache")
    cold, _ = build(
        project,
        unpacked(project, tmp_path / "elsewhere"),
        tmp_path / "out",
        tmp_path / "cold",
    )
    assert ours == again == cold
    assert "built: warm" in said


@pytest.mark.parametrize("processes", [2, 8])
def test_builds_of_one_source_may_run_at_once(tmp_path: Path, processes: int) -> None:
    needs.program("gcc")
    project = new_project(tmp_path / "project")
    with ThreadPoolExecutor(processes) as pool:
        jobs = [
            pool.submit(
                build, project, project.root, tmp_path / f"out-{n}", tmp_path / "cache"
            )
            for n in range(processes)
        ]
        digests = {job.result()[0] for job in jobs}
    assert len(digests) == 1
    again, said = build(project, project.root, tmp_path / "out", tmp_path / "cache")
    assert {again} == digests
    assert "built: warm" in said


def test_a_limit_on_the_size_of_files_costs_warmth_only(tmp_path: Path) -> None:
    """No trace can be made then: it may grow large, though it holds little (``ulimit -f``)."""
    resource = pytest.importorskip("resource")
    project = new_project(tmp_path / "project")
    free, _ = build(project, project.root, tmp_path / "out", tmp_path / "warm")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 << 20, before[1]))
    try:
        limited, said = build(
            project, project.root, tmp_path / "out", tmp_path / "warm"
        )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert limited == free, said


@contextlib.contextmanager
def small_disk(place: Path, size: str) -> Iterator[Path]:
    """Mount a file system with little room."""
    place.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", str(place)]
    if (
        os.geteuid() != 0
        or subprocess.run(mount, check=False, capture_output=True).returncode
    ):
        pytest.skip("may not mount a small file system here")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_a_full_cache_disk_changes_no_wheel(
    tmp_path: Path, record_property: pytest.RecordProperty
) -> None:
    """The room may be used up while the source is mirrored, configured or compiled, or when the build is remembered."""
    needs.program("gcc")
    project = new_project(tmp_path / "project")
    project.write("data/large.txt", "x" * 50_000)
    counts = {"from nothing": 0, "warm": 0, "elsewhere": 0}
    right, _ = build(
        project,
        unpacked(project, tmp_path / "unpacked"),
        tmp_path / "out",
        tmp_path / "cache",
    )
    for size in ("40k", "120k", "300k", "600k", "1200k"):
        with small_disk(tmp_path / "small", size) as small:
            for number in range(2):
                source = unpacked(project, tmp_path / f"unpacked-{number}")
                ours, said = build(project, source, tmp_path / "out", small)
                assert ours == right, said
                if f"built: from nothing: the cache directory {small}" in said:
                    note = "elsewhere"
                else:
                    note = "warm" if "built: warm" in said else "from nothing"
                counts[note] += 1
    record_property("disk full", json.dumps(counts))
    assert counts["elsewhere"], counts


@pytest.mark.network
@pytest.mark.slow
def test_an_environment_for_which_there_is_no_room_is_told(
    tools: Path, tmp_path: Path
) -> None:
    needs.program("gcc")
    project = new_project(tmp_path / "project")
    with small_disk(tmp_path / "small", "2m") as small:
        python = isolated(tools, tmp_path) / "bin/python"
        _, said = finished(
            start(python, project.root, tmp_path / "out", small), tmp_path / "out"
        )
    assert "the build environment cannot be kept" in said, said


@pytest.mark.parametrize(
    "fault", ["a file", "below a file", "read-only", "of everybody"]
)
def test_without_a_usable_cache_directory_the_wheel_is_the_same(
    tmp_path: Path, fault: str
) -> None:
    needs.program("gcc")
    project, cache = new_project(tmp_path / "project"), tmp_path / "cache"
    right, _ = build(project, project.root, tmp_path / "out", tmp_path / "good")
    if fault == "of everybody":
        cache.mkdir()
        cache.chmod(0o777)
    elif fault == "read-only":
        cache.mkdir()
        mount = ["mount", "-t", "tmpfs", "-o", "ro,mode=700", "tmpfs", str(cache)]
        if (
            os.geteuid() != 0
            or subprocess.run(mount, check=False, capture_output=True).returncode
        ):
            pytest.skip("may not mount a file system here")
    else:
        cache.write_text("in the way", encoding="utf-8")
    try:
        ours, said = build(
            project,
            project.root,
            tmp_path / "out",
            cache / "below" if fault == "below a file" else cache,
        )
    finally:
        if fault == "read-only":
            subprocess.run(["umount", str(cache)], check=True)
    assert ours == right
    assert f"built: from nothing: the cache directory {cache}" in said, said


def noexec(disk: Path) -> None:
    remount(disk, "noexec")


def read_only(disk: Path) -> None:
    remount(disk, "ro")


def remount(disk: Path, option: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{option}", str(disk)], check=True)


def filled(disk: Path) -> None:
    with contextlib.suppress(OSError), (disk / "ballast").open("wb") as file:
        while True:
            file.write(bytes(1_000_000))


def emptied(disk: Path) -> None:
    for path in (disk / "cache").iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def everybodys(disk: Path) -> None:
    (disk / "cache").chmod(0o777)


def without_locks(disk: Path) -> None:
    """Somebody deleted what does not look needed."""
    for path in disk.rglob("*.lock"):
        path.unlink()


def half_deleted(disk: Path) -> None:
    """Somebody deleted it, and was interrupted."""
    for path in sorted(disk.rglob("*.o")):
        path.unlink()
    for path in sorted(disk.rglob("CMakeFiles")):
        shutil.rmtree(path, ignore_errors=True)


def better(disk: Path) -> None:
    """Undo what is left of a condition."""
    remount(disk, "rw,exec")
    (disk / "ballast").unlink(missing_ok=True)
    (disk / "cache").chmod(0o700)


CONDITIONS = {
    noexec: True,
    read_only: True,
    filled: False,
    emptied: False,
    everybodys: True,
    without_locks: False,
    half_deleted: False,
}
"""What happens to a cache, and whether nothing is kept while it lasts."""


@pytest.mark.slow
def test_in_every_condition_of_the_cache_and_after_it_builds_are_right(
    tmp_path: Path,
) -> None:
    needs.program("gcc")
    project = new_project(tmp_path / "project")
    project.options["truewheel.cache"] = "off"
    right, _ = build(project, project.root, tmp_path / "out", tmp_path / "unused")
    project.options.clear()
    with small_disk(tmp_path / "disk", "80m") as disk:
        remount(disk, "rw,exec")
        for befall, keeps_nothing in CONDITIONS.items():
            build(project, project.root, tmp_path / "out", disk / "cache")
            befall(disk)
            during, said = build(
                project, project.root, tmp_path / "out", disk / "cache"
            )
            assert during == right, befall
            if keeps_nothing:
                assert "built: from nothing: the cache directory" in said, befall
            better(disk)
            build(project, project.root, tmp_path / "out", disk / "cache")
            after, said = build(project, project.root, tmp_path / "out", disk / "cache")
            assert after == right, befall
            assert "built: warm: nothing changed" in said, befall


def damaged(project: Project, tmp_path: Path, change: str) -> tuple[str, str]:
    """Build, damage the cache, edit, and build again; return the digest and what was printed."""
    build(project, project.root, tmp_path / "out", tmp_path / "cache")
    (record,) = (tmp_path / "cache").glob("builds/*/*/record.json")
    text = json.loads(record.read_text())
    tree = record.parent / "build"
    if change == "clock set back":
        text["traces"]["finished"] += 10**18
    elif change == "older truewheel":
        text["inputs"]["software"] = "0.0.1 0"
    elif change == "another layout":
        del text["traces"]["outside"]
        text["inputs"]["unheard"] = 1
    record.write_text("{ not JSON" if change == "damaged record" else json.dumps(text))
    if change == "no CMakeCache.txt":
        (tree / "CMakeCache.txt").unlink()
    elif change == "no tree":
        shutil.rmtree(tree)
    elif change == "no record":
        record.unlink()
    elif change == "emptied log":
        (tree / ".ninja_log").write_bytes(b"")
        (tree / ".ninja_deps").write_bytes(b"")
    warm_edits.header(project)
    return build(project, project.root, tmp_path / "out", tmp_path / "cache")


@pytest.mark.parametrize(
    "change",
    ["clock set back", "older truewheel", "another layout", "damaged record", "no CMakeCache.txt", "no tree", "no record",
     "emptied log"],
)  # fmt: skip
def test_a_damaged_cache_changes_no_wheel(tmp_path: Path, change: str) -> None:
    needs.program("gcc")
    project = new_project(tmp_path / "project")
    ours, said = damaged(project, tmp_path, change)
    cold, _ = build(
        project,
        unpacked(project, tmp_path / "elsewhere"),
        tmp_path / "out",
        tmp_path / "cold",
    )
    assert ours == cold, said


def test_after_a_compile_error_only_what_is_missing_is_compiled(tmp_path: Path) -> None:
    needs.program("gcc")
    project = new_project(tmp_path / "project")
    build(project, project.root, tmp_path / "out", tmp_path / "cache")
    project.append("src/main.c", "this is not C\n")
    with pytest.raises(AssertionError, match="this is not C"):
        build(project, project.root, tmp_path / "out", tmp_path / "cache")
    warm_edits.unit_as_it_was(project)
    ours, said = build(project, project.root, tmp_path / "out", tmp_path / "cache")
    cold, _ = build(
        project,
        unpacked(project, tmp_path / "elsewhere"),
        tmp_path / "out",
        tmp_path / "cold",
    )
    assert ours == cold
    assert "built: warm" in said
    assert "first.c.o" not in said


def test_a_directory_with_foreign_files_is_not_used_as_cache(tmp_path: Path) -> None:
    """``TRUEWHEEL_CACHE_DIR`` names it by mistake: nothing is put there, and nothing is deleted."""
    needs.program("gcc")
    project, theirs = new_project(tmp_path / "project"), tmp_path / "theirs"
    (theirs / "environments" / "production").mkdir(parents=True)
    (theirs / "environments" / "production" / "data").write_text(
        "precious", encoding="utf-8"
    )
    _, said = build(project, project.root, tmp_path / "out", theirs)
    assert "is not empty and was not made by truewheel" in said
    command = [sys.executable, "-m", "truewheel", "cache", "clean"]
    environ = {**os.environ, "TRUEWHEEL_CACHE_DIR": str(theirs)}
    done = subprocess.run(
        command, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert [p.name for p in theirs.rglob("*") if p.is_file()] == ["data"]


@pytest.mark.parametrize("generator", ["Ninja", "Unix Makefiles"])
def test_a_projects_own_build_directory_is_warm_and_keeps_foreign_files(
    tmp_path: Path, generator: str
) -> None:
    """Builds take turns in it, and what somebody else configured there is not trusted."""
    needs.program("gcc")
    project = new_project(tmp_path / "project")
    project.replace(
        "pyproject.toml",
        "[tool.scikit-build]\n",
        '[tool.scikit-build]\nbuild-dir = "made/{wheel_tag}"\n',
    )
    project.variables["CMAKE_GENERATOR"] = generator
    build(project, project.root, tmp_path / "out", tmp_path / "cache")
    (tree,) = (project.root / "made").iterdir()
    (tree / "foreign.txt").write_text("keep", encoding="utf-8")
    right, said = build(project, project.root, tmp_path / "out", tmp_path / "cache")
    assert "built: warm: nothing changed" in said
    project.options["cmake.define.LEVEL"] = "7"
    build(project, project.root, tmp_path / "out", tmp_path / "another cache")
    project.options.clear()
    again, said = build(project, project.root, tmp_path / "out", tmp_path / "cache")
    assert again == right, said
    warm_edits.undeclared_data(project)
    with ThreadPoolExecutor(3) as pool:
        jobs = [
            pool.submit(
                build, project, project.root, tmp_path / f"o{n}", tmp_path / "cache"
            )
            for n in range(3)
        ]
        digests = {job.result()[0] for job in jobs}
    assert len(digests) == 1
    assert (tree / "foreign.txt").read_text() == "keep"
    cold, _ = build(
        project,
        unpacked(project, tmp_path / "elsewhere"),
        tmp_path / "out",
        tmp_path / "cold",
    )
    assert digests == {cold}
