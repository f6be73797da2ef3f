"""China and GovCloud are partitions of their own: names, principals, images, and what AWS has there."""

from __future__ import annotations

import re
from pathlib import Path

import botocore.session
import pytest

from crosswind.synth.registries import image
from crosswind.topology import load
from tests.golden.regenerate import HERE, TOPOLOGIES

ELSEWHERE = {"china": "aws-cn", "govcloud": "aws-us-gov"}
# The services that templates and pipelines use, by the names of botocore's endpoints.
SERVICES = (
    "cloudformation",
    "ec2",
    "ecr",
    "glue",
    "kms",
    "lambda",
    "logs",
    "s3",
    "sagemaker",
    "secretsmanager",
    "sqs",
    "sts",
)


def texts(folder: str) -> dict[Path, str]:
    return {path: path.read_text() for path in sorted((HERE / folder).glob("[0-9]*/*/*.json"))}


@pytest.mark.parametrize("folder", ELSEWHERE)
def test_the_topology_is_in_its_partition(folder: str) -> None:
    topology = load(TOPOLOGIES[folder])
    assert topology.partition == ELSEWHERE[folder]
    assert {path.parts[-2] for path in texts(folder)} == {
        topology.hub.region,
        *(each.region for each in topology.sites.values()),
    }


@pytest.mark.parametrize("folder", ELSEWHERE)
def test_no_arn_names_a_partition_but_its_own(folder: str) -> None:
    """Where a template can, it leaves the partition to CloudFormation."""
    for path, text in texts(folder).items():
        found = set(re.findall(r"arn:(aws[a-z-]*):", text))
        assert found <= {ELSEWHERE[folder]}, path
        assert "arn:${AWS::Partition}:" in text or path.name.endswith("-airflow-hub.json"), path


@pytest.mark.parametrize("folder", sorted(TOPOLOGIES))
def test_service_principals_are_the_same_in_every_partition(folder: str) -> None:
    """IAM's names for services end in amazonaws.com everywhere; hosts do not.

    Source: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-services.
    """
    for path, text in texts(folder).items():
        services = re.findall(r'"([a-z0-9.-]+\.amazonaws\.com[a-z.]*)"', text)
        assert [
            each for each in services if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)?\.amazonaws\.com", each)
        ] == [], path


def test_the_hosts_of_a_partition_are_left_to_cloudformation() -> None:
    """In China `kms:ViaService` holds sqs.cn-north-1.amazonaws.com.cn."""
    for text in texts("china").values():
        for via in re.findall(r'"kms:ViaService": (\{[^}]*\}|"[^"]*")', text):
            assert "${AWS::URLSuffix}" in via


@pytest.mark.parametrize("folder", ELSEWHERE)
def test_the_image_of_the_built_in_algorithm_is_of_its_region(folder: str) -> None:
    suffix = "amazonaws.com.cn" if folder == "china" else "amazonaws.com"
    regions = {each.region for each in load(TOPOLOGIES[folder]).sites.values()}
    assert len({image(region).partition(".")[0] for region in regions}) == len(regions)
    for region in regions:
        assert f".dkr.ecr.{region}.{suffix}/" in image(region)


@pytest.mark.parametrize("folder", ELSEWHERE)
def test_aws_has_the_services_there(folder: str) -> None:
    """By botocore's endpoints: all but MWAA in GovCloud, which the page on the topology file says."""
    session = botocore.session.Session()
    regions = {path.parts[-2] for path in texts(folder)}
    for service in SERVICES:
        assert regions <= {*session.get_available_regions(service, ELSEWHERE[folder])}, service
    mwaa = session.get_available_regions("mwaa", ELSEWHERE[folder])
    assert bool(mwaa) is (folder == "china")
    page = (HERE.parents[1] / "docs" / "reference" / "topology.md").read_text()
    assert "no MWAA in GovCloud" in page
