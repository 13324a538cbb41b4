"""Names of environment variables and of files that tell who looks at them: build tools, compilers, commands, or nobody. Pure.

What these tables say is knowledge about other programs; ``reuse.py`` decides by it.
"""

from __future__ import annotations

# --- variables ----------------------------------------------------------------------------------------------------

SILENT = frozenset(
    {
        # GCC, Clang: "Environment Variables Affecting GCC"
        "CPATH",
        "C_INCLUDE_PATH",
        "CPLUS_INCLUDE_PATH",
        "OBJC_INCLUDE_PATH",
        "LIBRARY_PATH",
        "COMPILER_PATH",
        "GCC_EXEC_PREFIX",
        "CCC_OVERRIDE_OPTIONS",
        # linkers and loaders
        "LD_RUN_PATH",
        "LD_LIBRARY_PATH",
        # Apple's tools
        "SDKROOT",
        "MACOSX_DEPLOYMENT_TARGET",
        "ZERO_AR_DATE",
        # "CL Environment Variables" of MSVC
        "INCLUDE",
        "LIB",
        "LIBPATH",
        "CL",
        "_CL_",
        # https://reproducible-builds.org/specs/source-date-epoch/
        "SOURCE_DATE_EPOCH",
        # what PATH says of the tools that compilers run
        "PATH of tools",
    }
)
"""Variables that compilers and linkers read behind the build tool's back."""

_RESTLESS = frozenset(
    {
        # shells
        "PWD",
        "OLDPWD",
        "SHLVL",
        "_",
        "PS1",
        "PROMPT_COMMAND",
        "HISTFILE",
        "HISTSIZE",
        "HISTCONTROL",
        "MAIL",
        # terminals and colours
        "TERM",
        "COLUMNS",
        "LINES",
        "COLORTERM",
        "LC_TERMINAL",
        "LC_TERMINAL_VERSION",
        "LS_COLORS",
        "NO_COLOR",
        "FORCE_COLOR",
        "CLICOLOR",
        "CLICOLOR_FORCE",
        "STY",
        "WT_SESSION",
        "WT_PROFILE_ID",
        # editors and pagers
        "EDITOR",
        "VISUAL",
        "PAGER",
        "LESS",
        "LESSOPEN",
        "LESSCLOSE",
        "PYCHARM_HOSTED",
        "IDEA_INITIAL_DIRECTORY",
        # sessions and machines
        "HOSTNAME",
        "DISPLAY",
        "WAYLAND_DISPLAY",
        "WINDOWID",
        "INVOCATION_ID",
        "JOURNAL_STREAM",
        "SESSION_MANAGER",
        "DESKTOP_SESSION",
        "XAUTHORITY",
        # directories for temporary files
        "TMPDIR",
        "TEMP",
        "TMP",
        # Python and front ends
        "VIRTUAL_ENV",
        "VIRTUAL_ENV_PROMPT",
        "PYTHONNOUSERSITE",
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONIOENCODING",
        "PYTHONUTF8",
        "PYTHONUNBUFFERED",
        "PYTHONWARNINGS",
        "UV",
        # how a make that called was called itself; what of it reaches a build says how many jobs run
        "MAKEFLAGS",
        "GNUMAKEFLAGS",
        "MFLAGS",
        "MAKELEVEL",
        "MAKE_TERMOUT",
        "MAKE_TERMERR",
        # CI services
        "CI",
    }
)
_RESTLESS_PREFIXES = (
    # front ends
    "PIP_",
    "UV_",
    "_PYPROJECT_HOOKS_",
    "PEP517_",
    # sessions and terminals
    "SSH_",
    "XDG_SESSION",
    "DBUS_",
    "GPG_",
    "TERM_PROGRAM",
    "TMUX",
    "VSCODE_",
    "KONSOLE_",
    "GNOME_TERMINAL_",
    "ITERM_",
    "STARSHIP_",
    "DIRENV_",
    # CI services and tests
    "GITHUB_",
    "RUNNER_",
    "CI_",
    "BUILDKITE_",
    "PYTEST_",
    "COV_",
    # settings, which are compared as such
    "TRUEWHEEL_",
)
"""Variables that differ between builds that are the same. They count when the project names them."""

_COMMITS = (
    "_SHA",
    "_REF",
    "_REF_NAME",
    "_COMMIT",
    "_COMMIT_SHA",
    "_COMMIT_TAG",
    "_TAG",
)
"""Ends of the names of variables that say what is built: they count in any case."""


_ANOTHER_EACH_TIME = frozenset(
    {
        # shells: the last command, and where somebody was before
        "_",
        "OLDPWD",
        # pip: directories with random names
        "PIP_BUILD_TRACKER",
        "PIP_REQ_TRACKER",
    }
)
"""Variables that are another one in each build. What is made of them is no more the same than what is made of the time."""


def is_another_each_time(variable: str) -> bool:
    """Return whether a variable is another one in each build."""
    # uv's own business with its build environment.
    return variable in _ANOTHER_EACH_TIME or variable.startswith("UV_INTERNAL_")


def is_restless(variable: str) -> bool:
    """Return whether a variable differs between builds that are the same."""
    if variable in _RESTLESS:
        return True
    return variable.startswith(_RESTLESS_PREFIXES) and not variable.endswith(_COMMITS)


# --- files --------------------------------------------------------------------------------------------------------

_HEADERS = (
    ".h",
    ".hh",
    ".hpp",
    ".hxx",
    ".inc",
    ".inl",
    ".ipp",
    ".tpp",
    ".tcc",
    ".def",
    ".pxd",
    ".pxi",
    ".i",
    ".mod",
)
"""Ends of names that compilers find by searching directories."""


def may_be_a_header(base_name: str) -> bool:
    """Return whether a file may be a header by its name; those of C++'s library have no suffix."""
    return base_name.endswith(_HEADERS) or "." not in base_name
