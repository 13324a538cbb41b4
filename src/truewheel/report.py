"""Verdicts, findings and errors → text and JSON. Pure: returns strings, prints nothing, decides nothing.

File names, fields and symbols are whatever the maker of a wheel wrote: none of them reaches a terminal without
:func:`printable`.
"""

from __future__ import annotations

from .model.errors import VerdictError
from .model.finding import UNLISTED, Severity
from .model.record import Record, parts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from .audit.checked import Checked
    from .model.binary import Binary
    from .model.contents import WheelFacts
    from .model.errors import TruewheelError
    from .model.finding import Finding
    from .model.floor import Floor
    from .model.variants import Variant
    from .model.verdict import Verdict

JSON_VERSION = 1
"""Of the documents that ``--json`` prints; raised when a key changes its meaning or goes."""

_COLOURS = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.NOTE: "36"}


_LONGEST = 1000
"""Characters that are told of one name or fact."""
_LONGEST_NAME = 300
"""Characters that are told of a file's name, which a person has to find again."""
_ALIKE = 5
"""Files that are named of those with the same finding."""


class Style(Record):
    """How text is to look.

    :param colour: whether it may be coloured.
    :param verbose: whether findings that are alike are told one by one.
    """

    colour: bool = False
    verbose: bool = False

    def paint(self, text: str, code: str) -> str:
        """``text`` in an ANSI colour, when there is any."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour else text


PLAIN = Style()


def printable(text: str, *, longest: int = _LONGEST) -> str:
    """``text`` on one line, with escapes for what a terminal would obey or hide: control characters, line ends,
    characters that turn the direction of writing.

    :param longest: characters from which on it is cut; 0 for never.

    >>> printable("a\\x1b[2Jb\\n"), printable("näïve")
    ('a\\\\x1b[2Jb\\\\n', 'näïve')
    """
    if 0 < longest < len(text):
        text = f"{text[:longest]}… ({len(text) - longest} characters more)"
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def named(name: str) -> str:
    """A file's name for people: of one longer than any of theirs, the beginning and the end.

    >>> len(named("p/" + "x" * 3000 + ".py")) < 350
    True
    """
    if len(name) > _LONGEST_NAME:
        half = _LONGEST_NAME // 2
        name = f"{name[:half]}… ({len(name) - 2 * half} characters more) …{name[-half:]}"
    return printable(name)


def _about(found: Finding, text: str) -> str:
    """What is told of a finding's file, which its text may name."""
    return printable(text.replace(found.where, named(found.where)) if len(found.where) > _LONGEST_NAME else text)


def error(problem: TruewheelError, style: Style = PLAIN) -> str:
    """What stopped the work: what, because, hint."""
    lines = [style.paint("error:", "1;31") + f" {printable(problem.message)}"]
    # What compilers said has lines and tabulators of its own, and is to be whole.
    context = [line.expandtabs() for told in problem.context for line in told.split("\n")]
    lines += [f"  because: {printable(line, longest=0)}" for line in context]
    if isinstance(problem, VerdictError):
        lines += findings(problem.findings, style)
    if problem.hint:
        lines.append(f"  hint: {printable(problem.hint)}")
    return "\n".join(lines)


def findings(found: Iterable[Finding], style: Style = PLAIN, *, rest: str = "") -> list[str]:
    """Several findings; those that say the same of many files together, unless ``style`` is verbose.

    :param rest: how to see the files that are not named then.
    """
    alike: dict[object, list[Finding]] = {}
    found = tuple(found)
    cut = {one.code for one in found if one.where == UNLISTED}
    for one in found:
        key = one if style.verbose else (one.code, one.severity, one.message)
        alike.setdefault(key, []).append(one)
    return [_alike(same, style, rest, cut=same[0].code in cut) for same in alike.values()]


def _alike(same: Sequence[Finding], style: Style, rest: str, *, cut: bool) -> str:
    """One finding: what, because, hint, see. Of several that are alike, the first few files and facts.

    :param cut: whether there are more of its code, which a finding of their own counts.
    """
    first = same[0]
    name = style.paint(f"{first.severity.value} {first.code}", f"1;{_COLOURS[first.severity]}")
    if len(same) == 1:
        lines = [f"{name}: {named(first.where)}: {_about(first, first.message)}"]
        lines += [f"  because: {_about(first, line)}" for line in first.evidence]
    else:
        lines = [f"{name}: {printable(first.message)} ({len(same)} files{' or more' if cut else ''})"]
        lines += [f"  {_place(one)}" for one in same[:_ALIKE]]
        if len(same) > _ALIKE:
            lines.append(f"  and {len(same) - _ALIKE} more{rest}")
    hint = _common(f.hint for f in same)
    if hint:
        lines.append(f"  hint: {printable(hint)}")
    lines.append(f"  see: truewheel explain {first.code}")
    return "\n".join(lines)


