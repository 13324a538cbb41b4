"""Features: commands of the build that make sources out of data, and declare more or less of what they read."""

from __future__ import annotations

import sys
from typing import NamedTuple

from support.generated.registry import feature
from support.generated.world import Part

TABLE = "VALUE\n"


class Kind(NamedTuple):
    """How a script in one language reads a helper and a table beside it, and writes the file it is told.

    :param script: its name and text; ``VALUE`` is a number of its own.
    :param helper: likewise, of the file that it sources or imports.
    :param command: what runs it; ``HERE`` is its directory.
    """

    script: tuple[str, str]
    helper: tuple[str, str]
    command: str


SH = """\
#!/bin/sh
. "${0%/*}/helper"
read data < "${0%/*}/table.dat"
echo "const int made_TAG[] = {VALUE, $HELP, $data};" > "$1"
"""
PERL = """\
#!/usr/bin/perl
use FindBin;
require "$FindBin::Bin/helper.pl";
open(my $in, '<', "$FindBin::Bin/table.dat") or die;
my $data = <$in>; chomp $data;
open(my $out, '>', $ARGV[0]) or die;
print $out "const int made_TAG[] = {VALUE, ", help(), ", $data};\\n";
"""
CMAKE = """\
include("${CMAKE_CURRENT_LIST_DIR}/helper.cmake")
file(STRINGS "${CMAKE_CURRENT_LIST_DIR}/table.dat" data)
file(WRITE "${OUT}" "const int made_TAG[] = {VALUE, ${HELP}, ${data}};\\n")
"""
PYTHON = """\
#!/usr/bin/env python3
import sys, os, helper
here = os.path.dirname(os.path.abspath(__file__))
data = open(os.path.join(here, "table.dat")).read().strip()
open(sys.argv[1], "w").write(f"const int made_TAG[] = {{VALUE, {helper.HELP}, {data}}};\\n")
"""
AWK = """\
BEGIN { getline help < HELPER; getline data < TABLE
  print "const int made_TAG[] = {VALUE, " help ", " data "};" }
"""
AWK_COMMAND = (
    "sh -c \"awk -v HELPER='HERE/helper' -v TABLE='HERE/table.dat' -f 'HERE/make.awk' > made_TAG.c\" VERBATIM"
)  # fmt: skip
SED_COMMAND = (
    "sh -c \"cat 'HERE/table.dat' 'HERE/helper' | tr '\\\\n' , | sed -f 'HERE/make' > made_TAG.c\" VERBATIM"
)  # fmt: skip
KINDS = {
    "sh": Kind(("make.sh", SH), ("helper", "HELP=VALUE\n"), 'sh "HERE/make.sh" made_TAG.c'),
    "sh_of_no_suffix": Kind(("make", SH), ("helper", "HELP=VALUE\n"), '"HERE/make" made_TAG.c'),
    "perl": Kind(("make.pl", PERL), ("helper.pl", "sub help { return VALUE; }\n1;\n"), 'perl "HERE/make.pl" made_TAG.c'),
    "perl_of_no_suffix": Kind(("make", PERL), ("helper.pl", "sub help { return VALUE; }\n1;\n"), '"HERE/make" made_TAG.c'),
    "cmake": Kind(
        ("make.cmake", CMAKE), ("helper.cmake", "set(HELP VALUE)\n"),
        '"${CMAKE_COMMAND}" -DOUT=made_TAG.c -P "HERE/make.cmake"',
    ),
    "python": Kind(("make.py", PYTHON), ("helper.py", "HELP = VALUE\n"), f'"{sys.executable}" "HERE/make.py" made_TAG.c'),
    "python_of_no_suffix": Kind(("make", PYTHON), ("helper.py", "HELP = VALUE\n"), f'"{sys.executable}" "HERE/make" made_TAG.c'),
    "awk": Kind(("make.awk", AWK), ("helper", "VALUE\n"), AWK_COMMAND),
    "sed": Kind(("make", "s/.*/const int made_TAG[] = {VALUE, &};/\n"), ("helper", "VALUE\n"), SED_COMMAND),
}  # fmt: skip
PLACES = (
    ("tools/TAG", "SOURCE/tools/TAG"), ("docs/TAG", "SOURCE/docs/TAG"), ("tests/TAG", "SOURCE/tests/TAG"),
    ("OUTSIDE/TAG", "OUTSIDE/TAG"), ("src/generated/TAG", "SOURCE/src/generated/TAG"),
)  # fmt: skip


