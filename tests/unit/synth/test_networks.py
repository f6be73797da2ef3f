"""The hub's network by its kind: what is made, what leads out, and what the deployer may do about it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crosswind.synth import Stack, deployer_stacks
from crosswind.synth.endpoints import MWAA_SERVICES
from crosswind.topology import Topology, load
from tests.golden.regenerate import TOPOLOGIES
from tests.unit.synth.conftest import stacks_of


def of(topology: Topology, part: str) -> list[dict[str, Any]]:
    """The resources of the hub's stacks of a part."""
    return [each for s in stacks_of(topology) if s.part == part for each in s.template["Resources"].values()]


def kinds(topology: Topology) -> set[str]:
    return {each["Type"] for each in of(topology, "network") if each["Type"].startswith("AWS::EC2::")}


@pytest.fixture(scope="module")
def closed() -> Topology:
    return load(TOPOLOGIES["existing"])


@pytest.fixture(scope="module")
def theirs() -> Topology:
    return load(TOPOLOGIES["three_accounts"])


def endpoints(topology: Topology) -> dict[str, dict[str, Any]]:
    found = [each["Properties"] for each in of(topology, "network") if each["Type"] == "AWS::EC2::VPCEndpoint"]
    return {each["ServiceName"].removeprefix("com.amazonaws.eu-west-1."): each for each in found}


def test_nothing_leads_to_the_internet_where_there_are_endpoints(closed: Topology) -> None:
    assert not kinds(closed) & {
        "AWS::EC2::EIP",
        "AWS::EC2::InternetGateway",
        "AWS::EC2::NatGateway",
        "AWS::EC2::Route",
        "AWS::EC2::VPCGatewayAttachment",
    }
    assert sum(each["Type"] == "AWS::EC2::Subnet" for each in of(closed, "network")) == 2


def test_each_service_that_is_called_has_one(closed: Topology) -> None:
    found = endpoints(closed)
    wanted = {*MWAA_SERVICES, "secretsmanager", "sts", "glue", "sagemaker.api", "lambda", "s3"}
    assert set(found) == wanted
    for service, endpoint in found.items():
        if service == "s3":
            assert endpoint["VpcEndpointType"] == "Gateway"
            assert len(endpoint["RouteTableIds"]) == 2
        else:
            assert endpoint["VpcEndpointType"] == "Interface"
            assert endpoint["PrivateDnsEnabled"] is True
            assert len(endpoint["SubnetIds"]) == 2


def test_a_service_that_no_job_uses_has_none(closed: Topology) -> None:
    data = closed.model_dump(mode="json", by_alias=True)
    data["jobs"] = {name: job for name, job in data["jobs"].items() if job["type"] == "lambda"}
    for pipeline in data["pipelines"].values():
        pipeline["steps"] = [step for step in pipeline["steps"] if step["run"] in (None, *data["jobs"])]
    found = endpoints(Topology.model_validate_json(json.dumps(data)))
    assert "lambda" in found
    assert not {"glue", "sagemaker.api"} & set(found)


def test_endpoints_let_by_the_topologys_accounts(closed: Topology) -> None:
    for service, endpoint in endpoints(closed).items():
        (first, *_) = endpoint["PolicyDocument"]["Statement"]
        if service.startswith("ecr."):
            assert all(action.startswith("ecr:") and "*" not in action for action in first["Action"])
            continue
        accounts = first["Condition"]["StringEquals"]["aws:PrincipalAccount"]
        assert accounts == ["121212121212", "131313131313", "141414141414"]
        assert first["Action"] != "*"


def test_members_reach_each_other_the_endpoints_and_s3(closed: Topology) -> None:
    (group,) = [each["Properties"] for each in of(closed, "network") if each["Type"] == "AWS::EC2::SecurityGroup"]
    inside, outside = group["SecurityGroupEgress"]
    assert inside["CidrIp"] == closed.hub.network.cidr
    assert (outside["FromPort"], outside["ToPort"]) == (443, 443)


def test_of_a_network_that_is_there_nothing_is_made(theirs: Topology) -> None:
    assert kinds(theirs) == set()
    (environment,) = [each["Properties"] for each in of(theirs, "airflow") if each["Type"] == "AWS::MWAA::Environment"]
    assert environment["NetworkConfiguration"] == {
        "SubnetIds": ["subnet-0a1b2c3d4e5f60001", "subnet-0a1b2c3d4e5f60002"],
        "SecurityGroupIds": ["sg-0a1b2c3d4e5f60003", "sg-0a1b2c3d4e5f60004"],
    }


def deployer(topology: Topology) -> dict[str, dict[str, Any]]:
    """The statements of the hub's deployer, by Sid."""
    (stack,) = [each for each in deployer_stacks(topology) if each.site == topology.hub.account]
    return {each["Sid"]: each for each in _statements(stack)}


def _statements(stack: Stack) -> list[dict[str, Any]]:
    policies = [r["Properties"] for r in stack.template["Resources"].values() if r["Type"] == "AWS::IAM::ManagedPolicy"]
    return [each for policy in policies for each in policy["PolicyDocument"]["Statement"]]


def test_the_deployer_makes_what_the_kind_has(closed: Topology, theirs: Topology) -> None:
    with_endpoints, with_theirs = deployer(closed), deployer(theirs)
    nat = deployer(load(TOPOLOGIES["unified_pipelines"]))
    assert "MakeNatGateways" in nat
    assert "ec2:DeleteVpcEndpoints" not in nat["ChangeNetwork"]["Action"]
    assert "MakeNatGateways" not in with_endpoints
    assert {"ec2:DeleteVpcEndpoints", "ec2:ModifyVpcEndpoint"} <= set(with_endpoints["ChangeNetwork"]["Action"])
    assert "ChangeNetwork" not in with_theirs
    inside = {each["Fn::Sub"].rpartition(":")[2] for each in with_theirs["MakeEndpointsInside"]["Resource"]}
    assert inside == {
        "security-group/sg-0a1b2c3d4e5f60003",
        "security-group/sg-0a1b2c3d4e5f60004",
        "subnet/subnet-0a1b2c3d4e5f60001",
        "subnet/subnet-0a1b2c3d4e5f60002",
        "vpc/vpc-0a1b2c3d4e5f60718",
    }