def _place(found: Finding) -> str:
    """Where, and the first fact, which may begin with that."""
    fact = found.evidence[0] if found.evidence else ""
    if not fact or fact.startswith(found.where):
        return _about(found, fact or found.where)
    return f"{named(found.where)}: {_about(found, fact)}"


def _common(hints: Iterable[str | None]) -> str | None:
    """The hint of all; where they differ, the first as an example."""
    different = tuple(dict.fromkeys(h for h in hints if h))
    return f"for example: {different[0]}" if len(different) > 1 else "".join(different)


def size(count: int) -> str:
    """Bytes for people.

    >>> size(999), size(123456)
    ('999 bytes', '123.5 kB')
    """
    for limit, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= limit:
            return f"{count / limit:.1f} {unit}"
    return f"{count} bytes"


def summary(filename: str, count: int, verdict: Verdict, style: Style = PLAIN, *, note: str = "") -> str:
    """After a build: file, size, tag, and why that tag; then what is worth knowing.

    :param note: how much of an earlier build was used, and why.
    """
    lines = [
        f"{style.paint('truewheel', '1')} made {printable(filename)} ({size(count)})",
        f"  tag: {printable(verdict.tag)}",
        *_variant(verdict),
        *(f"  why: {printable(reason)}" for reason in verdict.reasons),
        *([f"  built: {printable(note)}"] if note else []),
    ]
    lines += findings(
        (f for f in verdict.findings if f.severity is not Severity.NOTE), style, rest=" (truewheel check -v lists them)"
    )
    return "\n".join(lines)


def _variant(verdict: Verdict) -> list[str]:
    return [f"  variant: {printable(str(verdict.variant))}"] if verdict.variant is not None else []


def _floors(floors: Iterable[Floor]) -> list[str]:
    lines = []
    for floor in floors:
        lines.append(f"  floor: {floor.of} {floor.text}" + (f" on {floor.cpu}" if floor.cpu else ""))
        lines += [f"    {printable(str(evidence))}" for evidence in floor.evidence[:3]]
        if len(floor.evidence) > 3:
            lines.append(f"    and {len(floor.evidence) - 3} more")
    return lines


def shown(facts: WheelFacts, checked: Checked, style: Style = PLAIN) -> str:
    """``truewheel show``: the claim, the truth, the floors with their evidence, the findings."""
    claimed = checked.claimed.tag if checked.claimed else "(no wheel name)"
    lines = [style.paint(printable(facts.filename), "1") + f" ({size(facts.size)})", f"  claims: {printable(claimed)}"]
    verdict = "true" if checked.is_true else style.paint("untrue", "31")
    better = "" if checked.is_best or _same(checked) else f"; could be {printable(checked.truth.tag)}"
    lines.append(f"  is: {verdict}{better}")
    lines += _variant(checked.truth)
    lines += [f"  why: {printable(reason)}" for reason in checked.truth.reasons]
    lines += _floors(checked.truth.floors)
    lines += findings(checked.findings, style, rest=" (-v lists them)")
    return "\n".join(lines)


def _same(checked: Checked) -> bool:
    return checked.claimed is not None and set(checked.claimed.expanded) == set(checked.truth.expanded)


def checked_line(facts: WheelFacts, checked: Checked, style: Style = PLAIN, *, strict: bool = False) -> str:
    """``truewheel check``: one line when all is well, the findings when not."""
    told = [f for f in checked.findings if f.severity is not Severity.NOTE]
    word = style.paint("ok", "32") if checked.passes(strict=strict) else style.paint("not ok", "31")
    return "\n".join([f"{printable(facts.filename)}: {word}", *findings(told, style, rest=" (-v lists them)")])


def binary(name: str, facts: Binary) -> str:
    """The facts of one bare binary."""
    lines = [f"{name}: {facts.format.value}"]
    for piece in facts.slices:
        named = f", named {piece.name}" if piece.name else ""
        lines.append(f"  {piece.kind.value} for {piece.cpu}, {piece.bits} bits{named}")
        lines += [f"    needs {n.library}" + (f" ({', '.join(n.versions)})" if n.versions else "") for n in piece.needs]
        lines += [f"    searches {s.path} ({s.kind})" for s in piece.search_paths]
        lines += [f"    wants {m.platform} {'.'.join(map(str, m.version))}" for m in piece.minimum_os]
        lines.append(f"    {len(piece.imports)} imports, {len(piece.exports)} exports")
    return "\n".join(printable(line) for line in lines)


