"""Building again under build isolation: truewheel against scikit-build-core, meson-python and setuptools, in one run.

    python benchmarks/rebuild.py [--units 11] [--front-end pip|uv] [--lto] [--backends truewheel,scikit-build-core,...]

Generates a pybind11 project and builds its wheel by the front end with isolation: from nothing, again with nothing changed,
after an edit in one unit, and from an sdist, which the front end unpacks at a new path each time (the second of two such
builds counts). The peers have a persistent build directory where they know such a thing. All compile the same way, without
link-time optimisation, which pybind11 would add for CMake alone; ``--lto`` leaves it to it. (It moves half of the compiling
into the link, which has to be done again for each edit.) Prints seconds and ratios, and the floor: the same for a project with
nothing to compile, and a bare ``ninja`` with nothing to do; after the edit, the bare ``ninja`` compiles that unit and links. On
two cores, one of eleven equal units takes a fifth of the time of all at best, and what the front end itself takes comes on top:
with pip's three seconds, and units that compile for eight, nobody can be five times faster.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UNIT = """
#include <pybind11/functional.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <map>
#include <string>
#include <vector>
namespace py = pybind11;
struct Thing{n} {{ std::map<std::string, std::vector<double>> parts; double sum() const {{
  double total = {n}; for (auto &[name, values] : parts) for (double v : values) total += v; return total; }} }};
