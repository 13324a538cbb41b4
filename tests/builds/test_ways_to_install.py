"""Every way in which people install an extension, each with the real tool: from files, directories, repositories and indexes.

One small local world serves all tests: three releases of a C module as sdists and wheels, a Git repository, and an index
served by pypiserver. What installs from a directory or builds with each front end is in ``test_front_ends.py``.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from support import hooks, interpreters, needs
from support.editable import MODES
from support.paths import EXAMPLES, ROOT, TOOLS
from support.programs import run

pytestmark = [pytest.mark.network, pytest.mark.slow]
RELEASES = ("1.0.0", "1.1.0", "2.0.0rc1")
VERSION = f"3.{sys.version_info.minor}"
SCRIPT = "import zlib, example_c_module as m; assert m.checksum(b'way in') == zlib.adler32(b'way in'); print(m.__file__)"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """The files, trees and the index that there are to install from.

    :param files: sdists and wheels of every release of ``example-c-module``, and a wheel of ``example-ctypes``.
    :param sources: the tree of each release.
    :param index: the address of an index that serves ``files``.
    """

    place: Path
    environ: dict[str, str]
    given: Path
    files: Path
    sources: dict[str, Path]
    index: str

    def file(self, pattern: str) -> Path:
        (found,) = self.files.glob(pattern)
        return found


@pytest.fixture(scope="session")
def world(
    tmp_path_factory: pytest.TempPathFactory, environ: dict[str, str]
) -> Iterator[World]:
    needs.program("gcc")
    given = interpreters.found().get(VERSION) or needs.missing(
        f"CPython {VERSION} with headers"
    )
    place = tmp_path_factory.mktemp("world")
    files = place / "files"
    sources = {
        release: make_release(place / f"source-{release}", release)
        for release in RELEASES
    }
    ctypes = shutil.copytree(EXAMPLES / "ctypes", place / "source-ctypes")
    # Built by the tests' own Python, which is of the same version: how it is built is the business of other tests.
    build = (
        sys.executable,
        "-m",
        "build",
        "--no-isolation",
        "--skip-dependency-check",
        "-o",
        files,
    )
    ours = {
        **environ,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "CMAKE_ARGS": f"-DTruewheel_DIR={ROOT / 'cmake'}",
    }
    for source in (*sources.values(), ctypes):
        run(*build, source, cwd=place, environ=ours)
    with served(files, environ) as index:
        yield World(
            place=place,
            environ=environ,
            given=given,
            files=files,
            sources=sources,
            index=index,
        )


def make_release(source: Path, release: str) -> Path:
    """Make a tree of ``example-c-module`` with another version, and an extra."""
    shutil.copytree(EXAMPLES / "c-module", source)
    pyproject = source / "pyproject.toml"
    text = pyproject.read_text(encoding="utf-8").replace(
        'version = "1.0.0"', f'version = "{release}"'
    )
    extra = '[project.optional-dependencies]\narea = ["example-ctypes>=1"]\n\n[tool.scikit-build]'
    pyproject.write_text(text.replace("[tool.scikit-build]", extra), encoding="utf-8")
    return source


@contextlib.contextmanager
def served(directory: Path, environ: dict[str, str]) -> Iterator[str]:
    """Run a pypiserver that serves a directory and takes uploads from everybody; its address is the value."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        TOOLS / "pypi-server",
        "run",
        "-i",
        "127.0.0.1",
        "-p",
        str(port),
        "-P",
        ".",
        "-a",
        ".",
        "--disable-fallback",
    ]
    with subprocess.Popen(
        [*command, directory],
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        try:
            address = f"http://127.0.0.1:{port}"
            wait_for(address, server)
            yield f"{address}/simple/"
        finally:
            server.terminate()


def wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(150):
        assert server.poll() is None
        with contextlib.suppress(OSError), urllib.request.urlopen(address):
            return
        time.sleep(0.2)
    pytest.fail("pypiserver does not answer")


class Home:
    """A virtual environment to install into, away from every source."""

    def __init__(self, world: World, place: Path) -> None:
        self.world, self.place = world, place
        place.mkdir(exist_ok=True)
        self.environ = world.environ
        run(
            TOOLS / "uv",
            "venv",
            "-q",
            "--seed",
            "-p",
            world.given,
            place / "venv",
            cwd=place,
            environ=self.environ,
        )
        self.python = place / "venv" / "bin" / "python"

    def pip(self, *arguments: object, status: int = 0, **environ: str) -> str:
        command = (self.python, "-m", "pip", *arguments)
        return run(
            *command, cwd=self.place, environ={**self.environ, **environ}, status=status
        )

    def from_index(self, *arguments: object) -> str:
        """Run ``pip install`` with the local index and no other."""
        return self.pip(
            "install", "--index-url", self.world.index, *arguments, PIP_FIND_LINKS=""
        )

    def version(self) -> str:
        """Return the installed release of ``example-c-module``, which must work."""
        where = run(self.python, "-c", SCRIPT, cwd=self.place, environ=self.environ)
        assert Path(where.strip()).is_relative_to(self.place)
        return self.version_of("example-c-module")

    def version_of(self, name: str) -> str:
        """Return the installed release of a distribution."""
        script = f"import importlib.metadata as m; print(m.version({name!r}))"
        return run(
            self.python, "-c", script, cwd=self.place, environ=self.environ
        ).strip()

    def files(self) -> set[Path]:
        """Return the paths of all that is installed."""
        installed = (self.place / "venv").rglob("*")
        return {
            path.relative_to(self.place)
            for path in installed
            if "__pycache__" not in path.parts
        }


@pytest.fixture
def home(world: World, tmp_path: Path) -> Home:
    return Home(world, tmp_path)


# --- files and directories --------------------------------------------------------------------------------------


def test_pip_installs_an_sdist(home: Home) -> None:
    home.pip("install", home.world.file("example_c_module-1.1.0.tar.gz"))
    assert home.version() == "1.1.0"


def test_a_wheel_is_installed_and_uninstalled_without_a_trace(home: Home) -> None:
    before = home.files()
    home.pip("install", "--no-index", home.world.file("example_c_module-1.0.0-*.whl"))
    assert home.version() == "1.0.0"
    home.pip("uninstall", "-y", "example-c-module")
    assert home.files() == before


@pytest.mark.parametrize("mode", MODES)
def test_an_editable_install_is_rebuilt_on_import(
    mode: str, home: Home, tmp_path: Path
) -> None:
    """The front end's environment, with CMake in it or not, is gone by then."""
    table, placed = MODES[mode]
    cmake = hooks.CMAKE.replace("install(TARGETS _m DESTINATION pkg)", placed)
    source = hooks.project(tmp_path / "project", pyproject=table, cmake=cmake)
    (source / "src" / "pkg" / "__init__.py").write_text("from ._m import call\n")
    home.pip("install", "-e", source)
    ask = (home.python, "-c", "import pkg; print(pkg.call())")
    assert run(*ask, cwd=home.place, environ=home.environ).splitlines()[-1] == "42"
    (source / "m.c").write_text(hooks.MODULE.format(head="", value="43"))
    assert run(*ask, cwd=home.place, environ=home.environ).splitlines()[-1] == "43"
    home.pip("uninstall", "-q", "-y", "pkg")
    assert "No module named 'pkg'" in run(
        *ask, cwd=home.place, environ=home.environ, status=1
    )


def test_pip_installs_a_zip_of_the_tree(home: Home, tmp_path: Path) -> None:
    source = home.world.sources["1.1.0"]
    archive = shutil.make_archive(
        str(tmp_path / "tree"), "zip", source.parent, source.name
    )
    home.pip("install", archive)
    assert home.version() == "1.1.0"


def test_pip_installs_from_a_tag_and_a_subdirectory_of_a_git_repository(
    home: Home, tmp_path: Path
) -> None:
    needs.program("git")
    repository = tmp_path / "repository"
    repository.mkdir()
    identity = ("-c", "user.name=Tester", "-c", "user.email=tester@localhost")
    git = ("git", "-C", repository, *identity)
    run(*git, "init", "-q", cwd=tmp_path, environ=home.environ)
    for release in ("1.0.0", "1.1.0"):
        shutil.rmtree(repository / "python", ignore_errors=True)
        shutil.copytree(
            home.world.sources[release],
            repository / "python" / "module",
            copy_function=shutil.copy,
        )
        run(*git, "add", ".", cwd=tmp_path, environ=home.environ)
        run(*git, "commit", "-q", "-m", release, cwd=tmp_path, environ=home.environ)
        run(*git, "tag", f"v{release}", cwd=tmp_path, environ=home.environ)
    home.pip("install", f"git+file://{repository}@v1.0.0#subdirectory=python/module")
    assert home.version() == "1.0.0"


def test_pip_installs_from_a_directory_of_files(home: Home) -> None:
    home.pip(
        "install",
        "--no-index",
        "--find-links",
        home.world.files,
        "example-c-module",
        PIP_FIND_LINKS="",
    )
    assert home.version() == "1.1.0"


def test_requirement_and_constraint_files_are_kept_to(
    home: Home, tmp_path: Path
) -> None:
    (tmp_path / "requirements.txt").write_text(
        "--find-links files\nexample-c-module[area]\n"
    )
    (tmp_path / "constraints.txt").write_text("example-c-module<1.1\n")
    (tmp_path / "files").symlink_to(home.world.files)
    home.pip(
        "install",
        "--no-index",
        "-r",
        "requirements.txt",
        "-c",
        "constraints.txt",
        PIP_FIND_LINKS="",
    )
    assert home.version() == "1.0.0"


def test_constraints_hold_for_build_requirements(home: Home, tmp_path: Path) -> None:
    (tmp_path / "constraints.txt").write_text("packaging==25.0\n")
    said = home.pip("wheel", "-v", "--no-deps", home.world.sources["1.0.0"], PIP_CONSTRAINT="constraints.txt",
                    PIP_BUILD_CONSTRAINT="constraints.txt")  # fmt: skip
    assert "packaging-25.0" in said


# --- an index ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("requirement", "version"),
    [
        ("example-c-module", "1.1.0"),
        ("example-c-module==1.0.0", "1.0.0"),
        ("Example.C_module>=0.9,<1.1", "1.0.0"),
        ("example-c-module~=1.0", "1.1.0"),
        ("example-c-module~=1.0.0", "1.0.0"),
        ("--pre example-c-module", "2.0.0rc1"),
    ],
)
def test_an_index_gives_the_release_that_is_specified(
    requirement: str, version: str, home: Home
) -> None:
    home.from_index(*requirement.split())
    assert home.version() == version


