from __future__ import annotations

import threading
from typing import Any

import pytest

from crosswind.local.edge.call import ServiceError
from tests.unit.local.cloudformation.fakes import ACCOUNT, Engine, body, group


@pytest.fixture
def engine() -> Engine:
    return Engine()


def test_order_outputs_and_events(engine: Engine) -> None:
    status = engine.create(
        {"C": group("B"), "B": group(properties={"LogGroupName": {"Fn::Sub": "${A}-b"}}), "A": group()},
        Outputs={"Name": {"Value": {"Ref": "A"}, "Description": "d"}, "Arn": {"Value": {"Fn::GetAtt": ["C", "Arn"]}}},
        Tags=[{"Key": "team", "Value": "data"}],
    )
    assert status == "CREATE_COMPLETE"
    assert [item for item in engine.cloud.done if item.startswith("finish")] == ["finish A", "finish B", "finish C"]
    made = engine.resources()
    assert engine.cloud.things[made["B"]]["LogGroupName"] == f"{made['A']}-b"
    assert engine.cloud.things[made["C"]]["Tags"] == [{"Key": "team", "Value": "data"}]
    assert {item["OutputKey"]: item["OutputValue"] for item in engine.stack()["Outputs"]} == {
        "Name": made["A"],
        "Arn": f"arn:{made['C']}",
    }
    story = engine.story()
    assert story[0] == ("s", "CREATE_IN_PROGRESS")
    assert story[-1] == ("s", "CREATE_COMPLETE")
    assert [status for name, status in story if name == "A"] == [
        "CREATE_IN_PROGRESS",
        "CREATE_IN_PROGRESS",
        "CREATE_COMPLETE",
    ]


def test_independent_resources_are_made_together(engine: Engine) -> None:
    gates = {name: threading.Event() for name in "AB"}
    engine.cloud.holding = {f"create {name}": gate for name, gate in gates.items()}
    engine.call("CreateStack", StackName="s", TemplateBody=body({"A": group(), "B": group(), "C": group("A")}))
    gates["B"].set()
    while "finish B" not in engine.cloud.done:
        gates["B"].wait(0.001)
    assert engine.stack()["StackStatus"] == "CREATE_IN_PROGRESS"
    assert "create C" not in engine.cloud.done
    gates["A"].set()
    assert engine.ended() == "CREATE_COMPLETE"


def test_a_failure_takes_away_what_was_made_even_by_halves(engine: Engine) -> None:
    engine.cloud.failing = {"finish B"}
    assert engine.create({"A": group(), "B": group("A"), "C": group("B")}) == "ROLLBACK_COMPLETE"
    assert engine.cloud.things == {}
    assert engine.cloud.done == ["create A", "finish A", "create B", "finish B", "delete B", "delete A"]
    reasons = {
        event["ResourceStatus"]: event.get("ResourceStatusReason", "")
        for event in engine.call("DescribeStackEvents", StackName="s")["StackEvents"]
    }
    assert "told to fail" in reasons["CREATE_FAILED"]
    assert "HandlerErrorCode: InvalidRequest" in reasons["CREATE_FAILED"]
    assert reasons["ROLLBACK_IN_PROGRESS"] == (
        "The following resource(s) failed to create: [B]. Rollback requested by user."
    )
    with pytest.raises(ServiceError, match="is in ROLLBACK_COMPLETE state and can not be updated"):
        engine.update({"A": group()})
    with pytest.raises(ServiceError, match=r"AlreadyExistsException: Stack \[s\] already exists"):
        engine.create({"A": group()})
    assert engine.delete() == "DELETE_COMPLETE"
    assert engine.create({"A": group()}) == "CREATE_COMPLETE"


def test_a_failure_ends_the_waiting_of_others(engine: Engine) -> None:
    engine.cloud.holding = {"create A": threading.Event()}
    engine.cloud.failing = {"create B"}
    assert engine.create({"A": group(), "B": group()}) == "ROLLBACK_COMPLETE"
    reasons = [
        (event["LogicalResourceId"], event["ResourceStatusReason"])
        for event in engine.call("DescribeStackEvents", StackName="s")["StackEvents"]
        if event["ResourceStatus"] == "CREATE_FAILED"
    ]
    assert ("A", "Resource creation cancelled") in reasons


