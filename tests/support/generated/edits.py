"""Edits that any file allows, and edits of the project as a whole.

Each must leave the project in a state from which a build from nothing makes the same wheel at any path.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from support.generated.world import OLD, Data, Edit, World

# --- one file ---------------------------------------------------------------------------------------------------


def other_size(world: World, data: Data) -> None:
    data.store(world.large())


def same_size(world: World, data: Data) -> None:
    data.store(data.value // 10 * 10 + (data.value + world.rng.randrange(1, 9)) % 10)


def written_anew(world: World, data: Data) -> None:
    """The same bytes, another time stamp."""
    data.store(data.value)


def touch(world: World, data: Data) -> None:
    os.utime(data.path)


def old_stamp(world: World, data: Data) -> None:
    os.utime(data.path, (OLD, OLD + world.rng.randrange(1000)))


def changed_with_old_stamp(world: World, data: Data) -> None:
    other_size(world, data)
    old_stamp(world, data)


def changed_with_the_same_stamp(world: World, data: Data) -> None:
    """As ``rsync --times`` and ``touch -r`` do."""
    was = data.path.stat()
    same_size(world, data)
    os.utime(data.path, ns=(was.st_atime_ns, was.st_mtime_ns))


def replaced_at_once(world: World, data: Data) -> None:
    """As editors save: a file beside it that is renamed."""
    mode = data.path.stat().st_mode
    draft = data.path.with_name(data.path.name + ".draft")
    data.former.append(data.value)
    data.value = world.large()
    draft.write_bytes(data.render(data.value))
    draft.chmod(mode)
    draft.replace(data.path)


def as_it_was(world: World, data: Data) -> None:
    data.store(data.former[-1] if data.former else data.value)


def as_it_was_at_first_with_old_stamp(world: World, data: Data) -> None:
    data.store(data.former[0] if data.former else data.value)
    old_stamp(world, data)


def permissions(world: World, data: Data) -> None:
    data.path.chmod(data.path.stat().st_mode ^ 0o100)


def link_or_back(world: World, data: Data) -> None:
    """The file becomes a link to one beside it, with other bytes; or the link a file again."""
    if data.path.is_symlink():
        mode = data.path.stat().st_mode
        data.path.unlink()
        same_size(world, data)
        data.path.chmod(mode)
        return
    hidden = data.path.with_name(f".real-{data.path.name}")
    data.path.rename(hidden)
    data.path.symlink_to(hidden.name)
    if world.rng.random() < 0.5:
        same_size(world, data)


def directory_link_or_back(world: World, data: Data) -> None:
    """The file's directory becomes a link to one beside it; or the link a directory again."""
    place = data.path.parent
    hidden = place.with_name(f".real-{place.name}")
    if place in {world.root, world.outside}:
        return
    if place.is_symlink() and hidden.is_dir():
        place.unlink()
        hidden.rename(place)
    elif not place.is_symlink() and not hidden.exists():
        place.rename(hidden)
        place.symlink_to(hidden.name)


def gone(world: World, data: Data) -> None:
    """The file is away for one build, and comes back with its time stamps or with new ones."""
    if data.path.is_symlink():
        data.path.unlink()
        data.away = lambda: data.store(data.value)
    elif world.rng.random() < 0.5:
        kept = world.place / f"kept-{world.large()}"
        data.path.rename(kept)

        def unchanged() -> None:
            kept.replace(data.path)

        data.away = unchanged
    else:
        mode = data.path.stat().st_mode
        data.path.unlink()

        def back() -> None:
            data.store(data.value)
            data.path.chmod(mode)

        data.away = back


def added(world: World, data: Data) -> None:
    data.store(world.small())


FILE_EDITS: tuple[tuple[Callable[[World, Data], None], int], ...] = (
    (other_size, 4), (same_size, 5), (written_anew, 1), (touch, 1), (old_stamp, 1), (changed_with_old_stamp, 3),
    (changed_with_the_same_stamp, 1), (replaced_at_once, 2), (as_it_was, 2),
    (as_it_was_at_first_with_old_stamp, 1), (permissions, 1), (link_or_back, 2), (gone, 2), (directory_link_or_back, 1),
)  # fmt: skip
"""Edits of a file that is there, and how often each is chosen."""


def swapped(one: Data, other: Data) -> None:
    """Two files change their names, and keep their time stamps."""
    draft = one.path.with_name(one.path.name + ".swap")
    one.path.rename(draft)
    other.path.rename(one.path)
    draft.rename(other.path)
    for data in (one, other):
        data.former.append(data.value)
    one.value, other.value = other.value, one.value