def test_an_extra_is_installed_from_the_index(home: Home) -> None:
    home.from_index("example-c-module[area]")
    assert home.version() == "1.1.0"
    assert home.version_of("example-ctypes") == "1.0.0"


def test_a_second_index_is_looked_at(home: Home) -> None:
    home.pip(
        "install",
        "--extra-index-url",
        home.world.index,
        "example-c-module",
        PIP_FIND_LINKS="",
    )
    assert home.version() == "1.1.0"


def test_an_sdist_from_an_index_is_built(home: Home) -> None:
    said = home.pip(
        "install",
        "--extra-index-url",
        home.world.index,
        "--no-binary",
        "example-c-module",
        "example-c-module",
    )
    assert "Building wheel for example-c-module" in said
    assert home.version() == "1.1.0"


def test_an_upgrade_leaves_nothing_of_the_old_release(home: Home) -> None:
    before = home.files()
    home.from_index("example-c-module==1.0.0")
    old = home.files()
    home.from_index("--upgrade", "example-c-module")
    assert home.version() == "1.1.0"
    new_names = {path.name.replace("1.1.0", "1.0.0") for path in home.files()}
    old_names = {path.name for path in old}
    assert new_names == old_names
    home.pip("uninstall", "-y", "example-c-module")
    assert home.files() == before


