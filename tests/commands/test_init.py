"""``truewheel init``: what it makes of each kind is built, judged, installed elsewhere and tested there; what it refuses."""

from __future__ import annotations

import dataclasses
import os
import re
import resource
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import tomllib
import yaml

from support import hooks, interpreters, needs
from support.examples import (
    ANY_PYTHON,
    BUILD,
    MANYLINUX,
    PIP,
    STABLE,
    UV,
    VERSIONED,
    Example,
)
from support.paths import EXAMPLES, TOOLS
from support.programs import run
from support.shop import Shop
from truewheel.cli import main
from truewheel.model.errors import TruewheelError
from truewheel.templates import kinds as starter
from truewheel.templates import writing as templates

NAME = "große-Werke & Maße"
"""The directory around each project has blanks, an ampersand and letters beyond ASCII in its name."""


def init(place: Path, kind: str, *, directory: str = "My kind_1") -> Path:
    """Make a new project; return its folder."""
    home = place / NAME / directory
    assert main(["init", str(home), "--with", kind]) == 0
    return home


def files_in(home: Path) -> set[str]:
    """Return the names of all files in a directory."""
    return {
        path.relative_to(home).as_posix()
        for path in home.rglob("*")
        if not path.is_dir()
    }


def contents_of(home: Path) -> dict[str, bytes]:
    """Return the content of each file in a directory, by its name."""
    return {name: (home / name).read_bytes() for name in files_in(home)}


# --- what it makes, built -----------------------------------------------------------------------------------------

STARTED = {
    "c": Example(built=BUILD, python="3.13", tag=VERSIONED),
    "cython": Example(built=PIP, python="3.12", tag=VERSIONED, odd_stubs=(r"my_kind_1\._core\.__test__",)),
    "cffi": Example(built=UV, python="3.10", tag=STABLE, runs_on=("3.10", "3.13")),
    "swig": Example(built=PIP, python="3.11", tag=VERSIONED),
    "pybind11": Example(built=UV, python="3.10", tag=VERSIONED, programs=("g++",)),
    "nanobind": Example(
        built=BUILD, python="3.12", tag=rf"cp312-abi3-{MANYLINUX}", runs_on=("3.12", "3.13"), programs=("g++",),
        odd_stubs=(r"my_kind_1\._core\.gcd",),
    ),
    "f2py": Example(
        built=PIP, python="3.13", tag=VERSIONED, programs=("gcc", "gfortran"),
        odd_stubs=(r"my_kind_1\._core\.(smooth|__f2py_numpy_version__)",),
    ),
    "ctypes": Example(
        built=UV, python="3.11", tag=ANY_PYTHON, runs_on=("3.11", "3.13"), odd_stubs=(r"my_kind_1\.core",)
    ),
    "executable": Example(built=BUILD, python="3.12", tag=ANY_PYTHON, programs=("g++",), oddities=("W007",)),
}  # fmt: skip


@pytest.mark.network
@pytest.mark.slow
@pytest.mark.parametrize("kind", starter.KINDS)
def test_a_new_project_builds_and_its_tests_pass(
    kind: str, tmp_path: Path, environ: dict[str, str]
) -> None:
    package = "my_kind_1" if starter.KINDS[kind].packaged else "-"
    example = dataclasses.replace(STARTED[kind], package=package)
    shop = Shop(
        "my-kind-1", tmp_path / NAME / "shop", environ, example, init(tmp_path, kind)
    )
    said = shop.build()
    assert not re.search(r"warning TW|CMake Warning|: warning:", said), said
    assert re.fullmatch(example.tag, shop.tag())
    assert shop.wheel().name.startswith("my_kind_1-0.1.0-")
    shop.judge()
    for version in example.runs_on or (example.python,):
        shop.test(version)
    shop.compare_stubs(version)


