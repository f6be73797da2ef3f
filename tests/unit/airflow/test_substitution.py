"""Placeholders in a configuration."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswind.airflow.substitution import placeholders, substituted
from crosswind.errors import InputError

DOCUMENT = {"a": "${x}-${y}", "b": [{"c": "s3://${x}/"}], "n": 1, "none": None, "yes": True}


def test_every_place_is_filled() -> None:
    assert substituted(DOCUMENT, {"x": "1", "y": "2"}, where="f") == {
        "a": "1-2",
        "b": [{"c": "s3://1/"}],
        "n": 1,
        "none": None,
        "yes": True,
    }


@given(st.text(min_size=1), st.text(min_size=1))
def test_a_value_stays_as_it_is(x: str, y: str) -> None:
    """Quotes, backslashes and `${...}` inside a value are text, not JSON and not a placeholder."""
    filled = substituted(DOCUMENT, {"x": x, "y": y}, where="f")
    assert filled["a"] == f"{x}-{y}"
    assert json.loads(json.dumps(filled)) == filled


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"x": "1"}, r"no value for \$\{y\}\. Placeholders there: \$\{x\}, \$\{y\}"),
        ({"x": "1", "y": "2", "z": "3", "a": "4"}, r"no placeholder for \$\{a\}, \$\{z\}"),
        ({"x": "1", "y": ""}, r"no text as the value of \$\{y\}"),
        ({"x": "1", "y": 2}, r"no text as the value of \$\{y\}"),
    ],
)
def test_names_must_match(values: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says) as found:
        substituted(DOCUMENT, values, where="s3://b/k")
    assert str(found.value).startswith("s3://b/k: ")


def test_a_name_of_any_form_counts() -> None:
    """A slip such as `${job name}` must not reach AWS as text."""
    assert placeholders(["${job name}", "$x", "{y}", "${}"]) == {"job name", ""}
