from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from crosswind.local.requestlog import RequestLog
from tests.local.cloudformation.world import Account, body

ADMIN, EXECUTION = "stack-set-admin", "stack-set-execution"
TEMPLATE = {
    "Parameters": {"Days": {"Type": "Number", "Default": 7}, "Name": {"Type": "String", "Default": "group"}},
    "Resources": {
        "Bucket": {"Type": "AWS::S3::Bucket"},
        "Logs": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {"LogGroupName": {"Ref": "Name"}, "RetentionInDays": {"Ref": "Days"}},
        },
    },
    "Outputs": {"DestinationBucketName": {"Value": {"Ref": "Bucket"}}, "Where": {"Value": {"Ref": "AWS::Region"}}},
}


def role(account: Account, name: str) -> str:
    policy = {"Version": "2012-10-17", "Statement": []}
    made = account.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(policy))
    arn: str = made["Role"]["Arn"]
    return arn


class Set:
    """A StackSet as a test sees it."""

    def __init__(self, admin: Account, name: str = "ml", template: Any = TEMPLATE, **more: Any) -> None:
        self.admin, self.name = admin, name
        admin.cfn.create_stack_set(
            StackSetName=name,
            TemplateBody=body(template),
            AdministrationRoleARN=f"arn:aws:iam::{admin.id}:role/{ADMIN}",
            ExecutionRoleName=EXECUTION,
            **more,
        )

    def run(self, operation: str, **more: Any) -> dict[str, Any]:
        started = getattr(self.admin.cfn, operation)(StackSetName=self.name, **more)
        return self.ended(started["OperationId"])

    def ended(self, operation_id: str) -> dict[str, Any]:
        pause, end = threading.Event(), time.monotonic() + 30
        while True:
            found: dict[str, Any] = self.admin.cfn.describe_stack_set_operation(
                StackSetName=self.name, OperationId=operation_id
            )["StackSetOperation"]
            if found["Status"] not in {"RUNNING", "STOPPING"}:
                return found
            assert time.monotonic() < end
            pause.wait(0.05)

    def results(self, operation: dict[str, Any]) -> dict[tuple[str, str], tuple[str, str]]:
        found = self.admin.cfn.list_stack_set_operation_results(
            StackSetName=self.name, OperationId=operation["OperationId"]
        )["Summaries"]
        return {(item["Account"], item["Region"]): (item["Status"], item.get("StatusReason", "")) for item in found}

    def instance(self, account: Account, region: str) -> dict[str, Any]:
        found: dict[str, Any] = self.admin.cfn.describe_stack_instance(
            StackSetName=self.name, StackInstanceAccount=account.id, StackInstanceRegion=region
        )["StackInstance"]
        return found

    def instances(self) -> dict[tuple[str, str], str]:
        found = self.admin.cfn.list_stack_instances(StackSetName=self.name)["Summaries"]
        return {(item["Account"], item["Region"]): item["Status"] for item in found}


@pytest.fixture
def admin(new_account: Callable[[], Account]) -> Account:
    account = new_account()
    role(account, ADMIN)
    return account


@pytest.fixture
def target(new_account: Callable[[], Account]) -> Account:
    account = new_account()
    role(account, EXECUTION)
    return account


def where(account: Account, *regions: str) -> dict[str, Any]:
    return {"Accounts": [account.id], "Regions": list(regions)}