def _script(part: Part, name: str) -> None:
    """Write the files of one kind, and the command that runs it."""
    kind = KINDS[name]
    place, here = part.pick(PLACES)
    mode = 0o755 if kind.command.startswith('"HERE') else 0o644
    part.data(f"{place}/{kind.script[0]}", kind.script[1], mode=mode)
    part.data(f"{place}/{kind.helper[0]}", kind.helper[1])
    part.data(f"{place}/table.dat", TABLE)
    script = f'"{here}/{kind.script[0]}"'
    depends = part.pick(
        ["", f"DEPENDS {script}", f'DEPENDS {script} "{here}/table.dat"']
    )
    command = kind.command.replace("HERE", here)
    part.cmake(
        f"add_custom_command(OUTPUT made_TAG.c COMMAND {command} {depends})\n"
        "target_sources(generated PRIVATE made_TAG.c)"
    )


@feature("sh")
def script_sh(part: Part) -> None:
    _script(part, part.pick(["sh", "sh_of_no_suffix"]))


@feature("perl")
def script_perl(part: Part) -> None:
    _script(part, part.pick(["perl", "perl_of_no_suffix"]))


@feature("cmake")
def script_cmake(part: Part) -> None:
    _script(part, "cmake")


@feature()
def script_python(part: Part) -> None:
    _script(part, part.pick(["python", "python_of_no_suffix"]))


@feature("awk", "sh")
def script_awk(part: Part) -> None:
    _script(part, "awk")


@feature("sed", "tr", "sh")
def script_sed(part: Part) -> None:
    _script(part, "sed")


GENERATOR = """\
#include <stdio.h>
#include <stdlib.h>
#include "helper_TAG.h"
int main(int count, char **words) {
  int data = 0;
  FILE *in = fopen(words[1], "r"), *out = fopen(words[2], "w");
  const char *said = getenv("GENERATED_TAG");
  if (!in || !out || fscanf(in, "%d", &data) != 1) return 1;
  fprintf(out, "const int made_TAG[] = {VALUE, %d, %d, %d};\\n", HELP, data, said ? atoi(said) : 0);
  return fclose(out);
}
"""


@feature("gcc")
def compiled_generator(part: Part) -> None:
    """A program of the project makes a source of data that nobody declares."""
    part.data("tools/TAG_generator.c", GENERATOR)
    part.data("tools/helper_TAG.h", "#define HELP VALUE\n")
    place, here = part.pick([("data", "SOURCE/data"), ("OUTSIDE", "OUTSIDE")])
    name = part.pick(["TAG.json", "TAG.md", "TAG.dat", "TAG"])
    part.data(f"{place}/{name}", TABLE)
    part.cmake(
        "add_executable(generator_TAG tools/TAG_generator.c)\n"
        "add_custom_command(OUTPUT made_TAG.c\n"
        f'  COMMAND generator_TAG "{here}/{name}" made_TAG.c)\n'
        "target_sources(generated PRIVATE made_TAG.c)"
    )

    @part.edit("variable_of_the_generator")
    def variable() -> None:
        variables = part.world.variables
        if variables.pop(part.told("GENERATED_TAG"), None) is None:
            variables[part.told("GENERATED_TAG")] = str(part.world.small())


@feature("sh")
def command_in_a_line(part: Part) -> None:
    """A command without a script, which declares its data or not."""
    part.data("docs/TAG.md", TABLE)
    depends = part.pick(["", "DEPENDS docs/TAG.md"])
    part.cmake(
        f"add_custom_command(OUTPUT made_TAG.c {depends}\n"
        '  COMMAND echo "const int made_TAG =" > made_TAG.c COMMAND cat "SOURCE/docs/TAG.md" >> made_TAG.c\n'
        '  COMMAND echo "\\;" >> made_TAG.c)\n'
        "target_sources(generated PRIVATE made_TAG.c)"
    )


