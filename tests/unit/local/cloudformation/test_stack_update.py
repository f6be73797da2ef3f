from __future__ import annotations

from typing import Any

import pytest

from crosswind.local.edge.call import ServiceError
from tests.unit.local.cloudformation.fakes import Engine, association, body, gateway, group


@pytest.fixture
def engine() -> Engine:
    return Engine()


def test_only_what_differs_is_touched(engine: Engine) -> None:
    engine.create({"A": group(), "B": group(days=5), "C": group()})
    before = engine.resources()
    engine.cloud.done.clear()
    status = engine.update({"A": group(), "B": group(days=3), "D": group("B")})
    assert status == "UPDATE_COMPLETE"
    assert engine.cloud.done == ["update B", "create D", "finish D", "delete C"]
    after = engine.resources()
    assert {name: after[name] for name in "AB"} == {name: before[name] for name in "AB"}
    assert engine.cloud.things[after["B"]]["RetentionInDays"] == 3
    assert "LastUpdatedTime" in engine.stack()


def test_nothing_to_update(engine: Engine) -> None:
    parameters = {"P": {"Type": "String", "Default": "a"}}
    engine.create({"A": group()}, Parameters=parameters, Tags=[{"Key": "k", "Value": "v"}])
    with pytest.raises(ServiceError, match=r"No updates are to be performed\."):
        engine.update({"A": group()}, Parameters=parameters)
    with pytest.raises(ServiceError, match=r"No updates are to be performed\."):
        engine.call("UpdateStack", StackName="s", UsePreviousTemplate=True)
    assert engine.stack()["StackStatus"] == "CREATE_COMPLETE"


def test_previous_template_and_values(engine: Engine) -> None:
    declared = {"Days": {"Type": "Number", "Default": 1}, "Name": {"Type": "String", "Default": "default"}}
    resources = {"A": group(properties={"RetentionInDays": {"Ref": "Days"}, "LogGroupName": {"Ref": "Name"}})}
    engine.create(resources, Parameters=declared)
    engine.call(
        "UpdateStack",
        StackName="s",
        UsePreviousTemplate=True,
        Parameters=[
            {"ParameterKey": "Days", "ParameterValue": "7"},
            {"ParameterKey": "Name", "UsePreviousValue": True},
        ],
    )
    assert engine.ended() == "UPDATE_COMPLETE"
    assert engine.cloud.things[engine.resources()["A"]] == {"RetentionInDays": 7, "LogGroupName": "default"}


def test_stack_tags_reach_the_resources(engine: Engine) -> None:
    own = [{"Key": "team", "Value": "own"}]
    engine.create({"A": group(), "B": group(properties={"Tags": own})})
    engine.call(
        "UpdateStack",
        StackName="s",
        UsePreviousTemplate=True,
        Tags=[{"Key": "team", "Value": "stack"}, {"Key": "x", "Value": "y"}],
    )
    assert engine.ended() == "UPDATE_COMPLETE"
    made = engine.resources()
    assert engine.cloud.things[made["A"]]["Tags"] == [{"Key": "team", "Value": "stack"}, {"Key": "x", "Value": "y"}]
    assert engine.cloud.things[made["B"]]["Tags"] == [{"Key": "team", "Value": "own"}, {"Key": "x", "Value": "y"}]


def test_a_create_only_change_makes_a_new_resource_then_deletes_the_old(engine: Engine) -> None:
    engine.create({"G": gateway("one"), "User": group(properties={"LogGroupName": {"Ref": "G"}})})
    old = engine.resources()["G"]
    engine.cloud.done.clear()
    engine.update({"G": gateway("two"), "User": group(properties={"LogGroupName": {"Ref": "G"}})})
    assert engine.cloud.done[:2] == ["create G", "finish G"]
    assert engine.cloud.done[-1] == "delete G"
    made = engine.resources()
    assert made["G"] != old
    assert old not in engine.cloud.things
    # The user's name is create-only too, so it was replaced with the new gateway's name.
    assert engine.cloud.things[made["User"]]["LogGroupName"] == made["G"]