void bind_{n}(py::module_ &m) {{
  py::class_<Thing{n}>(m, "Thing{n}").def(py::init<>()).def_readwrite("parts", &Thing{n}::parts).def("sum", &Thing{n}::sum)
    .def("__repr__", [](const Thing{n} &t) {{ return std::to_string(t.sum()); }});
  m.def("apply_{n}", [](std::function<double(double)> f, std::vector<double> v) {{ for (auto &x : v) x = f(x); return v; }});
}}
"""
CMAKE = """cmake_minimum_required(VERSION 3.18...4.0)
project(rebuild LANGUAGES CXX)
set(CMAKE_CXX_STANDARD 17)
find_package(pybind11 CONFIG REQUIRED)
file(GLOB units CONFIGURE_DEPENDS src/*.cpp)
pybind11_add_module(_rebuild {extras}${{units}})
install(TARGETS _rebuild DESTINATION .)
"""
MESON = """project('rebuild', 'cpp', version: '1.0', default_options: ['cpp_std=c++17', 'buildtype=release'])
py = import('python').find_installation(pure: false)
py.extension_module('_rebuild', [{sources}], dependencies: [dependency('pybind11')], install: true)
"""
SETUP = """from glob import glob
from pybind11.setup_helpers import Pybind11Extension
from setuptools import setup
setup(ext_modules=[Pybind11Extension("_rebuild", sorted(glob("src/*.cpp")), cxx_std=17)], include_package_data=True)
"""
BACKENDS = {
    "truewheel": ("truewheel.backend", ["truewheel", "pybind11"], ""),
    "scikit-build-core": ("scikit_build_core.build", ["scikit-build-core", "pybind11"], '[tool.scikit-build]\nbuild-dir = "{place}"\n'),
    "meson-python": ("mesonpy", ["meson-python", "pybind11", "ninja"], "[tool.meson-python.args]\nsetup = []\n"),
    "setuptools": ("setuptools.build_meta", ["setuptools", "pybind11"], "[tool.setuptools]\npackages = []\n"),
}  # fmt: skip


def project(
    place: Path, backend: str, units: int, build_dir: Path, *, lto: bool
) -> Path:
    """The sources for one backend."""
    source = place / f"project-{backend}"
    (source / "src").mkdir(parents=True)
    for n in range(units - 1):
        (source / "src" / f"unit{n}.cpp").write_text(UNIT.format(n=n))
    calls = [f"void bind_{n}(pybind11::module_ &);" for n in range(units - 1)]
    body = "".join(f"bind_{n}(m);" for n in range(units - 1))
    main = (
        "#include <pybind11/pybind11.h>\n"
        + "\n".join(calls)
        + f"\nPYBIND11_MODULE(_rebuild, m) {{ {body} }}\n"
    )
    (source / "src" / "main.cpp").write_text(main)
    hook, requires, more = BACKENDS[backend]
    listed = ", ".join(f'"{r}"' for r in requires)
    (source / "pyproject.toml").write_text(
        f'[build-system]\nrequires = [{listed}]\nbuild-backend = "{hook}"\n[project]\nname = "rebuild"\nversion = "1.0"\n'
        + more.format(place=build_dir)
    )
    (source / "CMakeLists.txt").write_text(
        CMAKE.format(extras="" if lto else "NO_EXTRAS ")
    )
    if backend == "meson-python":
        names = ", ".join(
            f"'src/{p.name}'" for p in sorted((source / "src").glob("*.cpp"))
        )
        (source / "meson.build").write_text(MESON.format(sources=names))
    if backend == "setuptools":
        (source / "setup.py").write_text(SETUP)
        (source / "MANIFEST.in").write_text("graft src\n")
    return source


def sdist(source: Path, backend: str) -> Path:
    """What a front end will unpack; PKG-INFO is what makes it an sdist."""
    path = source.parent / f"{backend}-sdist" / "rebuild-1.0.tar.gz"
    path.parent.mkdir()
    (source / "PKG-INFO").write_text(
        "Metadata-Version: 2.2\nName: rebuild\nVersion: 1.0\n"
    )
    with tarfile.open(path, "w:gz") as tar:
        tar.add(
            source, "rebuild-1.0", filter=lambda i: None if "/build" in i.name else i
        )
    (source / "PKG-INFO").unlink()
    return path


def seconds(
    front_end: str, source: Path, output: Path, environ: dict[str, str], *options: str
) -> float | None:
    """Seconds for one wheel; ``None`` when it fails."""
    shutil.rmtree(output, ignore_errors=True)
    command = {
        "pip": [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "-q",
            "--no-deps",
            "--no-cache-dir",
            "-w",
            str(output),
            str(source),
        ],
        "uv": [
            "uv",
            "build",
            "-q",
            "--wheel",
            "--python",
            sys.executable,
            "-o",
            str(output),
            str(source),
        ],
    }[front_end]
    started = time.perf_counter()
    done = subprocess.run(
        [*command, *options], env=environ, capture_output=True, text=True, check=False
    )
    taken = time.perf_counter() - started
    if done.returncode:
        print((done.stdout + done.stderr)[-2000:], file=sys.stderr)
    return taken if done.returncode == 0 and list(output.glob("*.whl")) else None


def measured(
    backend: str, place: Path, arguments: argparse.Namespace, environ: dict[str, str]
) -> dict[str, float | None]:
    build_dir = place / f"kept-{backend}"
    source = project(place, backend, arguments.units, build_dir, lto=arguments.lto)
    options = ["-Cbuild-dir=" + str(build_dir)] if backend == "meson-python" else []

    def once(what: Path) -> float | None:
        return seconds(arguments.front_end, what, place / "out", environ, *options)

    found = {"cold": once(source), "nothing changed": once(source)}
    with (source / "src" / "unit0.cpp").open("a") as file:
        file.write("int edited() { return 1; }\n")
    found["one unit edited"] = once(source)
    archive = sdist(source, backend)
    shutil.rmtree(build_dir, ignore_errors=True)
    once(archive)
    found["another path"] = once(archive)
    return found


def uncompiled(place: Path) -> Path:
    """A project of truewheel's with nothing to compile."""
    source = place / "project-floor"
    (source / "src" / "rebuild").mkdir(parents=True)
    (source / "src" / "rebuild" / "__init__.py").touch()
    (source / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["truewheel", "pybind11"]\nbuild-backend = "truewheel.backend"\n'
        '[project]\nname = "rebuild"\nversion = "1.0"\n[tool.scikit-build]\nwheel.cmake = false\n'
    )
    return source


def floor(
    source: Path, place: Path, arguments: argparse.Namespace, environ: dict[str, str]
) -> dict[str, float]:
    """The front end's own time, for a project with nothing to compile, and ninja's beside it."""
    front_end = min(
        seconds(arguments.front_end, source, place / "out", environ) or 0
        for _ in range(3)
    )
    tree = next((place / "cache").glob("builds/*/*/build/build.ninja")).parent

    def ninja() -> float:
        started = time.perf_counter()
        subprocess.run(
            ["ninja", "-C", tree], check=True, capture_output=True, env=environ
        )
        return time.perf_counter() - started

    ninja()
    nothing = ninja()
    targets = subprocess.check_output(
        ["ninja", "-C", tree, "-t", "targets", "all"], text=True
    )
    unit = next(
        line.split(":")[0] for line in targets.splitlines() if "unit0.cpp" in line
    )
    (tree / unit).unlink()
    return {
        "nothing changed": front_end + nothing,
        "one unit edited": front_end + ninja(),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--units", type=int, default=11)
    parser.add_argument("--front-end", choices=["pip", "uv"], default="pip")
    parser.add_argument("--lto", action="store_true")
    parser.add_argument("--backends", default=",".join(BACKENDS))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary).resolve()
        wheels = place / "wheels"
        script = "import sys; sys.path.insert(0, 'src'); import truewheel.backend as b; b.build_wheel(sys.argv[1])"
        subprocess.run(
            [sys.executable, "-c", script, wheels],
            cwd=ROOT,
            check=True,
            capture_output=True,
        )
        links = os.pathsep.join(
            filter(None, [os.environ.get("UV_FIND_LINKS"), str(wheels)])
        )
        environ = {
            **{k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "PYTHONDONTWRITEBYTECODE"}},
            "PIP_FIND_LINKS": f"{wheels} {os.environ.get('PIP_FIND_LINKS', '')}", "UV_FIND_LINKS": links,
            "TRUEWHEEL_CACHE_DIR": str(place / "cache"), "CCACHE_DISABLE": "1",
        }  # fmt: skip
        bare = uncompiled(place)
        seconds(
            arguments.front_end, bare, place / "out", environ
        )  # whoever comes first would pay for the disk's cache
        results = {
            name: measured(name, place, arguments, environ)
            for name in arguments.backends.split(",")
        }
        least = floor(bare, place, arguments, environ)
    ours = results.get("truewheel", {})
    for name, times in results.items():
        for what, taken in times.items():
            ratio = (
                f"  {taken / mine:6.2f} of truewheel's"
                if taken and (mine := ours.get(what))
                else ""
            )
            print(
                f"{name:18} {what:16} {f'{taken:7.1f} s' if taken else '   failed'}{ratio}"
            )
    for what, taken in least.items():
        print(f"{'floor':18} {what:16} {taken:7.1f} s")


if __name__ == "__main__":
    main()
