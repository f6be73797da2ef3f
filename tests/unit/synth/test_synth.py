"""Stacks: which there are, in which order, what feeds what; and that only the content of a topology matters."""

from __future__ import annotations

import json
import random
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosswind.errors import InputError
from crosswind.synth import Grant, Stack, compact, grants, names_file, sagemaker_config, synth
from crosswind.synth.grants import folders
from crosswind.synth.network import subnet_cidrs
from crosswind.topology import Names, Topology, load
from tests.golden.regenerate import TOPOLOGIES
from tests.unit.synth.conftest import deployed, stacks_of


def test_the_example_has_the_posts_stacks(example: Topology) -> None:
    assert [(s.name, s.kind, s.account, s.region) for s in stacks_of(example)] == [
        ("unified-pipelines-stacksets-data", "stack", "222222222222", "us-east-1"),
        ("unified-pipelines-site-processing", "stack", "222222222222", "us-east-1"),
        ("unified-pipelines-site-ml", "stackset", "222222222222", "us-west-2"),
        ("unified-pipelines-network-hub", "stack", "111111111111", "us-east-1"),
        ("unified-pipelines-airflow-hub", "stack", "111111111111", "us-east-1"),
    ]


def test_the_posts_outputs_are_fed_on(example: Topology) -> None:
    outputs = {stack.name.removeprefix("unified-pipelines-"): stack.outputs for stack in stacks_of(example)}
    assert "SourceBucketName" in outputs["site-processing"]
    assert {"DestinationBucketName", "CrossAccountRoleArn"} <= set(outputs["site-ml"])


def test_needs_name_outputs_and_parameters_that_exist(stacks: tuple[Stack, ...]) -> None:
    by_name = {stack.name: stack for stack in stacks}
    for stack in stacks:
        for need in stack.needs:
            assert need.stack in by_name
            if need.parameter:
                assert need.output in by_name[need.stack].outputs
                assert need.parameter in stack.parameters
                assert not need.late or stack.parameters[need.parameter] == ""


def test_every_parameter_without_a_default_is_fed(stacks: tuple[Stack, ...]) -> None:
    for stack in stacks:
        asked = {name for name, default in stack.parameters.items() if default is None}
        fed = {need.parameter for need in stack.needs if not need.late} | set(stack.object_versions)
        assert asked == fed - {""}
        assert set(stack.parameters) == set(stack.template.get("Parameters", {}))


def test_stacks_come_after_what_they_need(stacks: tuple[Stack, ...]) -> None:
    done: set[str] = set()
    for stack in stacks:
        assert {need.stack for need in stack.needs if not need.late} <= done
        done.add(stack.name)


def test_named_roles_ask_for_the_capability(stacks: tuple[Stack, ...]) -> None:
    for stack in stacks:
        roles = any(r["Type"] == "AWS::IAM::Role" for r in stack.template["Resources"].values())
        assert stack.capabilities == (("CAPABILITY_NAMED_IAM",) if roles else ())


def test_stacksets_are_administered_at_home(topology: Topology, stacks: tuple[Stack, ...]) -> None:
    worlds = deployed(stacks, topology.partition)
    for stack in stacks:
        if stack.kind == "stack":
            assert stack.admin_region == stack.region
            continue
        roles = next(s for s in stacks if s.part == "stacksets" and s.account == stack.account)
        assert stack.admin_region == roles.region != stack.region
        assert stack.administration_role == worlds[roles.name].outputs["AdministrationRoleArn"]
        assert stack.execution_role == worlds[roles.name].outputs["ExecutionRoleName"]


def test_templates_go_inline(stacks: tuple[Stack, ...]) -> None:
    for stack in stacks:
        compact(stack.template, name=stack.name)


def test_replication_comes_with_the_destination(example: Topology) -> None:
    stack = next(s for s in stacks_of(example) if s.site == "processing")
    before = deployed((stack,))[stack.name]
    assert "ReplicationConfiguration" not in before.of("AWS::S3::Bucket")["SourceBucket"]
    assert "SourceReplicationRole" not in before.resources
    after = deployed(stacks_of(example))[stack.name]
    rules = after.of("AWS::S3::Bucket")["SourceBucket"]["ReplicationConfiguration"]
    assert rules["Role"] == "arn:aws:iam::222222222222:role/unified-pipelines-replication-source"
    (rule,) = rules["Rules"]
    assert rule["Filter"] == {"Prefix": "transformed/"}
    assert rule["Destination"]["Bucket"] == f"arn:aws:s3:::{Names(example).bucket('destination')}"
    assert "Account" not in rule["Destination"]