def test_update_replace_policy_keeps_the_old_one(engine: Engine) -> None:
    engine.create({"G": gateway("one", UpdateReplacePolicy="Retain")})
    old = engine.resources()["G"]
    engine.update({"G": gateway("two", UpdateReplacePolicy="Retain")})
    assert {old, engine.resources()["G"]} == set(engine.cloud.things)
    assert ("G", "DELETE_SKIPPED") in engine.story()


def test_some_types_are_deleted_before_they_are_made_anew(engine: Engine) -> None:
    engine.create({"R": association("one")})
    engine.cloud.done.clear()
    assert engine.update({"R": association("two")}) == "UPDATE_COMPLETE"
    assert engine.cloud.done == ["delete R", "create R", "finish R"]


def test_a_named_resource_is_not_replaced_under_its_own_name(engine: Engine) -> None:
    named = {"LogGroupName": "mine"}
    engine.create({"A": group(properties=named)})
    other: dict[str, Any] = {"A": group(properties={"LogGroupName": "other"})}
    assert engine.update(other) == "UPDATE_COMPLETE"


def everything(*, days: int, subnet: str) -> dict[str, Any]:
    return {
        "A": group(days=days),
        "G": gateway(subnet),
        "R": association(subnet),
        "Last": group("A", "G", "R", days=days),
    }


def test_a_failed_update_brings_back_what_was(engine: Engine) -> None:
    engine.create({**everything(days=1, subnet="one"), "Gone": group()})
    before, things = engine.resources(), {key: dict(value) for key, value in engine.cloud.things.items()}
    engine.cloud.failing = {"update Last"}
    engine.cloud.done.clear()
    template = {**everything(days=5, subnet="two"), "New": group()}
    engine.call("UpdateStack", StackName="s", TemplateBody=body(template))
    # The failing step fails when it is undone too, unless the fault is over by then.
    assert engine.ended() in {"UPDATE_ROLLBACK_FAILED"}
    assert engine.resources().keys() == before.keys()

    fresh = Engine()
    fresh.create({**everything(days=1, subnet="one"), "Gone": group()})
    before, things = fresh.resources(), {key: dict(value) for key, value in fresh.cloud.things.items()}
    fresh.cloud.failing = {"finish New"}
    template["New"] = group("Last")
    assert fresh.update(template) == "UPDATE_ROLLBACK_COMPLETE"
    after = fresh.resources()
    assert {name: after[name] for name in ("A", "G", "Last", "Gone")} == {
        name: before[name] for name in ("A", "G", "Last", "Gone")
    }
    assert {name: fresh.cloud.things[after[name]] for name in after} == {name: things[before[name]] for name in before}
    assert len(fresh.cloud.things) == len(things)
    reason = next(
        event["ResourceStatusReason"]
        for event in fresh.call("DescribeStackEvents", StackName="s")["StackEvents"]
        if event["ResourceStatus"] == "UPDATE_ROLLBACK_IN_PROGRESS"
    )
    assert reason == "The following resource(s) failed to create: [New]."
    # It can be updated again, from where it was.
    fresh.cloud.failing = set()
    assert fresh.update(template) == "UPDATE_COMPLETE"
    assert fresh.delete() == "DELETE_COMPLETE"
    assert fresh.cloud.things == {}


def test_an_export_in_use_may_not_change(engine: Engine) -> None:
    def out(value: str) -> dict[str, Any]:
        return {"O": {"Value": value, "Export": {"Name": "e"}}}

    engine.create({"A": group()}, Outputs=out("1"))
    engine.create({"B": group(properties={"LogGroupName": {"Fn::ImportValue": "e"}})}, "user")
    assert engine.update({"A": group()}, Outputs=out("2")) == "UPDATE_ROLLBACK_COMPLETE"
    assert engine.call("ListExports")["Exports"][0]["Value"] == "1"


def test_policies_change_without_a_call(engine: Engine) -> None:
    engine.create({"A": group(), "B": group()})
    engine.cloud.done.clear()
    assert engine.update({"A": group(DeletionPolicy="Retain"), "B": group()}) == "UPDATE_COMPLETE"
    assert engine.cloud.done == []
    assert engine.delete() == "DELETE_COMPLETE"
    assert len(engine.cloud.things) == 1
