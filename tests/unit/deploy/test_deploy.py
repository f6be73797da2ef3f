"""The example's plan, and what becomes of it in a small AWS in memory."""

from __future__ import annotations

import json

import pytest

from crosswind.aws.fake import FakeSessions, client_error
from crosswind.deploy import plan_deploy, plan_json, show, targets
from crosswind.deploy.steps import ApplyStack, ApplyStackSet, DeleteStack, RemoveObject, Unchanged, Upload
from crosswind.errors import StackError, WrongAccountError
from crosswind.topology import Topology
from tests.unit.deploy.conftest import DATA, EXAMPLE, HUB, Apply
from tests.unit.deploy.memory import MemoryAws

SITE, ML = "stack/unified-pipelines-site-processing", "stack/unified-pipelines-site-ml"
NETWORK, AIRFLOW = "stack/unified-pipelines-network-hub", "stack/unified-pipelines-airflow-hub"


def test_first_plan_creates_everything_in_the_order_of_needs(topology: Topology, aws: MemoryAws) -> None:
    plan = plan_deploy(topology, EXAMPLE, aws.sessions)
    order = [step.id for step in plan.steps]
    for step in plan.steps:
        assert all(order.index(before) < order.index(step.id) for before in step.after), step.id
    by_id = {step.id: step for step in plan.steps}
    assert isinstance(by_id[ML], ApplyStackSet)
    assert by_id[ML].instances == ((DATA, "us-west-2"),)
    assert {NETWORK, ML} <= set(by_id[f"{SITE}/late"].after)
    dags = {step.id for step in plan.steps if isinstance(step, Upload) and step.key.startswith("dags/")}
    beside = {path.name for path in (EXAMPLE / "dags").glob("*.py")} | {"unified-pipelines.json"}
    assert {step.rpartition("/")[2] for step in dags} == beside >= {"crosswind_reaper_dag.py"}
    assert dags < set(by_id[AIRFLOW].after)
    assert plan.accounts == (HUB, DATA)
    changing = ("create", "update", "put", "delete")
    assert not [call for call in aws.sessions.calls if call.operation.startswith(changing)]


def test_plan_is_shown_as_rows_and_json(topology: Topology, aws: MemoryAws) -> None:
    plan = plan_deploy(topology, EXAMPLE, aws.sessions)
    document = show(plan)
    assert len(document.rows) == len(plan.steps)
    assert all(len(row) == len(document.columns) for row in document.rows)
    data = json.loads(json.dumps(plan_json(plan)))
    assert data["schema_version"] == 1
    airflow = next(step for step in data["steps"] if step["id"] == AIRFLOW)
    assert airflow["parameters"]["SubnetIds"] == "(unified-pipelines-network-hub.SubnetIds)"


def test_outputs_cross_accounts_and_regions(topology: Topology, aws: MemoryAws, apply: Apply) -> None:
    outcome, _ = apply(plan_deploy(topology, EXAMPLE, aws.sessions))
    assert outcome.ok, outcome.failures
    role = outcome.outputs["unified-pipelines-site-ml"]["CrossAccountRoleArn"]
    assert role.startswith("StackSet-unified-pipelines-site-ml-")  # of the instance's stack in us-west-2
    source = aws.stacks[DATA, "us-east-1", "unified-pipelines-site-processing"]
    assert source.parameters["DestinationBucketName"].endswith("/DestinationBucketName")
    assert source.parameters["ExecutionRoleArn"] == "unified-pipelines-network-hub/ExecutionRoleArn"
    airflow = aws.stacks[HUB, "us-east-1", "unified-pipelines-airflow-hub"]
    hub_bucket = aws.buckets["unified-pipelines-airflow-111111111111-us-east-1"]
    assert airflow.parameters["PluginsObjectVersion"] == hub_bucket["plugins.zip"][0][0]
    assert airflow.tags == [{"Key": "crosswind:topology", "Value": "unified-pipelines"}]


def test_replication_comes_with_the_second_phase(topology: Topology, aws: MemoryAws, apply: Apply) -> None:
    apply(plan_deploy(topology, EXAMPLE, aws.sessions))
    create = aws.sessions.made("cloudformation", "create_stack")
    first = next(c for c in create if c.parameters["StackName"] == "unified-pipelines-site-processing")
    given = {entry["ParameterKey"]: entry["ParameterValue"] for entry in first.parameters["Parameters"]}
    assert given == {"DestinationBucketName": "", "ExecutionRoleArn": ""}
    assert first.parameters["Capabilities"] == ["CAPABILITY_NAMED_IAM"]


