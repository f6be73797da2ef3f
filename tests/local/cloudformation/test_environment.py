"""AWS::MWAA::Environment against a scripted mwaa service: what is waited for, what a failure says."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from crosswind.local.clients import Clients
from crosswind.local.cloudformation import CloudFormation
from crosswind.local.edge.call import Call, Handler, ServiceError
from crosswind.local.edge.edge import Edge
from crosswind.local.edge.server import EdgeServer
from crosswind.local.identity import Identities
from crosswind.local.moto_backend import MotoBackend
from crosswind.local.requestlog import RequestLog
from crosswind.local.sts import Sts
from tests.allow_all import AllowAll
from tests.local.cloudformation.world import Account


class ScriptedMwaa:
    """An environment is AVAILABLE at the third look, or fails there when its requirements are named `broken`."""

    name = "mwaa"

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, Any]] = {}
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        self._looks: dict[str, int] = {}
        self._lock = threading.Lock()

    @property
    def operations(self) -> Mapping[str, Handler]:
        return {
            "CreateEnvironment": self._create,
            "GetEnvironment": self._get,
            "UpdateEnvironment": self._update,
            "DeleteEnvironment": self._delete,
            "TagResource": lambda call: self._note(call) or {},
            "UntagResource": lambda call: self._note(call) or {},
        }

    def _note(self, call: Call) -> None:
        self.asked.append((call.operation, dict(call.parameters)))

    def _create(self, call: Call) -> Mapping[str, Any]:
        self._note(call)
        name = call.parameters["Name"]
        self.kept[name] = {
            **call.parameters,
            "Arn": f"arn:aws:airflow:{call.region}:{call.account}:environment/{name}",
            "Status": "CREATING",
            "WebserverUrl": "127.0.0.1:8080",
        }
        self._looks[name] = 0
        return {"Arn": self.kept[name]["Arn"]}

    def _get(self, call: Call) -> Mapping[str, Any]:
        name = call.parameters["Name"]
        with self._lock:
            found = self.kept.get(name)
            if found is None:
                raise ServiceError("ResourceNotFoundException", f"Environment {name} not found", 404)
            self._looks[name] += 1
            if self._looks[name] >= 3:
                if found["Status"] == "DELETING":
                    del self.kept[name]
                    raise ServiceError("ResourceNotFoundException", f"Environment {name} not found", 404)
                broken = found.get("RequirementsS3Path") == "broken"
                found["Status"] = "CREATE_FAILED" if broken else "AVAILABLE"
                if broken:
                    error = {"ErrorCode": "INCORRECT_CONFIGURATION", "ErrorMessage": "no such requirements"}
                    found["LastUpdate"] = {"Status": "FAILED", "Error": error}
            return {"Environment": found}

    def _update(self, call: Call) -> Mapping[str, Any]:
        self._note(call)
        name = call.parameters["Name"]
        self.kept[name] |= {key: value for key, value in call.parameters.items() if key != "NetworkConfiguration"}
        self.kept[name]["Status"], self._looks[name] = "UPDATING", 0
        return {"Arn": self.kept[name]["Arn"]}

    def _delete(self, call: Call) -> Mapping[str, Any]:
        self._note(call)
        self.kept[call.parameters["Name"]]["Status"], self._looks[call.parameters["Name"]] = "DELETING", 0
        return {}


@pytest.fixture
def mwaa() -> ScriptedMwaa:
    return ScriptedMwaa()


@pytest.fixture
def hub(mwaa: ScriptedMwaa, new_account: Callable[[], Account]) -> Iterator[Account]:
    moto = MotoBackend()
    identities = Identities(moto)
    edge = Edge(identities, [Sts(identities), mwaa], moto, AllowAll(), RequestLog())
    server = EdgeServer(edge)
    server.start()
    edge.add(CloudFormation(identities, Clients(server.endpoint)))
    yield Account(server.endpoint, new_account().id)
    server.stop()


def environment(**more: Any) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "Name": "env",
        "ExecutionRoleArn": "arn:aws:iam::111111111111:role/execution",
        "SourceBucketArn": "arn:aws:s3:::hub-bucket",
        "DagS3Path": "dags",
        "NetworkConfiguration": {"SubnetIds": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-1"]},
        "LoggingConfiguration": {"TaskLogs": {"Enabled": True, "LogLevel": "INFO"}},
        "AirflowConfigurationOptions": {"core.parallelism": 4},
        "Tags": {"a": "b"},
        **more,
    }
    return {
        "Resources": {"Env": {"Type": "AWS::MWAA::Environment", "Properties": properties}},
        "Outputs": {"Url": {"Value": {"Fn::GetAtt": ["Env", "WebserverUrl"]}}},
    }


def test_a_life(hub: Account, mwaa: ScriptedMwaa) -> None:
    made = hub.create("e", environment(), Tags=[{"Key": "topology", "Value": "t"}])
    assert made["StackStatus"] == "CREATE_COMPLETE", hub.events("e")
    assert hub.outputs("e") == {"Url": "127.0.0.1:8080"}
    operation, asked = mwaa.asked[0]
    assert operation == "CreateEnvironment"
    assert asked["AirflowConfigurationOptions"] == {"core.parallelism": "4"}
    assert asked["NetworkConfiguration"]["SubnetIds"] == ["subnet-1", "subnet-2"]
    assert asked["Tags"] == {"topology": "t", "a": "b"}

    hub.update("e", environment(PluginsS3Path="plugins.zip", PluginsS3ObjectVersion="v2", Tags={"a": "c"}))
    operation, asked = mwaa.asked[1]
    assert operation == "UpdateEnvironment"
    assert (asked["PluginsS3ObjectVersion"], asked["NetworkConfiguration"]) == ("v2", {"SecurityGroupIds": ["sg-1"]})
    assert [operation for operation, _ in mwaa.asked[2:]] == ["TagResource"]

    assert hub.delete("e")["StackStatus"] == "DELETE_COMPLETE"
    assert mwaa.kept == {}


def test_what_airflow_says_is_what_the_stack_says(hub: Account, mwaa: ScriptedMwaa) -> None:
    assert hub.create("e", environment(RequirementsS3Path="broken"))["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "CREATE_FAILED. INCORRECT_CONFIGURATION: no such requirements" in hub.reason("e", "Env")
    assert mwaa.kept == {}


def test_the_subnets_of_an_environment_stay(hub: Account) -> None:
    hub.create("e", environment())
    other = environment(NetworkConfiguration={"SubnetIds": ["subnet-1", "subnet-3"], "SecurityGroupIds": ["sg-1"]})
    assert hub.update("e", other)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert "Rename env and update the stack again" in hub.reason("e", "Env")
