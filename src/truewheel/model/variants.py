"""Wheel variants: properties, labels, and the ``variant.json`` that tells which label stands for which properties. Pure
text; whether a label is true of the binaries is decided elsewhere.

Sources: PEP 825 (names, labels, ``variant.json``) and PEP 850 (providers), both drafts: formats 0.1.0 and 0.2.0.
"""

from __future__ import annotations

from .errors import Problem
from .record import Record
from .wheel_name import is_label

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

NULL = "null"
"""The label that is reserved for a variant without properties: it runs wherever its tags say."""
SCHEMA = "https://variants-schema.wheelnext.dev/peps/850/v0.2.0.json"
"""What ``$schema`` says in the files that are written here."""
KNOWN = frozenset({(0, 1, 0), (0, 2, 0)})
"""Versions of the format that are understood here."""
LEVELS = ("v1", "v2", "v3", "v4")
"""Values of ``x86_64 :: level``: the microarchitecture levels of the x86-64 psABI."""
ALPHABET = "lower-case letters, digits, _ and ."
"""What labels are made of, in words."""
_SIMPLE = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_")
_DOTTED = _SIMPLE | {"."}
_PROPERTIES = "truewheel.variant"
_SOURCES = ("requires", "static-properties", "builtin")
"""From which a provider may have its answers, one of them (PEP 850, as variantlib reads it)."""


class Property(Record):
    """One property: what a system must have, ``x86_64 :: level :: v3``."""

    namespace: str
    feature: str
    value: str

    def __str__(self) -> str:
        """As people write it.

        >>> str(Property(namespace="x86_64", feature="level", value="v3"))
        'x86_64 :: level :: v3'
        """
        return f"{self.namespace} :: {self.feature} :: {self.value}"


class Variant(Record):
    """A label, and the properties that it stands for, sorted. Of several values of one feature, one will do."""

    label: str
    properties: tuple[Property, ...] = ()

    def __str__(self) -> str:
        """Label and properties."""
        return f"{self.label} ({', '.join(map(str, self.properties)) or 'no properties'})"

    @property
    def namespaces(self) -> tuple[str, ...]:
        """Whose properties they are."""
        return tuple(dict.fromkeys(p.namespace for p in self.properties))

    def values(self, namespace: str, feature: str) -> tuple[str, ...]:
        """The values of one feature."""
        return tuple(p.value for p in self.properties if (p.namespace, p.feature) == (namespace, feature))


def is_name(text: object) -> bool:
    """Whether ``text`` can name a namespace or a feature."""
    return isinstance(text, str) and bool(text) and _SIMPLE.issuperset(text)


def is_value(text: object) -> bool:
    """Whether ``text`` can be a feature's value."""
    return isinstance(text, str) and bool(text) and _DOTTED.issuperset(text)


def parse_property(text: str) -> Property | None:
    """A property as people write it; ``None`` when it is none.

    >>> parse_property("x86_64::level::v3") == parse_property(" x86_64 :: level :: v3 ")
    True
    >>> parse_property("x86_64 :: level")
    """
    parts = [part.strip() for part in text.split("::")]
    if len(parts) != 3 or not (is_name(parts[0]) and is_name(parts[1]) and is_value(parts[2])):
        return None
    return Property(namespace=parts[0], feature=parts[1], value=parts[2])


def variant(label: str, properties: Iterable[Property]) -> Variant:
    """A variant; the order in which its properties were given leaves no trace."""
    unique = sorted({(p.namespace, p.feature, p.value): p for p in properties}.items())
    return Variant(label=label, properties=tuple(found for _, found in unique))


# --- declarations -----------------------------------------------------------------------------------------------


def declared(label: str, properties: Iterable[str], table: object) -> tuple[Variant | None, tuple[Problem, ...]]:
    """The variant that a build is told to make, and every mistake in that.

    :param properties: ``namespace :: feature :: value`` each.
    :param table: ``[variant]`` of ``pyproject.toml``, which the drafts define, or ``None``.
    """
    given = [(text, parse_property(text)) for text in properties]
    if not label and not given:
        return None, ()
    found = variant(label, (p for _, p in given if p is not None))
    wrong = [text for text, p in given if p is None]
    mistakes = [
        Problem(where=_PROPERTIES, message=f"{t!r} is no property", hint="x86_64 :: level :: v3") for t in wrong
    ]
    levels = [p for _, p in given if p is not None and (p.namespace, p.feature) == ("x86_64", "level")]
    mistakes += [
        Problem(where=_PROPERTIES, message=f"{p} is no level of that CPU", hint=f"one of {', '.join(LEVELS)}")
        for p in levels
        if p.value not in LEVELS
    ]
    mistakes += [] if mistakes else _of_label(found)
    mistakes += [] if mistakes else _of_table(found, table)
    return found, tuple(mistakes)


def _of_label(found: Variant) -> Iterable[Problem]:
    where = "truewheel.variant-label"
    if not found.label:
        yield Problem(where=where, message="is missing", hint="it names the variant in the file name, x86_64_v3")
    elif not is_label(found.label):
        yield Problem(where=where, message=f"{found.label!r} is no label", hint=f"{ALPHABET}: x86_64_v3")
    elif found.label == NULL and found.properties:
        yield Problem(
            where=where, message="null is the variant without properties", hint="leave out variant, or rename it"
        )
    elif found.label != NULL and not found.properties:
        yield Problem(where=_PROPERTIES, message=f"{found.label} has no properties", hint="only null has none")