@pytest.mark.network
@pytest.mark.slow
@pytest.mark.parametrize("kind", ["c", "cffi"])
def test_the_steps_of_a_new_projects_workflow_run(
    kind: str, tmp_path: Path, environ: dict[str, str]
) -> None:
    """Those for Linux, in their order, word for word but for the Pythons; what each job gives to the next is handed over."""
    needs.program("gcc")
    home = init(tmp_path, kind)
    given = [interpreters.needed(version) for version in ("3.10", "3.13")]
    here = {
        **environ,
        "RUNNER_TEMP": str(tmp_path / "runner's temp"),
        "PATH": f"{TOOLS}{os.pathsep}{environ['PATH']}",
        "UV_PYTHON_PREFERENCE": "only-system",
    }
    (tmp_path / "runner's temp").mkdir()
    pythons = " ".join(f"'{path}'" for path in given)
    for script in (
        *scripts(home, "sdist"),
        "mkdir sdist; mv dist/*.tar.gz sdist",
        *scripts(home, "wheels"),
    ):
        text = script.replace(" ".join(starter.PYTHONS), pythons)
        text = text.replace("in 3.10;", f"in '{given[0]}';").replace(
            "--python 3.13", f"--python '{sys.executable}'"
        )
        said = run(
            "bash",
            "--noprofile",
            "--norc",
            "-eo",
            "pipefail",
            "-c",
            text,
            cwd=home,
            environ=here,
        )
    assert said.count(" passed") == 2
    wheels_by_kind = {"c": 2, "cffi": 1}  # the second keeps to the stable ABI
    assert len(list(home.glob("dist/*.whl"))) == wheels_by_kind[kind]


def workflow(home: Path) -> dict[str, dict[str, object]]:
    """Return the jobs of a project's CI."""
    document = yaml.safe_load(
        (home / ".github/workflows/ci.yml").read_text(encoding="utf-8")
    )
    assert True in document  # `on`, which is a boolean in YAML 1.1
    return document["jobs"]


def scripts(home: Path, job: str) -> list[str]:
    """Return the shell scripts of a job, in their order."""
    return [step["run"] for step in workflow(home)[job]["steps"] if "run" in step]


# --- what it makes, looked at -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", starter.KINDS)
def test_pyproject_toml_claims_nothing_that_nobody_said(
    kind: str, tmp_path: Path
) -> None:
    table = tomllib.loads(
        (init(tmp_path, kind) / "pyproject.toml").read_text(encoding="utf-8")
    )
    assert table["project"]["name"] == "my-kind-1"
    assert not {"license", "authors", "description", "urls"} & set(table["project"])
    assert table["project"]["requires-python"] == ">=3.10"
    assert "pytest>=8" in table["dependency-groups"]["test"]


@pytest.mark.parametrize("kind", starter.KINDS)
def test_a_new_project_has_the_files_of_a_project(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = init(tmp_path, kind)
    there = files_in(home)
    assert {
        "pyproject.toml",
        "CMakeLists.txt",
        "README.md",
        ".gitignore",
        ".github/workflows/ci.yml",
    } < there
    assert any(re.fullmatch(r"tests/test_\w+\.py", path) for path in there)
    assert ("src/my_kind_1/py.typed" in there) is (kind != "executable")
    for path in there:
        text = (home / path).read_bytes().decode()
        assert text.endswith("\n") or not text
        assert "\r" not in text
        assert not re.search(r"@\w+@|PACKAGE", text)
        assert max(map(len, text.splitlines()), default=0) <= 120
    said = capsys.readouterr().out
    listed = [line.strip() for line in said.splitlines()[1 : len(there) + 1]]
    assert listed == sorted(there)
    assert f"cd '{home}'" in said
    assert starter.KINDS[kind].needs in said


@pytest.mark.parametrize("kind", starter.KINDS)
def test_the_sdist_holds_everything_but_the_workflow(kind: str, tmp_path: Path) -> None:
    home = init(tmp_path, kind)
    expected = files_in(home) - {".github/workflows/ci.yml"} | {"PKG-INFO"}
    name = hooks.result(hooks.hook(home, "build_sdist", tmp_path))
    with tarfile.open(tmp_path / name) as archive:
        packed = {
            member.name.partition("/")[2]
            for member in archive.getmembers()
            if member.isfile()
        }
    assert packed == expected


@pytest.mark.parametrize("kind", starter.KINDS)
def test_the_python_of_a_new_project_is_clean(kind: str, tmp_path: Path) -> None:
    home = init(tmp_path, kind)
    ruff, options = TOOLS / "ruff", ("--no-cache", "--isolated")
    run(
        ruff,
        "check",
        *options,
        "--select",
        "E,F,I,UP,B,PT,SIM",
        ".",
        cwd=home,
        environ=os.environ,
    )
    run(ruff, "format", *options, "--check", ".", cwd=home, environ=os.environ)


def test_the_python_of_new_projects_is_typed(tmp_path: Path) -> None:
    """All at once, which is quicker. nanobind's stubs are made by the build, and NumPy is where f2py is."""
    homes = {
        kind: init(tmp_path, kind, directory=f"of_{kind}") for kind in starter.KINDS
    }
    packaged = [
        kind for kind in homes if kind not in {"nanobind", "f2py", "executable"}
    ]
    sources = [str(homes[kind] / "src") for kind in packaged]
    environ = {**os.environ, "MYPYPATH": os.pathsep.join(sources)}
    packages: list[str] = []
    for kind in packaged:
        packages += ["-p", f"of_{kind}"]
    command = [
        TOOLS / "mypy",
        "--strict",
        "--cache-dir",
        os.devnull,
        "--python-version",
        "3.11",
    ]
    run(*command, *packages, cwd=tmp_path, environ=environ)
    tests = [homes[kind] / "tests" for kind in ("c", "executable")]
    run(*command, *tests, cwd=tmp_path, environ=environ)


@pytest.mark.parametrize("kind", starter.KINDS)
def test_the_workflow_is_sound(kind: str, tmp_path: Path) -> None:
    home = init(tmp_path, kind)
    jobs = workflow(home)
    assert jobs["wheels"]["needs"] == "sdist"
    for job in jobs.values():
        for step in job["steps"]:
            assert ("uses" in step) != ("run" in step)
            assert re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step.get("uses", "a/b@v1"))
    for script in (*scripts(home, "sdist"), *scripts(home, "wheels")):
        assert "${{" not in script
        run("bash", "-n", "-c", script, cwd=home, environ=os.environ)
    runners = " ".join(
        row["runner"] for row in jobs["wheels"]["strategy"]["matrix"]["include"]
    )
    assert {"ubuntu", "macos"} < set(re.findall(r"[a-z]+", runners))
    assert ("windows" in runners) is (kind != "f2py")


