"""Verdicts, findings and errors → text and JSON. Pure: returns strings, prints nothing, decides nothing."""

from __future__ import annotations

from .model.diagnostics import Severity, VerdictError
from .model.record import Record, parts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from .judge.verdict import Checked
    from .model.binary import Binary
    from .model.contents import WheelFacts
    from .model.diagnostics import Finding, TruewheelError
    from .model.floor import Floor
    from .model.variants import Variant
    from .model.verdict import Verdict

JSON_VERSION = 1
"""Of the documents that ``--json`` prints; raised when a key changes its meaning or goes."""

_COLOURS = {Severity.ERROR: "31", Severity.WARNING: "33", Severity.NOTE: "36"}


class Style(Record):
    """Whether text may be coloured."""

    colour: bool = False

    def paint(self, text: str, code: str) -> str:
        """``text`` in an ANSI colour, when there is any."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour else text


PLAIN = Style()


def error(problem: TruewheelError, style: Style = PLAIN) -> str:
    """What stopped the work: what, because, hint."""
    lines = [style.paint("error:", "1;31") + f" {problem.message}"]
    lines += [f"  because: {line}" for line in problem.context]
    if isinstance(problem, VerdictError):
        lines += [finding(f, style) for f in problem.findings]
    if problem.hint:
        lines.append(f"  hint: {problem.hint}")
    return "\n".join(lines)


def finding(found: Finding, style: Style = PLAIN) -> str:
    """One finding: what, because, hint, see."""
    name = style.paint(f"{found.severity.value} {found.code}", f"1;{_COLOURS[found.severity]}")
    lines = [f"{name}: {found.where}: {found.message}"]
    lines += [f"  because: {line}" for line in found.evidence]
    if found.hint:
        lines.append(f"  hint: {found.hint}")
    lines.append(f"  see: truewheel explain {found.code}")
    return "\n".join(lines)


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
        f"{style.paint('truewheel', '1')} made {filename} ({size(count)})",
        f"  tag: {verdict.tag}",
        *_variant(verdict),
        *(f"  why: {reason}" for reason in verdict.reasons),
        *([f"  built: {note}"] if note else []),
    ]
    lines += [finding(f, style) for f in verdict.findings if f.severity is not Severity.NOTE]
    return "\n".join(lines)


def _variant(verdict: Verdict) -> list[str]:
    return [f"  variant: {verdict.variant}"] if verdict.variant is not None else []


def _floors(floors: Iterable[Floor]) -> list[str]:
    lines = []
    for floor in floors:
        lines.append(f"  floor: {floor.of} {floor.text}" + (f" on {floor.cpu}" if floor.cpu else ""))
        lines += [f"    {evidence}" for evidence in floor.evidence[:3]]
        if len(floor.evidence) > 3:
            lines.append(f"    and {len(floor.evidence) - 3} more")
    return lines


def shown(facts: WheelFacts, checked: Checked, style: Style = PLAIN) -> str:
    """``truewheel show``: the claim, the truth, the floors with their evidence, the findings."""
    claimed = checked.claimed.tag if checked.claimed else "(no wheel name)"
    lines = [style.paint(facts.filename, "1") + f" ({size(facts.size)})", f"  claims: {claimed}"]
    verdict = "true" if checked.is_true else style.paint("untrue", "31")
    lines.append(f"  is: {verdict}; could be {checked.truth.tag}" if not _same(checked) else f"  is: {verdict}")
    lines += _variant(checked.truth)
    lines += [f"  why: {reason}" for reason in checked.truth.reasons]
    lines += _floors(checked.truth.floors)
    lines += [finding(f, style) for f in checked.findings]
    return "\n".join(lines)


def _same(checked: Checked) -> bool:
    return checked.claimed is not None and set(checked.claimed.expanded) == set(checked.truth.expanded)


def checked_line(facts: WheelFacts, checked: Checked, style: Style = PLAIN, *, strict: bool = False) -> str:
    """``truewheel check``: one line when all is well, the findings when not."""
    told = [f for f in checked.findings if f.severity is not Severity.NOTE]
    word = style.paint("ok", "32") if checked.passes(strict=strict) else style.paint("not ok", "31")
    return "\n".join([f"{facts.filename}: {word}", *(finding(f, style) for f in told)])


def binary(name: str, facts: Binary) -> str:
    """The facts of one bare binary."""
    lines = [f"{name}: {facts.format.value}"]
    for piece in facts.slices:
        lines.append(
            f"  {piece.kind.value} for {piece.cpu}, {piece.bits} bits" + (f", named {piece.name}" if piece.name else "")
        )
        lines += [f"    needs {n.library}" + (f" ({', '.join(n.versions)})" if n.versions else "") for n in piece.needs]
        lines += [f"    searches {s.path} ({s.kind})" for s in piece.search_paths]
        lines += [f"    wants {m.platform} {'.'.join(map(str, m.version))}" for m in piece.minimum_os]
        lines.append(f"    {len(piece.imports)} imports, {len(piece.exports)} exports")
    return "\n".join(lines)


# --- JSON -------------------------------------------------------------------------------------------------------


def as_json(wheels: Sequence[tuple[WheelFacts, Checked]]) -> str:
    """The document of ``--json``; its keys are described in the command-line reference."""
    import json  # noqa: PLC0415  # people ask for text

    document = {"version": JSON_VERSION, "wheels": [_wheel(facts, checked) for facts, checked in wheels]}
    return json.dumps(document, indent=2, sort_keys=True)


def _wheel(facts: WheelFacts, checked: Checked) -> dict[str, Any]:
    return {
        "file": facts.filename,
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
    import time  # noqa: PLC0415

    rows = sorted(entries, key=lambda e: e[1])
    lines = [f"{root}: {size(sum(count for _, _, count, _ in rows))}"]
    for name, used, count, label in rows:
        day = time.strftime("%Y-%m-%d %H:%M", time.localtime(used))
        lines.append(f"  {day}  {size(count):>12}  {name}" + (f"  ({label})" if label else ""))
    return "\n".join(lines)
