"""``variant.json``: which label stands for which properties, and who knows these. Pure text.

Sources: PEP 825 (``variant.json``) and PEP 850 (providers), both drafts: formats 0.1.0 and 0.2.0.
"""

from __future__ import annotations

from .record import Record
from .variants import ALPHABET, Property, Variant, is_name, is_value
from .wheel_name import is_label

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

SCHEMA = "https://variants-schema.wheelnext.dev/peps/850/v0.2.0.json"
"""What ``$schema`` says in the files that are written here."""
KNOWN_VERSIONS = frozenset({(0, 1, 0), (0, 2, 0)})
"""Versions of the format that are understood here."""
_WITH_PROVIDERS = (0, 2, 0)
"""The version from which on every namespace has a provider."""
_SOURCES_OF_ANSWERS = ("requires", "static-properties", "builtin")
"""From which a provider may have its answers, one of them (PEP 850, as variantlib reads it)."""


class VariantFile(Record):
    """What a ``variant.json`` says, and what is wrong with it.

    :param version: of the format; empty when ``$schema`` does not tell.
    :param variants: those that could be understood.
    :param mistakes: where it departs from the draft, a phrase each.
    """

    version: tuple[int, ...] = ()
    variants: tuple[Variant, ...] = ()
    mistakes: tuple[str, ...] = ()


def variant_file_text(variant: Variant, table: Mapping[str, Any]) -> bytes:
    """Return the content of ``variant.json``.

    :param table: ``[variant]`` of the project: ``default-priorities`` and ``providers`` are repeated word for word.
    """
    import json  # few wheels are variants

    # Of several values of one feature, installers choose the wheel if one is there: they are a list.
    tree: dict[str, dict[str, list[str]]] = {}
    for prop in variant.properties:
        features = tree.setdefault(prop.namespace, {})
        values = features.setdefault(prop.feature, [])
        values.append(prop.value)
    document = {
        "$schema": SCHEMA,
        "default-priorities": table.get("default-priorities", {}),
        "providers": table.get("providers", {}),
        "variants": {variant.label: tree},
    }
    text = json.dumps(document, indent=2, ensure_ascii=True) + "\n"
    return text.encode()


def read_variant_file(text: str) -> VariantFile:
    """Return what a ``variant.json`` says; one that cannot be understood has mistakes, and raises nothing."""
    import json

    # Deep nesting makes json raise RecursionError, and a hostile wheel may have it.
    try:
        document = json.loads(text, object_pairs_hook=_as_object)
    except (ValueError, RecursionError) as error:
        mistake = f"is not JSON that all readers understand alike: {error}"
        return VariantFile(mistakes=(mistake,))
    if not isinstance(document, dict):
        return VariantFile(mistakes=("is not a JSON object",))
    mistakes: list[str] = []
    version = _read_version(document.get("$schema"), mistakes)
    variants = _read_variants(document.get("variants"), mistakes)
    # Of other versions, only the part that has never changed is read.
    if version in KNOWN_VERSIONS:
        _check_namespaces(document, version, variants, mistakes)
    return VariantFile(version=version, variants=variants, mistakes=tuple(mistakes))