def test_new_projects_build_for_every_supported_python() -> None:
    """And for some that are not to be had everywhere yet, but no others."""
    assert (
        set(interpreters.WANTED)
        <= set(starter.PYTHONS)
        <= {*interpreters.WANTED, *interpreters.NEWER}
    )


# --- the templates and the examples -------------------------------------------------------------------------------

CALLED = {
    "c": {"adler": "core"},
    "cython": {"primes": "core"},
    "cffi": {"zlib": "core"},
    "swig": {"crc": "core"},
    "pybind11": {"statistics": "core"},
    "nanobind": {"polynomial": "core"},
    "f2py": {"heat": "core"},
    "ctypes": {"polygon": "core"},
    "executable": {"example-entropy": "my-kind-1", "entropy.cpp": "main.cpp"},
}
"""By kind: names in the example, and what stands for each in a new project."""


@pytest.mark.parametrize("kind", starter.KINDS)
def test_cmakelists_is_that_of_the_example(kind: str, tmp_path: Path) -> None:
    """Line by line, but for names. Where the example wraps zlib, the project compiles a library of its own."""
    here = (init(tmp_path, kind) / "CMakeLists.txt").read_text(encoding="utf-8")
    there = (example_of(kind) / "CMakeLists.txt").read_text(encoding="utf-8")
    for old, new in CALLED[kind].items():
        there = there.replace(old, new)
    own = re.sub(
        r"target_include_directories\(_core PRIVATE src\)\n| src/gcd\.[ch]", "", here
    )
    # Where it calls LAPACK, the project has nothing to find.
    assert own == re.sub(r".*(ZLIB|LAPACK).*\n", "", there)


def example_of(kind: str) -> Path:
    """Return the folder of the example of this kind."""
    return EXAMPLES / {"c": "c-module", "f2py": "fortran-f2py"}.get(kind, kind)


@pytest.mark.parametrize("kind", starter.KINDS)
def test_build_requirements_are_those_of_the_example(kind: str, tmp_path: Path) -> None:
    here = tomllib.loads(
        (init(tmp_path, kind) / "pyproject.toml").read_text(encoding="utf-8")
    )
    there = tomllib.loads(
        (example_of(kind) / "pyproject.toml").read_text(encoding="utf-8")
    )
    assert here["build-system"] == there["build-system"]
    assert here["project"].get("dependencies") == there["project"].get("dependencies")
    settings, theirs = (
        here["tool"]["scikit-build"]["wheel"],
        there["tool"]["scikit-build"]["wheel"],
    )
    assert settings.get("py-api") == theirs.get("py-api")
    assert bool(settings["packages"]) is bool(theirs["packages"])


