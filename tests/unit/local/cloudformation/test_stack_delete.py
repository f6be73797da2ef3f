from __future__ import annotations

import pytest

from crosswind.local.edge.call import ServiceError
from tests.unit.local.cloudformation.fakes import Engine, group


@pytest.fixture
def engine() -> Engine:
    return Engine()


def test_reverse_order_and_what_remains_known(engine: Engine) -> None:
    engine.create({"A": group(), "B": group("A"), "C": group("B")})
    stack_id = engine.stack()["StackId"]
    engine.cloud.done.clear()
    assert engine.delete() == "DELETE_COMPLETE"
    assert engine.cloud.done == ["delete C", "delete B", "delete A"]
    with pytest.raises(ServiceError, match="Stack with id s does not exist"):
        engine.stack()
    assert engine.stack(stack_id)["DeletionTime"]
    summaries = engine.call("ListStacks", StackStatusFilter=["DELETE_COMPLETE"])["StackSummaries"]
    assert [item["StackId"] for item in summaries] == [stack_id]
    assert engine.call("DescribeStacks")["Stacks"] == []
    assert engine.call("DeleteStack", StackName="s") == {}


def test_a_resource_that_cannot_be_deleted_keeps_what_it_needs(engine: Engine) -> None:
    engine.create({"A": group(), "B": group("A"), "Other": group()})
    engine.cloud.failing = {"delete B"}
    assert engine.delete() == "DELETE_FAILED"
    assert engine.stack()["StackStatusReason"] == "The following resource(s) failed to delete: [B]. "
    assert engine.resources().keys() == {"A", "B"}
    assert engine.delete(RetainResources=["B"]) == "DELETE_COMPLETE"
    assert len(engine.cloud.things) == 1


def test_retained_resources_are_named_only_after_a_failure(engine: Engine) -> None:
    engine.create({"A": group()})
    with pytest.raises(ServiceError, match="only when the current stack state is DELETE_FAILED"):
        engine.delete(RetainResources=["A"])


def test_deletion_policies(engine: Engine) -> None:
    resources = {"A": group(DeletionPolicy="Retain"), "B": group(DeletionPolicy="RetainExceptOnCreate"), "C": group()}
    engine.create(resources)
    assert engine.delete() == "DELETE_COMPLETE"
    assert len(engine.cloud.things) == 2

    fresh = Engine()
    fresh.cloud.failing = {"create D"}
    assert fresh.create({**resources, "D": group("A", "B", "C")}) == "ROLLBACK_COMPLETE"
    assert len(fresh.cloud.things) == 1


def test_protection(engine: Engine) -> None:
    engine.create({"A": group()}, EnableTerminationProtection=True)
    with pytest.raises(ServiceError, match="cannot be deleted while TerminationProtection is enabled"):
        engine.delete()
    engine.call("UpdateTerminationProtection", StackName="s", EnableTerminationProtection=False)
    assert engine.delete() == "DELETE_COMPLETE"