def edit_of_a_file(world: World, data: Data) -> Edit:
    """Choose what happens to a file."""
    if not data.is_there:
        return Edit("added", lambda: added(world, data))
    others = [
        other
        for part in world.parts
        for other in part.files
        if other is not data
        and other.is_there
        and not (other.path.is_symlink() or data.path.is_symlink())
        and other.render(1) == data.render(1)
    ]
    if others and world.rng.random() < 0.2:
        other = world.rng.choice(others)
        return Edit("swapped", lambda: swapped(data, other))
    edits, weights = zip(*FILE_EDITS, strict=True)
    (edit,) = world.rng.choices(edits, weights)
    if edit is gone and data.stays:
        edit = same_size
    return Edit(edit.__name__, lambda: edit(world, data))


# --- the project as a whole -------------------------------------------------------------------------------------

NOISE = (
    "README.md", "notes.txt", ".coverage", ".pytest_cache/v/lastfailed", ".README.md.swp", "docs/idea.md",
    "tests/test_nothing.py", ".idea/workspace.xml", "LICENSE~", ".DS_Store",
)  # fmt: skip
RESTLESS = (
    "GITHUB_SHA", "CI", "OLDPWD", "BUILD_NUMBER", "WINDOWID", "SSH_CONNECTION", "GITHUB_RUN_ID", "CI_JOB_ID",
)  # fmt: skip
"""Variables that differ from build to build on CI, or from shell to shell."""
BUILD_TYPES = ("Release", "Debug", "MinSizeRel")


def nothing(world: World) -> None:
    """Build again."""


def noise(world: World) -> None:
    path = world.root / world.rng.choice(NOISE)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(f"{world.large()}\n")


def no_noise(world: World) -> None:
    name = world.rng.choice([name for name in NOISE if name != "README.md"])
    (world.root / name).unlink(missing_ok=True)


def define(world: World) -> None:
    if world.options.pop("cmake.define.LEVEL", None) is None:
        world.options["cmake.define.LEVEL"] = str(world.small())


def build_type(world: World) -> None:
    world.options["cmake.build-type"] = world.rng.choice(BUILD_TYPES)


def flags(world: World) -> None:
    if world.variables.pop("CFLAGS", None) is None:
        world.variables["CFLAGS"] = f"-DFLAG={world.small()}"


def flags_by_an_option(world: World) -> None:
    if world.options.pop("cmake.define.CMAKE_C_FLAGS", None) is None:
        world.options["cmake.define.CMAKE_C_FLAGS"] = f"-DFLAG={world.small()}"


def flags_of_the_linker(world: World) -> None:
    if world.variables.pop("LDFLAGS", None) is None:
        world.variables["LDFLAGS"] = f"-Wl,--defsym=flag={world.small()}"


def restless_variable(world: World) -> None:
    world.variables[world.rng.choice(RESTLESS)] = str(world.large())


def no_restless_variables(world: World) -> None:
    for name in RESTLESS:
        world.variables.pop(name, None)


def unit(world: World) -> None:
    with (world.root / "src/main.c").open("a", encoding="utf-8") as file:
        file.write(f"int more_{world.large()} = {world.small()};\n")


def remark_in_cmake(world: World) -> None:
    with (world.root / "CMakeLists.txt").open("a", encoding="utf-8") as file:
        file.write(f"# {world.large()}\n")


def line_in_cmake(world: World) -> None:
    with (world.root / "CMakeLists.txt").open("a", encoding="utf-8") as file:
        file.write(f"target_compile_definitions(generated PRIVATE M{world.large()})\n")


def version(world: World) -> None:
    path = world.root / "pyproject.toml"
    text = path.read_text(encoding="utf-8")
    now = text.split('version = "')[1].split('"')[0]
    path.write_text(text.replace(f'"{now}"', f'"1.{world.small()}"'), encoding="utf-8")


def everything_touched(world: World) -> None:
    """As after a checkout of everything."""
    for path in sorted(world.root.rglob("*")):
        if path.is_file() and ".git" not in path.parts:
            os.utime(path)


WORLD_EDITS: tuple[tuple[Callable[[World], None], int], ...] = (
    (nothing, 2), (noise, 3), (no_noise, 1), (define, 2), (build_type, 1), (flags, 2), (flags_by_an_option, 1),
    (flags_of_the_linker, 1), (restless_variable, 2), (no_restless_variables, 1), (unit, 2), (remark_in_cmake, 1),
    (line_in_cmake, 1), (version, 1), (everything_touched, 1),
)  # fmt: skip


def edit_of_the_world(world: World) -> Edit:
    """Choose what happens to the project as a whole."""
    edits, weights = zip(*WORLD_EDITS, strict=True)
    (edit,) = world.rng.choices(edits, weights)
    return Edit(edit.__name__, lambda: edit(world))
