"""What tools said when they failed (CMake 3.25 and 4.4, GCC, Clang, MSVC, GNU ld, Python), and what it is taken for."""

from __future__ import annotations

import re
import subprocess

import pytest

from support import needs
from support.paths import ROOT
from truewheel.data_tables import table
from truewheel.planning.build_errors import Circumstances, diagnosis

RULES = table("planning/build_errors.json")["rules"]
MODULES = "/usr/share/cmake-3.25/Modules"


def standard(text: str) -> str:
    """An error of ``find_package_handle_standard_args``, with its call stack."""
    return f"""CMake Error at {MODULES}/FindPackageHandleStandardArgs.cmake:230 (message):
  {text}
Call Stack (most recent call first):
  {MODULES}/FindPackageHandleStandardArgs.cmake:600 (_FPHSA_FAILURE_MESSAGE)
  {MODULES}/FindPython.cmake:519 (include)
  lib/CMakeLists.txt:3 (find_package)


-- Configuring incomplete, errors occurred!"""


SAID = [
    ("compiler not found", f"CMake Error at {MODULES}/CMakeDetermineCCompiler.cmake:49 (message):\n  Could not find compiler set in environment variable CC:\n\n  nosuch.\nCall Stack (most recent call first):\n  CMakeLists.txt:2 (project)\n", "does not exist: nosuch"),
    ("compiler not found", "CMake Error at CMakeLists.txt:2 (project):\n  The CMAKE_C_COMPILER:\n\n    nosuch\n\n  is not a full path and was not found in the PATH.\n\n  Tell CMake where to find the compiler", "does not exist: nosuch"),
    ("no compiler", "CMake Error at CMakeLists.txt:2 (project):\n  No CMAKE_Fortran_COMPILER could be found.\n\n  Tell CMake where", "no Fortran compiler"),
    ("no compiler", f"CMake Error at {MODULES}/CMakeDetermineCXXCompiler.cmake:48 (message):\n  Could not find the compiler specified in the environment variable CXX:\n\n  g++.\n", "no CXX compiler"),
    ("compiler does not work", 'CMake Error at x.cmake:1 (message):\n  The C compiler\n\n    "/usr/bin/false"\n\n  is not able to compile a simple test program.\n', '"/usr/bin/false" cannot compile'),
    ("no build tool", 'CMake Error: CMake was unable to find a build program corresponding to "Ninja".  CMAKE_MAKE_PROGRAM is not set.', "files for Ninja"),
    ("an unknown component", standard('Could NOT find Python (missing: Interpreter Development.Modul) (found\n  version "3.13.0")'), "find_package(Python) has no component Development.Modul (lib/CMakeLists.txt:3)"),
    ("an unknown component", standard("Could NOT find Python3 (missing: Python3_EXECUTABLE Interpretor Development.Module)"), "has no component Interpretor"),
    ("an unknown component", standard("Could NOT find Python (missing: development.module)"), "has no component development.module"),
    ("an unknown component", standard("Could NOT find Python (missing: Interpreter Development.Modules NumPy)"), "has no component Development.Modules"),
    ("no Python headers", standard('Could NOT find Python (missing: Python_INCLUDE_DIRS Development.Module) (found\n  version "3.13.0")'), "headers of Python 3.13"),
    ("no Python headers", standard("Could NOT find Python (missing: Interpreter Development.Module)"), "headers of Python 3.13"),
    ("Development instead of Development.Module", standard('Could NOT find Python3 (missing: Python3_LIBRARIES Development\n  Development.Embed) (found version "3.13.0")'), "asked for (lib/CMakeLists.txt:3)"),
    ("Development instead of Development.Module", standard('Could NOT find PythonLibs (missing: PYTHON_LIBRARIES PYTHON_INCLUDE_DIRS)\n  (Required is at least version "4")'), "libpython"),
    ("Development instead of Development.Module", "/usr/bin/ld: cannot find -lpython3.13: No such file or directory", "libpython is asked for, which"),
    ("no NumPy", standard('Could NOT find Python (missing: Python_NumPy_INCLUDE_DIRS NumPy) (found\n  version "3.13.0")'), "lacks numpy"),
    ("no stable ABI", standard("Could NOT find Python (missing: Python_SABI_LIBRARY Development.SABIModule)"), "Development.SABIModule is asked for (lib"),
    ("another version of Python", standard('Could NOT find Python: Found unsuitable version "3.13.0", but required is at\n  least "3.99" (found /usr/bin/python3)'), 'asks for Python at least "3.99"; this one is 3.13.0'),
    ("another version of Python", standard('Could NOT find Python (missing: Python_EXECUTABLE Interpreter) (Required is\n  at least version "3.99")'), 'at least version "3.99"; this one is 3.13'),
    ("another version of a package", 'CMake Error at CMakeLists.txt:3 (find_package):\n  Could not find a configuration file for package "pybind11" that is\n  compatible with requested version "99".\n\n  The following configuration files were considered but not accepted:\n\n    /x/pybind11Config.cmake, version: 3.1.0\n', "find_package(pybind11) (CMakeLists.txt:3) asks for version 99; what is there is 3.1.0"),
    ("a missing package", 'CMake Error at CMakeLists.txt:3 (find_package):\n  No "FindNothing.cmake" found in CMAKE_MODULE_PATH.\n', "looked for Nothing"),
    ("a missing package", standard("Could NOT find OpenSSL, try to set the path to OpenSSL root folder in the\n  system variable OPENSSL_ROOT_DIR (missing: OPENSSL_INCLUDE_DIR)"), "looked for OpenSSL"),
    ("a missing package", "CMake Error at CMakeLists.txt:3 (find_program):\n  Could not find CYTHON using the following names: cython\n", "lacks cython"),
    ("a missing file to include", "CMake Error at CMakeLists.txt:5 (include):\n  include could not find requested file:\n\n    UseF2Py\n", "UseF2Py was not found (CMakeLists.txt:5): build-system.requires in pyproject.toml lacks f2py-cmake"),
    ("a missing file to include", "CMake Error at CMakeLists.txt:5 (include):\n  include could not find requested file:\n\n    UseGrid\n", "include(UseGrid) (CMakeLists.txt:5) found no UseGrid.cmake"),
    ("an unknown command", 'CMake Error at CMakeLists.txt:3 (nanobind_add_module):\n  Unknown CMake command "nanobind_add_module".\n', "nothing has defined it"),
    ("an unknown command", 'CMake Error at CMakeLists.txt:3 (PYBIND11_ADD_MODULE):\n  Unknown CMake command "PYBIND11_ADD_MODULE".\n', "PYBIND11_ADD_MODULE is called (CMakeLists.txt:3)"),
    ("an unknown command", 'CMake Error at CMakeLists.txt:3 (xyzzy):\n  Unknown CMake command "xyzzy".\n', "xyzzy is called (CMakeLists.txt:3)"),
    ("an unknown target", 'CMake Error at CMakeLists.txt:5 (install):\n  install TARGETS given target "nothing" which does not exist.\n', "there is no target nothing (CMakeLists.txt:5)"),
    ("an unknown target", 'CMake Error at CMakeLists.txt:5 (target_link_libraries):\n  Cannot specify link libraries for target "_n" which is not built by this\n  project.\n', "there is no target _n (CMakeLists.txt:5)"),
    ("no destination for a module", 'CMake Error at CMakeLists.txt:5 (install):\n  install TARGETS given no LIBRARY DESTINATION for module target "_m".\n', "where in the wheel _m belongs"),
    ("no destination for a module", 'CMake Error at CMakeLists.txt:5 (install):\n  install TARGETS given no DESTINATION for static library target "x".\n', "where in the wheel x belongs"),
    ("no destination for files", "CMake Error at CMakeLists.txt:6 (install):\n  install FILES given no DESTINATION!\n", "install(FILES) (CMakeLists.txt:6)"),
    ("no language for a target", "CMake Error: CMake can not determine linker language for target: _m\n", "no source of _m is"),
    ("no language for a target", 'CMake Error: Cannot determine link language for target "_m".\n', "no source of _m is"),
    ("a missing source file", "CMake Error at CMakeLists.txt:4 (add_library):\n  Cannot find source file:\n\n    gone.c\n\n  Tried extensions .c .C\n", "gone.c is a source of a target (CMakeLists.txt:4)"),
    ("a missing directory", 'CMake Error at CMakeLists.txt:5 (add_subdirectory):\n  add_subdirectory given source "extern/x" which is not an existing\n  directory.\n', "extern/x is to be built as well (CMakeLists.txt:5)"),
    ("a missing directory", "CMake Error at CMakeLists.txt:6 (add_subdirectory):\n  The source directory\n\n    /p/my extern\n\n  does not contain a CMakeLists.txt file.\n", "/p/my extern is to be built as well"),
    ("no cmake_minimum_required", "CMake Error in CMakeLists.txt:\n  No cmake_minimum_required command is present.  A line of code such as\n\n    cmake_minimum_required(VERSION 4.4)\n", "for which CMake it was written"),
    ("a project for CMake before 3.5", "CMake Error at CMakeLists.txt:1 (cmake_minimum_required):\n  Compatibility with CMake < 3.5 has been removed from CMake.\n", "one before 3.5"),
    ("CMake too old", "CMake Error at CMakeLists.txt:1 (cmake_minimum_required):\n  CMake 3.99 or higher is required.  You are running version 3.25.1\n", "asks for CMake 3.99; this one is 3.25.1"),
    ("no network", "CMake Error at fc-tmp/fmt/fmt-gitclone.cmake:55 (message):\n  Failed to clone repository: 'https://x.invalid/fmt.git'\n", "https://x.invalid/fmt.git"),
    ("no network", "CMake Error at fmt-download.cmake:170 (message):\n  Each download failed!\n\n    error: downloading 'https://x.invalid/f.tar.gz' failed\n          status_code: 6\n          status_string: \"Could not resolve hostname\"\n", "https://x.invalid/f.tar.gz"),
    ("no network", "fatal: unable to access 'https://x.invalid/fmt.git/': Could not resolve host: x.invalid", "https://x.invalid/fmt.git/"),
    ("a build directory made for something else", 'CMake Error: The source "/q/CMakeLists.txt" does not match the source "/p/CMakeLists.txt" used to generate cache.  Re-run cmake', "/p/CMakeLists.txt"),
    ("a build directory made for something else", "CMake Error: Error: generator : Ninja\nDoes not match the generator used previously: Unix Makefiles\nEither remove", "Unix Makefiles"),
    ("the disk is full", "/tmp/cc.s: fatal error: error writing to /tmp/cc.s: No space left on device", "a disk is full"),
    ("a destination outside of the wheel", "CMake Error at /b/cmake_install.cmake:63 (file):\n  file cannot create directory: /usr/lib/python3.  Maybe need administrative\n  privileges.\n", "install() is to write /usr/lib/python3, which"),
    ("a destination outside of the wheel", 'CMake Error at b/cmake_install.cmake:49 (file):\n  file INSTALL cannot copy file "/b/_m.so" to\n  "/usr/local/lib/_m.so": Permission denied.\n', "install() is to write /usr/local/lib/_m.so, which"),
    ("time stamps in the future", "ninja: error: manifest 'build.ninja' still dirty after 100 tries, perhaps system time is not set\n", "in the future"),
    ("a path that is too long", "error: unable to open output file 'x.o': 'File name too long'", "a path is longer"),
    ("not enough memory", "g++: fatal error: Killed signal terminated program cc1plus", "ran out of memory"),
    ("Python.h", "m.c:2:10: fatal error: Python.h: No such file or directory", "not told where Python's headers are"),
    ("Python.h", "m.c:2:10: fatal error: 'Python.h' file not found", "not told"),
    ("Python.h", "m.c(2): fatal error C1083: Cannot open include file: 'Python.h': No such file or directory", "not told"),
    ("a missing header of a package", "m.c:2:10: fatal error: numpy/arrayobject.h: No such file or directory", "lacks numpy"),
    ("a missing header of a package", "m.cpp:2:10: fatal error: 'pybind11/pybind11.h' file not found", "lacks pybind11"),
    ("a missing Python module", "/usr/bin/python3: No module named nanobind", "lacks nanobind"),
    ("a missing Python module", "ModuleNotFoundError: No module named 'Cython'", "lacks cython"),
    ("not position independent", "/usr/bin/ld: libx.a(x.o): relocation R_X86_64_PC32 against symbol `x' can not be used when making a shared object; recompile with -fPIC", "without -fPIC"),
]  # fmt: skip
HERE = {"python": "3.13", "variables": frozenset({"CC"})}


