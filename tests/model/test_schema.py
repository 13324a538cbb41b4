"""One model, many products."""

from __future__ import annotations

from truewheel.model import schema
from truewheel.model.settings import Settings


def test_every_field_is_documented() -> None:
    for field in schema.fields():
        assert len(field.text) > 30, field.key
        assert field.variable.startswith("TRUEWHEEL_")


def test_defaults_come_from_nothing() -> None:
    assert schema.read({}, {}, {}) == (Settings(), ())


def test_order_of_strength() -> None:
    table, options, environ = {"tag": "a"}, {"tag": "c"}, {"TRUEWHEEL_TAG": "b"}
    assert schema.read(table, {}, {})[0].tag == "a"
    assert schema.read(table, {}, environ)[0].tag == "b"
    assert schema.read(table, options, environ)[0].tag == "c"


def test_mistakes_name_their_place_and_what_is_allowed() -> None:
    settings, problems = schema.read({"tag": 3, "select": ["TW", 1]}, {"exclud": "x"}, {"TRUEWHEEL_TAG": ""})
    assert settings == Settings()
    assert [p.where for p in problems] == [
        "-Ctruewheel.exclud",
        "tool.truewheel.tag",
        "TRUEWHEEL_TAG",
        "tool.truewheel.select",
    ]
    assert problems[0].hint == "did you mean exclude?"


def test_what_is_said_of_one_build_is_not_said_of_the_project() -> None:
    settings, problems = schema.read({"variant": ["a :: b :: c"], "variant-label": "x"}, {}, {})
    assert settings == Settings()
    assert [p.where for p in problems] == ["tool.truewheel.variant", "tool.truewheel.variant-label"]
    assert "TRUEWHEEL_VARIANT_LABEL" in str(problems[1].hint)
    settings, problems = schema.read({}, {"variant": "a :: b :: c;a :: b :: d"}, {"TRUEWHEEL_VARIANT_LABEL": "x"})
    assert (settings.variant, settings.variant_label, problems) == (("a :: b :: c", "a :: b :: d"), "x", ())


def test_variables_that_nobody_reads() -> None:
    _, problems = schema.read(
        {},
        {},
        {
            "TRUEWHEEL_TGA": "native",
            "truewheel_x": "",
            "PATH": "",
            "TRUEWHEEL_EXTENDED": "1",
            "TRUEWHEEL_CACHE_DIR": "c",
        },
    )
    assert (problems[0].where, problems[0].hint) == ("TRUEWHEEL_TGA", "did you mean TRUEWHEEL_TAG?")
    assert [p.where for p in problems] == ["TRUEWHEEL_TGA", "truewheel_x"]
    assert "TRUEWHEEL_SELECT" in str(problems[1].hint)


def test_misspelt_tables() -> None:
    for name in ("truewhel", "true-wheel", "TrueWheel", "trewheel", "truewheels"):
        assert [p.hint for p in schema.misspelt_tables([name])] == ["did you mean tool.truewheel?"]
    assert list(schema.misspelt_tables(["truewheel", "wheel", "scikit-build", "cibuildwheel", "true"])) == []


def test_slips_in_codes_switch_nothing_off() -> None:
    for wrong in ("tw3", "W301", "TW3011", ""):
        _, problems = schema.read({"ignore": [wrong]}, {}, {})
        assert [p.where for p in problems] == ["tool.truewheel.ignore"]
        assert repr(wrong) in problems[0].message
    assert schema.read({"ignore": ["TW3", "TW301", "TW"]}, {}, {})[1] == ()


def test_json_schema_names_every_key() -> None:
    document = schema.json_schema()
    assert set(document["properties"]) == {f.key for f in schema.fields() if f.in_table}
    assert document["additionalProperties"] is False