def _as_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the members of a JSON object.

    :raises ValueError: if two have one name: readers then take the first, the last, or neither.
    """
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("one object has two members of the same name")
    return members


def _read_version(schema: object, mistakes: list[str]) -> tuple[int, ...]:
    """Return the version in ``…/v0.2.0.json``, empty if there is none."""
    text = schema if isinstance(schema, str) else ""
    _, _, name = text.rpartition("/")
    version = name.removeprefix("v").removesuffix(".json")
    numbers = version.split(".")
    # Short ones: int() refuses a number of thousands of digits, and a hostile wheel may have it.
    are_numbers = len(numbers) == 3 and all(map(_is_short_number, numbers))
    if not are_numbers or not name.startswith("v"):
        mistakes.append("$schema does not tell the version of the format")
        return ()
    return tuple(map(int, numbers))


def _is_short_number(text: str) -> bool:
    """Return whether a text is a number of at most four digits."""
    return text.isdecimal() and len(text) < 5


def _read_variants(tree: object, mistakes: list[str]) -> tuple[Variant, ...]:
    """Return the variants in ``{label: {namespace: {feature: [value]}}}``."""
    if not isinstance(tree, dict):
        mistakes.append("variants is not an object")
        return ()
    variants = []
    for label, content in tree.items():
        # What it stands for is read all the same, so that all mistakes are told at once.
        if not is_label(label):
            mistakes.append(f"variants: {label!r} is not a valid label ({ALPHABET})")
        properties = _read_properties(f"variants.{label}", content, mistakes)
        variant = Variant(label=label, properties=tuple(properties))
        variants.append(variant)
    return tuple(variants)


def _read_properties(where: str, tree: object, mistakes: list[str]) -> list[Property]:
    """Return the properties in ``{namespace: {feature: [value]}}``."""
    properties: list[Property] = []
    if not isinstance(tree, dict):
        mistakes.append(f"{where} is not an object")
        return properties
    for namespace, features in tree.items():
        place = f"{where}.{namespace}"
        # A namespace without features would say nothing.
        has_features = isinstance(features, dict) and bool(features)
        if has_features and is_name(namespace):
            properties += _read_features(place, namespace, features, mistakes)
        else:
            mistakes.append(f"{place} is not a namespace with its features")
    return properties


def _read_features(
    where: str, namespace: str, features: Mapping[str, Any], mistakes: list[str]
) -> list[Property]:
    """Return the properties in ``{feature: [value]}``."""
    properties: list[Property] = []
    for feature, values in features.items():
        if not is_name(feature) or not _is_list_of_values(values):
            mistakes.append(f"{where}.{feature} is not a feature with a list of values")
            continue
        for value in values:
            prop = Property(namespace=namespace, feature=feature, value=value)
            properties.append(prop)
    return properties


def _is_list_of_values(values: object) -> bool:
    """Return whether this is a list of at least one value of a property."""
    if not isinstance(values, list) or not values:
        return False
    return all(map(is_value, values))


def _check_namespaces(
    document: Mapping[str, Any],
    version: tuple[int, ...],
    variants: Iterable[Variant],
    mistakes: list[str],
) -> None:
    """Note the namespaces that have no rank or, from format 0.2.0 on, not just one source of answers."""
    priorities = document.get("default-priorities")
    ranked = None
    if isinstance(priorities, dict):
        ranked = priorities.get("namespace")
    if not isinstance(ranked, list) or not all(map(is_name, ranked)):
        mistakes.append("default-priorities.namespace is not a list of namespaces")
        return
    used: set[str] = set()
    for variant in variants:
        used.update(variant.namespaces)
    # One that is ranked and not used may belong to another wheel of the project.
    unranked = sorted(used - set(ranked))
    if unranked:
        names = ", ".join(unranked)
        mistakes.append(f"default-priorities.namespace lacks {names}")
    if version >= _WITH_PROVIDERS:
        providers = document.get("providers")
        _check_providers(providers, set(ranked), mistakes)


def _check_providers(
    providers: object, namespaces: set[str], mistakes: list[str]
) -> None:
    """Note what is wrong with the table that tells for each namespace who knows its properties."""
    if not isinstance(providers, dict) or set(providers) != namespaces:
        mistakes.append(
            "providers are not those of the namespaces in default-priorities"
        )
        return
    for name, provider in providers.items():
        if not _has_one_source(provider):
            sources = ", ".join(_SOURCES_OF_ANSWERS)
            mistakes.append(f"providers.{name} must have just one of {sources}")


def _has_one_source(provider: object) -> bool:
    """Return whether a provider says just once from where its answers come."""
    if not isinstance(provider, dict):
        return False
    sources = [key for key in _SOURCES_OF_ANSWERS if key in provider]
    return len(sources) == 1
