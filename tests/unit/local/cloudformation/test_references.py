from __future__ import annotations

import json
from graphlib import CycleError, TopologicalSorter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswind.local.cloudformation.template.document import Template, parse
from crosswind.local.cloudformation.template.intrinsics import Resolver
from crosswind.local.cloudformation.template.references import (
    active_resources,
    check_references,
    dependency_graph,
)
from crosswind.local.edge.call import ServiceError
from tests.unit.local.cloudformation.test_intrinsics import FakeLookup


def template(resources: dict[str, Any], **sections: Any) -> Template:
    full = {name: {"Type": "AWS::S3::Bucket", **raw} for name, raw in resources.items()}
    return parse(json.dumps({"Resources": full, **sections}))


def names(**properties: Any) -> dict[str, Any]:
    return {"Properties": properties}


def graph(found: Template) -> dict[str, frozenset[str]]:
    resolver = Resolver(FakeLookup(), found.mappings, found.conditions)
    return dependency_graph(found, active_resources(found, resolver), resolver)


def test_every_way_to_need_another() -> None:
    found = template(
        {
            "A": {},
            "ByRef": names(X={"Ref": "A"}),
            "BySub": names(X={"Fn::Sub": "x-${A}"}),
            "ByAttribute": names(X=[{"Fn::GetAtt": ["A", "Arn"]}]),
            "ByDependsOn": {"DependsOn": ["A"]},
            "ByBranch": names(X={"Fn::If": ["Never", {"Ref": "A"}, "x"]}),
            "Alone": names(X={"Fn::Sub": ["${A}", {"A": "x"}]}),
        },
        Conditions={"Never": {"Fn::Equals": ["a", "b"]}},
    )
    assert {name for name, needs in graph(found).items() if needs == {"A"}} == {
        "ByRef",
        "BySub",
        "ByAttribute",
        "ByDependsOn",
    }


def test_what_is_not_made_is_not_needed() -> None:
    off = {"Condition": "Never"}
    conditions = {"Never": {"Fn::Equals": ["a", "b"]}}
    assert graph(template({"A": off, "B": {"DependsOn": "A"}}, Conditions=conditions)) == {"B": frozenset()}
    with pytest.raises(ServiceError, match=r"Unresolved resource dependencies \[A\] in the Resources block"):
        graph(template({"A": off, "B": names(X={"Ref": "A"})}, Conditions=conditions))


def test_circles_are_refused() -> None:
    with pytest.raises(ServiceError, match=r"Circular dependency between resources: \[A, B, C\]"):
        graph(template({"A": {"DependsOn": "B"}, "B": names(X={"Ref": "C"}), "C": names(X={"Fn::Sub": "${A}"})}))


@pytest.mark.parametrize(
    ("resources", "sections", "words"),
    [
        ({"A": names(X={"Ref": "Z"})}, {}, "Unresolved resource dependencies [Z] in the Resources block"),
        ({"A": names(X={"Fn::Sub": "${Z}"})}, {}, "Unresolved resource dependencies [Z] in the Resources block"),
        ({"A": {"DependsOn": "Z"}}, {}, "Unresolved resource dependencies [Z] in the Resources block"),
        ({"A": {}}, {"Outputs": {"O": {"Value": {"Ref": "Z"}}}}, "dependencies [Z] in the Outputs block"),
        ({"A": names(X={"Fn::GetAtt": ["Z", "Arn"]})}, {}, "Fn::GetAtt references undefined resource Z"),
        ({"A": {}, "B": names(X={"Fn::GetAtt": ["A", "Z"]})}, {}, "A does not support attribute type Z in Fn::GetAtt"),
        ({"A": {"Condition": "Z"}}, {}, "Condition Z is not defined"),
        ({"A": names(X={"Fn::If": ["Z", 1, 2]})}, {}, "unresolved condition dependency Z in Fn::If"),
        ({"A": {}}, {"Conditions": {"C": {"Fn::Equals": [{"Ref": "A"}, "x"]}}}, "Cannot reference resources in the"),
        ({"A": names(X="{{resolve:ssm:x}}")}, {}, "dynamic references"),
    ],
)
def test_names_that_do_not_exist(resources: dict[str, Any], sections: dict[str, Any], words: str) -> None:
    with pytest.raises(ServiceError) as refused:
        check_references(template(resources, **sections), lambda _: frozenset({"Arn"}))
    assert words in refused.value.message


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=20))
def test_a_graph_has_every_edge_or_is_a_circle(edges: list[tuple[int, int]]) -> None:
    resources: dict[str, Any] = {
        f"R{n}": {"DependsOn": [f"R{needed}" for user, needed in edges if user == n]} for n in range(8)
    }
    found = template(resources)
    wanted = {f"R{n}": {f"R{needed}" for user, needed in edges if user == n} for n in range(8)}
    try:
        TopologicalSorter(wanted).prepare()
    except CycleError:
        with pytest.raises(ServiceError, match="Circular dependency between resources"):
            graph(found)
        return
    needs = graph(found)
    assert {(f"R{user}", f"R{needed}") for user, needed in edges} == {
        (user, needed) for user, all_needed in needs.items() for needed in all_needed
    }