def test_second_deploy_changes_nothing(topology: Topology, aws: MemoryAws, apply: Apply) -> None:
    apply(plan_deploy(topology, EXAMPLE, aws.sessions))
    plan = plan_deploy(topology, EXAMPLE, aws.sessions)
    assert plan.changes == ()
    before = len(aws.sessions.calls)
    outcome, _ = apply(plan)
    assert outcome.ok
    assert outcome.outputs["unified-pipelines-site-processing"]
    assert len(aws.sessions.calls) == before


def test_second_deploy_does_not_switch_replication_off(topology: Topology, aws: MemoryAws, apply: Apply) -> None:
    apply(plan_deploy(topology, EXAMPLE, aws.sessions))
    source = aws.stacks[DATA, "us-east-1", "unified-pipelines-site-processing"]
    source.template = {**source.template, "Description": "older"}
    outcome, _ = apply(plan_deploy(topology, EXAMPLE, aws.sessions))
    assert outcome.ok
    for call in aws.sessions.made("cloudformation", "update_stack")[1:]:
        given = {entry["ParameterKey"]: entry["ParameterValue"] for entry in call.parameters["Parameters"]}
        assert given.get("DestinationBucketName", "set") != ""


def test_a_changed_file_is_one_upload_and_its_version_feeds_the_environment(
    topology: Topology, aws: MemoryAws, apply: Apply
) -> None:
    apply(plan_deploy(topology, EXAMPLE, aws.sessions))
    bucket = aws.buckets["unified-pipelines-airflow-111111111111-us-east-1"]
    version, content, _ = bucket["requirements.txt"][0]
    bucket["requirements.txt"] = [(version, content, {"crosswind-sha256": "of another text"})]
    plan = plan_deploy(topology, EXAMPLE, aws.sessions)
    assert [type(step) for step in plan.changes] == [Upload, ApplyStack]
    outcome, _ = apply(plan)
    assert outcome.ok
    airflow = aws.stacks[HUB, "us-east-1", "unified-pipelines-airflow-hub"]
    assert airflow.parameters["RequirementsObjectVersion"] == bucket["requirements.txt"][-1][0] != version


def test_a_dag_file_that_is_gone_is_removed(topology: Topology, aws: MemoryAws, apply: Apply) -> None:
    apply(plan_deploy(topology, EXAMPLE, aws.sessions))
    bucket = aws.buckets["unified-pipelines-airflow-111111111111-us-east-1"]
    bucket["dags/old.py"] = [("v", b"", {})]
    plan = plan_deploy(topology, EXAMPLE, aws.sessions)
    assert [step.key for step in plan.changes if isinstance(step, RemoveObject)] == ["dags/old.py"]
    apply(plan)
    assert "dags/old.py" not in bucket


def test_a_failed_stack_names_the_first_resource_and_stops_only_its_dependants(
    topology: Topology, aws: MemoryAws, apply: Apply
) -> None:
    aws.broken["Vpc"] = "The maximum number of VPCs has been reached."
    outcome, events = apply(plan_deploy(topology, EXAMPLE, aws.sessions))
    status = {result.step.id: result.status for result in outcome.results}
    assert status[NETWORK] == "failed"
    assert status[ML] == "done"
    assert status[SITE] == "done"
    assert {status[AIRFLOW], status[f"{SITE}/late"], status[f"{ML}/late"]} == {"skipped"}
    assert len(status) == len(outcome.results)
    assert len(status) == len({event.step.id for event in events if event.kind != "progress"})
    with pytest.raises(StackError) as error:
        outcome.raise_first()
    for part in (
        HUB,
        "us-east-1",
        "unified-pipelines-network-hub",
        "Vpc (AWS::EC2::VPC): The maximum number",
    ):
        assert part in error.value.message
    assert error.value.hint


def test_the_same_command_goes_on_after_a_failure(topology: Topology, aws: MemoryAws, apply: Apply) -> None:
    aws.broken["Vpc"] = "no"
    apply(plan_deploy(topology, EXAMPLE, aws.sessions))
    aws.broken.clear()
    plan = plan_deploy(topology, EXAMPLE, aws.sessions)
    assert [step.id for step in plan.steps if isinstance(step, DeleteStack)] == [f"{NETWORK}/clear"]
    assert isinstance(next(step for step in plan.steps if step.id == SITE), Unchanged)
    assert any("ROLLBACK_COMPLETE" in message for message in plan.messages)
    outcome, _ = apply(plan)
    assert outcome.ok, outcome.failures
    assert plan_deploy(topology, EXAMPLE, aws.sessions).changes == ()


