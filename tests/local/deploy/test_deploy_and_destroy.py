"""The example's stacks and files into two accounts of the local world, and out of them; all but the environment.

The MWAA environment is left out of the plan here, since building a real Airflow is the first-light story's part.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from crosswind.aws import AwsSessions
from crosswind.deploy import (
    Applier,
    Outcome,
    Plan,
    leftovers,
    plan_bootstrap_removal,
    plan_deploy,
    plan_destroy,
)
from crosswind.deploy.steps import DeleteStack
from crosswind.errors import StackError
from crosswind.topology import Names, Topology


def without_airflow(plan: Plan) -> Plan:
    return replace(plan, steps=tuple(step for step in plan.steps if "airflow-hub" not in step.id))


def deploy(topology: Topology, root: Path, sessions: AwsSessions) -> Outcome:
    return Applier(sessions).apply(without_airflow(plan_deploy(topology, root, sessions)))


def test_deployed_then_unchanged_then_gone(
    topology: Topology, root: Path, sessions: AwsSessions, administrator: AwsSessions
) -> None:
    names, hub, data = Names(topology), topology.hub_account, topology.accounts["data"].id
    outcome = deploy(topology, root, sessions)
    outcome.raise_first()
    assert outcome.ok

    role = outcome.outputs["unified-pipelines-site-ml"]["CrossAccountRoleArn"]
    assert role == f"arn:aws:iam::{data}:role/unified-pipelines-cross-account"
    s3 = administrator.client("s3", data, "us-east-1")
    rules = s3.get_bucket_replication(Bucket=names.bucket("source"))["ReplicationConfiguration"]["Rules"]
    assert [rule["Destination"]["Bucket"] for rule in rules] == [f"arn:aws:s3:::{names.bucket('destination')}"]
    policy = s3.get_bucket_policy(Bucket=names.bucket("source"))["Policy"]
    assert f"arn:aws:iam::{hub}:role/unified-pipelines-execution" in policy
    dags = sessions.client("s3", hub, "us-east-1").list_objects_v2(Bucket=names.airflow_bucket, Prefix="dags/")
    assert len(dags["Contents"]) == 4

    assert without_airflow(plan_deploy(topology, root, sessions)).changes == ()

    removed = Applier(sessions).apply(plan_destroy(topology, sessions))
    removed.raise_first()
    assert leftovers(topology, sessions) == ()
    assert list(everything(administrator, topology)) == []
    assert plan_destroy(topology, administrator).steps == ()


def test_a_failed_deploy_names_the_cause_goes_on_and_can_be_removed(
    topology: Topology, root: Path, sessions: AwsSessions, administrator: AwsSessions
) -> None:
    data = topology.accounts["data"].id
    iam = administrator.client("iam", data, "us-east-1")
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    iam.create_role(
        RoleName="unified-pipelines-lambda-dagcleanup",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": trust}),
    )
    outcome = deploy(topology, root, sessions)
    with pytest.raises(StackError, match=rf"{data}, us-west-2 failed.*Dagcleanup\w*Role \(AWS::IAM::Role\)"):
        outcome.raise_first()
    skipped = {result.step.id for result in outcome.results if result.status == "skipped"}
    assert "stack/unified-pipelines-site-processing/late" in skipped
    # They need nothing of the site that failed.
    assert not skipped & {"stack/unified-pipelines-site-processing", "stack/unified-pipelines-network-hub"}

    iam.delete_role(RoleName="unified-pipelines-lambda-dagcleanup")
    deploy(topology, root, sessions).raise_first()
    Applier(sessions).apply(plan_destroy(topology, sessions)).raise_first()
    assert list(everything(administrator, topology)) == []


def test_a_first_deploy_that_failed_leaves_nothing_after_destroy(
    topology: Topology, root: Path, sessions: AwsSessions, administrator: AwsSessions
) -> None:
    hub = topology.hub_account
    s3 = administrator.client("s3", hub, "us-east-1")
    s3.create_bucket(Bucket=Names(topology).airflow_bucket)
    with pytest.raises(StackError, match=r"AirflowBucket \(AWS::S3::Bucket\)"):
        deploy(topology, root, sessions).raise_first()
    plan = plan_deploy(topology, root, sessions)
    assert [step.stack for step in plan.steps if isinstance(step, DeleteStack)] == ["unified-pipelines-network-hub"]
    Applier(sessions).apply(plan_destroy(topology, sessions)).raise_first()
    assert leftovers(topology, sessions) == ()
    assert list(everything(administrator, topology)) == []


def everything(administrator: AwsSessions, topology: Topology) -> Iterator[str]:
    """What any of the accounts holds once the deployer's roles are gone too, listed without a line of ours."""
    Applier(administrator).apply(plan_bootstrap_removal(topology, administrator)).raise_first()
    endpoint = administrator.endpoint
    config = Config(inject_host_prefix=False, s3={"addressing_style": "path"})
    for account in topology.accounts.values():
        session = boto3.Session(aws_access_key_id=account.id, aws_secret_access_key="x")
        for region in ("us-east-1", "us-west-2"):
            for service, operation, key, name in LISTINGS:
                client = session.client(service, region_name=region, endpoint_url=endpoint, config=config)
                for page in client.get_paginator(operation).paginate():
                    for entry in page[key]:
                        if not _is_everybodys(entry):
                            yield f"{account.id} {region} {service} {entry[name] if name else entry}"


def _is_everybodys(entry: Any) -> bool:
    """What an account has before anything is made in it, and what shows that something was deleted."""
    if not isinstance(entry, dict):
        return False
    deleted = entry.get("StackStatus") == "DELETE_COMPLETE" or entry.get("State") in ("deleted", "deleting")
    shared = entry.get("logGroupName", "").startswith(("/aws-glue/jobs/", "/aws/sagemaker/TrainingJobs"))
    default = entry.get("IsDefault") or entry.get("DefaultForAz") or entry.get("GroupName") == "default"
    return bool(deleted or shared or default or entry.get("Status") == "DELETED")


LISTINGS = (
    ("cloudformation", "list_stacks", "StackSummaries", "StackName"),
    ("cloudformation", "list_stack_sets", "Summaries", "StackSetName"),
    ("ec2", "describe_vpcs", "Vpcs", "VpcId"),
    ("ec2", "describe_subnets", "Subnets", "SubnetId"),
    ("ec2", "describe_security_groups", "SecurityGroups", "GroupId"),
    ("ec2", "describe_nat_gateways", "NatGateways", "NatGatewayId"),
    ("ec2", "describe_internet_gateways", "InternetGateways", "InternetGatewayId"),
    ("glue", "get_jobs", "Jobs", "Name"),
    ("iam", "list_roles", "Roles", "RoleName"),
    ("lambda", "list_functions", "Functions", "FunctionName"),
    ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    ("mwaa", "list_environments", "Environments", ""),
    ("s3", "list_buckets", "Buckets", "Name"),
    ("secretsmanager", "list_secrets", "SecretList", "Name"),
)