def test_twine_uploads_and_pip_gets_back_the_same(home: Home, tmp_path: Path) -> None:
    files = tmp_path / "empty"
    files.mkdir()
    sent = [
        home.world.file("example_c_module-1.0.0-*.whl"),
        home.world.file("example_c_module-1.0.0.tar.gz"),
    ]
    with served(files, home.environ) as index:
        address = index.removesuffix("simple/")
        upload = (
            TOOLS / "twine",
            "upload",
            "--repository-url",
            address,
            "-u",
            "anybody",
            "-p",
            "nothing",
        )
        run(
            *upload, "--disable-progress-bar", *sent, cwd=tmp_path, environ=home.environ
        )
        home.pip(
            "download",
            "--no-deps",
            "--index-url",
            index,
            "-d",
            "back",
            "example-c-module",
            PIP_FIND_LINKS="",
        )
        lines = [
            f"--index-url {index}",
            f"example-c-module==1.0.0 --hash=sha256:{digest(sent[0])}",
        ]
        (tmp_path / "locked.txt").write_text("\n".join(lines))
        home.pip("install", "--require-hashes", "-r", "locked.txt", PIP_FIND_LINKS="")
    (back,) = (tmp_path / "back").iterdir()
    assert back.name == sent[0].name
    assert digest(back) == digest(sent[0])
    assert home.version() == "1.0.0"


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


