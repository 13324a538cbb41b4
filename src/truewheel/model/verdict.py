"""What was concluded: the best tags for one platform and for Python, and the verdict made of both."""

from __future__ import annotations

from itertools import product

from .finding import Finding, Severity
from .floor import Floor
from .record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .variants import Variant


class PlatformTags(Record):
    """The best tags for the binaries of one platform, and what is to be said of them.

    :param tags: platform tags that are true, best name first, aliases after; empty when the binaries do not tell
        (``manylinux_2_17_x86_64``, ``manylinux2014_x86_64``). All of them go into the file name.
    :param plain_tag: the tag without a promise (``linux_x86_64``); what ``tag = "native"`` yields.
    :param floors: every floor, strictest first.
    :param findings: what is wrong or notable (TW2xx, TW3xx).
    :param family: ``linux``, ``macos``, ``windows``, ``android``, ``ios``, ``emscripten``.
    :param reason: why these tags, in a phrase, where no floor decides.
    :param cure: what makes binaries that ask for less, for people; empty where a tag says nothing of that.
    :param has_no_tag: whether no tag of the platform is for such binaries at all, as ``reason`` then says; ``plain_tag``
        is the beginning of its tags.
    """

    family: str
    tags: tuple[str, ...]
    plain_tag: str
    floors: tuple[Floor, ...] = ()
    findings: tuple[Finding, ...] = ()
    reason: str = ""
    cure: str = ""
    has_no_tag: bool = False


class PythonTags(Record):
    """The true tags for the Pythons that the extension modules are for, and what is to be said of them.

    :param interpreters: true Python tags, ``("cp313",)``, ``("py3",)``, ``("py2", "py3")``.
    :param abis: true ABI tags, ``("cp313",)``, ``("abi3",)``, ``("none",)``, ``("abi3", "abi3t")``.
    :param floors: of the stable ABI, with the symbol that set it.
    :param reason: one phrase, why these tags.
    """

    interpreters: tuple[str, ...]
    abis: tuple[str, ...]
    reason: str
    floors: tuple[Floor, ...] = ()
    findings: tuple[Finding, ...] = ()


class Verdict(Record):
    """What the wheel may say of itself.

    :param interpreters: Python tags for the file name, sorted as they appear there.
    :param abis: ABI tags.
    :param platforms: platform tags.
    :param purelib: the value of ``Root-Is-Purelib``.
    :param reasons: why this tag, a phrase each, the decisive one first.
    :param variant: what it says of itself besides its tags; ``None`` when it is no variant.
    """

    interpreters: tuple[str, ...]
    abis: tuple[str, ...]
    platforms: tuple[str, ...]
    purelib: bool
    floors: tuple[Floor, ...] = ()
    findings: tuple[Finding, ...] = ()
    reasons: tuple[str, ...] = ()
    variant: Variant | None = None

    @property
    def tag(self) -> str:
        """The compressed tag set as it stands in the file name.

        >>> Verdict(interpreters=("cp313",), abis=("cp313",), platforms=("linux_x86_64",), purelib=False).tag
        'cp313-cp313-linux_x86_64'
        """
        return "-".join(
            ".".join(part) for part in (self.interpreters, self.abis, self.platforms)
        )

    @property
    def expanded(self) -> tuple[str, ...]:
        """One tag per combination, sorted: the ``Tag:`` lines of WHEEL."""
        # Every combination, as a compressed tag set means it (PEP 425, "Compressed Tag Sets").
        combinations = product(self.interpreters, self.abis, self.platforms)
        return tuple(sorted(map("-".join, combinations)))

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that fail a build or a check."""
        return tuple(f for f in self.findings if f.severity is Severity.ERROR)