def test_every_layer_of_templates_is_used() -> None:
    used: set[str] = set()
    for kind in starter.KINDS.values():
        used.update(kind.layers)
    assert {folder.name for folder in templates.TEMPLATES.iterdir()} == used


def test_every_template_is_named_as_one() -> None:
    files = [path for path in templates.TEMPLATES.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".in"}


def test_the_installed_wheel_makes_the_same_project(
    distribution: Path, tmp_path: Path
) -> None:
    """The templates are in it."""
    (wheel,) = distribution.glob("truewheel-*.whl")
    shutil.unpack_archive(wheel, tmp_path / "unpacked", "zip")
    home = tmp_path / "from-wheel"
    environ = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(tmp_path / "unpacked"), *sys.path[1:]]),
    }
    script = "import truewheel.cli as cli, sys; assert sys.argv.pop(1) in cli.__file__; sys.exit(cli.main())"
    run(
        sys.executable,
        "-c",
        script,
        str(tmp_path),
        "init",
        home,
        "--with",
        "c",
        cwd=tmp_path,
        environ=environ,
    )
    from_source = tmp_path / "here" / "from-wheel"
    assert main(["init", str(from_source), "--with", "c"]) == 0
    assert contents_of(home) == contents_of(from_source)


# --- names --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("directory", "name"),
    [
        ("geometry", "geometry"),
        ("My Geometry", "my-geometry"),
        ("my__geo.metry", "my-geo-metry"),
        ("_scratch_", "scratch"),
        ("x", "x"),
        ("geo2", "geo2"),
    ],
)
def test_the_name_is_derived_from_the_directory(directory: str, name: str) -> None:
    assert starter.derived_name(directory) == name


@pytest.mark.parametrize("directory", ["größe", "a+b", "", "...", "a/b", "数"])
def test_a_directory_that_gives_no_name_asks_for_one(directory: str) -> None:
    with pytest.raises(TruewheelError, match="no project can be called") as caught:
        starter.derived_name(directory)
    assert "--name" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "kind", "because"),
    [
        ("3d", "c", "3d begins with a digit"),
        ("class", "c", "class is a keyword of Python"),
        ("json", "c", "json is a module of Python's standard library"),
        ("Concurrent", "c", "standard library"),
        ("test", "c", "standard library"),
        ("tests", "c", "the directory of its tests"),
        ("Cython", "cython", "cython is what builds, tests or installs it"),
        ("pip", "c", "pip is what builds, tests or installs it"),
        ("Wheel", "executable", "wheel is what"),
        ("setuptools", "pybind11", "setuptools is what"),
        ("pkg_resources", "c", "pkg-resources is what"),
        ("scikit.build.core", "c", "scikit-build-core is what"),
        ("a" * 200, "c", "200 letters are too many"),
        ("f2py.cmake", "f2py", "f2py-cmake is what builds"),
        ("truewheel", "executable", "truewheel is what builds"),
        ("install", "executable", "CMake has a target install"),
        ("python3", "executable", "it would take the place of python3"),
        ("-x", "c", "letters A to Z"),
        ("größe", "c", "letters A to Z"),
        ("a\n", "c", "letters A to Z"),
    ],
)
def test_a_name_that_would_not_work_is_refused_with_the_reason(
    name: str,
    kind: str,
    because: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert (
        main(["init", str(tmp_path / "project"), "--with", kind, f"--name={name}"]) == 2
    )
    said = capsys.readouterr().err
    assert because in said
    assert "hint: give the project another name: --name NAME" in said
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("3d", "executable"),
        ("class", "executable"),
        ("match", "c"),
        ("a" * 100, "c"),
        ("pipes-and-wheels", "c"),
    ],
)
def test_unusual_names_that_work_are_taken(name: str, kind: str) -> None:
    assert starter.checked_name(name, starter.KINDS[kind]) == name


