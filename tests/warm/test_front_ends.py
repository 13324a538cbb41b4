"""Under build isolation: each front end makes a new environment at a new path, and the wheel is one and the same."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support import needs
from support.paths import ROOT
from support.warm_project import new_project

EXAMPLES = {
    "c-module": "truewheel",
    "pybind11": "pybind11>=3",
    "nanobind": "nanobind>=2.2",
    "cython": "cython>=3.1",
}
"""Examples, and what each of them requires to build."""

WAYS = {
    "pip": [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "-w",
        "{output}",
        "{source}",
    ],
    "build": [sys.executable, "-m", "build", "--wheel", "-o", "{output}", "{source}"],
    "build, by way of an sdist": [
        sys.executable,
        "-m",
        "build",
        "-o",
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

pytestmark = [pytest.mark.network, pytest.mark.slow]


def made_by(
    way: str, source: Path, output: Path, environ: dict[str, str], *before: str
) -> tuple[str, str]:
    """Build in one of the ways; return the digest of the wheel, and what was printed."""
    shutil.rmtree(output, ignore_errors=True)
    command = [
        *before,
        *(word.format(output=output, source=source) for word in WAYS[way]),
    ]
    if way == "pip":
        command.insert(len(before) + 3, "-v")
    done = subprocess.run(
        command,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
        cwd=source.parent,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = output.glob("*.whl")
    return hashlib.sha256(wheel.read_bytes()).hexdigest(), done.stdout + done.stderr


@pytest.fixture(scope="module")
def closed(
    environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """An environment in which every front end finds the same few wheels, whatever the index says to each of them."""
    house = tmp_path_factory.mktemp("house")
    download = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "-q",
        "--only-binary",
        ":all:",
        "-d",
        house,
        "truewheel",
    ]
    subprocess.run(
        [*download, "cmake", "ninja", *EXAMPLES.values()], env=environ, check=True
    )
    # CMake of the environment of these tests is a script, which works under some front ends and not under others.
    tools = str(Path(sys.executable).parent)
    path = os.pathsep.join(p for p in environ["PATH"].split(os.pathsep) if p != tools)
    only = {
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(house),
        "UV_NO_INDEX": "1",
        "UV_FIND_LINKS": str(house),
    }
    return {**environ, **only, "PATH": path}


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_front_end_makes_one_and_the_same_wheel(
    example: str, closed: dict[str, str], tmp_path: Path
) -> None:
    """From nothing and warm, from the sdist, from another directory, in another cache, and by another user."""
    needs.program("c++")
    source = tmp_path / "source"
    shutil.copytree(ROOT / "examples" / example, source)
    project = source / "pyproject.toml"
    # Both are required, so that it does not matter whether each front end's environment sees those of this machine.
    text = project.read_text(encoding="utf-8").replace(
        '["truewheel"', '["truewheel", "cmake", "ninja"'
    )
    project.write_text(text, encoding="utf-8")
    here = {**closed, "TRUEWHEEL_CACHE_DIR": str(tmp_path / "cache")}
    digests, said = {}, {}
    for way in WAYS:
        digests[way], said[way] = made_by(way, source, tmp_path / "out", here)
    digests["pip again"], said["pip again"] = made_by(
        "pip", source, tmp_path / "out", here
    )
    elsewhere = tmp_path / "another directory"
    shutil.copytree(source, elsewhere)
    there = {**closed, "TRUEWHEEL_CACHE_DIR": str(tmp_path / "another" / "cache")}
    digests["elsewhere"], _ = made_by(
        "pip", elsewhere, tmp_path / "out", there, *somebody_else()
    )
    assert len(set(digests.values())) == 1, digests
    assert "built: from nothing: nothing was built here before" in said["pip"]
    for way in ("build", "uv", "pip again"):
        assert (
            "built: warm: nothing changed" in said[way]
            or "built: warm, configured anew" in said[way]
        ), said[way]
    kept = [
        path for path in (tmp_path / "cache/environments").iterdir() if path.is_dir()
    ]
    assert len(kept) == 1, kept


def somebody_else() -> tuple[str, ...]:
    """Return the words before a command that run it as another user; none where the kernel does not allow that."""
    command = ("unshare", "--user", "--map-user=12345")
    try:
        allowed = (
            subprocess.run(
                [*command, "true"], check=False, capture_output=True
            ).returncode
            == 0
        )
    except OSError:
        allowed = False
    return command if allowed else ()


def test_an_editable_install_is_rebuilt_after_its_environment_is_gone(
    environ: dict[str, str], tmp_path: Path
) -> None:
    """And within the second of the build before, which CMake's own installation would not notice."""
    needs.program("gcc")
    project = new_project(tmp_path / "project")
    project.append(
        "pyproject.toml",
        "\n[tool.scikit-build.editable]\nrebuild = true\nverbose = false\n",
    )
    project.replace(
        "pyproject.toml",
        "[tool.scikit-build]\n",
        '[tool.scikit-build]\nbuild-dir = "build/{wheel_tag}"\n',
    )
    project.replace(
        "pyproject.toml",
        'requires = ["truewheel"]',
        'requires = ["truewheel", "cmake", "ninja"]',
    )
    place = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", place], check=True)
    python = place / "bin" / "python"
    here = {**environ, "TRUEWHEEL_CACHE_DIR": str(tmp_path / "cache")}
    install = [python, "-m", "pip", "install", "-q", "-e", project.root]
    subprocess.run(install, env=here, check=True)
    bare = {k: v for k, v in here.items() if k != "PATH"} | {"PATH": no_cmake(tmp_path)}
    look = [python, "-c", "import warm._warm; print(warm._warm.__doc__)"]
    assert run(look, bare) == "None"
    said = run(
        [sys.executable, "-m", "truewheel", "cache", "clean"],
        {**os.environ, "TRUEWHEEL_CACHE_DIR": str(tmp_path / "cache")},
    )
    assert f"\n  {project.root}/build/" in said, (
        said
    )  # which needs the environment's CMake still
    project.replace("src/main.c", '"_warm", NULL, 0', '"_warm", "edited", 0')
    assert run(look, bare) == "edited"


def no_cmake(place: Path) -> str:
    """Return a PATH that has the compilers and neither CMake nor Ninja."""
    folder = place / "programs"
    folder.mkdir()
    for name in ("gcc", "cc", "as", "ld", "ar", "ranlib", "strip", "sh"):
        (folder / name).symlink_to(needs.program(name))
    return str(folder)


def run(command: list[object], environ: dict[str, str]) -> str:
    done = subprocess.run(
        command, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()
