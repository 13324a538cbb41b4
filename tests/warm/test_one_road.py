"""Cache on, off, full, on a disk that runs no programs, without a home: the same hook code, in another directory."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support import needs, process_probe
from support.disks import mounted
from support.warm_project import HOOK, Project, build, new_project

# --- both processes are alike -------------------------------------------------------------------------------------

WAYS = {
    "build": [sys.executable, "-m", "build", "--wheel", "-o", "{output}", "{source}"],
    "pip": [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-v",
        "--no-deps",
        "-w",
        "{output}",
        "{source}",
    ],
    "uv": [
        str(Path(sys.executable).parent / "uv"),
        "build",
        "--wheel",
        "--python",
        sys.executable,
        "-o",
        "{output}",
        "{source}",
    ],
}
CIRCUMSTANCES: dict[str, dict[str, str]] = {
    "as usual": {},
    "variables of Python": {
        "PYTHONUTF8": "1",
        "PYTHONHASHSEED": "7",
        "PYTHONWARNINGS": "error::UserWarning,default",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONOPTIMIZE": "1",
        "PYTHONPATH": "{here}/one:{here}/two",
        "PYTHONIOENCODING": "utf-8:backslashreplace",
        "VIRTUAL_ENV": "/some/where",
    },
    "another locale": {"LC_ALL": "", "LANG": "C", "PYTHONSAFEPATH": "1"},
}
"""Variables of the caller."""
DIFFERENT = {
    "TRUEWHEEL_CACHE",
    "PYTHONPATH",
}  # the latter has a trick of pip's, which the kept environment does not need


def normal(found: dict[str, Any]) -> dict[str, Any]:
    """Return what is to be the same in both processes."""
    python, cmake = dict(found["python"]), dict(found["cmake"])
    for name in ("descriptors", "stdin"):
        python.pop(name)  # of this run; whose it is, is compared below
    # A locale asks for UTF-8 here, and an option there; the flags are compared.
    python["options"].pop("utf8", None)
    cmake.pop("stdin")
    for side in (python, cmake):
        side["variables"] = {
            name: value
            for name, value in side["variables"].items()
            if name not in DIFFERENT
        }
        # Of pip's environment, two directories become one.
        path = side["variables"]["PATH"].split(os.pathsep)
        side["variables"]["PATH"] = without_repetition(path)
    python["path"] = without_repetition(python["path"])
    cmake["status"] = [line for line in cmake["status"] if "SigQ" not in line]
    return {"python": python, "cmake": cmake, "calls": found["calls"]}


def without_repetition(folders: list[str]) -> list[str]:
    kept = [
        folder
        for number, folder in enumerate(folders)
        if "/ENVIRONMENT" not in folder or folder not in folders[:number]
    ]
    return [folder for folder in kept if not folder.endswith("RANDOM/site")]


@pytest.mark.network
@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("circumstances", CIRCUMSTANCES)
def test_a_hook_sees_the_same_process_with_the_cache_and_without(
    way: str, circumstances: str, environ: dict[str, str], tmp_path: Path
) -> None:
    """And a backend in its project, with a metadata provider beside it, is called once."""
    needs.program("gcc")
    source = process_probe.write_project(tmp_path / "source")
    variables = {
        name: value.format(here=tmp_path)
        for name, value in CIRCUMSTANCES[circumstances].items()
    }
    command = [
        word.format(output=tmp_path / "out", source=source) for word in WAYS[way]
    ]
    seen = {}
    for mode in ("off", "on"):
        here = {
            **environ,
            **variables,
            "TRUEWHEEL_CACHE": mode,
            "TRUEWHEEL_CACHE_DIR": str(tmp_path / "cache"),
        }
        found, said = process_probe.probe(
            command, source, here, tmp_path / "note", umask=0o027
        )
        assert ("built: from nothing: nothing was built here before" in said) == (
            mode == "on"
        ), said
        seen[mode] = normal(found)
    assert seen["on"] == seen["off"]
    assert seen["on"]["calls"] == ["wrapper"]


@pytest.mark.network
@pytest.mark.slow
def test_a_limit_and_an_ignored_signal_hold_in_the_second_process(
    environ: dict[str, str], tmp_path: Path
) -> None:
    needs.program("gcc")
    source = process_probe.write_project(tmp_path / "source")
    command = [
        word.format(output=tmp_path / "out", source=source) for word in WAYS["build"]
    ]
    shell = [
        "sh",
        "-c",
        "trap '' HUP USR1; ulimit -n 500; ulimit -c 0; exec nice -n 3 \"$@\"",
        "sh",
    ]
    seen = {}
    for mode in ("off", "on"):
        here = {
            **environ,
            "TRUEWHEEL_CACHE": mode,
            "TRUEWHEEL_CACHE_DIR": str(tmp_path / "cache"),
        }
        found, _ = process_probe.probe(
            [*shell, *command],
            source,
            here,
            tmp_path / "note",
            stdin=subprocess.DEVNULL,
        )
        seen[mode] = normal(found)
        assert found["cmake"]["stdin"] == "/dev/null"
    assert seen["on"] == seen["off"]
    assert seen["on"]["python"]["limits"]["RLIMIT_NOFILE"] == [500, 500]
    assert seen["on"]["python"]["niceness"] >= 3


# --- every condition of the cache -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return new_project(tmp_path_factory.mktemp("one-road") / "project")


@pytest.fixture(scope="module")
def right(project: Project, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The digest of the wheel that is right."""
    needs.program("gcc")
    place = tmp_path_factory.mktemp("right")
    project.options["truewheel.cache"] = "off"
    digest, _ = build(project, project.root, place / "out", place / "cache")
    project.options.clear()
    return digest


