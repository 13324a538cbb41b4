"""Pages that are made of the settings."""

from __future__ import annotations

from truewheel.project_settings.reference import explanation, json_schema
from truewheel.project_settings.schema import fields


def test_every_field_is_documented() -> None:
    for field in fields():
        assert len(explanation(field)) > 30, field.key
        assert field.variable.startswith("TRUEWHEEL_")


def test_json_schema_names_every_key() -> None:
    document = json_schema()
    assert set(document["properties"]) == {f.key for f in fields() if f.in_table}
    assert document["additionalProperties"] is False
