"""An account as a test sees it: boto3 clients with its root key, and stacks waited for."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

_CONFIG = Config(
    retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, inject_host_prefix=False, read_timeout=60
)


@cache
def _client(endpoint: str, account: str, service: str, region: str) -> Any:
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id=account,
        aws_secret_access_key="any",
        config=_CONFIG,
    )


@dataclass(frozen=True)
class Account:
    endpoint: str
    id: str
    region: str = "us-east-1"

    def at(self, region: str) -> Account:
        return Account(self.endpoint, self.id, region)

    def client(self, service: str) -> Any:
        return _client(self.endpoint, self.id, service, self.region)

    @property
    def cfn(self) -> Any:
        return self.client("cloudformation")

    def create(self, name: str, template: Any, **more: Any) -> dict[str, Any]:
        """Create a stack and wait for its end, whatever that is."""
        self.cfn.create_stack(StackName=name, TemplateBody=body(template), **more)
        return self.ended(name)

    def update(self, name: str, template: Any, **more: Any) -> dict[str, Any]:
        self.cfn.update_stack(StackName=name, TemplateBody=body(template), **more)
        return self.ended(name)

    def delete(self, name: str, **more: Any) -> dict[str, Any]:
        stack_id = self.stack(name)["StackId"]
        self.cfn.delete_stack(StackName=name, **more)
        return self.ended(stack_id)

    def stack(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.cfn.describe_stacks(StackName=name)["Stacks"][0]
        return found

    def ended(self, name: str, seconds: float = 30.0) -> dict[str, Any]:
        pause, end = threading.Event(), time.monotonic() + seconds
        while True:
            stack = self.stack(name)
            if not stack["StackStatus"].endswith("IN_PROGRESS"):
                return stack
            assert time.monotonic() < end, f"{name} is still {stack['StackStatus']}"
            pause.wait(0.02)

    def outputs(self, name: str) -> dict[str, str]:
        return {item["OutputKey"]: item["OutputValue"] for item in self.stack(name).get("Outputs", [])}

    def events(self, name: str) -> list[dict[str, Any]]:
        """Oldest first."""
        found: list[dict[str, Any]] = self.cfn.describe_stack_events(StackName=name)["StackEvents"]
        return found[::-1]

    def story(self, name: str) -> list[tuple[str, str]]:
        return [(event["LogicalResourceId"], event["ResourceStatus"]) for event in self.events(name)]

    def reason(self, name: str, logical_id: str) -> str:
        """Why a resource failed."""
        return next(
            event["ResourceStatusReason"]
            for event in self.events(name)
            if event["LogicalResourceId"] == logical_id and event["ResourceStatus"].endswith("FAILED")
        )

    def bucket_names(self) -> list[str]:
        return [bucket["Name"] for bucket in self.client("s3").list_buckets()["Buckets"]]


def body(template: Any) -> str:
    return template if isinstance(template, str) else json.dumps(template)


def trust(service: str) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}],
    }