def test_replication_into_another_account_is_granted_there() -> None:
    topology = load(TOPOLOGIES["three_accounts"])
    worlds = deployed(stacks_of(topology))
    lake = worlds["three-site-lake"].of("AWS::S3::Bucket")["LakeBucket"]["ReplicationConfiguration"]
    assert [rule["Destination"].get("Account") for rule in lake["Rules"]] == [None, "555555555555"]
    policy = worlds["three-site-lab"].of("AWS::S3::BucketPolicy")["LabBucketPolicy"]["PolicyDocument"]
    (grant,) = [s for s in policy["Statement"] if s["Sid"] == "ReplicasFromLake"]
    assert grant["Condition"]["ArnEquals"]["aws:PrincipalArn"] == lake["Role"]


def test_the_hub_reads_buckets_once_its_role_exists(example: Topology) -> None:
    stack = next(s for s in stacks_of(example) if s.site == "ml")

    def sids(world: Any) -> set[str]:
        policy = world[stack.name].of("AWS::S3::BucketPolicy")["DestinationBucketPolicy"]
        return {statement["Sid"] for statement in policy["PolicyDocument"]["Statement"]}

    assert sids(deployed((stack,))) == {"TlsOnly"}  # the destination hands nothing over itself
    assert sids(deployed(stacks_of(example))) == {"HubLists", "HubReads", "TlsOnly"}


def test_connections_hold_what_airflow_needs(example: Topology) -> None:
    world = deployed(stacks_of(example))
    secrets = world["unified-pipelines-airflow-hub"].of("AWS::SecretsManager::Secret").values()
    found = {secret["Name"]: json.loads(secret["SecretString"]) for secret in secrets}
    assert found == {
        f"airflow/connections/aws_crossaccount_role_conn_{place}": {
            "conn_type": "aws",
            "extra": {
                "assume_role_kwargs": {"ExternalId": "unified-pipelines-hub"},
                "region_name": region,
                "role_arn": "arn:aws:iam::222222222222:role/unified-pipelines-cross-account",
            },
        }
        for place, region in (("east1", "us-east-1"), ("west2", "us-west-2"))
    }


def test_the_environment_finds_the_connections(example: Topology) -> None:
    world = deployed(stacks_of(example))
    environment = world["unified-pipelines-airflow-hub"].of("AWS::MWAA::Environment")["Environment"]
    options = environment["AirflowConfigurationOptions"]
    kwargs = json.loads(options["secrets.backend_kwargs"])
    assert kwargs["connections_prefix"] == "airflow/connections"
    pattern = re.compile(kwargs["connections_lookup_pattern"])
    assert pattern.match("aws_crossaccount_role_conn_east1")
    assert not pattern.match("aws_default")
    assert set(environment["LoggingConfiguration"]) == {
        "DagProcessingLogs", "SchedulerLogs", "TaskLogs", "WebserverLogs", "WorkerLogs"
    }  # fmt: skip


def test_the_inline_source_is_the_file(example: Topology) -> None:
    source = 'def handler(event, context):\n    return "${NotAReference}"\n'
    stacks = synth(example, {"jobs/lambda_/dagcleanup.py": source})
    site = next(s for s in stacks if s.site == "ml")
    function = site.template["Resources"]["DagcleanupJob"]["Properties"]
    assert function["Code"] == {"ZipFile": source}
    assert function["Handler"] == "index.handler"
    with pytest.raises(KeyError):
        synth(example, {})


def shuffled(value: Any, chance: random.Random) -> Any:
    """The same data, every mapping in another order."""
    if isinstance(value, dict):
        keys = list(value)
        chance.shuffle(keys)
        return {key: shuffled(value[key], chance) for key in keys}
    return [shuffled(item, chance) for item in value] if isinstance(value, list) else value


@settings(max_examples=40, deadline=None)
@given(chance=st.randoms(use_true_random=True), name=st.sampled_from(sorted(TOPOLOGIES)))
def test_the_order_of_declaration_changes_nothing(chance: random.Random, name: str) -> None:
    topology = load(TOPOLOGIES[name])
    data = shuffled(topology.model_dump(mode="json", by_alias=True), chance)
    other = Topology.model_validate_json(json.dumps(data))
    assert [(s, compact(s.template)) for s in stacks_of(other)] == [
        (s, compact(s.template)) for s in stacks_of(topology)
    ]
    assert grants(other) == grants(topology)


def test_grants_say_which_line_asks(example: Topology) -> None:
    found = {(g.who, g.verb, g.what): g.why for g in grants(example)}
    assert found["orchestrator", "read", "source/raw/ml_train_data.csv"] == (
        "pipelines.cross_account_data_processing_dag.steps[0].wait"
    )
    assert found["job penguins_training", "write", "destination/models"] == "jobs.penguins_training.writes[0]"
    assert ("job dagcleanup", "read", "source/transformed") not in found


