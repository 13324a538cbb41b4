"""The label of a variant against ``variant.json``."""

from __future__ import annotations

import json

import pytest

from support.facts import CP313, package, wheel
from truewheel.audit import verdict
from truewheel.audit.questions import Question
from truewheel.checks.variants import check_variant
from truewheel.model.contents import WheelFacts
from truewheel.model.finding import Severity
from truewheel.model.record import replace
from truewheel.model.variant_file import SCHEMA
from truewheel.model.variants import Variant


def document(variants_: object, **more: object) -> str:
    made = {
        "$schema": SCHEMA,
        "default-priorities": {"namespace": ["x86_64"]},
        "providers": {"x86_64": {"requires": ["some-provider"]}},
        "variants": variants_,
    }
    return json.dumps({**made, **more})


def facts(label: str, text: str | None) -> WheelFacts:
    filename = f"p-1-py3-none-any-{label}.whl" if label else "p-1-py3-none-any.whl"
    made = wheel(
        filename=filename, texts={} if text is None else {"variant.json": text}
    )
    return replace(
        made,
        contents=replace(
            made.contents, variant=Variant(label=label) if label else None
        ),
    )


LEVEL = {"x86_64": {"level": ["v3"]}}


@pytest.mark.parametrize(
    ("label", "text", "codes"),
    [
        ("", None, []),
        ("v3", document({"v3": LEVEL}), ["TW537"]),
        ("null", document({"null": {}}), ["TW537"]),
        ("v3", None, ["TW535"]),
        ("v3", "no JSON", ["TW535"]),
        ("v3", document({"v3": {"x86_64": {"level": "v3"}}}), ["TW535", "TW537"]),
        ("v3", document({"v3": LEVEL}, **{"$schema": 3}), ["TW535"]),
        ("v3", document({"v2": LEVEL}), ["TW536", "TW537"]),
        ("v3", document({"v3": LEVEL, "null": {}}), ["TW536", "TW537"]),
        ("", document({"v3": LEVEL}), ["TW536", "TW537"]),
        ("null", document({"null": LEVEL}), ["TW536", "TW537"]),
        ("v3", document({"v3": {}}), ["TW536", "TW537"]),
        ("v3", document({"v3": LEVEL}, **{"$schema": "https://x/v0.9.0.json", "providers": 1}), ["TW537"]),
        ("v3", document({"v3": LEVEL}, **{"$schema": "https://x/v1.0.0.json", "providers": 1}), ["TW537"]),
        ("v3", document({}), ["TW536", "TW537"]),
    ],
)  # fmt: skip
def test_each_way_in_which_label_and_document_disagree(
    label: str, text: str | None, codes: list[str]
) -> None:
    found = check_variant(facts(label, text))
    assert [f.code for f in found] == codes
    assert all((f.code == "TW537") == (f.severity is Severity.WARNING) for f in found)


def test_unknown_versions_are_told_apart_from_drafts() -> None:
    for version, words in (
        ("0.1.0", "a draft's"),
        ("0.9.0", "a draft's"),
        ("1.0.0", "not known here"),
    ):
        text = document({"v3": LEVEL}, **{"$schema": f"https://x/v{version}.json"})
        (finding,) = check_variant(facts("v3", text))
        assert words in finding.message


def test_no_name_cures_a_wrong_label() -> None:
    checked = verdict.check(facts("v3", document({"v2": LEVEL})))
    assert not checked.is_true
    assert [f.code for f in checked.incurable] == ["TW536"]
    assert not verdict.check(facts("v3", None), ignore=("TW535",)).passes()


def test_a_build_is_told_that_variants_follow_a_draft() -> None:
    inside = package(variant=Variant(label="null"))
    for demanded in ((), ("py3-none-any",)):
        found = verdict.judge(inside, Question(target=CP313, forced_tags=demanded))
        drafts = [finding for finding in found.findings if finding.code == "TW537"]
        assert [(finding.where, finding.severity) for finding in drafts] == [
            ("null", Severity.WARNING)
        ]
