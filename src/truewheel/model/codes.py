"""The catalogue of findings: one row a code, with everything that is decided by the code alone.

A page in ``findings/`` explains each code to people, with its title and severities in the same words; a test holds the two
against each other. Which finding is raised, and how grave it is in one case, is decided where it is raised. Nothing here
reads a page or a wheel.
"""

from __future__ import annotations

from .finding import Severity
from .record import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .finding import Finding


class Code(NamedTuple):
    """What is known of every finding with one code.

    :param code: ``TW`` and three digits.
    :param title: the heading of its page.
    :param severities: the ones it may have, gravest first; the page says which applies when.
    :param makes_name_untrue: at level error, a tag in the wheel's name is untrue; another name would cure that.
    :param makes_label_untrue: at level error, a variant's label is untrue. No other name cures that, for ``variant.json``
        says the same.
    """

    code: str
    title: str
    severities: tuple[Severity, ...]
    makes_name_untrue: bool = False
    makes_label_untrue: bool = False


ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE

CODES = {
    row.code: row
    for row in (
        # Libraries and symbols
        Code("TW201", "Needs a library that no system promises", (WARNING, NOTE)),
        Code("TW202", "A library in a wheel that the loader does not find", (NOTE,)),
        Code("TW203", "Linked with libpython", (WARNING,)),
        Code("TW204", "A search path that is not relative to the file", (WARNING,)),
        Code("TW205", "A search path into the build tree", (WARNING,)),
        Code("TW206", "A symbol that no system promises", (WARNING,)),
        Code(
            "TW207",
            "The distribution that supplies a library is not required",
            (WARNING,),
        ),
        Code("TW208", "Supplied by a required wheel, as far as known", (WARNING,)),
        Code(
            "TW209",
            "An older C++ runtime of Microsoft's than the code asks for",
            (ERROR, WARNING, NOTE),
        ),
        Code("TW210", "Several OpenMP runtimes in one process", (WARNING, NOTE)),
        Code(
            "TW211",
            "A release is allowed that the binaries were not compiled for",
            (WARNING, NOTE),
        ),
        Code(
            "TW212",
            "What the binaries were compiled against is not required",
            (WARNING, NOTE),
        ),
        Code("TW213", "A load command that dyld refuses twice", (ERROR, NOTE)),
        Code("TW214", "An install name that is a path of one machine", (NOTE,)),
        # Platform tags and CPUs
        Code(
            "TW301",
            "The platform tag is untrue",
            (ERROR, WARNING, NOTE),
            makes_name_untrue=True,
        ),
        Code("TW302", "The tag asks for more than the binaries do", (NOTE,)),
        Code("TW303", "Asks for an executable stack", (WARNING,)),
        Code("TW304", "Needs more than the baseline CPU", (WARNING,)),
        Code(
            "TW305",
            "Code for another CPU or system than the tag says",
            (ERROR,),
            makes_name_untrue=True,
        ),
        Code("TW306", "Code for several CPUs", (WARNING, NOTE)),
        Code(
            "TW307",
            "Code for several systems, or for one that is not judged",
            (WARNING, NOTE),
        ),
        Code("TW308", "glibc and musl in one wheel", (WARNING,)),
        Code("TW309", "A tag that promises nothing", (NOTE,)),
        Code("TW310", "Text relocations", (WARNING,)),
        Code("TW311", "A universal2 wheel with a thin file", (ERROR, WARNING)),
        Code("TW312", "Code for arm64 without a signature", (WARNING,)),
        Code("TW313", "The oldest system is not stated", (WARNING,)),
        Code("TW314", "Not the ABI of that platform", (WARNING,)),
        Code("TW315", "Unknown platform tag", (ERROR,), makes_name_untrue=True),
        Code("TW316", "Nothing is bound to the platform", (NOTE,)),
        Code("TW317", "A platform tag that no installer asks for", (WARNING,)),
        Code(
            "TW318",
            "A variant that promises less of the CPU than its binaries need",
            (ERROR,),
            makes_label_untrue=True,
        ),
        Code(
            "TW319",
            "A variant that asks for a newer CPU than its binaries do",
            (WARNING,),
        ),
        Code(
            "TW320",
            "A variant whose properties cannot be checked",
            (ERROR, WARNING, NOTE),
        ),
        # Python and ABI tags
        Code("TW401", "The Python tag is untrue", (ERROR,), makes_name_untrue=True),
        Code(
            "TW402",
            "A symbol outside of the stable ABI",
            (ERROR, WARNING),
            makes_name_untrue=True,
        ),
        Code(
            "TW403",
            "Newer than the claimed Python",
            (ERROR, WARNING),
            makes_name_untrue=True,
        ),
        Code("TW404", "No init function", (ERROR, WARNING, NOTE)),
        Code("TW405", "Init function with another name", (ERROR, WARNING)),
        Code("TW406", "Modules for several Pythons", (WARNING,)),
        Code(
            "TW407",
            "Linked to another Python's library",
            (ERROR,),
            makes_name_untrue=True,
        ),
        Code("TW408", "wheel.py-api is not kept", (WARNING,)),
        Code(
            "TW409",
            "A module for one Python in a wheel for any",
            (ERROR, WARNING),
            makes_name_untrue=True,
        ),
        Code("TW410", "Nothing tells for which Python a module is", (WARNING, NOTE)),
        Code("TW411", "No Python accepts the wheel", (ERROR,), makes_name_untrue=True),
        Code("TW412", "A suffix of another CPU or system", (ERROR, WARNING)),
        Code("TW413", "Bound to one Python in a wheel for any", (WARNING,)),
        Code("TW414", "The GIL comes back", (WARNING, NOTE)),
        Code("TW415", "The module's own ABI record disagrees", (ERROR,)),
        Code("TW416", "nanobind's backend is not required", (ERROR, WARNING)),
        # The wheel as a file
        Code("TW501", "Names that differ only in case", (WARNING,)),
        Code("TW502", "Name not normalised", (ERROR, NOTE)),
        Code("TW503", "Files outside of the package", (WARNING,)),
        Code("TW504", "Not in RECORD", (ERROR,)),
        Code("TW505", "Not what RECORD says", (ERROR, WARNING)),
        Code("TW506", "In RECORD, but not in the wheel", (ERROR, NOTE)),
        Code("TW507", "A symbolic link", (ERROR,)),
        Code("TW508", "A path that leaves the installation, or a backslash", (ERROR,)),
        Code("TW509", "The same file twice", (ERROR,)),
        Code("TW510", "No such install scheme", (ERROR, WARNING)),
        Code("TW511", "Root-Is-Purelib at odds with the content", (WARNING, NOTE)),
        Code("TW512", "WHEEL at odds with the file name", (WARNING, NOTE)),
        Code("TW513", "Byte code", (WARNING,)),
        Code("TW514", "A static library", (NOTE,)),
        Code("TW515", "Large debug sections", (NOTE,)),
        Code("TW516", "Nothing to import", (WARNING, NOTE)),
        Code("TW517", "A broken binary", (ERROR, WARNING, NOTE)),
        Code("TW518", "An object file", (NOTE,)),
        Code("TW519", "METADATA at odds with the file name", (ERROR,)),
        Code("TW520", "Cannot be unpacked", (ERROR,)),
        Code("TW521", ".dist-info is not at the end", (NOTE,)),
        Code("TW522", "METADATA is missing, incomplete or not UTF-8", (ERROR,)),
        Code("TW523", "The wheel is empty", (ERROR, WARNING, NOTE)),
        Code("TW524", "RECORD or WHEEL is missing, or a text is not UTF-8", (ERROR,)),
        Code("TW525", "More than one .dist-info", (ERROR,)),
        Code("TW526", "No hash in RECORD", (WARNING,)),
        Code("TW527", "A file and a directory with the same name", (ERROR,)),
        Code("TW528", "A file name that is refused", (ERROR, NOTE)),
        Code("TW529", "METADATA that is refused", (ERROR, WARNING, NOTE)),
        Code("TW530", "A licence file is missing", (ERROR,)),
        Code("TW531", "Records that readers understand differently", (ERROR, WARNING)),
        Code("TW532", "Too large, or too well compressed", (WARNING, NOTE)),
        Code("TW533", "A WHEEL file that installers refuse", (ERROR, WARNING)),
        Code("TW534", ".dist-info with another name", (ERROR,)),
        Code(
            "TW535",
            "variant.json is missing or malformed",
            (ERROR,),
            makes_label_untrue=True,
        ),
        Code(
            "TW536",
            "The label and variant.json disagree",
            (ERROR,),
            makes_label_untrue=True,
        ),
        Code("TW537", "Follows a draft", (WARNING,)),
        Code("TW538", "A name that Windows does not allow", (WARNING,)),
        Code("TW539", "A signature of RECORD", (ERROR, WARNING)),
        Code("TW540", "A module of the package is missing", (ERROR,)),
        Code("TW541", "CMake installed nothing", (WARNING,)),
        Code("TW542", "Installed outside of the wheel", (WARNING,)),
        Code("TW543", "A place that other distributions use", (ERROR, WARNING, NOTE)),
        Code(
            "TW544",
            "Looks for its libraries where they are not installed",
            (ERROR, WARNING),
        ),
        # The wheels of one version, together
        Code("TW551", "A hole in the matrix of wheels", (WARNING, NOTE)),
        Code("TW552", "A pure wheel beside wheels for platforms", (WARNING, NOTE)),
        Code("TW553", "Requirements that differ between wheels", (WARNING,)),
        Code("TW554", "Wheels that do not belong together", (NOTE,)),
        Code("TW555", "The sdist is not that of its wheels", (ERROR, WARNING)),
        # Repair
        Code("TW601", "May open a bundled library by its old name", (WARNING,)),
        Code("TW602", "The licence of a bundled library is not in the wheel", (NOTE,)),
        Code("TW603", "Different libraries of one name", (WARNING,)),
        Code("TW604", "No longer linked with libpython", (NOTE,)),
        Code("TW605", "Not made self-contained", (WARNING,)),
    )
}
"""Every code's row, sorted by code."""


def makes_name_untrue(finding: Finding) -> bool:
    """Return whether a tag in the wheel's name is untrue because of ``finding``, which another name would cure."""
    return finding.severity is ERROR and CODES[finding.code].makes_name_untrue


def makes_untrue(finding: Finding) -> bool:
    """Return whether ``finding`` makes untrue what the wheel says of itself: its name or its variant's label."""
    row = CODES[finding.code]
    return finding.severity is ERROR and (
        row.makes_name_untrue or row.makes_label_untrue
    )