# --- other homes and tools --------------------------------------------------------------------------------------


def test_a_wheel_works_in_a_virtualenv(world: World, tmp_path: Path) -> None:
    environ = world.environ
    run(
        TOOLS / "virtualenv",
        "-q",
        "--python",
        world.given,
        tmp_path / "venv",
        cwd=tmp_path,
        environ=environ,
    )
    python = tmp_path / "venv" / "bin" / "python"
    wheel = world.file("example_c_module-1.0.0-*.whl")
    run(
        python,
        "-m",
        "pip",
        "install",
        "--no-index",
        wheel,
        cwd=tmp_path,
        environ=environ,
    )
    assert "site-packages" in run(python, "-c", SCRIPT, cwd=tmp_path, environ=environ)


def test_a_wheel_works_in_the_user_site(world: World, tmp_path: Path) -> None:
    environ = {
        **world.environ,
        "PYTHONUSERBASE": str(tmp_path / "user"),
        "PIP_BREAK_SYSTEM_PACKAGES": "1",
    }
    wheel = world.file("example_c_module-1.0.0-*.whl")
    pip = (
        sys.executable,
        "-m",
        "pip",
        "--python",
        world.given,
    )  # it need not have pip itself
    run(
        *pip,
        "install",
        "-q",
        "--user",
        "--no-index",
        wheel,
        cwd=tmp_path,
        environ=environ,
    )
    assert run(world.given, "-c", SCRIPT, cwd=tmp_path, environ=environ).startswith(
        str(tmp_path / "user")
    )
    run(
        *pip, "uninstall", "-q", "-y", "example-c-module", cwd=tmp_path, environ=environ
    )
    left = [
        path
        for path in (tmp_path / "user").rglob("example_c_module*")
        if path.is_file()
    ]
    assert left == []


def test_installer_installs_a_wheel(home: Home) -> None:
    wheel = home.world.file("example_c_module-1.0.0-*.whl")
    run(
        TOOLS / "uv",
        "pip",
        "install",
        "-q",
        "-p",
        home.python,
        "installer",
        cwd=home.place,
        environ=home.environ,
    )
    run(home.python, "-m", "installer", wheel, cwd=home.place, environ=home.environ)
    assert home.version() == "1.0.0"


