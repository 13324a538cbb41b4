"""Laws of Python and ABI tags, over many modules and claims."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from support.facts import CP313, CP313T, contents, module
from truewheel.audit.python import stable_abi
from truewheel.audit.python.tags import (
    contradicts,
    python_claim_findings,
    true_python_tags,
)
from truewheel.model.finding import Finding, Severity
from truewheel.model.target import Target
from truewheel.model.verdict import PythonTags

TAGS = st.from_regex(
    r"(cp|pp|py|graalpy|abi|none|any|x)[0-9]{0,5}t?d?", fullmatch=True
) | st.text(max_size=6)
SUFFIXES = (
    ".abi3.so",
    ".abi3t.so",
    ".so",
    ".cpython-313-x86_64-linux-gnu.so",
    ".cpython-313t-x86_64-linux-gnu.so",
    ".cpython-312-x86_64-linux-gnu.so",
    ".pyd",
)
NAMES = (
    "PyList_New",
    "_Py_Dealloc",
    "_Py_DecRefShared",
    "_PyLong_Sign",
    "PyType_GetModuleState",
)


def errors(findings: tuple[Finding, ...]) -> set[Finding]:
    return {finding for finding in findings if finding.severity is Severity.ERROR}


@settings(max_examples=200, deadline=None)
@given(
    tags=st.lists(TAGS, min_size=1, max_size=3),
    abis=st.lists(TAGS, min_size=1, max_size=3),
    name=st.text(max_size=12),
)
def test_any_tags_are_judged(tags: list[str], abis: list[str], name: str) -> None:
    inside = contents(
        module("p/m.abi3.so", "PyList_New"),
        module(f"p/{name}.cpython-313-x86_64-linux-gnu.so"),
        module(f"q/{name}.pyd"),
    )
    python_claim_findings(inside, interpreters=tuple(tags), abis=tuple(abis))
    true_python_tags(inside, target=None, py_api=".".join(tags))


@settings(max_examples=200, deadline=None)
@given(
    suffix=st.sampled_from(SUFFIXES),
    imports=st.lists(st.sampled_from(NAMES)),
    linked=st.sampled_from(
        ["", "python3.dll", "python313.dll", "python313t.dll", "python312.dll"]
    ),
    target=st.sampled_from([CP313, CP313T]),
    py_api=st.sampled_from(["", "cp39", "cp310", "cp313t", "py3", "cp39.cp313t"]),
)
def test_a_build_claims_what_check_believes(
    suffix: str, imports: list[str], linked: str, target: Target, py_api: str
) -> None:
    """Either the tags of a build are true, or it fails and says why: never a claim that only ``check`` would refute."""
    inside = contents(module(f"p/m{suffix}", *imports, linked=linked))
    tags = true_python_tags(inside, target=target, py_api=py_api)
    untrue = errors(
        python_claim_findings(inside, interpreters=tags.interpreters, abis=tags.abis)
    )
    told = errors(tags.findings)
    assert untrue <= told
    if "abi3" in tags.abis and not told:
        assert set(imports) <= set(stable_abi.symbols())
        assert linked in ("", "python3.dll")


def test_tags_contradict_others_with_which_they_share_no_python_or_no_abi() -> None:
    true = PythonTags(interpreters=("cp312", "cp313"), abis=("cp313",), reason="")
    assert not contradicts(("cp313",), ("cp313", "cp314"), true)
    assert contradicts(("cp314",), ("cp313",), true)
    assert contradicts(("cp313",), ("abi3",), true)
