"""A network with endpoints alone, made and removed in the local world under the deployer's role."""

from __future__ import annotations

import json
from pathlib import Path

from crosswind.aws import AwsSessions
from crosswind.cli import wire
from crosswind.deploy import Applier, leftovers, plan_bootstrap, plan_deploy, plan_destroy
from crosswind.topology import Topology
from tests.local.deploy.test_deploy_and_destroy import without_airflow


def closed(topology: Topology) -> Topology:
    """The same in one Region, with endpoints alone."""
    data = topology.model_dump(mode="json", by_alias=True)
    data["hub"]["network"] = {"kind": "endpoints"}
    data["hub"]["airflow"]["webserver_access"] = "PRIVATE_ONLY"
    for site in data["sites"].values():
        site["region"] = data["hub"]["region"]
    return Topology.model_validate_json(json.dumps(data))


def test_endpoints_come_and_go(topology: Topology, root: Path, administrator: AwsSessions) -> None:
    topology = closed(topology)
    Applier(administrator).apply(plan_bootstrap(topology, administrator)).raise_first()
    sessions = wire.deployer_sessions(topology, administrator.endpoint)
    Applier(sessions).apply(without_airflow(plan_deploy(topology, root, sessions))).raise_first()

    ec2 = administrator.client("ec2", topology.hub_account, topology.hub.region)
    found = {
        each["ServiceName"].partition("us-east-1.")[2]: each for each in ec2.describe_vpc_endpoints()["VpcEndpoints"]
    }
    assert {"airflow.api", "glue", "lambda", "logs", "s3", "sagemaker.api", "secretsmanager", "sts"} <= set(found)
    assert found["s3"]["VpcEndpointType"] == "Gateway"
    assert len(found["sts"]["SubnetIds"]) == 2
    policy = json.loads(found["glue"]["PolicyDocument"])
    assert policy["Statement"][0]["Condition"]["StringEquals"]["aws:PrincipalAccount"]
    assert ec2.describe_nat_gateways()["NatGateways"] == []

    Applier(sessions).apply(plan_destroy(topology, sessions)).raise_first()
    assert leftovers(topology, sessions) == ()
    assert [e for e in ec2.describe_vpc_endpoints()["VpcEndpoints"] if e["State"] != "deleted"] == []