def test_a_failed_instance_names_its_region_and_is_made_anew(topology: Topology, aws: MemoryAws, apply: Apply) -> None:
    aws.broken["DestinationBucket"] = "unified-pipelines-destination already exists"
    outcome, _ = apply(plan_deploy(topology, EXAMPLE, aws.sessions))
    with pytest.raises(StackError, match=r"222222222222, us-west-2.*DestinationBucket \(AWS::S3::Bucket\)"):
        outcome.raise_first()
    aws.broken.clear()
    outcome, _ = apply(plan_deploy(topology, EXAMPLE, aws.sessions))
    assert outcome.ok, outcome.failures


def test_roles_that_iam_has_not_spread_yet_are_tried_again(topology: Topology, aws: MemoryAws, apply: Apply) -> None:
    words = "Account 222222222222 should have 'x' role with trust relationship to Role 'y'."
    result = {"Account": DATA, "Region": "us-west-2", "Status": "FAILED", "StatusReason": words}
    operation = {"StackSetOperation": {"Status": "FAILED"}}
    aws.sessions.script("cloudformation", "describe_stack_set_operation", operation)
    aws.sessions.script("cloudformation", "list_stack_set_operation_results", {"Summaries": [result]})
    outcome, events = apply(plan_deploy(topology, EXAMPLE, aws.sessions))
    assert outcome.ok, outcome.failures
    assert any("not known everywhere yet" in event.text for event in events)
    assert len(aws.sessions.made("cloudformation", "create_stack_instances")) == 2


def test_throttling_is_waited_out(topology: Topology, aws: MemoryAws, apply: Apply) -> None:
    plan = plan_deploy(topology, EXAMPLE, aws.sessions)
    throttle = client_error("Throttling", "Rate exceeded")
    for operation in ("create_stack", "describe_stacks", "create_stack_set", "describe_stack_set_operation"):
        aws.sessions.script("cloudformation", operation, throttle)
    aws.sessions.script("s3", "put_object", client_error("SlowDown", "please"))
    outcome, _ = apply(plan)
    assert outcome.ok, outcome.failures


CHANGING = [
    ("cloudformation", "create_stack"),
    ("cloudformation", "create_stack_set"),
    ("cloudformation", "create_stack_instances"),
    ("cloudformation", "update_stack"),
    ("cloudformation", "update_stack_set"),
    ("cloudformation", "describe_stack_events"),
    ("s3", "put_object"),
]


@pytest.mark.parametrize(("service", "operation"), CHANGING)
def test_a_refused_call_fails_its_step_and_the_next_run_completes(
    service: str, operation: str, topology: Topology, aws: MemoryAws, apply: Apply
) -> None:
    aws.sessions.script(service, operation, client_error("AccessDenied", "no", operation))
    outcome, _ = apply(plan_deploy(topology, EXAMPLE, aws.sessions))
    assert len(outcome.failures) == 1
    assert outcome.failures[0].error is not None
    assert outcome.failures[0].error.code == "CW201"
    outcome, _ = apply(plan_deploy(topology, EXAMPLE, aws.sessions))
    assert outcome.ok, outcome.failures
    assert plan_deploy(topology, EXAMPLE, aws.sessions).changes == ()


def test_a_stack_in_update_rollback_failed_is_continued(topology: Topology, aws: MemoryAws, apply: Apply) -> None:
    apply(plan_deploy(topology, EXAMPLE, aws.sessions))
    aws.stacks[HUB, "us-east-1", "unified-pipelines-network-hub"].status = "UPDATE_ROLLBACK_FAILED"
    outcome, events = apply(plan_deploy(topology, EXAMPLE, aws.sessions))
    assert any("rollback is continued" in event.text for event in events)
    assert len(aws.sessions.made("cloudformation", "continue_update_rollback")) == 1
    # Settled, and as its template says: CloudFormation has nothing to update.
    assert outcome.ok, outcome.failures


def test_wrong_account_is_refused_before_anything_changes(topology: Topology, aws: MemoryAws, apply: Apply) -> None:
    plan = plan_deploy(topology, EXAMPLE, aws.sessions)
    aws.sessions._callers[DATA] = "999999999999"
    before = len(aws.sessions.calls)
    with pytest.raises(WrongAccountError, match="999999999999"):
        apply(plan)
    assert len(aws.sessions.calls) == before
    with pytest.raises(WrongAccountError):
        targets(topology, FakeSessions(callers={HUB: "999999999999"}))


def test_targets_say_who_acts_where(topology: Topology, aws: MemoryAws) -> None:
    hub, data = targets(topology, aws.sessions)
    assert (hub.name, hub.account, hub.regions) == ("hub", HUB, ("us-east-1",))
    assert (data.account, data.regions) == (DATA, ("us-east-1", "us-west-2"))
    assert hub.caller == f"arn:aws:iam::{HUB}:root"