@pytest.mark.parametrize(
    ("choice", "status", "left"),
    [
        ({"OnFailure": "DO_NOTHING"}, "CREATE_FAILED", 1),
        ({"DisableRollback": True}, "CREATE_FAILED", 1),
        ({"OnFailure": "DELETE"}, "DELETE_COMPLETE", 0),
        ({"OnFailure": "ROLLBACK"}, "ROLLBACK_COMPLETE", 0),
    ],
)
def test_what_to_do_on_failure(engine: Engine, choice: dict[str, Any], status: str, left: int) -> None:
    engine.cloud.failing = {"create B"}
    stack_id = engine.call("CreateStack", StackName="s", TemplateBody=body({"A": group(), "B": group("A")}), **choice)[
        "StackId"
    ]
    assert engine.ended(stack_id) == status
    assert len(engine.cloud.things) == left


def test_a_rollback_that_fails(engine: Engine) -> None:
    engine.cloud.failing = {"create B", "delete A"}
    assert engine.create({"A": group(), "B": group("A")}) == "ROLLBACK_FAILED"
    assert engine.stack()["StackStatusReason"] == "The following resource(s) failed to delete: [A]. "


def test_deletion_while_creating(engine: Engine) -> None:
    engine.cloud.holding = {"create B": threading.Event()}
    stack_id = engine.call("CreateStack", StackName="s", TemplateBody=body({"A": group(), "B": group("A")}))["StackId"]
    pause = threading.Event()
    while "finish A" not in engine.cloud.done:
        pause.wait(0.001)
    with pytest.raises(ServiceError, match="is in CREATE_IN_PROGRESS state and can not be updated"):
        engine.call("UpdateStack", StackName="s", TemplateBody=body({"A": group()}))
    engine.call("DeleteStack", StackName="s")
    assert engine.ended(stack_id) == "DELETE_COMPLETE"
    assert engine.cloud.things == {}


def test_tokens(engine: Engine) -> None:
    request: dict[str, Any] = {"StackName": "s", "TemplateBody": body({"A": group()}), "ClientRequestToken": "t"}
    first = engine.call("CreateStack", **request)
    engine.ended()
    assert engine.call("CreateStack", **request) == first
    with pytest.raises(ServiceError, match="AlreadyExistsException"):
        engine.call("CreateStack", **{**request, "ClientRequestToken": "u"})
    with pytest.raises(ServiceError, match="TokenAlreadyExistsException"):
        engine.call("UpdateStack", **request)
    assert engine.call("DescribeStackEvents", StackName="s")["StackEvents"][0]["ClientRequestToken"] == "t"


def test_rights(engine: Engine) -> None:
    engine.create({"A": group()})
    assert engine.cloud.keys == {ACCOUNT}
    engine.cloud.keys.clear()
    role = f"arn:aws:iam::{ACCOUNT}:role/present"
    engine.create({"A": group()}, "with-role", RoleARN=role)
    engine.update({"A": group(days=3)}, "with-role")
    engine.delete("with-role")
    assert engine.cloud.keys == {f"session of {role} via cloudformation"}
    with pytest.raises(ServiceError, match="is invalid or cannot be assumed"):
        engine.create({"A": group()}, "no-role", RoleARN=f"arn:aws:iam::{ACCOUNT}:role/absent")


def test_exports(engine: Engine) -> None:
    out = {"Out": {"Value": {"Ref": "A"}, "Export": {"Name": {"Fn::Sub": "${AWS::StackName}-name"}}}}
    engine.create({"A": group()}, Outputs=out)
    use = {"B": group(properties={"LogGroupName": {"Fn::ImportValue": "s-name"}})}
    assert engine.create(use, "user") == "CREATE_COMPLETE"
    exports = engine.call("ListExports")["Exports"]
    assert [(item["Name"], item["Value"]) for item in exports] == [("s-name", engine.resources()["A"])]
    assert engine.call("ListImports", ExportName="s-name") == {"Imports": ["user"]}
    assert engine.delete() == "DELETE_FAILED"
    assert "s-name as it is in use by user" in engine.stack()["StackStatusReason"]
    same = {"Out": {"Value": "x", "Export": {"Name": "s-name"}}}
    assert engine.create({"A": group()}, "rival", Outputs=same) == "ROLLBACK_COMPLETE"
    assert engine.delete("user") == "DELETE_COMPLETE"
    assert engine.delete() == "DELETE_COMPLETE"
    use = {"B": group(properties={"LogGroupName": {"Fn::ImportValue": "s-name"}})}
    assert engine.create(use, "late") == "ROLLBACK_COMPLETE"


def test_a_provider_that_breaks_still_ends_the_stack(engine: Engine) -> None:
    def broken(*_: Any) -> None:
        raise KeyError("surprise")

    engine.cloud.act = broken  # type: ignore[method-assign]  # the fault to provoke
    assert engine.create({"A": group()}) == "ROLLBACK_COMPLETE"
    event = engine.call("DescribeStackEvents", StackName="s")["StackEvents"]
    assert any("KeyError: 'surprise'" in item.get("ResourceStatusReason", "") for item in event)
