"""A CloudFormation without AWS: providers that keep things in a dict and fail when told to."""

from __future__ import annotations

import json
import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from crosswind.local.cloudformation import CloudFormation
from crosswind.local.cloudformation.providers.calls import offering
from crosswind.local.cloudformation.providers.contract import Context, Made, Properties, ResourceError
from crosswind.local.edge.call import Call, Credentials, HttpRequest, Principal, ServiceError

ACCOUNT, REGION = "111111111111", "us-east-1"
CALLER = Principal(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT, ACCOUNT)


@dataclass
class Cloud:
    """What exists, what was done in which order, and what is to fail."""

    things: dict[str, dict[str, Any]] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    failing: set[str] = field(default_factory=set)
    holding: dict[str, threading.Event] = field(default_factory=dict)
    keys: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def act(self, verb: str, logical_id: str, context: Context) -> None:
        self.keys.add(context.credentials.access_key)
        gate = self.holding.get(f"{verb} {logical_id}")
        if gate is not None:
            context.wait(gate.is_set, seconds=10, every=0.01)
        with self.lock:
            self.done.append(f"{verb} {logical_id}")
        if f"{verb} {logical_id}" in self.failing:
            raise ResourceError("told to fail", "InvalidRequest")


class FakeProvider:
    tags = "list"
    attributes = frozenset({"Arn"})

    def __init__(self, cloud: Cloud, type_name: str, *names: str) -> None:
        self.type_name = type_name
        self.offers = offering("Tags", *names)
        self._cloud = cloud

    def create(self, properties: Properties, context: Context) -> Made:
        self._cloud.act("create", context.logical_id, context)
        thing = context.name(60)
        with self._cloud.lock:
            self._cloud.things[thing] = dict(properties)
        context.made(thing)
        self._cloud.act("finish", context.logical_id, context)
        return Made(thing, {"Arn": f"arn:{thing}"})

    def update(self, physical_id: str, old: Properties, new: Properties, context: Context) -> Made:
        with self._cloud.lock:
            self._cloud.things[physical_id] = dict(new)
        self._cloud.act("update", context.logical_id, context)
        return Made(physical_id, {"Arn": f"arn:{physical_id}"})

    def delete(self, physical_id: str, properties: Properties, context: Context) -> None:
        self._cloud.act("delete", context.logical_id, context)
        with self._cloud.lock:
            del self._cloud.things[physical_id]


class FakeIdentities:
    def forwarded(self, principal: Principal, via: str) -> Credentials:
        return Credentials(principal.access_key, "secret")

    def issue(
        self, role_arn: str, session_name: str, duration: int = 3600, *, via: str = "", source_arn: str = ""
    ) -> tuple[Credentials, Principal]:
        if not role_arn.endswith("/present"):
            raise ServiceError("NoSuchEntity", "no such role", 404)
        return Credentials(f"session of {role_arn} via {via}", "secret"), CALLER


class NoClients:
    def client(self, service: str, region: str, credentials: Credentials) -> Any:
        raise AssertionError(f"nobody should call {service} here")


class Engine:
    """Calls handlers as the edge does."""

    def __init__(self) -> None:
        self.cloud = Cloud()
        # Log groups have no create-only property but their name; NAT gateways have many.
        providers = [
            FakeProvider(self.cloud, "AWS::Logs::LogGroup", "LogGroupName", "RetentionInDays"),
            FakeProvider(self.cloud, "AWS::EC2::NatGateway", "SubnetId", "AllocationId"),
            FakeProvider(self.cloud, "AWS::EC2::SubnetRouteTableAssociation", "SubnetId", "RouteTableId"),
        ]
        self.service = CloudFormation(
            FakeIdentities(), NoClients(), providers={item.type_name: item for item in providers}
        )

    def call(self, operation: str, **parameters: Any) -> Any:
        http = HttpRequest("POST", "/", {}, {}, b"")
        call = Call(str(uuid.uuid4()), CALLER, ACCOUNT, REGION, "cloudformation", operation, parameters, http)
        return self.service.operations[operation](call)

    def create(self, resources: dict[str, Any], name: str = "s", **more: Any) -> str:
        sections = {key: more.pop(key) for key in ("Outputs", "Parameters", "Conditions") if key in more}
        self.call("CreateStack", StackName=name, TemplateBody=body(resources, **sections), **more)
        return self.ended(name)

    def update(self, resources: dict[str, Any], name: str = "s", **more: Any) -> str:
        sections = {key: more.pop(key) for key in ("Outputs", "Parameters", "Conditions") if key in more}
        self.call("UpdateStack", StackName=name, TemplateBody=body(resources, **sections), **more)
        return self.ended(name)

    def delete(self, name: str = "s", **more: Any) -> str:
        stack_id = self.stack(name)["StackId"]
        self.call("DeleteStack", StackName=name, **more)
        return self.ended(stack_id)

    def stack(self, name: str = "s") -> dict[str, Any]:
        found: dict[str, Any] = self.call("DescribeStacks", StackName=name)["Stacks"][0]
        return found

    def ended(self, name: str = "s") -> str:
        pause, end = threading.Event(), time.monotonic() + 10
        while (status := str(self.stack(name)["StackStatus"])).endswith("IN_PROGRESS"):
            assert time.monotonic() < end, f"still {status}"
            pause.wait(0.005)
        return status

    def story(self, name: str = "s") -> list[tuple[str, str]]:
        events = self.call("DescribeStackEvents", StackName=name)["StackEvents"]
        return [(event["LogicalResourceId"], event["ResourceStatus"]) for event in reversed(events)]

    def resources(self, name: str = "s") -> dict[str, str]:
        found = self.call("ListStackResources", StackName=name)["StackResourceSummaries"]
        return {item["LogicalResourceId"]: item.get("PhysicalResourceId", "") for item in found}


def body(resources: dict[str, Any], **sections: Any) -> str:
    return json.dumps({"Resources": resources, **sections})


def group(*needs: str, days: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::Logs::LogGroup",
        "Properties": {"RetentionInDays": days, **more.pop("properties", {})},
        "DependsOn": list(needs),
        **more,
    }


def gateway(subnet: Any, **more: Any) -> dict[str, Any]:
    return {"Type": "AWS::EC2::NatGateway", "Properties": {"SubnetId": subnet}, **more}


def association(subnet: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::EC2::SubnetRouteTableAssociation",
        "Properties": {"SubnetId": subnet, "RouteTableId": "r"},
    }