@pytest.mark.parametrize(("name", "said", "because"), SAID, ids=lambda v: v[:20])
def test_each_message_is_understood(name: str, said: str, because: str) -> None:
    circumstances = Circumstances(**HERE, headers=name != "no Python headers")  # type: ignore[arg-type]
    found = diagnosis(
        f"-- Detecting\n\x1b[31m{said}\x1b[0m\nninja: build stopped.".splitlines(),
        circumstances,
    )
    assert found is not None
    assert found.name == name
    assert because in found.because
    assert "{" not in found.because + found.cure.replace("${", "")


def test_every_rule_has_a_message_and_is_in_the_guide() -> None:
    assert {rule["name"] for rule in RULES} == {name for name, _, _ in SAID}
    guide = (ROOT / "docs" / "how-to" / "when-a-build-fails.md").read_text(
        encoding="utf-8"
    )
    told = {
        text.lower()
        for text in re.findall(r"\*\*([^*]+)\*\*|`([^`]+)`", guide)
        for text in text
        if text
    }
    assert [
        rule["name"]
        for rule in RULES
        if not any(rule["name"].lower() in text for text in told)
    ] == []


@pytest.mark.parametrize(
    ("command", "meant"),
    [
        ("Pyton_add_library", "did you mean Python_add_library? "),
        ("pybind_add_module", "did you mean pybind11_add_module? "),
        ("TARGET_LINK_LIBRARY", "did you mean target_link_libraries? "),
        ("xyzzy", ""),
    ],
)
def test_a_misspelt_command_is_guessed(command: str, meant: str) -> None:
    found = diagnosis(
        [
            f"CMake Error at CMakeLists.txt:3 ({command}):",
            f'  Unknown CMake command "{command}".',
        ],
        Circumstances(),
    )
    assert found is not None
    assert (
        found.cure
        == f"{meant}What a package defines is there after its find_package or include"
    )


