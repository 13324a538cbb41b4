"""Edits of a warm project: after each, a warm build must give the wheel of a build from nothing."""

from __future__ import annotations

import os
from collections.abc import Callable

from support.warm_project import FILES, Project


def nothing(project: Project) -> None:
    pass


def unit(project: Project) -> None:
    project.append(
        "src/main.c", f"int more_{next(project.counter)}(void) {{ return 1; }}\n"
    )


def unit_as_it_was(project: Project) -> None:
    project.write("src/main.c", FILES["src/main.c"])


def edit_from_the_past(project: Project) -> None:
    unit(project)
    os.utime(project.root / "src/main.c", (1_600_000_000, 1_600_000_000))


def header(project: Project) -> None:
    project.write("include/deep.h", f"#define DEEP {next(project.counter)}\n")


def header_that_shadows(project: Project) -> None:
    project.write("src/deep.h", f"#define DEEP {next(project.counter)}00\n")


def no_header_that_shadows(project: Project) -> None:
    (project.root / "src/deep.h").unlink(missing_ok=True)


def optional_header(project: Project) -> None:
    project.write("src/optional.h", f"#define OPTIONAL {next(project.counter)}\n")


def no_optional_header(project: Project) -> None:
    (project.root / "src/optional.h").unlink(missing_ok=True)


def new_unit(project: Project) -> None:
    number = next(project.counter)
    project.write(
        f"src/parts/part_{number}.c",
        f"int part_{number}(void) {{ return {number}; }}\n",
    )


def no_new_units(project: Project) -> None:
    for path in (project.root / "src/parts").glob("part_*.c"):
        path.unlink()


def template(project: Project) -> None:
    project.append("config.h.in", f"#define NEW_{next(project.counter)} 1\n")


def undeclared_data(project: Project) -> None:
    project.write("tools/data.txt", f"{next(project.counter)}, 5\n")


def generator_script(project: Project) -> None:
    project.replace("tools/make_table.py", "int table", "const int table")


def default_of_an_option(project: Project) -> None:
    text = (project.root / "CMakeLists.txt").read_text(encoding="utf-8")
    old, new = (
        ("LEVEL 1 CACHE", "LEVEL 7 CACHE")
        if "LEVEL 1" in text
        else ("LEVEL 7 CACHE", "LEVEL 1 CACHE")
    )
    project.replace("CMakeLists.txt", old, new)


def option(project: Project) -> None:
    project.options["cmake.define.EXTRA"] = (
        "OFF" if project.options.get("cmake.define.EXTRA") == "ON" else "ON"
    )


def no_option(project: Project) -> None:
    project.options.clear()


def flags(project: Project) -> None:
    project.variables["CFLAGS"] = f"-DFLAG={next(project.counter)}"


def include_path_of_the_compiler(project: Project) -> None:
    number = next(project.counter)
    project.write(f"hidden{number}/optional.h", f"#define OPTIONAL {number}\n")
    project.variables["CPATH"] = f"{{root}}/hidden{number}"


def no_variables(project: Project) -> None:
    project.variables.clear()


def version(project: Project) -> None:
    text = (project.root / "pyproject.toml").read_text(encoding="utf-8")
    now = text.split('version = "')[1].split('"')[0]
    project.replace(
        "pyproject.toml", f'version = "{now}"', f'version = "1.{next(project.counter)}"'
    )


def python(project: Project) -> None:
    project.append("src/warm/__init__.py", f"x = {next(project.counter)}\n")


def permissions(project: Project) -> None:
    path = project.root / "src/warm/__init__.py"
    path.chmod(0o755 if path.stat().st_mode & 0o111 == 0 else 0o644)


EDITS: tuple[Callable[[Project], None], ...] = (
    nothing, unit, unit_as_it_was, edit_from_the_past, header, header_that_shadows, no_header_that_shadows,
    optional_header, no_optional_header, new_unit, no_new_units, template, undeclared_data, generator_script,
    default_of_an_option, option, no_option, flags, include_path_of_the_compiler, no_variables, version, python,
    permissions,
)  # fmt: skip
