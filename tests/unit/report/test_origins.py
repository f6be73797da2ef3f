"""Where a document comes from: the example's templates and the lines of its topology."""

from __future__ import annotations

import re
from typing import Any

import pytest

from crosswind.cli import wire
from crosswind.iam.explanation import Document, Explanation, Mismatch, NearMiss
from crosswind.report.origins import Origin, Origins
from tests.golden.regenerate import TOPOLOGIES

HUB, DATA = "111111111111", "222222222222"
SOURCE = f"unified-pipelines-source-{DATA}-us-east-1"
DESTINATION = f"unified-pipelines-destination-{DATA}-us-west-2"
IDENTITY, TRUST, RESOURCE = "identity-based policy", "role trust policy", "resource-based policy"
CROSS = "unified-pipelines-cross-account"


@pytest.fixture(scope="module")
def origins() -> Origins:
    return wire.origins(wire.example())


def explanation(document: Document, action: str, resource: str, near: NearMiss | None = None) -> Explanation:
    return Explanation(
        effect="ImplicitDeny",
        action=action,
        resource=resource,
        resource_account=DATA,
        principal="",
        principal_account="",
        sentence="",
        aws_policy_type=None,
        why="",
        layers=(),
        near_miss=near,
        documents=(document,),
    )


def only(found: tuple[Origin, ...]) -> Origin:
    (origin,) = found
    return origin


def line_of(text: str) -> int:
    lines = wire.example().read_text().splitlines()
    return next(number for number, line in enumerate(lines, start=1) if re.search(text, line))


def at(origins: Origins, origin: Origin) -> Any:
    """What stands at an origin's path."""
    stack = next(each for each in origins._stacks if f"{each.name}.json" == origin.template)
    value: Any = stack.template
    for part in re.findall(r"\[(\d+)\]|(Fn::If|[^.\[\]]+)", origin.path):
        value = value[int(part[0])] if part[0] else value[part[1]]
    return value


def test_a_statement_of_a_jobs_role(origins: Origins) -> None:
    role = Document(
        "role", "unified-pipelines-sagemaker-penguins_training", IDENTITY, DATA, "granted", 1, "ReadDestination"
    )
    told = explanation(role, "s3:GetObject", f"arn:aws:s3:::{DESTINATION}/transformed/x.csv")
    origin = only(origins.of(told))

    assert at(origins, origin)["Sid"] == "ReadDestination"
    (place,) = origin.places
    assert place.path == "jobs.penguins_training.reads[0]"
    assert place.line == line_of(r"reads: \[destination/transformed\]")
    assert re.fullmatch(
        r".*crosswind\.yaml:\d+ jobs\.penguins_training\.reads\[0\]  ->  unified-pipelines-site-ml\.json:"
        r" Resources\.PenguinsTrainingJobRole\.Properties\.Policies\[0\]\.PolicyDocument\.Statement\[\d+\]",
        str(origin),
    )


def test_a_role_whose_policy_holds_no_such_statement(origins: Origins) -> None:
    """A folder that nobody declared: the job's own line is where it would be added."""
    role = Document("role", "unified-pipelines-lambda-dagcleanup", IDENTITY, DATA, "granted")
    told = explanation(role, "s3:PutObject", f"arn:aws:s3:::{SOURCE}/raw/x.csv")
    origin = only(origins.of(told))

    assert [place.path for place in origin.places] == ["jobs.dagcleanup"]
    assert origin.path == "Resources.DagcleanupJobRole.Properties.Policies[0].PolicyDocument"
    assert "Statement" in at(origins, origin)


@pytest.mark.parametrize(
    ("sid", "action", "resource", "paths"),
    [
        (
            "ReadSource",
            "s3:GetObject",
            f"arn:aws:s3:::{SOURCE}/raw/ml_train_data.csv",
            [
                "pipelines.cross_account_data_processing_dag.steps[1].run",
                "pipelines.cross_account_data_processing_dag.steps[0].wait",
            ],
        ),
        (
            "RunGlue",
            "glue:StartJobRun",
            f"arn:aws:glue:us-east-1:{DATA}:job/mwaa_glue_raw_to_transform",
            ["pipelines.cross_account_data_processing_dag.steps[1].run"],
        ),
        (
            "PassTrainingRole",
            "iam:PassRole",
            f"arn:aws:iam::{DATA}:role/unified-pipelines-sagemaker-penguins_training",
            ["pipelines.cross_account_machine_learning_dag.steps[1].run"],
        ),
    ],
)
def test_the_cross_account_role_leads_to_the_steps(
    origins: Origins, sid: str, action: str, resource: str, paths: list[str]
) -> None:
    role = Document("role", CROSS, IDENTITY, DATA, "granted", 0, sid)
    origin = only(origins.of(explanation(role, action, resource)))
    assert [place.path for place in origin.places] == paths
    assert at(origins, origin)["Sid"] == sid


