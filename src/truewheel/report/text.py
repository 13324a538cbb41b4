"""Errors and findings as text, and what all texts are made of.

File names, fields and symbols are whatever the maker of a wheel wrote: none of them reaches a terminal without
:func:`printable`.
"""

from __future__ import annotations

from ..model.errors import VerdictError
from ..model.finding import UNLISTED, Severity
from ..model.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..model.errors import TruewheelError
    from ..model.finding import Finding

# SGR codes of ECMA-48, which terminals know as ANSI colours.
BOLD = "1"
RED = "31"
GREEN = "32"
_COLOURS = {Severity.ERROR: RED, Severity.WARNING: "33", Severity.NOTE: "36"}

_LONGEST_TEXT = 1000
"""Characters that are told of one fact."""
_LONGEST_NAME = 300
"""Characters that are told of a file's name, which a person has to find again."""
_NAMED_FILES = 5
"""Files that are named when many have the same finding."""
_NAMED_SUBJECTS = 20
"""Libraries, symbols and the like that are named when many findings differ in them."""


class Style(Record):
    """How text is to look.

    :param colour: whether it may be coloured.
    :param verbose: whether findings that are alike are told one by one.
    """

    colour: bool = False
    verbose: bool = False

    def paint(self, text: str, code: str) -> str:
        """Return ``text`` in an ANSI colour, when there is any."""
        if not self.colour:
            return text
        return f"\x1b[{code}m{text}\x1b[0m"


PLAIN = Style()


def printable(
    text: str,
    *,
    longest: int = _LONGEST_TEXT,
) -> str:
    """Return ``text`` on one line, with escapes for what a terminal would obey or hide.

    These are control characters, line ends, and characters that turn the direction of writing.

    :param longest: characters from which on it is cut; 0 for never.

    >>> printable("a\\x1b[2Jb\\n"), printable("näïve")
    ('a\\\\x1b[2Jb\\\\n', 'näïve')
    """
    if 0 < longest < len(text):
        kept = text[:longest]
        more = len(text) - longest
        text = f"{kept}… ({more} characters more)"
    # Nearly all texts are, and a walk over each character would be felt in large reports.
    if text.isprintable():
        return text
    return "".join(map(_escaped, text))


def _escaped(character: str) -> str:
    """Return one character, escaped when a terminal might obey it."""
    if character.isprintable():
        return character
    return character.encode("unicode_escape").decode("ascii")


def shortened(name: str) -> str:
    """Return a file's name for people: only the beginning and the end of one longer than any of theirs.

    >>> len(shortened("p/" + "x" * 3000 + ".py")) < 350
    True
    """
    if len(name) > _LONGEST_NAME:
        half = _LONGEST_NAME // 2
        # A path is found again by where it begins and by the file it ends in.
        begin = name[:half]
        end = name[-half:]
        more = len(name) - 2 * half
        name = f"{begin}… ({more} characters more) …{end}"
    return printable(name)


def labelled_line(
    label: str,
    text: str,
) -> str:
    """Return a fact on a line below its heading, safe for a terminal.

    >>> labelled_line("hint", "use another file")
    '  hint: use another file'
    """
    safe = printable(text)
    return f"  {label}: {safe}"


def size_text(count: int) -> str:
    """Return a number of bytes as people write it.

    >>> size_text(999), size_text(123456)
    ('999 bytes', '123.5 kB')
    """
    # Powers of ten (IEC 80000-13), as pip tells sizes.
    for limit, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= limit:
            number = count / limit
            return f"{number:.1f} {unit}"
    return f"{count} bytes"


# --- errors -----------------------------------------------------------------------------------------------------


def error_text(
    error: TruewheelError,
    style: Style = PLAIN,
) -> str:
    """Return what stopped the work: what, because, hint."""
    head = style.paint("error:", "1;31")
    message = printable(error.message)
    lines = [f"{head} {message}"]
    for told in error.context:
        lines += _because_lines(told)
    if isinstance(error, VerdictError):
        lines += finding_texts(error.findings, style)
    if error.hint:
        lines.append(labelled_line("hint", error.hint))
    return "\n".join(lines)


def _because_lines(told: str) -> list[str]:
    """Return one reason of an error; each of its lines says that it is one."""
    lines = []
    # What compilers said has lines and tabulators of its own, and is to be whole.
    for line in told.split("\n"):
        whole = printable(line.expandtabs(), longest=0)
        lines.append(f"  because: {whole}")
    return lines


# --- findings ---------------------------------------------------------------------------------------------------


