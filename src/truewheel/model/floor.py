"""A floor is the least that a system must be, and the evidence is whatever set it.

The heart of truewheel: a tag is the strictest floor.
"""

from __future__ import annotations

from .record import Record


class Evidence(Record):
    """Which file, library, symbol and version set a floor; each part that applies.

    ``fact`` is what else is to be said: ``LC_BUILD_VERSION minos 11.0``, or since when there is such a symbol.
    """

    file: str
    library: str | None = None
    symbol: str | None = None
    version: str | None = None
    fact: str | None = None

    def __str__(self) -> str:
        """A phrase for people: ``pkg/_x.so needs memcpy@GLIBC_2.14 of libc.so.6``.

        >>> str(Evidence(file="a.so", library="libc.so.6", symbol="memcpy", version="GLIBC_2.14"))
        'a.so needs memcpy@GLIBC_2.14 of libc.so.6'
        >>> str(Evidence(file="a.so", symbol="PyCMethod_New", fact="in the stable ABI since 3.9"))
        'a.so needs PyCMethod_New (in the stable ABI since 3.9)'
        """
        need = self._need()
        if need:
            told = f"{self.file} needs {need}"
            return f"{told} ({self.fact})" if self.fact else told
        # A header field, such as the oldest system, asks for no library and no symbol.
        return f"{self.file}: {self.fact}" if self.fact else self.file

    def _need(self) -> str:
        """Return what is needed, ``memcpy@GLIBC_2.14 of libc.so.6``, without the parts that do not apply."""
        # As linkers and nm write a versioned symbol; a version may also be asked for without one.
        symbol = "@".join(filter(None, (self.symbol, self.version)))
        return " of ".join(filter(None, (symbol, self.library)))


class Floor(Record):
    """The least version of one thing that the binaries need.

    :param of: what has a version here: ``glibc``, ``musl``, ``GLIBCXX``, ``manylinux`` (a library), ``macos``, ``android``, ``ios``,
        ``windows``, ``python`` (stable ABI), ``isa`` (x86-64 microarchitecture level, of
        variants).
    :param version: an ordered version, compared as tuples.
    :param evidence: what set it, strongest first; at least one.
    :param cpu: the slice it holds for, when slices differ.
    """

    of: str
    version: tuple[int, ...]
    evidence: tuple[Evidence, ...]
    cpu: str | None = None

    def __post_init__(self) -> None:
        # A tag has to be explained: one that nothing in the files asks for would be made up.
        if not self.evidence:
            raise ValueError(f"a floor of {self.of} without evidence")

    @property
    def text(self) -> str:
        """The version as people write it: ``2.17``, ``x86-64-v3``."""
        number = ".".join(map(str, self.version))
        # The psABI of x86-64 calls its levels so.
        return f"x86-64-v{number}" if self.of == "isa" else number