def built(
    project: Project,
    place: Path,
    changes: dict[str, str | None],
    *before: str,
) -> tuple[str, str]:
    """Build without a chosen cache directory; return the digest of the wheel, and what was printed.

    :param changes: of variables; ``None`` is for one that is not there.
    :param before: words before the command.
    """
    output = place / "out"
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    environ = {**os.environ, "PYTHONHASHSEED": "0"}
    for name, value in {
        "TRUEWHEEL_CACHE_DIR": None,
        "XDG_CACHE_HOME": None,
        **changes,
    }.items():
        environ.pop(name, None)
        if value is not None:
            environ[name] = value
    command = [*before, sys.executable, "-c", HOOK, "build_wheel", str(output), "{}"]
    done = subprocess.run(
        command,
        cwd=project.root,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    (wheel,) = output.iterdir()
    return hashlib.sha256(wheel.read_bytes()).hexdigest(), said


def allowed(*before: str) -> tuple[str, ...]:
    """Return words before a command; skips where the kernel does not allow them."""
    try:
        done = subprocess.run([*before, "true"], check=False, capture_output=True)
    except OSError:
        needs.missing(f"the program {before[0]}")
    if done.returncode:
        pytest.skip(f"not allowed here: {' '.join(before)}")
    return before


def nobody() -> tuple[str, ...]:
    """Return words that run a command as a user whom the system does not know."""
    return allowed("unshare", "--user", "--map-user=12345")


NO_HOME = (
    "from nothing: there is no home directory for a cache; set TRUEWHEEL_CACHE_DIR"
)
WITHOUT_HOME: dict[str, tuple[dict[str, str | None], bool, str]] = {
    "an unknown user": ({"HOME": None}, True, NO_HOME),
    "an unknown user whose cache lies in a home": (
        {"HOME": None, "TRUEWHEEL_CACHE_DIR": "~/cache"},
        True,
        "from nothing: TRUEWHEEL_CACHE_DIR is ~/cache, which is a relative path",
    ),
    "an empty home": ({"HOME": ""}, False, NO_HOME),
    "a relative home": ({"HOME": "home"}, True, NO_HOME),
    "a home below a file": (
        {"HOME": "/etc/passwd/home"},
        False,
        "from nothing: the cache directory /etc/passwd/home/.cache/truewheel cannot be used (Not a directory)",
    ),
    "a home that nobody may write to": (
        {"HOME": "/proc/self"},
        False,
        "from nothing: the cache directory /proc/self/.cache/truewheel cannot be used (",
    ),
}
"""Variables, whether the system does not know the user, and what is said."""


@pytest.mark.skipif(sys.platform != "linux", reason="these homes are Linux's")
@pytest.mark.parametrize("case", WITHOUT_HOME)
def test_without_a_home_directory_the_wheel_is_the_same(
    case: str, project: Project, right: str, tmp_path: Path
) -> None:
    changes, is_unknown, phrase = WITHOUT_HOME[case]
    before = {path.name for path in project.root.iterdir()}
    digest, said = built(project, tmp_path, changes, *(nobody() if is_unknown else ()))
    assert digest == right
    assert f"built: {phrase}" in said, said
    # No directory called ~ or home was made where the hook runs.
    assert {path.name for path in project.root.iterdir()} == before


def test_a_home_that_is_not_there_yet_is_made(
    project: Project, right: str, tmp_path: Path
) -> None:
    home = tmp_path / "not" / "yet"
    for phrase in ("from nothing: nothing was built", "warm: nothing changed"):
        digest, said = built(project, tmp_path, {"HOME": str(home)})
        assert digest == right
        assert f"built: {phrase}" in said, said


def in_the_way(cache: Path) -> None:
    cache.write_text("in the way", encoding="utf-8")


def dangling(cache: Path) -> None:
    cache.symlink_to(cache.with_name("nowhere"))


def in_a_circle(cache: Path) -> None:
    cache.symlink_to(cache)


def somebody_elses(cache: Path) -> None:
    cache.mkdir(mode=0o700)
    try:
        os.chown(cache, 12345, 12345)
    except OSError:
        pytest.skip("may not give a directory to somebody else here")


OBSTACLES: dict[str, tuple[Callable[[Path], None], str]] = {
    "a file": (in_the_way, "cannot be used (it is a file)"),
    "a link to nowhere": (dangling, "cannot be used (it is a link that leads nowhere)"),
    "a link in a circle": (in_a_circle, "cannot be used ("),
    "somebody else's": (somebody_elses, "belongs to somebody else"),
}
"""What stands in the place of the cache, and what is said."""


@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_whatever_stands_in_its_place_the_wheel_is_the_same(
    obstacle: str, project: Project, right: str, tmp_path: Path
) -> None:
    put, phrase = OBSTACLES[obstacle]
    cache = tmp_path / "cache"
    put(cache)
    digest, said = build(project, project.root, tmp_path / "out", cache)
    assert digest == right
    assert f"built: from nothing: the cache directory {cache} {phrase}" in said, said


NOEXEC = "lies on a file system from which no program can be run (noexec)"


@pytest.mark.parametrize("below", ["", "deeper"])
def test_from_a_disk_that_runs_no_programs_nothing_is_kept(
    below: str, project: Project, right: str, tmp_path: Path
) -> None:
    with mounted(tmp_path / "disk", "noexec,size=50m") as disk:
        cache = disk / below
        digest, said = build(project, project.root, tmp_path / "out", cache)
    assert digest == right
    assert f"built: from nothing: the cache directory {cache} {NOEXEC}" in said, said


@pytest.mark.network
@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("options", "phrase"),
    [
        ("noexec,size=500m", NOEXEC),
        ("size=1m", "the build environment cannot be kept ("),
        ("ro", "cannot be used (Read-only file system)"),
    ],
)
def test_under_isolation_a_cache_that_is_of_no_use_is_not_in_the_way(
    way: str,
    options: str,
    phrase: str,
    project: Project,
    environ: dict[str, str],
    tmp_path: Path,
) -> None:
    """The CMake that the project requires builds, and no other."""
    source = tmp_path / "source"
    shutil.copytree(project.root, source)
    text = (source / "pyproject.toml").read_text(encoding="utf-8")
    (source / "pyproject.toml").write_text(
        text.replace('["truewheel"]', '["truewheel", "cmake", "ninja"]'),
        encoding="utf-8",
    )
    said = ""
    digests = set()
    with mounted(tmp_path / "disk", options) as disk:
        for mode in ("off", "on"):
            here = {
                **environ,
                "TRUEWHEEL_CACHE": mode,
                "TRUEWHEEL_CACHE_DIR": str(disk),
            }
            shutil.rmtree(tmp_path / "out", ignore_errors=True)
            command = [
                word.format(output=tmp_path / "out", source=source)
                for word in WAYS[way]
            ]
            done = subprocess.run(
                command, env=here, capture_output=True, text=True, check=False
            )
            said = done.stdout + done.stderr
            assert done.returncode == 0, said
            (wheel,) = (tmp_path / "out").glob("*.whl")
            digests.add(hashlib.sha256(wheel.read_bytes()).hexdigest())
    assert len(digests) == 1
    assert "built: from nothing: " in said
    assert phrase in said, said