def _of_table(found: Variant, table: object) -> Iterable[Problem]:
    """Who ranks and who detects properties must be told, or no installer would ever choose the wheel."""
    if not isinstance(table, dict) or not isinstance(table.get("providers"), dict) or not table["providers"]:
        hint = "[variant.default-priorities] and [variant.providers.NAMESPACE] tell installers who knows the properties"
        yield Problem(where="variant", message="the table is missing, or has no providers", hint=hint)
        return
    if unknown := sorted(set(found.namespaces) - set(table["providers"])):
        yield Problem(
            where="variant.providers", message=f"has none for {', '.join(unknown)}", hint="one for each namespace"
        )
    for name, provider in table["providers"].items():
        if isinstance(provider, dict) and "build-requires" in provider:
            hint = "state what it would answer as static-properties"
            yield Problem(
                where=f"variant.providers.{name}.build-requires", message="providers are not run here", hint=hint
            )
    for text in read(text_of(found, table).decode()).mistakes:
        yield Problem(where="variant", message=text, hint="see PEP 825 and PEP 850")


# --- variant.json -----------------------------------------------------------------------------------------------


class Document(Record):
    """What a ``variant.json`` says, and what is wrong with it.

    :param version: of the format; empty when ``$schema`` does not tell.
    :param variants: those that could be understood.
    :param mistakes: where it departs from the draft, a phrase each.
    """

    version: tuple[int, ...] = ()
    variants: tuple[Variant, ...] = ()
    mistakes: tuple[str, ...] = ()


def text_of(found: Variant, table: Mapping[str, Any]) -> bytes:
    """The content of ``variant.json``.

    :param table: ``[variant]`` of the project: ``default-priorities`` and ``providers`` are repeated word for word.
    """
    import json  # few wheels are variants

    tree: dict[str, dict[str, list[str]]] = {}
    for prop in found.properties:
        tree.setdefault(prop.namespace, {}).setdefault(prop.feature, []).append(prop.value)
    document = {
        "$schema": SCHEMA,
        "default-priorities": table.get("default-priorities", {}),
        "providers": table.get("providers", {}),
        "variants": {found.label: tree},
    }
    return (json.dumps(document, indent=2, ensure_ascii=True) + "\n").encode()


def read(text: str) -> Document:
    """What a ``variant.json`` says; one that cannot be understood has mistakes, and raises nothing."""
    import json

    try:
        parsed = json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        return Document(mistakes=(f"is not JSON that all readers understand alike: {error}",))
    if not isinstance(parsed, dict):
        return Document(mistakes=("is no JSON object",))
    mistakes: list[str] = []
    version = _version(parsed.get("$schema"), mistakes)
    variants = _variants(parsed.get("variants"), mistakes)
    if version in KNOWN:
        _check_namespaces(parsed, version, variants, mistakes)
    return Document(version=version, variants=variants, mistakes=tuple(mistakes))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of two members with one name, readers take the first, the last, or neither."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("one object has two members of the same name")
    return found


def _version(schema: object, mistakes: list[str]) -> tuple[int, ...]:
    """The version in ``…/v0.2.0.json``."""
    name = schema.rpartition("/")[2] if isinstance(schema, str) else ""
    numbers = name.removeprefix("v").removesuffix(".json").split(".")
    if not (name.startswith("v") and len(numbers) == 3 and all(n.isdecimal() and len(n) < 5 for n in numbers)):
        mistakes.append("$schema does not tell the version of the format")
        return ()
    return tuple(map(int, numbers))


def _variants(tree: object, mistakes: list[str]) -> tuple[Variant, ...]:
    if not isinstance(tree, dict):
        mistakes.append("variants is no object")
        return ()
    mistakes += [f"variants: {label!r} is no label ({ALPHABET})" for label in tree if not is_label(label)]
    return tuple(variant(label, _properties(f"variants.{label}", content, mistakes)) for label, content in tree.items())


def _properties(where: str, tree: object, mistakes: list[str]) -> list[Property]:
    """The properties in ``{namespace: {feature: [value]}}``."""
    found: list[Property] = []
    if not isinstance(tree, dict):
        mistakes.append(f"{where} is no object")
        return found
    for namespace, features in tree.items():
        here = f"{where}.{namespace}"
        if not is_name(namespace) or not isinstance(features, dict) or not features:
            mistakes.append(f"{here} is no namespace with its features")
            continue
        for feature, values in features.items():
            if not is_name(feature) or not isinstance(values, list) or not values or not all(map(is_value, values)):
                mistakes.append(f"{here}.{feature} is no feature with a list of values")
                continue
            found += [Property(namespace=namespace, feature=feature, value=value) for value in values]
    return found


def _check_namespaces(
    parsed: Mapping[str, Any], version: tuple[int, ...], variants: Iterable[Variant], mistakes: list[str]
) -> None:
    """Every namespace that is used has its rank, and from 0.2.0 on its provider."""
    priorities = parsed.get("default-priorities")
    listed = priorities.get("namespace") if isinstance(priorities, dict) else None
    if not isinstance(listed, list) or not all(map(is_name, listed)):
        mistakes.append("default-priorities.namespace is no list of namespaces")
        return
    used = {name for v in variants for name in v.namespaces}
    if missing := sorted(used - set(listed)):
        mistakes.append(f"default-priorities.namespace lacks {', '.join(missing)}")
    if version < (0, 2, 0):
        return
    providers = parsed.get("providers")
    if not isinstance(providers, dict) or set(providers) != set(listed):
        mistakes.append("providers are not those of the namespaces in default-priorities")
        return
    mistakes += [
        f"providers.{name} has not just one of {', '.join(_SOURCES)}"
        for name, provider in providers.items()
        if not isinstance(provider, dict) or sum(key in provider for key in _SOURCES) != 1
    ]