def test_a_life(admin: Account, target: Account, edge_log: RequestLog) -> None:
    ml = Set(admin, Parameters=[{"ParameterKey": "Days", "ParameterValue": "30"}], Tags=[{"Key": "t", "Value": "v"}])
    _, mark = edge_log.since(0)
    made = ml.run("create_stack_instances", **where(target, "us-west-2", "us-east-1"))
    assert (made["Action"], made["Status"]) == ("CREATE", "SUCCEEDED"), ml.results(made)
    assert ml.instances() == {(target.id, "us-east-1"): "CURRENT", (target.id, "us-west-2"): "CURRENT"}

    # Its stacks are ordinary stacks of the target, whose outputs are read there by the instance's StackId.
    west = target.at("us-west-2")
    stack_id = ml.instance(target, "us-west-2")["StackId"]
    assert west.stack(stack_id)["StackName"].startswith("StackSet-ml-")
    outputs = west.outputs(stack_id)
    assert outputs["Where"] == "us-west-2"
    assert outputs["DestinationBucketName"] in target.bucket_names()
    assert west.client("logs").describe_log_groups()["logGroups"][0]["retentionInDays"] == 30

    # Who acted: the service as the administration role, then the execution role for all that changed anything.
    calls = edge_log.since(mark)[0]
    acted = {record["principal"].split("/")[1] for record in calls if record["operation"] == "AssumeRole"}
    assert acted == {ADMIN}
    makers = {
        record["principal"].split("/")[1]
        for record in calls
        if record["operation"] in {"CreateStack", "CreateBucket", "CreateLogGroup"}
    }
    assert makers == {EXECUTION}

    name = [{"ParameterKey": "Name", "ParameterValue": "own"}]
    changed = ml.run("update_stack_instances", **where(target, "us-west-2"), ParameterOverrides=name)
    assert changed["Status"] == "SUCCEEDED", ml.results(changed)
    groups = west.client("logs").describe_log_groups()["logGroups"]
    assert [group["logGroupName"] for group in groups] == ["own"]
    assert ml.instance(target, "us-west-2")["ParameterOverrides"] == name

    days = [{"ParameterKey": "Days", "ParameterValue": "60"}]
    updated = ml.run("update_stack_set", UsePreviousTemplate=True, Parameters=days)
    assert updated["Status"] == "SUCCEEDED", ml.results(updated)
    for region, group in (("us-east-1", "group"), ("us-west-2", "own")):
        found = target.at(region).client("logs").describe_log_groups()["logGroups"]
        assert [(item["logGroupName"], item["retentionInDays"]) for item in found] == [(group, 60)]

    with pytest.raises(ClientError, match="StackSetNotEmptyException"):
        admin.cfn.delete_stack_set(StackSetName="ml")
    gone = ml.run("delete_stack_instances", **where(target, "us-east-1", "us-west-2"), RetainStacks=False)
    assert gone["Status"] == "SUCCEEDED", ml.results(gone)
    assert ml.instances() == {}
    assert target.bucket_names() == []
    assert west.stack(stack_id)["StackStatus"] == "DELETE_COMPLETE"
    actions = [item["Action"] for item in admin.cfn.list_stack_set_operations(StackSetName="ml")["Summaries"]]
    assert actions == ["DELETE", "UPDATE", "UPDATE", "CREATE"]
    admin.cfn.delete_stack_set(StackSetName="ml")
    assert [item["Status"] for item in admin.cfn.list_stack_sets()["Summaries"]] == ["DELETED"]
    with pytest.raises(ClientError, match="StackSetNotFoundException"):
        admin.cfn.describe_stack_set(StackSetName="ml")


def test_retained_stacks_stay(admin: Account, target: Account) -> None:
    ml = Set(admin)
    ml.run("create_stack_instances", **where(target, "us-east-1"))
    stack_id = ml.instance(target, "us-east-1")["StackId"]
    ml.run("delete_stack_instances", **where(target, "us-east-1"), RetainStacks=True)
    assert ml.instances() == {}
    assert target.stack(stack_id)["StackStatus"] == "CREATE_COMPLETE"


def test_without_the_execution_role(admin: Account, new_account: Callable[[], Account]) -> None:
    target = new_account()
    ml = Set(admin)
    failed = ml.run("create_stack_instances", **where(target, "us-east-1", "us-west-2"))
    assert failed["Status"] == "FAILED"
    assert failed["StatusDetails"]["FailedStackInstancesCount"] == 1
    reason = f"Account {target.id} should have '{EXECUTION}' role with trust relationship to Role '{ADMIN}'."
    assert ml.results(failed) == {
        (target.id, "us-east-1"): ("FAILED", reason),
        (target.id, "us-west-2"): ("CANCELLED", "Cancelled since failure tolerance has exceeded"),
    }
    instance = ml.instance(target, "us-east-1")
    assert (instance["Status"], instance["StatusReason"]) == ("OUTDATED", reason)
    assert instance["StackInstanceStatus"] == {"DetailedStatus": "FAILED"}
    role(target, EXECUTION)
    again = ml.run("create_stack_instances", **where(target, "us-east-1", "us-west-2"))
    assert again["Status"] == "SUCCEEDED"