SPLIT = """\
mkdir -p parts_TAG
while read name value; do echo "const int split_TAG_$name = $value;" > "parts_TAG/$name.c"; done < "$1"
touch stamp_TAG
"""


@feature("sh")
def undeclared_outputs(part: Part) -> None:
    """One step splits data into files, whose names depend on it; another takes all that are there."""
    names = part.data("data/TAG.txt", "one VALUE\ntwo 2\n")
    part.write("tools/TAG_split.sh", SPLIT)
    depends = part.pick(["", "DEPENDS data/TAG.txt", "DEPENDS data/TAG.txt tools/TAG_split.sh"])  # fmt: skip
    part.cmake(
        f"add_custom_command(OUTPUT stamp_TAG {depends}\n"
        '  COMMAND sh "SOURCE/tools/TAG_split.sh" "SOURCE/data/TAG.txt")\n'
        "add_custom_command(OUTPUT made_TAG.c DEPENDS stamp_TAG\n"
        '  COMMAND sh -c "cat parts_TAG/*.c > made_TAG.c" VERBATIM)\n'
        "target_sources(generated PRIVATE made_TAG.c)"
    )

    @part.edit("other_names_of_outputs")
    def other_names() -> None:
        number = part.world.large()
        names.path.write_text(f"one {number}\nname_{number} 3\n")


@feature("sh")
def chain_of_undeclared_files(part: Part) -> None:
    """The second step reads what the first one leaves beside its stamp, the third what the second leaves."""
    part.data("data/TAG.json", TABLE)
    depends = part.pick(["", "DEPENDS data/TAG.json"])
    part.cmake(
        f"add_custom_command(OUTPUT first_TAG {depends}\n"
        "  COMMAND sh -c \"cp 'SOURCE/data/TAG.json' left_TAG && touch first_TAG\" VERBATIM)\n"
        "add_custom_command(OUTPUT second_TAG DEPENDS first_TAG\n"
        '  COMMAND sh -c "cp left_TAG more_TAG && touch second_TAG" VERBATIM)\n'
        "add_custom_command(OUTPUT made_TAG.h DEPENDS second_TAG\n"
        "  COMMAND sh -c \"echo '#define CHAIN_TAG' `cat more_TAG` > made_TAG.h\" VERBATIM)\n"
        "target_sources(generated PRIVATE made_TAG.h)\n"
        "target_include_directories(generated PRIVATE ${CMAKE_CURRENT_BINARY_DIR})"
    )
    part.c('#include "made_TAG.h"\nint chain_TAG = CHAIN_TAG;')


@feature("sh", "ls")
def directory_listing(part: Part) -> None:
    """A step lists the names in a directory of the source."""
    place, here = part.pick(
        [("data/TAG", "SOURCE/data/TAG"), ("docs/TAG", "SOURCE/docs/TAG"), ("tests/TAG", "SOURCE/tests/TAG"),
         ("OUTSIDE/TAG", "OUTSIDE/TAG"), ("src/generated/TAG", "SOURCE/src/generated/TAG")]
    )  # fmt: skip
    part.write(f"{place}/first.txt", "")
    part.write(f"{place}/deep/second.txt", "")
    question = part.pick(["ls", "ls -R .", "find . -type f | sort", "for f in *; do echo $f; done"])  # fmt: skip
    part.write(
        "tools/TAG_list.sh",
        f'out="$PWD/made_TAG.c"; cd "$1"; echo "const char list_TAG[] = \\"`({question}) | tr \'\\n\' \' \'`\\";" > "$out"\n',
    )
    part.cmake(
        f'add_custom_command(OUTPUT made_TAG.c COMMAND sh "SOURCE/tools/TAG_list.sh" "{here}")\n'
        "target_sources(generated PRIVATE made_TAG.c)"
    )
    names_in_a_directory(part, f"{place}/deep", ".txt")
    names_in_a_directory(part, place, ".txt")