# --- JSON -------------------------------------------------------------------------------------------------------


def as_json(wheels: Sequence[tuple[WheelFacts, Checked]], unread: Iterable[tuple[str, TruewheelError]] = ()) -> str:
    """The document of ``--json``; its keys are described in the command-line reference.

    :param unread: what could not be read, and why.
    """
    import json  # people ask for text

    document = {
        "version": JSON_VERSION,
        "wheels": [_wheel(facts, checked) for facts, checked in wheels],
        "unread": [{"path": path, "message": e.message, "because": list(e.context)} for path, e in unread],
    }
    return json.dumps(document, indent=2, sort_keys=True)


def _wheel(facts: WheelFacts, checked: Checked) -> dict[str, Any]:
    return {
        "file": facts.filename,
        "path": facts.path,
        "size": facts.size,
        "claimed": checked.claimed.tag if checked.claimed else None,
        "true": checked.is_true,
        "tag": checked.truth.tag,
        "tags": list(checked.truth.expanded),
        "variant": _named(checked.truth.variant),
        "reasons": list(checked.truth.reasons),
        "floors": [_floor(f) for f in checked.truth.floors],
        "findings": [_finding(f) for f in checked.findings],
    }


def _named(variant: Variant | None) -> dict[str, Any] | None:
    if variant is None:
        return None
    return {"label": variant.label, "properties": [str(p) for p in variant.properties]}


def _floor(floor: Floor) -> dict[str, Any]:
    evidence = [{k: v for k, v in parts(e).items() if v is not None} for e in floor.evidence]
    return {"of": floor.of, "version": floor.text, "cpu": floor.cpu, "evidence": evidence}


def _finding(found: Finding) -> dict[str, Any]:
    return {**parts(found), "severity": found.severity.value, "evidence": list(found.evidence)}


def held(root: str, entries: Iterable[tuple[str, float, int, str]]) -> str:
    """What the cache directory holds: when it was used last, how large it is, what it is, for which project."""
    import time

    rows = sorted(entries, key=lambda e: e[1])
    lines = [f"{root}: {size(sum(count for _, _, count, _ in rows))}"]
    for name, used, count, label in rows:
        day = time.strftime("%Y-%m-%d %H:%M", time.localtime(used))
        lines.append(f"  {day}  {size(count):>12}  {printable(name)}" + (f"  ({printable(label)})" if label else ""))
    return "\n".join(lines)


def started(name: str, directory: str, paths: Iterable[str], *, needs: str, windows: bool) -> str:
    """What ``init`` has made, and what to type next."""
    lines = [f"truewheel made the project {name} in {directory}:"]
    lines += [f"  {path}" for path in paths]
    lines.append(f"next (it takes {needs}, and pip 25.1 or newer for --group):")
    lines += [f"  cd {_typed(directory, windows=windows)}"] if directory != "." else []
    lines += ["  python -m pip install . --group test", "  python -m pytest"]
    lines.append("and say in pyproject.toml what only you can: description, license, authors")
    return "\n".join(lines)


def _typed(path: str, *, windows: bool) -> str:
    """A path as a shell takes it."""
    import shlex

    path = f"./{path}" if path.startswith("-") else path
    if windows:
        return f'"{path}"' if " " in path else path
    return shlex.quote(path)


def cleaned(root: str, freed: int, left: Iterable[tuple[int, Iterable[str]]]) -> str:
    """What was deleted of the cache, and what was not: bytes, and the build trees elsewhere that need it.

    >>> print(cleaned("/cache", 1500, [(2000, ["/project/build"]), (10, [])]))
    freed 1.5 kB in /cache
    kept 2.0 kB for builds in other directories; without it, editable installs cannot be rebuilt on import:
      /project/build
      hint: delete these directories first, or use truewheel cache clean --all
    kept 10 bytes that is in use
    """
    lines = [f"freed {size(freed)} in {root}"]
    rows = [(count, list(trees)) for count, trees in left]
    if needed := [(count, trees) for count, trees in rows if trees]:
        total = sum(count for count, _ in needed)
        lines.append(
            f"kept {size(total)} for builds in other directories; without it, editable installs cannot be rebuilt on import:"
        )
        lines += [f"  {tree}" for tree in sorted({tree for _, trees in needed for tree in trees})]
        lines.append("  hint: delete these directories first, or use truewheel cache clean --all")
    if used := [count for count, trees in rows if not trees]:
        lines.append(f"kept {size(sum(used))} that is in use")
    return "\n".join(lines)
