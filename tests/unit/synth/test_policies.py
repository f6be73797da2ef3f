"""Our own rules for policies, in every template and every partition."""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterator
from typing import Any

import pytest

from crosswind.topology import Names, Topology
from tests.unit.synth.conftest import deployed, moved, stacks_of
from tests.unit.synth.resolve import Resolved, statements

# Actions that take no resource narrower than everything, with the reason.
EVERYTHING = {
    "cloudformation:DescribeStacks": "StackSets' execution role; without a name it takes no resource",
    "cloudformation:GetTemplateSummary": "StackSets' execution role; of a template it takes no resource",
    "cloudformation:ListStacks": "takes no resource",
    "cloudformation:ValidateTemplate": "takes no resource",
    "cloudwatch:PutMetricData": "takes no resource; roles of jobs have a condition on the namespace",
    "ecr:GetAuthorizationToken": "takes no resource",
    "logs:DescribeIndexPolicies": "takes no resource",
    "logs:DescribeLogGroups": "takes no resource",
    "logs:DescribeResourcePolicies": "takes no resource",
    "s3:GetAccountPublicAccessBlock": "takes no resource",
    "sagemaker:ListTrainingJobs": "takes no resource; the Region is a condition",
}
# Actions with a wildcard after the service, with the reason.
WIDE = {
    "cloudformation:*": "documented for StackSets; here on the stacks of our StackSets alone",
    "s3:GetBucket*": "documented by MWAA, on the hub's bucket",
    "s3:GetObject*": "documented by MWAA, on the hub's bucket",
    "s3:List*": "documented by MWAA, on the hub's bucket",
    "kms:GenerateDataKey*": "documented by MWAA, through SQS alone",
}