def test_commands_are_those_of_cmake() -> None:
    known = subprocess.run(
        [needs.program("cmake"), "--help-command-list"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert (
        set(table("planning/build_errors.json")["builtin"]) - set(known.split())
        == set()
    )


@pytest.mark.parametrize("system", ["linux", "darwin", "win32", "freebsd14"])
def test_cures_are_for_the_system(system: str) -> None:
    said = [
        "CMake Error at CMakeLists.txt:2 (project):",
        "  No CMAKE_CXX_COMPILER could be found.",
    ]
    found = diagnosis(said, Circumstances(system=system))
    assert found is not None
    assert ("xcode-select" in found.cure) == (system == "darwin")
    assert ("apt install" in found.cure) == (system == "linux")


@pytest.mark.parametrize(
    ("circumstances", "because", "cure"),
    [
        (Circumstances(), "lacks pybind11", 'requires = ["truewheel", "pybind11"]'),
        (
            Circumstances(requires=frozenset({"pybind11"})),
            "not in this environment",
            "build with isolation",
        ),
        (
            Circumstances(installed=frozenset({"pybind11"})),
            "although pybind11 is installed",
            "CMAKE_PREFIX_PATH",
        ),
    ],
)
def test_the_cure_depends_on_where_a_distribution_is_missing(
    circumstances: Circumstances, because: str, cure: str
) -> None:
    said = 'CMake Error at a b/CMakeLists.txt:3 (find_package):\n  By not providing "Findpybind11.cmake" in CMAKE_MODULE_PATH'
    found = diagnosis(said.splitlines(), circumstances)
    assert found is not None
    assert found.because.startswith("pybind11 was not found (a b/CMakeLists.txt:3)")
    assert because in found.because
    assert cure in found.cure


@pytest.mark.parametrize(
    "said",
    ["", "-- Could NOT find OpenSSL (missing: OPENSSL_INCLUDE_DIR)", "m.c:4:1: error: expected expression",
     'CMake Warning at CMakeLists.txt:3 (find_package):\n  Could not find a package configuration file provided by "X"\n',
     "ModuleNotFoundError: No module named 'something_else'", "m.c:1:1: fatal error: mine/own.h: No such file or directory"],
)  # fmt: skip
def test_what_is_not_understood_is_not_guessed_at(said: str) -> None:
    assert diagnosis(said.splitlines(), Circumstances()) is None


def test_errors_of_cmake_come_before_what_else_was_said() -> None:
    said = [
        "No module named 'numpy'",
        "CMake Error at CMakeLists.txt:9 (find_package):",
        '  No "FindNothing.cmake" found in CMAKE_MODULE_PATH.',
    ]
    found = diagnosis(said, Circumstances())
    assert found is not None
    assert "Nothing" in found.because


def test_what_an_earlier_step_said_is_not_the_reason() -> None:
    said = [
        "*** Configuring CMake...",
        "No module named 'numpy'",
        "*** Building project with Ninja...",
        "m.c:1:1: error: expected",
    ]
    assert diagnosis(said, Circumstances()) is None
    assert diagnosis(said[:2], Circumstances()) is not None


def test_a_full_disk_explains_whatever_else_was_said() -> None:
    found = diagnosis(
        ["ModuleNotFoundError: No module named 'numpy'"], Circumstances(full="/tmp/x")
    )
    assert found is not None
    assert found.because == "a disk is full (/tmp/x)"