def test_uv_pip_installs_from_a_tree_and_from_an_index(home: Home) -> None:
    uv = (TOOLS / "uv", "pip", "install", "-q", "-p", home.python)
    run(*uv, home.world.sources["1.0.0"], cwd=home.place, environ=home.environ)
    assert home.version() == "1.0.0"
    run(
        *uv,
        "--index",
        home.world.index,
        "--upgrade",
        "example-c-module",
        cwd=home.place,
        environ=home.environ,
    )
    assert home.version() == "1.1.0"


def test_uv_sync_installs_a_workspace_member(world: World, tmp_path: Path) -> None:
    shutil.copytree(world.sources["1.0.0"], tmp_path / "packages" / "module")
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "application"\nversion = "1"\nrequires-python = ">=3.10"\ndependencies = ["example-c-module"]\n'
        '[tool.uv.workspace]\nmembers = ["packages/*"]\n[tool.uv.sources]\nexample-c-module = { workspace = true }\n'
    )
    environ = {
        **world.environ,
        "UV_FIND_LINKS": f"{world.files},{world.environ['UV_FIND_LINKS']}",
    }
    python = tmp_path / ".venv" / "bin" / "python"
    run(TOOLS / "uv", "sync", "-q", "-p", world.given, cwd=tmp_path, environ=environ)
    assert "packages" in run(python, "-c", SCRIPT, cwd=tmp_path, environ=environ)
    run(
        TOOLS / "uv",
        "sync",
        "-q",
        "--locked",
        "--no-editable",
        cwd=tmp_path,
        environ=environ,
    )
    assert "site-packages" in run(python, "-c", SCRIPT, cwd=tmp_path, environ=environ)


@pytest.mark.parametrize(("cache", "isolation"), [("on", True), ("off", False)])
def test_four_installs_from_one_tree_may_run_at_once(
    world: World, tmp_path: Path, cache: str, isolation: bool
) -> None:
    """Each pip with its own environment; all of them with one source and one cache, which is empty at first."""
    source = shutil.copytree(world.sources["1.0.0"], tmp_path / "Köln – 東京 & more")
    before = {path: path.stat().st_mtime_ns for path in source.rglob("*")}
    variables = {
        "TRUEWHEEL_CACHE_DIR": str(tmp_path / "cache"),
        "TRUEWHEEL_CACHE": cache,
    }
    homes = [Home(world, tmp_path / f"home-{number}") for number in range(4)]
    command = ["install", source]
    if not isolation:
        command.append("--no-build-isolation")
        for home in homes:
            uv = (TOOLS / "uv", "pip", "install", "-q", "-p", home.python)
            run(*uv, "truewheel", "cmake", "ninja", cwd=tmp_path, environ=world.environ)
    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(home.pip, *command, **variables) for home in homes]:
            assert "Successfully installed example-c-module-1.0.0" in done.result()
    assert {home.version() for home in homes} == {"1.0.0"}
    modules = {digest(next(home.place.rglob("_adler.*.so"))) for home in homes}
    assert len(modules) == 1
    after = {path: path.stat().st_mtime_ns for path in source.rglob("*")}
    assert after == before
    assert (tmp_path / "cache").exists() == (cache == "on")


# --- distributions ----------------------------------------------------------------------------------------------


def offline(environ: dict[str, str], place: Path) -> list[str]:
    """Return the words before a command that take the network away; none where this machine does not let us."""
    words = ["unshare", "--map-root-user", "--net"]
    if shutil.which("unshare") is None:
        return []
    if subprocess.run([*words, "true"], env=environ, cwd=place, check=False).returncode:
        return []
    return words