def test_a_trust_policy(origins: Origins) -> None:
    trust = Document("role", CROSS, TRUST, DATA, "", 0)
    arn = f"arn:aws:iam::{DATA}:role/{CROSS}"
    near = NearMiss(trust, (), "Condition", ("a",), None, Mismatch.KEY_ABSENT, "StringEquals", "sts:ExternalId")
    by_id = only(origins.of(explanation(trust, "sts:AssumeRole", arn, near)))
    by_principal = only(origins.of(explanation(trust, "sts:AssumeRole", arn)))

    assert at(origins, by_id)["Action"] == "sts:AssumeRole"
    assert by_id.path == "Resources.CrossAccountRole.Properties.AssumeRolePolicyDocument.Statement[0]"
    assert [place.path for place in by_id.places] == ["external_id"]
    assert by_id.places[0].line == line_of("^external_id:")
    assert [place.path for place in by_principal.places] == ["hub.account"]


def test_a_buckets_policy_whose_statement_stands_under_a_condition(origins: Origins) -> None:
    """The live document may lack it, so its index there says nothing; the Sid does."""
    policy = Document("bucket", SOURCE, RESOURCE, DATA, "", 1, "HubReads")
    origin = only(origins.of(explanation(policy, "s3:GetObject", f"arn:aws:s3:::{SOURCE}/raw/x")))
    assert at(origins, origin)["Sid"] == "HubReads"
    assert [place.path for place in origin.places] == ["buckets.source"]

    nameless = Document("bucket", SOURCE, RESOURCE, DATA, "", 2)
    origin = only(origins.of(explanation(nameless, "s3:GetObject", f"arn:aws:s3:::{SOURCE}/raw/x")))
    assert origin.path == "Resources.SourceBucketPolicy.Properties.PolicyDocument"


def test_the_replication_role(origins: Origins) -> None:
    role = Document("role", "unified-pipelines-replication-source", IDENTITY, DATA, "granted", 2, "WriteReplicas")
    origin = only(origins.of(explanation(role, "s3:ReplicateObject", f"arn:aws:s3:::{DESTINATION}/transformed/x")))
    assert [place.path for place in origin.places] == ["replications.transformed"]
    assert at(origins, origin)["Sid"] == "WriteReplicas"


def test_the_execution_role(origins: Origins) -> None:
    role = Document("role", "unified-pipelines-execution", IDENTITY, HUB, "granted", 9, "CrossAccounts")
    origin = only(origins.of(explanation(role, "sts:AssumeRole", f"arn:aws:iam::{DATA}:role/{CROSS}")))
    assert at(origins, origin)["Sid"] == "CrossAccounts"
    assert [place.path for place in origin.places] == ["hub.airflow"]


def test_the_deployers_role(origins: Origins) -> None:
    role = Document("role", "unified-pipelines-deployer", TRUST, DATA, "", 0)
    told = explanation(role, "sts:AssumeRole", f"arn:aws:iam::{DATA}:role/unified-pipelines-deployer")
    assert [place.path for place in only(origins.of(told)).places] == ["accounts.data"]


def test_a_buckets_own_key() -> None:
    origins = wire.origins(TOPOLOGIES["customer_keys"])
    key = Document("key", f"arn:aws:kms:us-west-2:{DATA}:key/1", "key policy", DATA, "", 0, "EnableIam")
    told = explanation(key, "kms:Decrypt", key.name)
    origin = only(origins.of(told))
    assert [place.path for place in origin.places] == ["buckets.destination.encryption"]
    assert origin.path.startswith("Resources.DestinationKey.Properties.KeyPolicy")
    assert at(origins, Origin((), origin.template, "Resources.DestinationKey"))["Type"] == "AWS::KMS::Key"


@pytest.mark.parametrize(
    "document",
    [
        Document("role", "made-by-hand", IDENTITY, DATA),
        Document("role", CROSS, IDENTITY, HUB),
        Document("bucket", "somebody-elses", RESOURCE, DATA),
        Document("organization", "Root", "service control policy", DATA),
        Document("user", "ann", IDENTITY, DATA),
    ],
)
def test_what_the_topology_did_not_make_has_no_origin(origins: Origins, document: Document) -> None:
    assert origins.of(explanation(document, "s3:GetObject", "arn:aws:s3:::x/y")) == ()


def test_each_statement_of_each_role_and_bucket_is_found(origins: Origins) -> None:
    """Whatever a synthesized statement is, its origin leads back to it and to a line of the file."""
    seen = 0
    for stack in origins._stacks:
        for resource in stack.template["Resources"].values():
            if resource["Type"] != "AWS::IAM::Role":
                continue
            properties = resource["Properties"]
            for policy in properties.get("Policies", []):
                for index, statement in enumerate(policy["PolicyDocument"]["Statement"]):
                    document = Document(
                        "role", properties["RoleName"], IDENTITY, stack.account, "granted", index, statement["Sid"]
                    )
                    origin = only(origins.of(explanation(document, "x:Y", "*")))
                    assert at(origins, origin) == statement
                    seen += 1
    assert seen > 20
