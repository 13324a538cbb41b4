"""Programs in ``scripts``: they are installed where no path leads to the libraries of their wheel. Pure.

Where ``scripts`` goes, differs: beside ``site-packages`` in one environment, two levels away in another, and into the target
directory with ``pip install --target``. So the program itself goes to ``site-packages``, and a script that starts it takes its
place.
"""

from __future__ import annotations

from ..model.binary import Kind, PeSlice
from ..model.record import replace
from ..model.repair_plan import Move
from .bundle import links_by_file
from .libraries import external_path
from .ways import is_in_site_packages

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..model.audit import Linkage, LoadableSlice, PlatformAudit
    from ..model.repair_plan import RepairOptions

_STARTER = '''#!python
"""Start {name}. It lies in site-packages, beside the libraries that it needs."""

import os
import sys

_PATH = os.path.join({folder!r}, {name!r})
_HERE = os.path.dirname(os.path.realpath(__file__))


def _beside():
    # `pip install --target DIR` puts this file into DIR/bin, and DIR need not be on the path.
    prefix = os.path.dirname(_HERE)
    yield prefix
    # Nor need the site-packages of `pip install --prefix DIR`.
    python = "python%d.%d" % sys.version_info[:2]
    for folder in ("lib", "lib64", os.path.join("local", "lib")):
        for version in (python + getattr(sys, "abiflags", ""), python, "python3"):
            for packages in ("site-packages", "dist-packages"):
                yield os.path.join(prefix, folder, version, packages)


def main():
    for directory in [*_beside(), *sys.path]:
        program = os.path.join(directory, _PATH)
        if os.path.isfile(program):
            os.execv(program, [program, *sys.argv[1:]])
    sys.exit(f"{{_PATH}} is not in site-packages: install its distribution again")


if __name__ == "__main__":
    main()
'''


def starter_of(move: Move) -> bytes:
    """Return the script that starts a program that was moved. Installers put the interpreter into its first line."""
    folder, _, name = move.new_path.rpartition("/")
    return _STARTER.format(folder=folder, name=name).encode()


def move_programs(
    part: PlatformAudit,
    options: RepairOptions,
) -> tuple[PlatformAudit, tuple[Move, ...]]:
    """Return the part with programs that need libraries in ``site-packages`` moved there, and what was moved."""
    moves: dict[str, Move] = {}
    links = links_by_file(part)
    for code in part.files:
        needs_libraries = any(_is_elsewhere(code, link) for link in links[code.path])
        if needs_libraries and _is_to_move(code, options):
            name = code.path.removeprefix(options.scripts)
            new_path = f"{options.distribution}.scripts/{name}"
            moves[code.path] = Move(path=code.path, new_path=new_path)
    if not moves:
        return part, ()
    # From here on, all is planned as if it had always been there.
    files = tuple(_moved(code, moves) for code in part.files)
    linkage = tuple(_renamed(link, moves) for link in part.linkage)
    moved = replace(part, files=files, linkage=linkage)
    return moved, tuple(moves.values())


def _is_elsewhere(code: LoadableSlice, link: Linkage) -> bool:
    """Return whether a library comes to lie in ``site-packages``, or lies there and the program does not find it."""
    if external_path(link) is not None:
        return True
    # Windows looks for DLLs beside the program; those of the wheel stay where they are.
    return link.is_out_of_reach and not isinstance(code.slice, PeSlice)


def _is_to_move(
    code: LoadableSlice,
    options: RepairOptions,
) -> bool:
    is_program = code.slice.kind is Kind.EXECUTABLE
    in_scripts = code.path.startswith(options.scripts)
    return is_program and in_scripts and not is_in_site_packages(code.installed)


def _moved(
    code: LoadableSlice,
    moves: Mapping[str, Move],
) -> LoadableSlice:
    """Return a file where it lies from now on."""
    move = moves.get(code.path)
    if move is None:
        return code
    return replace(code, path=move.new_path, installed=move.new_path)


def _renamed(
    link: Linkage,
    moves: Mapping[str, Move],
) -> Linkage:
    """Return a need with the new path of the file that has it."""
    move = moves.get(link.file)
    if move is None:
        return link
    return replace(link, file=move.new_path)