@pytest.mark.parametrize("action", ["info", "path", "clean"])
def test_commands_say_in_words_that_there_is_no_place_for_a_cache(action: str) -> None:
    environ = {k: v for k, v in os.environ.items() if k != "TRUEWHEEL_CACHE_DIR"}
    environ |= {"HOME": "", "XDG_CACHE_HOME": ""}
    done = subprocess.run(
        [sys.executable, "-m", "truewheel", "cache", action],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "error: there is no home directory for a cache" in done.stderr
    assert "Traceback" not in done.stderr


# --- temporary directories ------------------------------------------------------------------------------------------


def test_without_any_temporary_directory_there_is_one_clear_error(
    project: Project, tmp_path: Path
) -> None:
    """All that Python tries is read-only: what TMPDIR names, the system's, and the working directory."""
    place = tmp_path / "mount.sh"
    places = f"/tmp /var/tmp /usr/tmp {project.root}"
    place.write_text(
        f'for place in {places}; do\n  test -d "$place" || continue\n'
        '  mount --bind "$place" "$place" && mount -o remount,bind,ro "$place" || exit 77\ndone\nexec "$@"\n',
        encoding="utf-8",
    )
    output = Path("/dev/shm") / f"truewheel-{os.getpid()}"
    command = [
        *allowed("unshare", "-m"),
        "sh",
        str(place),
        sys.executable,
        "-c",
        HOOK,
        "build_wheel",
        str(output),
        '{"truewheel.cache": "off"}',
    ]
    done = subprocess.run(
        command, cwd=project.root, capture_output=True, text=True, check=False
    )
    if done.returncode == 77:
        pytest.skip("may not make directories read-only here")
    assert "Traceback" not in done.stderr
    assert "error: no temporary directory can be made (" in done.stderr, done.stderr
    assert "hint: set TMPDIR to a directory" in done.stderr
    assert done.returncode != 0


@pytest.mark.parametrize("mode", ["on", "off"])
def test_a_full_directory_for_temporary_files_is_one_clear_error(
    mode: str, project: Project, tmp_path: Path
) -> None:
    """A compiler fails by it, in words of its own."""
    output = tmp_path / "out"
    output.mkdir()
    environ = {
        **os.environ,
        "TMPDIR": str(tmp_path / "disk"),
        "TRUEWHEEL_CACHE": mode,
        "TRUEWHEEL_CACHE_DIR": str(tmp_path / "cache"),
        "TRUEWHEEL_LAUNCHER": "off",
    }
    with mounted(tmp_path / "disk", "size=100k") as disk:
        with contextlib.suppress(OSError):
            (disk / "ballast").write_bytes(bytes(1_000_000))
        done = subprocess.run(
            [sys.executable, "-c", HOOK, "build_wheel", str(output), "{}"],
            cwd=project.root,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode != 0
    assert f"because: a disk is full ({disk})" in done.stderr, done.stderr


@pytest.mark.network
@pytest.mark.slow
def test_a_required_cmake_that_cannot_be_run_is_not_replaced_by_another(
    environ: dict[str, str], project: Project, tmp_path: Path
) -> None:
    """The front end's temporary directory is on a disk that runs no programs. A kept copy of the environment is not."""
    source = tmp_path / "source"
    shutil.copytree(project.root, source)
    text = (source / "pyproject.toml").read_text(encoding="utf-8")
    (source / "pyproject.toml").write_text(
        text.replace('["truewheel"]', '["truewheel", "cmake", "ninja"]'),
        encoding="utf-8",
    )
    said = {}
    with mounted(tmp_path / "disk", "noexec,size=900m") as disk:
        for mode in ("off", "on"):
            here = {
                **environ,
                "TMPDIR": str(disk),
                "TRUEWHEEL_CACHE": mode,
                "TRUEWHEEL_CACHE_DIR": str(tmp_path / "cache"),
            }
            command = [
                word.format(output=tmp_path / "out", source=source)
                for word in WAYS["build"]
            ]
            done = subprocess.run(
                command, env=here, capture_output=True, text=True, check=False
            )
            said[mode] = done.stdout + done.stderr
    assert "error: the CMake of the build environment cannot be run" in said["off"]
    assert "set TMPDIR" in said["off"]
    assert "built: from nothing: nothing was built here before" in said["on"]
