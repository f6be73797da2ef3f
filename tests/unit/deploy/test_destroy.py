"""Removal: order, what is emptied, what a failed first deploy leaves, and the sweep."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from crosswind.aws.fake import FakeCall, client_error
from crosswind.deploy import leftovers, plan_deploy, plan_destroy
from crosswind.deploy.steps import DeleteStack, DeleteStackSet, EmptyBucket, RemoveLogGroups, StopRuns
from crosswind.errors import StackError
from crosswind.topology import Names, Topology
from tests.unit.deploy.conftest import DATA, EXAMPLE, HUB, Apply
from tests.unit.deploy.memory import MemoryAws

SOURCE = "unified-pipelines-source-222222222222-us-east-1"


@pytest.fixture
def deployed(topology: Topology, aws: MemoryAws, apply: Apply) -> MemoryAws:
    outcome, _ = apply(plan_deploy(topology, EXAMPLE, aws.sessions))
    assert outcome.ok
    return aws


def test_nothing_deployed_is_nothing_to_do(topology: Topology, aws: MemoryAws) -> None:
    assert plan_destroy(topology, aws.sessions).steps == ()
    assert leftovers(topology, aws.sessions) == ()


def test_everything_goes(topology: Topology, deployed: MemoryAws, apply: Apply) -> None:
    assert {left.kind for left in leftovers(topology, deployed.sessions)} == {"bucket", "stack", "StackSet"}
    outcome, _ = apply(plan_destroy(topology, deployed.sessions))
    assert outcome.ok, outcome.failures
    assert (deployed.stacksets, deployed.buckets) == ({}, {})
    assert {name for _, _, name in deployed.stacks} == {
        f"unified-pipelines-deployer-{each}" for each in ("data", "hub")
    }
    assert leftovers(topology, deployed.sessions) == ()
    assert plan_destroy(topology, deployed.sessions).steps == ()


def test_order_airflow_first_then_buckets_then_stacks_then_stackset_roles(
    topology: Topology, deployed: MemoryAws
) -> None:
    plan = plan_destroy(topology, deployed.sessions)
    order = [step.id for step in plan.steps]
    for step in plan.steps:
        assert all(order.index(before) < order.index(step.id) for before in step.after), step.id
    before = _all_before({step.id: step.after for step in plan.steps})
    airflow = "delete/unified-pipelines-airflow-hub"
    for step in plan.steps:
        match step:
            case StopRuns():
                assert not step.after
            case EmptyBucket(account="111111111111"):
                assert before[step.id] == {"stop/airflow", airflow}
            case EmptyBucket():
                assert {airflow, f"stop/replication/{SOURCE}"} <= before[step.id]
                assert not step.delete
            case DeleteStackSet():
                assert "empty/unified-pipelines-destination-222222222222-us-west-2" in before[step.id]
            case DeleteStack(stack="unified-pipelines-stacksets-data"):
                assert "delete/unified-pipelines-site-ml" in before[step.id]
            case RemoveLogGroups(region="us-west-2"):
                assert "delete/unified-pipelines-site-ml" in before[step.id]
            case _:
                pass
    assert plan.messages


def test_a_failed_first_deploy_can_be_removed(topology: Topology, aws: MemoryAws, apply: Apply) -> None:
    aws.broken["DestinationBucket"] = "no"
    apply(plan_deploy(topology, EXAMPLE, aws.sessions))
    assert aws.stacks
    outcome, _ = apply(plan_destroy(topology, aws.sessions))
    assert outcome.ok, outcome.failures
    assert leftovers(topology, aws.sessions) == ()


def test_a_bucket_without_a_stack_is_deleted_by_itself(topology: Topology, aws: MemoryAws, apply: Apply) -> None:
    aws.buckets[SOURCE] = {"raw/": [("v1", b"", {}), ("v2", b"", {})]}
    aws.owners[SOURCE] = (DATA, "us-east-1")
    plan = plan_destroy(topology, aws.sessions)
    assert [step.delete for step in plan.steps if isinstance(step, EmptyBucket)] == [True]
    outcome, _ = apply(plan)
    assert outcome.ok, outcome.failures
    assert not aws.buckets


def test_versions_are_deleted_in_batches_of_a_thousand(topology: Topology, deployed: MemoryAws, apply: Apply) -> None:
    deployed.buckets[SOURCE] = {f"transformed/{n}": [(f"v{n}", b"", {})] for n in range(2500)}
    _, events = apply(plan_destroy(topology, deployed.sessions))
    batches = [
        len(call.parameters["Delete"]["Objects"])
        for call in deployed.sessions.made("s3", "delete_objects")
        if call.parameters["Bucket"] == SOURCE
    ]
    assert batches == [1000, 1000, 500]
    assert [e.text for e in events if e.kind == "progress" and e.step.id == f"empty/{SOURCE}"] == [
        "1000 object versions deleted",
        "2000 object versions deleted",
        "2500 object versions deleted",
    ]


def test_an_object_that_cannot_be_deleted_keeps_its_stack_and_says_why(
    topology: Topology, deployed: MemoryAws, apply: Apply
) -> None:
    held = {"Errors": [{"Key": "raw/", "Code": "AccessDenied", "Message": "object is locked"}]}
    plan = plan_destroy(topology, deployed.sessions)
    deployed.sessions.script("s3", "delete_objects", held, held, held)
    outcome, _ = apply(plan)
    assert all("object is locked" in result.note for result in outcome.failures)
    assert "unified-pipelines-site-processing" in {name for *_, name in deployed.stacks}
    outcome, _ = apply(plan_destroy(topology, deployed.sessions))
    assert outcome.ok, outcome.failures
    assert leftovers(topology, deployed.sessions) == ()


def test_a_stack_that_stays_names_its_resource(topology: Topology, deployed: MemoryAws, apply: Apply) -> None:
    plan = plan_destroy(topology, deployed.sessions)
    write_on_delete(deployed, "unified-pipelines-site-processing", SOURCE)
    outcome, _ = apply(plan)
    with pytest.raises(StackError, match=r"DELETE_FAILED.*SourceBucket \(AWS::S3::Bucket\).*not empty"):
        outcome.raise_first()
    outcome, _ = apply(plan_destroy(topology, deployed.sessions))
    assert outcome.ok, outcome.failures


def write_on_delete(aws: MemoryAws, stack: str, bucket: str) -> None:
    """Somebody writes to a bucket after it was emptied, once."""
    real, late = aws._cloudformation_delete_stack, [True]

    def delete(call: FakeCall) -> dict[str, Any]:
        if stack in call.parameters["StackName"] and late:
            late.clear()
            aws.buckets[bucket]["late"] = [("v", b"", {})]
        return real(call)

    aws.sessions.answer("cloudformation", "delete_stack", delete)


def test_keys_that_wait_for_their_end_are_left_with_that_reason(topology: Topology, aws: MemoryAws) -> None:
    data = topology.model_dump(mode="json", by_alias=True)
    data["buckets"]["source"]["encryption"] = data["buckets"]["destination"]["encryption"] = "customer-key"
    encrypted = Topology.model_validate_json(json.dumps(data))
    tags = {"ours": topology.name, "waiting": topology.name, "another": "another-topology"}
    state = {"ours": "Enabled", "waiting": "PendingDeletion"}

    def read_tags(call: FakeCall) -> dict[str, Any]:
        key = call.parameters["KeyId"]
        if key == "stranger":
            raise client_error("AccessDeniedException", "no resource-based policy allows it", "ListResourceTags")
        return {"Tags": [{"TagKey": "crosswind:topology", "TagValue": tags[key]}]}

    def describe(call: FakeCall) -> dict[str, Any]:
        key = call.parameters["KeyId"]
        return {"KeyMetadata": {"KeyState": state[key], "DeletionDate": datetime(2026, 11, 29, tzinfo=UTC)}}

    keys = [{"KeyId": key} for key in ("ours", "waiting", "another", "stranger")]
    aws.sessions.answer("kms", "list_keys", {"Keys": keys})
    aws.sessions.answer("kms", "list_resource_tags", read_tags)
    aws.sessions.answer("kms", "describe_key", describe)
    found = leftovers(encrypted, aws.sessions)
    assert {(left.region, left.kind, left.name, left.reason) for left in found} == {
        (region, "key", name, reason)
        for region in ("us-east-1", "us-west-2")
        for name, reason in (("ours", ""), ("waiting", "scheduled: KMS deletes it on 2026-11-29"))
    }


def test_running_work_is_stopped_first(topology: Topology, deployed: MemoryAws, apply: Apply) -> None:
    role = "arn:aws:iam::222222222222:role/unified-pipelines-sagemaker-penguins_training"
    aws = deployed.sessions
    aws.answer(
        "glue",
        "get_job_runs",
        {"JobRuns": [{"Id": "jr_1", "JobRunState": "RUNNING"}, {"Id": "jr_0", "JobRunState": "SUCCEEDED"}]},
    )
    aws.answer("glue", "batch_stop_job_run", {})
    names = [{"TrainingJobName": name} for name in ("train-ours", "train-theirs", "never-looked-at")]
    aws.answer("sagemaker", "list_training_jobs", {"TrainingJobSummaries": names})
    aws.answer(
        "sagemaker",
        "describe_training_job",
        lambda call: {"RoleArn": role if call.parameters["TrainingJobName"] == "train-ours" else "another"},
    )
    aws.answer("sagemaker", "stop_training_job", {})
    outcome, _ = apply(plan_destroy(topology, aws))
    assert outcome.ok, outcome.failures
    assert aws.made("glue", "batch_stop_job_run")[0].parameters["JobRunIds"] == ["jr_1"]
    assert [c.parameters["TrainingJobName"] for c in aws.made("sagemaker", "stop_training_job")] == ["train-ours"]
    # The deployer's role may describe what is named as ours is, and nothing else.
    described = {c.parameters["TrainingJobName"] for c in aws.made("sagemaker", "describe_training_job")}
    assert described == {"train-ours", "train-theirs"}


def test_processing_jobs_are_stopped_by_role_and_name(topology: Topology, deployed: MemoryAws, apply: Apply) -> None:
    data = topology.model_dump(mode="json", by_alias=True)
    training = data["jobs"]["penguins_training"]
    script = {"script": data["jobs"]["mwaa_glue_raw_to_transform"]["script"], "scripts": training["configs"]}
    data["jobs"]["penguins_training"] = {**training, **script, "type": "sagemaker_processing"}
    processing = Topology.model_validate_json(json.dumps(data))
    role = Names(processing).job_role_arn("penguins_training")
    aws = deployed.sessions
    names = [{"ProcessingJobName": name} for name in ("train-ours", "train-theirs", "never-looked-at")]
    aws.answer("sagemaker", "list_processing_jobs", {"ProcessingJobSummaries": names})
    aws.answer(
        "sagemaker",
        "describe_processing_job",
        lambda call: {"RoleArn": role if call.parameters["ProcessingJobName"] == "train-ours" else "another"},
    )
    aws.answer("sagemaker", "stop_processing_job", {})
    outcome, _ = apply(plan_destroy(processing, aws))
    assert outcome.ok, outcome.failures
    assert [c.parameters["ProcessingJobName"] for c in aws.made("sagemaker", "stop_processing_job")] == ["train-ours"]
    described = {c.parameters["ProcessingJobName"] for c in aws.made("sagemaker", "describe_processing_job")}
    assert described == {"train-ours", "train-theirs"}
    assert not aws.made("sagemaker", "list_training_jobs")


def test_an_airflow_that_cannot_be_reached_is_told_and_removed(
    topology: Topology, deployed: MemoryAws, apply: Apply
) -> None:
    deployed.sessions.script("mwaa", "invoke_rest_api", client_error("InternalServerException", "no web server"))
    outcome, events = apply(plan_destroy(topology, deployed.sessions))
    assert outcome.ok, outcome.failures
    assert any("cannot be reached" in event.text and "no web server" in event.text for event in events)


def test_log_groups_that_services_made_are_removed(topology: Topology, deployed: MemoryAws, apply: Apply) -> None:
    groups = {"airflow-unified-pipelines-Task", "airflow-unified-pipelines-Tasks", "/aws/lambda/dagcleanup"}

    def describe(call: FakeCall) -> dict[str, Any]:
        prefix = call.parameters["logGroupNamePrefix"]
        return {"logGroups": [{"logGroupName": name} for name in sorted(groups) if name.startswith(prefix)]}

    def delete(call: FakeCall) -> dict[str, Any]:
        groups.remove(call.parameters["logGroupName"])
        return {}

    deployed.sessions.answer("logs", "describe_log_groups", describe)
    deployed.sessions.answer("logs", "delete_log_group", delete)
    outcome, _ = apply(plan_destroy(topology, deployed.sessions))
    assert outcome.ok, outcome.failures
    assert groups == {"airflow-unified-pipelines-Tasks"}  # another environment's


SWEPT = [
    (
        "iam",
        "list_roles",
        {"Roles": [{"RoleName": "unified-pipelines-glue-mwaa_glue_raw_to_transform"}, {"RoleName": "other"}]},
        "role",
    ),
    ("lambda", "list_functions", {"Functions": [{"FunctionName": "dagcleanup"}]}, "function"),
    (
        "sqs",
        "list_queues",
        {
            "QueueUrls": [
                f"https://sqs/{DATA}/{name}" for name in ("other", "unified-pipelines-source-replication-failures")
            ]
        },
        "queue",
    ),
    ("glue", "get_jobs", {"Jobs": [{"Name": "mwaa_glue_raw_to_transform"}]}, "Glue job"),
    ("mwaa", "list_environments", {"Environments": ["unified-pipelines", "other"]}, "environment"),
    (
        "secretsmanager",
        "list_secrets",
        {"SecretList": [{"Name": "airflow/connections/aws_crossaccount_role_conn_east1", "DeletedDate": "2026-11-22"}]},
        "secret (scheduled for deletion)",
    ),
    (
        "ec2",
        "describe_vpcs",
        {"Vpcs": [{"VpcId": "vpc-1", "Tags": [{"Key": "crosswind:topology", "Value": "unified-pipelines"}]}]},
        "VPC",
    ),
]


@pytest.mark.parametrize(("service", "operation", "answer", "kind"), SWEPT, ids=[row[3] for row in SWEPT])
def test_the_sweep_finds(
    service: str, operation: str, answer: dict[str, Any], kind: str, topology: Topology, aws: MemoryAws
) -> None:
    aws.sessions.answer(service, operation, answer)
    found = leftovers(topology, aws.sessions)
    assert {left.kind for left in found} == {kind}
    assert {left.account for left in found} <= {HUB, DATA}


def _all_before(after: dict[str, tuple[str, ...]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for step, direct in after.items():  # in order, so that those before are known
        found[step] = set(direct).union(*(found[one] for one in direct))
    return found