def names_in_a_directory(part: Part, place: str, suffix: str, text: str = "") -> None:
    """Offer edits that add, remove and rename files there."""
    path = part.path(place)

    @part.edit("name_added")
    def added() -> None:
        number = part.world.large()
        name = f"new{number}{suffix}"
        (path / name).write_text(text.replace("NUMBER", str(number)))

    @part.edit("name_removed")
    def removed() -> None:
        names = sorted(f for f in path.iterdir() if f.is_file())
        if len(names) > 1:
            part.pick(names).unlink()

    @part.edit("name_changed")
    def changed() -> None:
        names = sorted(f for f in path.iterdir() if f.is_file())
        if names:
            chosen = part.pick(names)
            # as C source, its name says nothing, and its text defines what it did
            new = part.pick([chosen.stem.swapcase(), f"x{chosen.stem}"])
            chosen.rename(chosen.with_name(new + chosen.suffix))


LOOK = """\
for name in "$1/TAG.local" "$1/config/TAG.json" "$1/docs/TAG.md" "OUTSIDE/TAG.conf"; do
  if [ -f "$name" ]; then read found < "$name"; break; fi
done
echo "const int made_TAG = ${found:-0};" > made_TAG.c
"""


@feature("sh")
def file_that_is_not_there_yet(part: Part) -> None:
    """A step takes the first file of several that exists; perhaps none does."""
    for name in ("TAG.local", "config/TAG.json", "docs/TAG.md", "OUTSIDE/TAG.conf"):
        part.data(name, TABLE, is_there=part.pick([False, False, True]))  # fmt: skip
    part.write("tools/TAG_look.sh", LOOK)
    part.cmake(
        'add_custom_command(OUTPUT made_TAG.c COMMAND sh "SOURCE/tools/TAG_look.sh" "SOURCE")\n'
        "target_sources(generated PRIVATE made_TAG.c)"
    )


@feature("sh")
def ignored_files(part: Part) -> None:
    """What git and wheels leave out is read all the same."""
    name = part.pick(["TAG.cache", "local/TAG.json", ".env_TAG", "TAG.egg-info/data"])
    part.data(name, TABLE)
    part.write(".gitignore", f"{name}\n.coverage\n.idea/\n")
    part.cmake(
        f"add_custom_command(OUTPUT made_TAG.c\n"
        f"  COMMAND sh -c \"echo 'const int made_TAG =' `cat 'SOURCE/{name}'` '$<SEMICOLON>' > made_TAG.c\" VERBATIM)\n"
        "target_sources(generated PRIVATE made_TAG.c)"
    )


@feature("sh")
def install_time(part: Part) -> None:
    """Scripts and files that are read while the project is installed."""
    part.data("docs/TAG.md", TABLE)
    part.data("tools/TAG_install.cmake", 'file(WRITE "${CMAKE_INSTALL_PREFIX}/generated/TAG_by_script" VALUE)\n')  # fmt: skip
    part.data("data/TAG/one.txt", TABLE)
    part.cmake(
        "install(FILES docs/TAG.md DESTINATION generated)\n"
        "install(DIRECTORY data/TAG DESTINATION generated)\n"
        'install(SCRIPT "SOURCE/tools/TAG_install.cmake")\n'
        'install(CODE "execute_process(COMMAND cat [[SOURCE/docs/TAG.md]] OUTPUT_VARIABLE text)\n'
        '  file(WRITE \\"\\${CMAKE_INSTALL_PREFIX}/generated/TAG_by_code\\" \\"\\${text}\\")")'
    )
    names_in_a_directory(part, "data/TAG", ".txt")


DEPFILE = """\
read one < "$1/data/TAG.one"; read two < "$1/data/TAG.json"
echo "const int made_TAG[] = {VALUE, $one, $two};" > made_TAG.c
echo "made_TAG.c: $1/data/TAG.one" > made_TAG.d
"""


@feature("sh")
def command_with_a_depfile(part: Part) -> None:
    """A step says itself what it has read, but not all of it."""
    part.data("data/TAG.one", TABLE)
    part.data("data/TAG.json", TABLE)
    part.data("tools/TAG_tell.sh", DEPFILE)
    part.cmake(
        "add_custom_command(OUTPUT made_TAG.c DEPFILE made_TAG.d DEPENDS tools/TAG_tell.sh\n"
        '  COMMAND sh "SOURCE/tools/TAG_tell.sh" "SOURCE")\n'
        "target_sources(generated PRIVATE made_TAG.c)"
    )
