"""What truewheel has to say in a project's CMake files: paths of this build are mapped out of everything compiled.

A text, and nothing else: it is written, and CMake told of it, elsewhere (``area``).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

from ...model.variants import Variant

_UNFIT = frozenset('=>";,$\\')
"""Characters of paths that would end the option, the generator expression or the string."""
_HEAD = r"""# Written by truewheel: the same bytes wherever the build happens.
get_property(_truewheel_once GLOBAL PROPERTY TRUEWHEEL_DEFINITIONS SET)
if(NOT _truewheel_once)
  set_property(GLOBAL PROPERTY TRUEWHEEL_DEFINITIONS ON)
  if(NOT DEFINED CMAKE_BUILD_RPATH_USE_ORIGIN)
    set(CMAKE_BUILD_RPATH_USE_ORIGIN ON)
  endif()
  if(NOT CMAKE_VERSION VERSION_LESS 3.21)  # ALL_COMPONENTS
    install(CODE "@INSTALL_HERE@" ALL_COMPONENTS)
    install(CODE "@COPY_WHAT_WAS_BUILT@" ALL_COMPONENTS)
  endif()
  foreach(_truewheel_map IN ITEMS
"""
# An editable install is installed again when it is imported, with the variables of whoever imports it. These would have the
# files installed elsewhere, or as links (cmake-env-variables(7)); builds do without them as well (``step_variables``).
_INSTALL_HERE = r"unset(ENV{DESTDIR})\nunset(ENV{CMAKE_INSTALL_MODE})"
# ``cmake --install`` leaves a file that it installed within the same second. After a build it must not; but when nothing
# was built nothing is to be copied, for others may import the module at that moment (rebuilds on import).
_COPY_WHAT_WAS_BUILT = (
    r"if(\"${CMAKE_BINARY_DIR}/.ninja_log\" IS_NEWER_THAN \"${CMAKE_BINARY_DIR}/install_manifest.txt\")"
    r"\n  set(ENV{CMAKE_INSTALL_ALWAYS} 1)\nendif()"
)


def definitions(homes: Mapping[PurePath, str]) -> str:
    """Return CMake code that has paths replaced in ``__FILE__``, in debug information and in profiles.

    :param homes: directories, and what they are called below ``/usr/src/truewheel``; none when paths are to stay.
    """
    # The last map that fits wins in GCC (manual, "-ffile-prefix-map") and in Clang, so that inner directories come last.
    # CMake hands paths to compilers with slashes, on Windows too.
    names = {home.as_posix(): name for home, name in homes.items()}
    options: list[str] = []
    for home in sorted(names):
        if not _UNFIT.intersection(home):
            target = f"/usr/src/truewheel{names[home]}"
            options.append(f'      "-ffile-prefix-map={home}={target}"')
    compile_options = (
        _if_compiler("GNU", "8", "${_truewheel_map}"),
        _if_compiler("Clang,AppleClang", "10", "${_truewheel_map}"),
        '"$<$<COMPILE_LANG_AND_ID:${_truewheel_language},IntelLLVM>:${_truewheel_map}>"',
    )
    link_option = _if_compiler("GNU", "8", "${_truewheel_map}").replace(
        "COMPILE_LANG", "LINK_LANG"
    )
    lines = [
        *options,
        "  )",
        "    foreach(_truewheel_language IN ITEMS C CXX OBJC OBJCXX Fortran)",
        "      set(_truewheel_version $<${_truewheel_language}_COMPILER_VERSION>)",
        "      add_compile_options(",
        *(f"        {option}" for option in compile_options),
        "      )",
        "      if(NOT CMAKE_VERSION VERSION_LESS 3.18)  # link-time optimisation compiles while it links",
        "        add_link_options(",
        f"          {link_option}",
        "        )",
        "      endif()",
        "    endforeach()",
        "  endforeach()",
        "endif()",
    ]
    return (
        _HEAD.replace("@INSTALL_HERE@", _INSTALL_HERE).replace(
            "@COPY_WHAT_WAS_BUILT@", _COPY_WHAT_WAS_BUILT
        )
        + "\n".join(lines)
        + "\n"
    )


def _if_compiler(names: str, oldest: str, option: str, *, and_also: str = "") -> str:
    """Return a generator expression: an option for some compilers, from one version on.

    cmake-generator-expressions(7), ``COMPILE_LANG_AND_ID``.
    """
    is_compiler = f"$<COMPILE_LANG_AND_ID:${{_truewheel_language}},{names}>"
    is_new_enough = f"$<VERSION_GREATER_EQUAL:${{_truewheel_version}},{oldest}>"
    return f'"$<$<AND:{and_also}{is_compiler},{is_new_enough}>:{option}>"'


def variant_definitions(wanted: Variant) -> str:
    """Return CMake code that tells of a variant, and has what it allows written down where it is to be checked."""
    parts = [
        f"{part.namespace}::{part.feature}::{part.value}" for part in wanted.properties
    ]
    properties = ";".join(parts)
    lines = [
        f'set(TRUEWHEEL_VARIANT "{properties}")',
        f'set(TRUEWHEEL_VARIANT_LABEL "{wanted.label}")',
    ]
    if wanted.values("x86_64", "level"):
        # GCC writes into each object what it was allowed to use (GCC manual, "-mneeded"). It does so for a whole file:
        # link-time optimisation would write what it may use by itself.
        note = _if_compiler(
            "GNU",
            "11",
            "-mneeded;-fno-lto",
            and_also="$<PLATFORM_ID:Linux>,",
        )
        lines += [
            "if(NOT _truewheel_once)",
            "  foreach(_truewheel_language IN ITEMS C CXX OBJC OBJCXX Fortran)",
            "    set(_truewheel_version $<${_truewheel_language}_COMPILER_VERSION>)",
            "    add_compile_options(",
            f"      {note}",
            "    )",
            "  endforeach()",
            "endif()",
        ]
    return "\n".join([*lines, ""])
