"""Whatever is done to a template by hand: it is proven, found wanting, or refused as bad input; never a traceback."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crosswind.errors import InputError
from tests.unit.prove.declared import Declared

JUNK: tuple[Any, ...] = (
    None,
    True,
    7,
    "",
    "*",
    "text",
    [],
    {},
    [[]],
    {"Ref": "Nobody"},
    {"Ref": []},
    {"Fn::If": []},
    {"Fn::Sub": 7},
    {"Fn::GetAtt": "x"},
    {"Fn::Join": ["", 3]},
    {"Fn::Select": ["x", []]},
    {"Fn::Split": 1},
    {"Fn::Transform": {}},
    {"Statement": {}},
)


def places(content: Any) -> Iterator[tuple[Any, Any]]:
    """Every holder and key in a template."""
    keys = content.keys() if isinstance(content, dict) else range(len(content)) if isinstance(content, list) else ()
    for key in list(keys):
        yield content, key
        yield from places(content[key])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_template_with_junk_in_it(example: Declared, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(example.stacks) - 1))
    template = copy.deepcopy(example.stacks[index].template)
    found = [each for each in places(template) if each[0] is not template]
    holder, key = found[data.draw(st.integers(0, len(found) - 1))]
    if data.draw(st.booleans()):
        holder[key] = data.draw(st.sampled_from(JUNK))
    else:
        del holder[key]
    stacks = [*example.stacks]
    stacks[index] = replace(stacks[index], template=template)
    refused = _refused(replace(example, stacks=tuple(stacks)))
    assert refused is None or (refused.message and (refused.place.file or refused.place.path))


def _refused(declared: Declared) -> InputError | None:
    try:
        assert declared.proof.counts["flows"]
    except InputError as error:
        return error
    return None