def test_a_debian_package_can_be_built(world: World, tmp_path: Path) -> None:
    """As dh-python does: the system's Python, offline, no isolation; a plain tag, and files in ``dist-packages``."""
    python = Path("/usr/bin/python3")
    if not (Path("/etc/debian_version").exists() and python.exists()):
        pytest.skip("this is no Debian")
    paths = "import sysconfig, sys; print(sysconfig.get_path('include'), sys.version_info[1])"
    include, minor = run(
        python, "-I", "-c", paths, cwd=tmp_path, environ=world.environ
    ).split()
    if int(minor) < 10 or not (Path(include) / "Python.h").exists():
        needs.missing("the headers of Debian's Python 3.10 or newer (python3-dev)")
    tools = tmp_path / "tools"
    uv = (TOOLS / "uv", "pip", "install", "-q", "-p", python, "--target", tools)
    run(*uv, "truewheel", "installer", cwd=tmp_path, environ=world.environ)
    source = shutil.copytree(world.sources["1.0.0"], tmp_path / "source")
    environ = {
        **world.environ,
        "PYTHONPATH": str(tools),
        "DEB_BUILD_ARCH": "amd64",
        "DEB_HOST_ARCH": "amd64",
    }
    script = "import truewheel.backend as b; assert b.get_requires_for_build_wheel() == []; b.build_wheel('dist')"
    run(*offline(environ, source), python, "-c", script, cwd=source, environ=environ)
    (wheel,) = (source / "dist").glob("*.whl")
    assert wheel.name.endswith(f"-linux_{os.uname().machine}.whl")
    layout = {**environ, "DEB_PYTHON_INSTALL_LAYOUT": "deb"}
    run(
        python,
        "-m",
        "installer",
        "--destdir",
        "package",
        wheel,
        cwd=tmp_path,
        environ=layout,
    )
    packages = tmp_path / "package/usr/lib/python3/dist-packages"
    run(
        python,
        "-c",
        SCRIPT,
        cwd=tmp_path,
        environ={**world.environ, "PYTHONPATH": str(packages)},
    )


def test_a_conda_package_can_be_built(home: Home) -> None:
    """As conda-build's recipes do, with the variables that its compilers set."""
    run(
        TOOLS / "uv",
        "pip",
        "install",
        "-q",
        "-p",
        home.python,
        "truewheel",
        cwd=home.place,
        environ=home.environ,
    )
    before, prefix = home.files(), home.place / "venv"
    base = run(
        home.python,
        "-c",
        "import sys; print(sys.base_prefix)",
        cwd=home.place,
        environ=home.environ,
    ).strip()
    arguments = {
        "INSTALL_PREFIX": prefix, "INSTALL_LIBDIR": "lib", "BUILD_TYPE": "Release", "PREFIX_PATH": prefix,
        "FIND_ROOT_PATH": f"{prefix};{base};/", "FIND_ROOT_PATH_MODE_PROGRAM": "NEVER",
        "FIND_ROOT_PATH_MODE_LIBRARY": "ONLY", "FIND_ROOT_PATH_MODE_INCLUDE": "ONLY",
    }  # fmt: skip
    variables = {
        "CONDA_BUILD": "1", "PREFIX": str(prefix), "BUILD_PREFIX": str(prefix), "PIP_NO_INDEX": "1", "PIP_NO_DEPENDENCIES": "1",
        "PIP_NO_BUILD_ISOLATION": "0", "CMAKE_ARGS": " ".join(f"-DCMAKE_{k}={v}" for k, v in arguments.items()),
    }  # fmt: skip
    home.pip("install", home.world.sources["1.0.0"], **variables)
    assert home.version() == "1.0.0"
    tags = "import importlib.metadata as m; print(m.distribution('example-c-module').read_text('WHEEL'))"
    said = run(home.python, "-c", tags, cwd=home.place, environ=home.environ)
    assert f"-linux_{os.uname().machine}" in said
    new = {path.parts[4] for path in home.files() - before}
    assert new == {"example_c_module", "example_c_module-1.0.0.dist-info"}