def finding_texts(
    findings: Iterable[Finding],
    style: Style = PLAIN,
    *,
    rest: str = "",
) -> list[str]:
    """Return a text for each finding; those that have one cause together, unless ``style`` is verbose.

    One cause have findings that say the same of many files, or of many libraries (:attr:`Finding.alike`).

    :param rest: how to see the files that are not named then.
    """
    groups: dict[object, list[Finding]] = {}
    codes_with_more = set()
    for finding in findings:
        if finding.where == UNLISTED:
            codes_with_more.add(finding.code)
        # Whoever asks for all (-v) gets a text for each finding: it is its own group.
        group_key: object = finding
        if not style.verbose:
            group_key = finding.cause
        groups.setdefault(group_key, []).append(finding)
    texts = []
    for group in groups.values():
        has_more = group[0].code in codes_with_more
        texts.append(_group_text(group, style, rest, has_more=has_more))
    return texts


def _group_text(
    group: Sequence[Finding],
    style: Style,
    rest: str,
    *,
    has_more: bool,
) -> str:
    """Return one finding: what, because, hint, see. Of several that are alike, the first few files and facts.

    :param has_more: whether there are more of its code, which a finding of their own counts.
    """
    first = group[0]
    colour = _COLOURS[first.severity]
    label = f"{first.severity.value} {first.code}"
    name = style.paint(label, f"1;{colour}")
    subjects = {finding.subject for finding in group}
    if len(group) == 1:
        lines = _lines_of_one(first, name)
    elif len(subjects) > 1:
        lines = _lines_of_subjects(group, name, rest)
    else:
        lines = _lines_of_several(group, name, rest, has_more=has_more)
    hint = _common_hint(group)
    if hint:
        lines.append(labelled_line("hint", hint))
    command = f"truewheel explain {first.code}"
    lines.append(labelled_line("see", command))
    return "\n".join(lines)


def _lines_of_one(
    finding: Finding,
    name: str,
) -> list[str]:
    """Return what one finding says of its file, and all of its evidence."""
    place = shortened(finding.where)
    message = _text_about(finding, finding.message)
    lines = [f"{name}: {place}: {message}"]
    for fact in finding.evidence:
        because = _text_about(finding, fact)
        lines.append(f"  because: {because}")
    return lines


def _lines_of_several(
    group: Sequence[Finding],
    name: str,
    rest: str,
    *,
    has_more: bool,
) -> list[str]:
    """Return what several findings say alike, and the first of their files."""
    message = printable(group[0].message)
    count = f"{len(group)} files"
    if has_more:
        count += " or more"
    lines = [f"{name}: {message} ({count})"]
    for finding in group[:_NAMED_FILES]:
        told = _place_and_fact(finding)
        lines.append(f"  {told}")
    more = len(group) - _NAMED_FILES
    if more > 0:
        lines.append(f"  and {more} more{rest}")
    return lines


def _lines_of_subjects(
    group: Sequence[Finding],
    name: str,
    rest: str,
) -> list[str]:
    """Return what is said of each of several libraries, symbols and the like, and the first file of each."""
    files = set()
    by_subject: dict[str, list[str]] = {}
    for finding in group:
        place = finding.where
        files.add(place)
        subject = finding.subject or ""
        places = by_subject.setdefault(subject, [])
        # A file may have several findings on one subject.
        if place not in places[-1:]:
            places.append(place)
    subjects = list(by_subject)
    number = len(subjects)
    count = len(files)
    noun = "files"
    if count == 1:
        noun = "file"
    alike = printable(group[0].alike or "")
    head = f"{name}: {number} {alike} ({count} {noun})"
    lines = [head]
    for subject in subjects[:_NAMED_SUBJECTS]:
        places = by_subject[subject]
        place = shortened(places[0])
        about = shortened(subject)
        line = f"  {about}: {place}"
        more = len(places) - 1
        if more:
            line += f" and {more} more"
        lines.append(line)
    more = number - _NAMED_SUBJECTS
    if more > 0:
        lines.append(f"  and {more} more{rest}")
    return lines


def _text_about(
    finding: Finding,
    text: str,
) -> str:
    """Return what is told of a finding's file; the text may hold its name, which may be long."""
    if len(finding.where) > _LONGEST_NAME:
        text = text.replace(finding.where, shortened(finding.where))
    return printable(text)


def _place_and_fact(finding: Finding) -> str:
    """Return the file, and the first fact, which may begin with the file's name."""
    fact = next(iter(finding.evidence), "")
    if not fact:
        return _text_about(finding, finding.where)
    if fact.startswith(finding.where):
        return _text_about(finding, fact)
    place = shortened(finding.where)
    told = _text_about(finding, fact)
    return f"{place}: {told}"


def _common_hint(group: Iterable[Finding]) -> str:
    """Return the hint of all; where they differ, the first as an example; empty when there is none."""
    # A dictionary, for it keeps the order: the first hint is that of the first file told.
    hints: dict[str, None] = {}
    for finding in group:
        if finding.hint:
            hints[finding.hint] = None
    first = next(iter(hints), "")
    if len(hints) > 1:
        return f"for example: {first}"
    return first
