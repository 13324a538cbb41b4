"""Write ``docs/how-to/kinds-of-extension.md`` anew from ``examples/``, or with ``--check`` say whether it is up to date."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from support import examples, interpreters  # noqa: E402

TARGET = ROOT / "docs" / "how-to" / "kinds-of-extension.md"

INTRODUCTION = """\
# Kinds of extension

These are the reasons why people write binary extensions, the tools for them, and how each looks
with truewheel. Every kind is a small project of its own in [examples](../../examples), to be
copied. Below are its README, its `CMakeLists.txt` and what is special in its `pyproject.toml`, word
for word. Every run of the tests builds each project with a real front end, judges the wheel,
installs it into a fresh environment, and runs the project's tests there. For the most common kinds,
`truewheel init` [starts a project](start-a-project.md).

<!-- written by docs/regenerate/kinds.py from examples/ and tests/support/examples.py -->
"""

SECTIONS = {
    "Bind C and C++": ("c-module", "stable-abi", "pybind11", "nanobind", "cython"),
    "Wrap a library that exists": ("cffi", "swig", "ctypes", "bundled-library"),
    "Compute on arrays": ("numpy-ufunc", "fortran-f2py", "fortran-bind-c", "cpu-dispatch", "cpu-variants"),
    "Live without the module": ("accelerator", "system-access"),
    "Several parts, or other ones": (
        "several-modules", "namespace-package", "executable", "c-library", "c-library-consumer",
    ),
}  # fmt: skip

PYPY = """\
## PyPy

Nothing in a project has to change. `pypy3 -m pip wheel .` makes `pp311-pypy311_pp73-manylinux_…` of
c-module, cffi, Cython, pybind11 and nanobind. Every run of the tests does so with the first two.
PyPy has no stable ABI, so `wheel.py-api` has no effect there. cffi suits PyPy best, because its
runtime is a part of PyPy.

truewheel needs Python 3.10. For an older PyPy, build with CPython: the tag comes from the module
that was built.

    python -m pip wheel . -Ccmake.args="-DPython_EXECUTABLE=/usr/bin/pypy3;-DPython_FIND_IMPLEMENTATIONS=PyPy;\\
    -DPython_ROOT_DIR=/usr;-DPython_INCLUDE_DIR=/usr/include/pypy3.9"
"""


def page() -> str:
    """The whole page."""
    parts = [INTRODUCTION, overview()]
    for title, names in SECTIONS.items():
        parts += [f"## {title}\n", *map(section, names)]
    return "\n".join([*parts, PYPY])


def overview() -> str:
    """What is tested, in a table."""
    lines = [
        "| kind | the wheel | built by | with Python | tested on |",
        "|---|---|---|---|---|",
    ]
    lines += [row(name) for names in SECTIONS.values() for name in names]
    return "\n".join(lines) + "\n"


def row(name: str) -> str:
    """One kind; those that are not in the table of ``support.examples`` go through all front ends and Pythons."""
    versions = f"{interpreters.WANTED[0]} to {interpreters.WANTED[-1]}"
    example = examples.TABLE.get(name)
    if example is None:
        tag = "`cpXY-cpXY-manylinux_…`" + (
            ", from 3.12 on `cp312-abi3-manylinux_…`" if name == "nanobind" else ""
        )
        return (
            f"| [{name}](#{name}) | {tag} | pip, build, uv | {versions} | {versions} |"
        )
    tag = {
        examples.VERSIONED: "cpXY-cpXY",
        examples.ANY_PYTHON: "py3-none",
        examples.STABLE: "cp310-abi3",
    }[example.tag]
    tested = (
        versions
        if example.runs_on == interpreters.WANTED
        else ", ".join(example.runs_on) or example.python
    )
    return f"| [{name}](#{name}) | `{tag}-manylinux_…` | `{example.built}` | {example.python} | {tested} |"


def section(name: str) -> str:
    """An example's README, CMakeLists.txt, and tables of its pyproject.toml that are its own."""
    home = ROOT / "examples" / name
    readme = (home / "README.md").read_text(encoding="utf-8").split("\n", 2)[2].rstrip()
    cmake = (home / "CMakeLists.txt").read_text(encoding="utf-8").rstrip()
    parts = [
        f"### {name}\n",
        f"{readme}\n",
        f"[examples/{name}](../../examples/{name})\n",
        f"```cmake\n{cmake}\n```\n",
    ]
    if special := tables(home / "pyproject.toml"):
        parts.append(f"```toml\n{special}\n```\n")
    return "\n".join(parts)


def tables(path: Path) -> str:
    """``[build-system]`` where it asks for more than truewheel, and everything after ``[project]``."""
    blocks = re.split(r"\n(?=(?:#.*\n)*\[)", path.read_text(encoding="utf-8").rstrip())
    project = next(i for i, block in enumerate(blocks) if block.startswith("[project]"))
    first = blocks[:1] if 'requires = ["truewheel"]' not in blocks[0] else []
    return "\n".join([*first, *blocks[project + 1 :]]).strip()


def main() -> int:
    """Compare or write."""
    wanted = page()
    if "--check" not in sys.argv:
        TARGET.write_text(wanted, encoding="utf-8")
        return 0
    if not TARGET.is_file() or TARGET.read_text(encoding="utf-8") != wanted:
        print(
            f"{TARGET.relative_to(ROOT)} is stale: run python docs/regenerate/kinds.py"
        )
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