def test_without_the_administration_role(new_account: Callable[[], Account], target: Account) -> None:
    admin = new_account()
    ml = Set(admin)
    failed = ml.run("create_stack_instances", **where(target, "us-east-1"))
    assert ml.results(failed)[target.id, "us-east-1"] == (
        "FAILED",
        f"Account {admin.id} should have '{ADMIN}' role with trust relationship to CloudFormation service.",
    )


def test_a_stack_that_fails_is_named_and_made_anew(admin: Account, target: Account) -> None:
    target.client("logs").create_log_group(logGroupName="group")
    ml = Set(admin)
    failed = ml.run("create_stack_instances", **where(target, "us-east-1"))
    status, reason = ml.results(failed)[target.id, "us-east-1"]
    assert status == "FAILED"
    assert reason.startswith("ResourceLogicalId:Logs, ResourceType:AWS::Logs::LogGroup, ResourceStatusReason:")
    first = ml.instance(target, "us-east-1")["StackId"]
    assert target.stack(first)["StackStatus"] == "ROLLBACK_COMPLETE"
    target.client("logs").delete_log_group(logGroupName="group")
    assert ml.run("update_stack_instances", **where(target, "us-east-1"))["Status"] == "SUCCEEDED"
    assert target.stack(first)["StackStatus"] == "DELETE_COMPLETE"
    assert target.stack(ml.instance(target, "us-east-1")["StackId"])["StackStatus"] == "CREATE_COMPLETE"


def test_tolerance_lets_the_others_go_on(admin: Account, target: Account) -> None:
    target.client("logs").create_log_group(logGroupName="group")
    ml = Set(admin)
    done = ml.run(
        "create_stack_instances",
        **where(target, "us-east-1", "us-west-2"),
        OperationPreferences={"FailureToleranceCount": 1, "RegionOrder": ["us-east-1", "us-west-2"]},
    )
    assert done["Status"] == "SUCCEEDED"
    assert {key[1]: value[0] for key, value in ml.results(done).items()} == {
        "us-east-1": "FAILED",
        "us-west-2": "SUCCEEDED",
    }


def test_one_operation_at_a_time(admin: Account, target: Account) -> None:
    ml = Set(admin)
    first = admin.cfn.create_stack_instances(StackSetName="ml", **where(target, "us-east-1"))["OperationId"]
    with pytest.raises(ClientError, match=rf"OperationInProgressException.*is in progress: {first}"):
        admin.cfn.create_stack_instances(StackSetName="ml", **where(target, "us-west-2"))
    with pytest.raises(ClientError, match="OperationInProgressException"):
        admin.cfn.delete_stack_set(StackSetName="ml")
    assert ml.ended(first)["Status"] == "SUCCEEDED"


def test_refusals(admin: Account, target: Account) -> None:
    cfn = admin.cfn
    with pytest.raises(ClientError, match=r"UnsupportedOperation.*service-managed"):
        cfn.create_stack_set(StackSetName="x", TemplateBody=body(TEMPLATE), PermissionModel="SERVICE_MANAGED")
    with pytest.raises(ClientError, match="Unrecognized resource types"):
        cfn.create_stack_set(StackSetName="x", TemplateBody=body({"Resources": {"A": {"Type": "AWS::No::No"}}}))
    Set(admin)
    with pytest.raises(ClientError, match="NameAlreadyExistsException"):
        Set(admin)
    with pytest.raises(ClientError, match="StackInstanceNotFoundException"):
        cfn.update_stack_instances(StackSetName="ml", **where(target, "us-east-1"))
    with pytest.raises(ClientError, match=r"Parameters: \[No\] do not exist in the template"):
        cfn.create_stack_instances(
            StackSetName="ml",
            **where(target, "us-east-1"),
            ParameterOverrides=[{"ParameterKey": "No", "ParameterValue": "x"}],
        )
    assert cfn.list_stack_instances(StackSetName="ml")["Summaries"] == []
    with pytest.raises(ClientError, match="OperationNotFoundException"):
        cfn.describe_stack_set_operation(StackSetName="ml", OperationId="none")