def test_names_file_is_the_contract_of_the_dags(example: Topology) -> None:
    names, names_of = names_file(example), Names(example)
    assert names["schema_version"] == 2
    assert names["sites"]["ml"] == {
        "account": "222222222222",
        "region": "us-west-2",
        "connection": "aws_crossaccount_role_conn_west2",
        "console_role": "",
    }
    destination = "unified-pipelines-destination-222222222222-us-west-2"
    assert names["buckets"]["destination"]["name"] == destination
    assert names["jobs"]["penguins_training"] == {
        "type": "sagemaker",
        "site": "ml",
        "config": {"bucket": destination, "key": "config/penguins_training.json"},
        "log_group": "/aws/sagemaker/TrainingJobs",
    }
    assert names["jobs"]["mwaa_glue_raw_to_transform"] == {
        "type": "glue",
        "site": "processing",
        "name": "mwaa_glue_raw_to_transform",
        "claims": {"bucket": "unified-pipelines-source-222222222222-us-east-1", "prefix": "_crosswind/claims/"},
        "timeout_seconds": 900,
        "log_group": "/aws-glue/jobs",
    }
    assert names["jobs"]["dagcleanup"] == {
        "type": "lambda",
        "site": "ml",
        "name": "dagcleanup",
        "claims": {"bucket": destination, "prefix": "_crosswind/claims/"},
        "results": {"bucket": destination, "prefix": "results/"},
        "timeout_seconds": 60,
        "log_group": "/aws/lambda/dagcleanup",
    }
    assert names["replications"] == {
        "transformed": {
            "source": "source",
            "destination": "destination",
            "folder": "transformed",
            "mover": "crr",
            "repair": False,
            "failures": {
                "queue": f"https://sqs.us-east-1.amazonaws.com/222222222222/{names_of.failures_queue('source')}",
                "account": "222222222222",
                "region": "us-east-1",
            },
        }
    }
    assert names["intervals"] == {
        "poke_seconds": 60,
        "timeout_seconds": 3600,
        "job_seconds": 30,
        "retries": 2,
        "retry_seconds": 60,
        "arrival_seconds": 3600,
        "reap_seconds": 300,
    }
    json.dumps(names)


def test_a_folder_holds_what_lies_below_it() -> None:
    found = [
        Grant("orchestrator", "read", what, "here")
        for what in ("b/raw/data.csv", "b/raw", "b/rawer", "b/_crosswind/claims/", "c/raw/data.csv")
    ]
    assert folders(found, "orchestrator", "read") == {
        "b": ("_crosswind/claims/", "raw", "rawer"),
        "c": ("raw/data.csv",),
    }


def test_training_config_leaves_what_the_run_knows(example: Topology) -> None:
    text = "${SageMakerRoleArn} ${XGBoostImage} s3://${DestinationBucketName}/${prefix}train/ ${job_name}"
    assert sagemaker_config(example, "penguins_training", text) == (
        "arn:aws:iam::222222222222:role/unified-pipelines-sagemaker-penguins_training"
        " 246618743249.dkr.ecr.us-west-2.amazonaws.com/sagemaker-xgboost:1.7-1"
        " s3://unified-pipelines-destination-222222222222-us-west-2/${prefix}train/ ${job_name}"
    )


def test_training_config_is_for_training_jobs(example: Topology) -> None:
    with pytest.raises(InputError, match="dagcleanup is no SageMaker job"):
        sagemaker_config(example, "dagcleanup", "")


def test_an_unknown_region_has_no_image(example: Topology) -> None:
    data = example.model_dump(mode="json", by_alias=True)
    data["sites"]["ml"]["region"] = "mx-central-1"
    moved = Topology.model_validate_json(json.dumps(data))
    with pytest.raises(InputError, match="not known for mx-central-1; known: af-south-1"):
        sagemaker_config(moved, "penguins_training", "${XGBoostImage}")


@pytest.mark.parametrize(
    ("cidr", "subnets"),
    [
        ("10.192.0.0/16", ("10.192.0.0/24", "10.192.1.0/24", "10.192.2.0/24", "10.192.3.0/24")),
        ("10.0.0.0/23", ("10.0.0.0/25", "10.0.0.128/25", "10.0.1.0/25", "10.0.1.128/25")),
        ("10.0.0.0/26", ("10.0.0.0/28", "10.0.0.16/28", "10.0.0.32/28", "10.0.0.48/28")),
    ],
)
def test_four_subnets_fit_into_the_range(cidr: str, subnets: tuple[str, ...]) -> None:
    assert subnet_cidrs(cidr) == subnets
