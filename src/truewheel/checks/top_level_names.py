"""Names at the top level of ``site-packages`` that are somebody else's, or everybody's. Pure.

A table, for people decide about such names: which directories many projects have in their source beside the package, and
which files every project has. Sources: ``sys.stdlib_module_names`` of CPython 3.10 to 3.13; check-wheel-contents (its rule
W005 has a list of common names at the top level); PEP 420.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..model.contents import Contents

_DIRECTORIES = """
benchmark benchmarks build data dist doc docs example examples sample samples script scripts src test tests testing
tool tools util utils
"""
DIRECTORIES = frozenset(_DIRECTORIES.split())
"""Directories beside the package in the source of many projects, which setuptools and others pack by oversight."""

_FILES = """
.gitignore __init__.py __main__.py _version.py authors build.py changelog changes cmakelists.txt conftest.py
contributing copying history licence license makefile manifest.in notice noxfile.py py.typed pyproject.toml
readme requirements.txt setup.cfg setup.py tests.py tox.ini utils.py version version.py
"""
FILES = frozenset(_FILES.split())
"""Files that every other project has, in lower case; texts without their suffix."""

TEXT_SUFFIXES = (".txt", ".md", ".rst")

SHARED_NAMESPACES = frozenset(
    {"azure", "backports", "google", "jaraco", "nvidia", "sphinxcontrib", "zope"}
)
"""Directories that several distributions fill together: a portion of a namespace package has no ``__init__.py``."""

# Not those that some systems lack, for others supply them (curses, readline), nor those that are newer than Python 3.0, which
# have been published for older Pythons (argparse, typing).
_STANDARD_LIBRARY = """
abc array ast atexit base64 bdb binascii bisect builtins bz2 cProfile calendar cmath cmd code codecs codeop
collections colorsys compileall configparser contextlib copy copyreg csv ctypes datetime decimal difflib dis
doctest email encodings errno filecmp fileinput fnmatch fractions ftplib functools gc genericpath getopt
getpass gettext glob gzip hashlib heapq hmac html http imaplib inspect io itertools json keyword linecache
locale logging mailbox marshal math mimetypes mmap modulefinder multiprocessing netrc ntpath numbers opcode
operator optparse os pdb pickle pickletools pkgutil platform plistlib poplib posixpath pprint profile pstats
py_compile pydoc pyexpat queue quopri random re reprlib runpy sched select shelve shlex shutil signal site
smtplib socket socketserver stat string stringprep struct subprocess symtable sys tabnanny tarfile tempfile
textwrap threading time timeit token tokenize trace traceback types unicodedata unittest urllib uuid
warnings weakref webbrowser wsgiref xml xmlrpc zipfile zipimport zlib
"""
STANDARD_LIBRARY = frozenset(_STANDARD_LIBRARY.split())
"""Modules that every Python 3 has on every system, without the private ones."""
_PYTHON = (".py", ".pyi", ".pyd", ".pth")


def may_be_shared(contents: Contents) -> bool:
    """Return whether a file lies at the top level under a name that has to be looked at. In most wheels none does."""
    paths = contents.paths()
    for top in {path.partition("/")[0] for path in paths}:
        if top == contents.data_dir:
            # What of it lies among the packages is seen by where it is installed.
            return True
        if top.endswith(".dist-info"):
            continue
        folded = top.lower()
        if top not in paths:
            is_common = folded in DIRECTORIES or top in SHARED_NAMESPACES
        else:
            is_common = folded in FILES or not top.endswith(_PYTHON)
        if is_common or top.partition(".")[0] in STANDARD_LIBRARY:
            return True
    return False