def test_a_project_may_be_named_unlike_its_directory(tmp_path: Path) -> None:
    assert (
        main(["init", str(tmp_path / "größe"), "--with", "c", "--name", "Size.Of"]) == 0
    )
    assert (tmp_path / "größe" / "src" / "size_of" / "py.typed").is_file()


# --- directories --------------------------------------------------------------------------------------------------


def test_an_empty_directory_is_filled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A repository without anything in it is empty, too."""
    home = tmp_path / "geometry"
    (home / ".git").mkdir(parents=True)
    monkeypatch.chdir(home)
    assert main(["init", ".", "--with", "ctypes"]) == 0
    said = capsys.readouterr().out
    assert "the project geometry in .:" in said
    assert "  cd " not in said
    assert {p.name for p in home.iterdir()} == {
        ".git", ".github", ".gitignore", "CMakeLists.txt", "README.md", "pyproject.toml", "src", "tests",
    }  # fmt: skip


def test_files_get_the_modes_of_any_new_file(tmp_path: Path) -> None:
    home = init(tmp_path, "c")
    (tmp_path / "directory").mkdir()
    (tmp_path / "file").touch()
    for path, like in (
        (home, "directory"),
        (home / "src", "directory"),
        (home / "pyproject.toml", "file"),
    ):
        assert path.stat().st_mode == (tmp_path / like).stat().st_mode


def test_a_directory_that_is_not_empty_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "geometry"
    home.mkdir()
    (home / "notes.txt").write_text("mine")
    assert main(["init", str(home), "--with", "c"]) == 2
    said = capsys.readouterr()
    assert said.err == (
        f"error: {home} is not empty\n  because: notes.txt is in it\n"
        "  hint: name a directory that is not there yet, or an empty one\n"
    )
    assert not said.out
    assert files_in(tmp_path) == {"geometry/notes.txt"}


def test_a_file_in_the_place_of_the_directory_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "geometry"
    home.mkdir()
    (home / "notes.txt").write_text("mine")
    assert main(["init", str(home / "notes.txt"), "--with", "c", "--name", "x"]) == 2
    assert main(["init", str(home / "notes.txt" / "project"), "--with", "c"]) == 2
    said = capsys.readouterr()
    assert (
        said.err.count(f"because: {home / 'notes.txt'} is there, and is no directory")
        == 2
    )
    assert files_in(tmp_path) == {"geometry/notes.txt"}


@pytest.mark.parametrize(
    "there", [True, False], ids=["in an empty directory", "in one that was not there"]
)
def test_a_full_disk_leaves_nothing_behind(there: bool, tmp_path: Path) -> None:
    """No file may be longer than 600 bytes: the first ones can be written."""
    home = tmp_path / "parent" / "project"
    if there:
        home.mkdir(parents=True)
    before = sorted(tmp_path.rglob("*"))
    result = subprocess.run(
        [sys.executable, "-B", "-m", "truewheel", "init", home, "--with", "c"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (600, 600)),
    )
    assert result.returncode == 2
    assert re.fullmatch(
        r"error: .*/project cannot be made\n  because: .*: File too large\n",
        result.stderr,
    )
    assert sorted(tmp_path.rglob("*")) == before


def test_a_file_that_somebody_else_writes_meanwhile_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "project"
    home.mkdir()
    write = templates._write

    def and_another(*arguments: object) -> None:
        write(*arguments)
        (home / "README.md").write_text("theirs")

    monkeypatch.setattr(templates, "_write", and_another)
    kind = starter.KINDS["c"]
    with pytest.raises(TruewheelError, match="cannot be made") as caught:
        templates.create(home, templates.files(kind, starter.values("project", kind)))
    assert "exists" in caught.value.context[0]
    assert files_in(tmp_path) == {"project/README.md"}
    assert (home / "README.md").read_text() == "theirs"


def test_a_directory_must_be_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An unset variable of a script is not the directory that one happens to be in."""
    monkeypatch.chdir(tmp_path)
    assert main(["init", "", "--with", "c"]) == 2
    assert "no directory is named" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("given", [[], ["--with", "rust"], ["--with"]])
def test_a_kind_must_be_given(
    given: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["init", str(tmp_path / "project"), *given])
    assert caught.value.code == 2
    assert "--with" in capsys.readouterr().err


def test_the_help_names_every_kind(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["init", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    *kinds, last = starter.KINDS
    assert f"{', '.join(kinds)} or {last}" in said