@pytest.fixture(scope="module", params=["aws", "aws-cn", "aws-us-gov"])
def world(topology: Topology, request: pytest.FixtureRequest) -> dict[str, Resolved]:
    there = moved(topology, request.param)
    return deployed(stacks_of(there), request.param)


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def allowed(world: dict[str, Resolved], kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for template in world.values():
        for where, statement in statements(template, kind):
            if statement["Effect"] == "Allow":
                yield where, statement


def test_no_action_is_everything(world: dict[str, Resolved]) -> None:
    wide = {
        (where, action)
        for kind in ("identity", "resource")
        for where, statement in allowed(world, kind)
        for action in listed(statement["Action"])
        if "*" in action and action not in WIDE
    }
    assert wide == set()


def test_no_resource_is_everything(world: dict[str, Resolved]) -> None:
    for where, statement in allowed(world, "identity"):
        if where.endswith(" ExecutionRole TellState"):  # buckets of StackSets' own, of which AWS tells no names
            account = world[where.split()[0]].stack.account
            assert statement["Condition"] == {"StringNotEquals": {"aws:ResourceAccount": account}}
        elif "*" in listed(statement.get("Resource", [])):
            assert set(listed(statement["Action"])) <= set(EVERYTHING), where
        for resource in listed(statement.get("Resource", [])):
            assert resource == "*" or resource.split(":", 5)[5].strip("*"), f"{where}: {resource}"


def test_every_passed_role_says_to_which_service(world: dict[str, Resolved]) -> None:
    found = 0
    for where, statement in allowed(world, "identity"):
        if "iam:PassRole" in listed(statement["Action"]):
            found += 1
            assert statement["Condition"]["StringEquals"]["iam:PassedToService"], where
            assert all(":role/" in r and "*" not in r for r in statement["Resource"]), where
    assert found


def test_every_trust_across_accounts_asks_for_the_external_id(world: dict[str, Resolved]) -> None:
    found = 0
    for template in world.values():
        for where, statement in statements(template, "trust"):
            principal = statement["Principal"].get("AWS", "")
            if not principal or "StackSet" in where or "ExecutionRole" in where:
                continue
            found += 1
            assert statement["Condition"]["StringEquals"]["sts:ExternalId"], where
            assert statement["Condition"]["ArnEquals"]["aws:PrincipalArn"].endswith("-execution"), where
    assert found


def test_every_trust_of_an_account_names_one_role(world: dict[str, Resolved]) -> None:
    for template in world.values():
        for where, statement in statements(template, "trust"):
            if "AWS" in statement["Principal"]:
                arn = statement["Condition"]["ArnEquals"]["aws:PrincipalArn"]
                assert ":role/" in arn, where
                assert "*" not in arn, where


# Services that AWS shows with `aws:SourceAccount` in a role's trust. With others a role could not be assumed at all.
NAMING_THE_ACCOUNT = {"airflow", "airflow-env", "cloudformation", "lambda", "sagemaker"}
SILENT = {"glue", "s3"}


def test_service_trusts_name_our_account_where_the_service_does(world: dict[str, Resolved]) -> None:
    seen: set[str] = set()
    for template in world.values():
        for where, statement in statements(template, "trust"):
            services = {name.split(".")[0] for name in statement["Principal"].get("Service", [])}
            seen |= services
            if services & NAMING_THE_ACCOUNT:
                account = statement["Condition"]["StringEquals"]["aws:SourceAccount"]
                assert account == template.stack.account, where
            elif services:
                assert services <= SILENT, where
                assert "Condition" not in statement, where
    assert seen == NAMING_THE_ACCOUNT | SILENT


def test_spark_may_look_for_and_mark_folders(example: Topology) -> None:
    """Outside `transformed/` lie the keys that Hadoop asks for before it makes a folder there."""
    bucket = f"arn:aws:s3:::{Names(example).bucket('source')}"
    template = deployed(stacks_of(example))["unified-pipelines-site-processing"]
    granted = {
        where.split()[-1]: listed(statement["Resource"])
        for where, statement in statements(template, "identity")
        if "MwaaGlueRawToTransformJobRole" in where
    }
    assert granted["MarkFolders"] == [f"{bucket}/transformed_$folder$"]
    assert {f"{bucket}/{key}" for key in ("transformed", "transformed_$folder$")} <= set(granted["FindFolders"])
    assert granted["FindBuckets"] == [bucket]


def test_training_jobs_are_named_in_both_cases(example: Topology) -> None:
    """SageMaker may write a name in lower case in an ARN, and IAM compares letters as they are."""
    data = example.model_dump(mode="json", by_alias=True)
    data["pipelines"]["cross_account_machine_learning_dag"]["steps"][1]["task"] = "Train"
    stacks = stacks_of(Topology.model_validate_json(json.dumps(data)))
    (jobs,) = [
        statement["Resource"]
        for where, statement in statements(deployed(stacks)["unified-pipelines-site-ml"], "identity")
        if where.endswith(" RunTraining")
    ]
    assert [arn.rpartition("/")[2] for arn in jobs] == ["Train-*", "train-*"]


def test_a_region_that_is_disabled_by_default_has_its_own_administrator(example: Topology) -> None:
    data = example.model_dump(mode="json", by_alias=True)
    data["sites"]["ml"]["region"] = "eu-south-1"
    stacks = stacks_of(Topology.model_validate_json(json.dumps(data)))
    (trust,) = [
        statement
        for where, statement in statements(deployed(stacks)["unified-pipelines-stacksets-data"], "trust")
        if " AdministrationRole " in where
    ]
    assert trust["Principal"]["Service"] == ["cloudformation.amazonaws.com", "cloudformation.eu-south-1.amazonaws.com"]


def test_every_bucket_refuses_plain_http(world: dict[str, Resolved]) -> None:
    for template in world.values():
        denied = {
            tuple(statement["Resource"])
            for _, statement in statements(template, "resource")
            if statement["Effect"] == "Deny" and statement["Condition"]["Bool"]["aws:SecureTransport"] == "false"
        }
        for bucket in template.of("AWS::S3::Bucket").values():
            assert any(arns[0].endswith(f":{bucket['BucketName']}") for arns in denied), bucket["BucketName"]
            assert all(bucket["PublicAccessBlockConfiguration"].values())


def test_every_arn_is_of_the_partition(topology: Topology) -> None:
    for stack in stacks_of(topology):
        assert '"arn:aws:' not in json.dumps(stack.template)
    for template in deployed(stacks_of(moved(topology, "aws-cn")), "aws-cn").values():
        assert "arn:aws:" not in json.dumps(template.resources, default=str)


def test_a_condition_on_the_namespace_or_mwaa(world: dict[str, Resolved]) -> None:
    for where, statement in allowed(world, "identity"):
        if "cloudwatch:PutMetricData" in listed(statement["Action"]) and "network-hub" not in where:
            assert statement["Condition"]["StringLike"]["cloudwatch:namespace"], where


def roles(world: dict[str, Resolved]) -> set[str]:
    return {
        f"{template.stack.account} {role['RoleName']}"
        for template in world.values()
        for role in template.of("AWS::IAM::Role").values()
    }


def test_every_role_that_is_named_exists(world: dict[str, Resolved]) -> None:
    known = roles(world)
    for kind in ("identity", "trust", "resource"):
        for where, statement in allowed(world, kind):
            named = [
                *listed(statement.get("Resource", [])),
                *listed(statement.get("Condition", {}).get("ArnEquals", {}).get("aws:PrincipalArn", [])),
            ]
            for arn in named:
                if ":role/" in arn:
                    assert f"{arn.split(':')[4]} {arn.split('/')[1]}" in known, f"{where}: {arn}"


def test_every_bucket_that_is_named_exists(world: dict[str, Resolved]) -> None:
    known = {b["BucketName"] for t in world.values() for b in t.of("AWS::S3::Bucket").values()}
    for kind in ("identity", "resource"):
        for where, statement in allowed(world, kind):
            for arn in listed(statement.get("Resource", [])):
                if ":s3:::" in arn:
                    assert arn.split(":::")[1].split("/")[0] in known, f"{where}: {arn}"


def test_role_names_are_unique_in_an_account(world: dict[str, Resolved]) -> None:
    named = [
        f"{template.stack.account} {role['RoleName']}"
        for template in world.values()
        for role in template.of("AWS::IAM::Role").values()
    ]
    assert len(named) == len(set(named))


NAMED = {
    "AWS::IAM::Role": ("iam:CreateRole", "arn:{p}:iam::{a}:role/{n}", "RoleName"),
    "AWS::S3::Bucket": ("s3:CreateBucket", "arn:{p}:s3:::{n}", "BucketName"),
    "AWS::S3::BucketPolicy": ("s3:PutBucketPolicy", "arn:{p}:s3:::{n}", "Bucket"),
    "AWS::Glue::Job": ("glue:CreateJob", "arn:{p}:glue:{r}:{a}:job/{n}", "Name"),
    "AWS::Lambda::Function": ("lambda:CreateFunction", "arn:{p}:lambda:{r}:{a}:function:{n}", "FunctionName"),
    "AWS::Logs::LogGroup": ("logs:CreateLogGroup", "arn:{p}:logs:{r}:{a}:log-group:{n}", "LogGroupName"),
}


def test_stackset_roles_may_make_what_stacksets_hold(world: dict[str, Resolved]) -> None:
    """And only there: nothing that another stack holds."""
    granted = [
        (where.split()[0], action, resource)
        for where, statement in allowed(world, "identity")
        if "stacksets" in where and " ExecutionRole " in where
        for action in statement["Action"]
        for resource in statement["Resource"]
    ]
    assert granted
    for template in world.values():
        stack = template.stack
        partition = _partition(world)
        for name, resource in template.resources.items():
            if resource["Type"] not in NAMED:
                continue
            action, arn, key = NAMED[resource["Type"]]
            target = arn.format(p=partition, r=stack.region, a=stack.account, n=resource["Properties"][key])
            may = any(a == action and fnmatch.fnmatchcase(target, r) for _, a, r in granted)
            assert may == (stack.kind == "stackset"), f"{stack.name} {name}"


def _partition(world: dict[str, Resolved]) -> str:
    return next(
        arn.split(":")[1]
        for template in world.values()
        for _, statement in statements(template, "identity")
        for arn in listed(statement.get("Resource", []))
        if arn.startswith("arn:")
    )
