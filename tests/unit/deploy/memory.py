"""A small AWS in memory behind the fake: stacks, StackSets and buckets that behave as their APIs say.

An operation ends after `ticks` looks at it. A resource in `broken` fails to be created, by logical id.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crosswind.aws.fake import FakeCall, FakeSessions, client_error


@dataclass
class MemoryStack:
    name: str
    account: str
    region: str
    template: dict[str, Any]
    parameters: dict[str, str]
    status: str
    then: str = ""
    reason: str = ""
    ticks: int = 0
    id: str = ""
    tags: list[dict[str, str]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class MemoryStackSet:
    template: dict[str, Any]
    parameters: dict[str, str]
    instances: dict[tuple[str, str], MemoryStack] = field(default_factory=dict)
    failed: dict[tuple[str, str], str] = field(default_factory=dict)
    operations: dict[str, str] = field(default_factory=dict)


class MemoryAws:
    """Fills a FakeSessions with answers for cloudformation and s3, and empty ones for the rest."""

    def __init__(self, ticks: int = 1) -> None:
        self.sessions = FakeSessions()
        self.ticks = ticks
        self.broken: dict[str, str] = {}
        self.stuck: set[str] = set()
        self.stacks: dict[tuple[str, str, str], MemoryStack] = {}
        self.stacksets: dict[tuple[str, str, str], MemoryStackSet] = {}
        self.buckets: dict[str, dict[str, list[tuple[str, bytes, Mapping[str, str]]]]] = {}
        self.owners: dict[str, tuple[str, str]] = {}
        self.replications: set[str] = set()
        self._count = itertools.count(1)
        for service in ("cloudformation", "s3"):
            for name in dir(self):
                if name.startswith(f"_{service}_"):
                    self.sessions.answer(service, name.removeprefix(f"_{service}_"), getattr(self, name))
        for service, operation, answer in _EMPTY:
            self.sessions.answer(service, operation, answer)

    # cloudformation: stacks

    def _cloudformation_describe_stacks(self, call: FakeCall) -> dict[str, Any]:
        if "StackName" not in call.parameters:
            mine = [s for s in self.stacks.values() if (s.account, s.region) == (call.account, call.region)]
            return {"Stacks": [self._described(stack) for stack in mine]}
        stack = self._stack(call)
        self._tick(stack)
        return {"Stacks": [self._described(stack)]}

    def _cloudformation_get_template(self, call: FakeCall) -> dict[str, Any]:
        return {"TemplateBody": self._stack(call).template}

    def _cloudformation_describe_stack_events(self, call: FakeCall) -> dict[str, Any]:
        return {"StackEvents": self._stack(call).events[::-1]}

    def _cloudformation_create_stack(self, call: FakeCall) -> dict[str, Any]:
        key = (call.account, call.region, call.parameters["StackName"])
        if key in self.stacks:
            raise client_error("AlreadyExistsException", f"{key[2]} exists", "CreateStack")
        self.stacks[key] = self._made(*key, call.parameters)
        return {"StackId": self.stacks[key].id}

    def _cloudformation_update_stack(self, call: FakeCall) -> dict[str, Any]:
        stack = self._stack(call)
        self._update(stack, json.loads(call.parameters["TemplateBody"]), _given(call.parameters))
        return {"StackId": stack.id}

    def _cloudformation_delete_stack(self, call: FakeCall) -> dict[str, Any]:
        self._delete(self._stack(call))
        return {}

    def _cloudformation_continue_update_rollback(self, call: FakeCall) -> dict[str, Any]:
        self._stack(call).status = "UPDATE_ROLLBACK_COMPLETE"
        return {}

    # cloudformation: StackSets

    def _cloudformation_describe_stack_set(self, call: FakeCall) -> dict[str, Any]:
        stackset = self._stackset(call)
        return {
            "StackSet": {
                "StackSetName": call.parameters["StackSetName"],
                "Status": "ACTIVE",
                "TemplateBody": json.dumps(stackset.template),
                "Parameters": _listed(stackset.parameters),
            }
        }

    def _cloudformation_list_stack_sets(self, call: FakeCall) -> dict[str, Any]:
        mine = [name for account, region, name in self.stacksets if (account, region) == (call.account, call.region)]
        return {"Summaries": [{"StackSetName": name} for name in mine]}

    def _cloudformation_list_stack_instances(self, call: FakeCall) -> dict[str, Any]:
        stackset = self._stackset(call)
        summaries = []
        for (account, region), stack in stackset.instances.items():
            good = stack.status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
            summaries.append(
                {
                    "Account": account,
                    "Region": region,
                    "StackId": stack.id,
                    "Status": "CURRENT" if good else "OUTDATED",
                    "StackInstanceStatus": {"DetailedStatus": "SUCCEEDED" if good else "FAILED"},
                    "StatusReason": "" if good else "the stack failed",
                }
            )
        return {"Summaries": summaries}

    def _cloudformation_create_stack_set(self, call: FakeCall) -> dict[str, Any]:
        key = (call.account, call.region, call.parameters["StackSetName"])
        self.stacksets[key] = MemoryStackSet(json.loads(call.parameters["TemplateBody"]), _given(call.parameters))
        return {"StackSetId": key[2]}

    def _cloudformation_update_stack_set(self, call: FakeCall) -> dict[str, Any]:
        stackset = self._stackset(call)
        stackset.template = json.loads(call.parameters["TemplateBody"])
        stackset.parameters = _given(call.parameters)
        for stack in stackset.instances.values():
            self._update(stack, stackset.template, stackset.parameters)
        return self._operation(stackset, list(stackset.instances.values()))

    def _cloudformation_create_stack_instances(self, call: FakeCall) -> dict[str, Any]:
        stackset, stacks = self._stackset(call), []
        for account in call.parameters["Accounts"]:
            for region in call.parameters["Regions"]:
                name = f"StackSet-{call.parameters['StackSetName']}-{next(self._count)}"
                body = {
                    "TemplateBody": json.dumps(stackset.template),
                    "Parameters": _listed(stackset.parameters),
                }
                stack = self._made(account, region, name, body)
                self.stacks[account, region, name] = stackset.instances[account, region] = stack
                stacks.append(stack)
        return self._operation(stackset, stacks)

    def _cloudformation_delete_stack_instances(self, call: FakeCall) -> dict[str, Any]:
        stackset, stacks = self._stackset(call), []
        for account in call.parameters["Accounts"]:
            for region in call.parameters["Regions"]:
                stack = stackset.instances[account, region]
                self._delete(stack)
                stacks.append(stack)
        return self._operation(stackset, stacks)

    def _cloudformation_delete_stack_set(self, call: FakeCall) -> dict[str, Any]:
        if self._stackset(call).instances:
            raise client_error("StackSetNotEmptyException", "it has instances", "DeleteStackSet")
        del self.stacksets[call.account, call.region, call.parameters["StackSetName"]]
        return {}

    def _cloudformation_describe_stack_set_operation(self, call: FakeCall) -> dict[str, Any]:
        stackset = self._stackset(call)
        for stack in stackset.instances.values():
            self._tick(stack)
        states = {stack.status for stack in stackset.instances.values()}
        stackset.instances = {k: s for k, s in stackset.instances.items() if s.status != "DELETE_COMPLETE"}
        status = "SUCCEEDED"
        if any(state.endswith("_IN_PROGRESS") for state in states):
            status = "RUNNING"
        elif any("ROLLBACK" in state or "FAILED" in state for state in states):
            status = "FAILED"
        return {"StackSetOperation": {"OperationId": call.parameters["OperationId"], "Status": status}}

    def _cloudformation_list_stack_set_operation_results(self, call: FakeCall) -> dict[str, Any]:
        return {
            "Summaries": [
                {"Account": account, "Region": region, "Status": "FAILED", "StatusReason": "the stack failed"}
                for (account, region), stack in self._stackset(call).instances.items()
                if "ROLLBACK" in stack.status or "FAILED" in stack.status
            ]
        }

    # s3

    def _s3_head_bucket(self, call: FakeCall) -> dict[str, Any]:
        if call.parameters["Bucket"] not in self.buckets:
            raise client_error("404", "Not Found", "HeadBucket")
        return {}

    def _s3_head_object(self, call: FakeCall) -> dict[str, Any]:
        versions = self.buckets.get(call.parameters["Bucket"], {}).get(call.parameters["Key"])
        if not versions:
            raise client_error("404", "Not Found", "HeadObject")
        version, _, metadata = versions[-1]
        return {"VersionId": version, "Metadata": metadata}

    def _s3_list_objects_v2(self, call: FakeCall) -> dict[str, Any]:
        keys = self._bucket(call)
        return {"Contents": [{"Key": key} for key in keys if key.startswith(call.parameters["Prefix"])]}

    def _s3_put_object(self, call: FakeCall) -> dict[str, Any]:
        version = f"v{next(self._count)}"
        versions = self._bucket(call).setdefault(call.parameters["Key"], [])
        versions.append((version, call.parameters["Body"], call.parameters["Metadata"]))
        return {"VersionId": version}

    def _s3_delete_object(self, call: FakeCall) -> dict[str, Any]:
        self._bucket(call).pop(call.parameters["Key"], None)
        return {}

    def _s3_list_object_versions(self, call: FakeCall) -> dict[str, Any]:
        found = [
            {"Key": key, "VersionId": version}
            for key, versions in self._bucket(call).items()
            for version, *_ in versions
        ]
        return {"Versions": found[: call.parameters["MaxKeys"]]}

    def _s3_delete_objects(self, call: FakeCall) -> dict[str, Any]:
        bucket = self._bucket(call)
        for entry in call.parameters["Delete"]["Objects"]:
            kept = [one for one in bucket[entry["Key"]] if one[0] != entry["VersionId"]]
            bucket[entry["Key"]] = kept
            if not kept:
                del bucket[entry["Key"]]
        return {}

    def _s3_delete_bucket(self, call: FakeCall) -> dict[str, Any]:
        if self._bucket(call):
            raise client_error("BucketNotEmpty", "", "DeleteBucket")
        del self.buckets[call.parameters["Bucket"]]
        return {}

    def _s3_delete_bucket_replication(self, call: FakeCall) -> dict[str, Any]:
        self._bucket(call)
        self.replications.discard(call.parameters["Bucket"])
        return {}

    # what they share

    def _bucket(self, call: FakeCall) -> dict[str, list[tuple[str, bytes, Mapping[str, str]]]]:
        name = call.parameters["Bucket"]
        if name not in self.buckets:
            raise client_error("NoSuchBucket", name, call.operation)
        assert call.parameters.get("ExpectedBucketOwner", call.account) == self.owners[name][0]
        return self.buckets[name]

    def _stack(self, call: FakeCall) -> MemoryStack:
        name = call.parameters["StackName"]
        for (account, region, known), stack in self.stacks.items():
            if (account, region) == (call.account, call.region) and name in {known, stack.id}:
                return stack
        raise client_error("ValidationError", f"Stack with id {name} does not exist", call.operation)

    def _stackset(self, call: FakeCall) -> MemoryStackSet:
        key = (call.account, call.region, call.parameters["StackSetName"])
        if key not in self.stacksets:
            raise client_error("StackSetNotFoundException", f"{key[2]} not found", call.operation)
        return self.stacksets[key]

    def _made(self, account: str, region: str, name: str, request: Mapping[str, Any]) -> MemoryStack:
        template, given = json.loads(request["TemplateBody"]), _given(request)
        parameters = {}
        for key, declared in template.get("Parameters", {}).items():
            if key not in given and "Default" not in declared:
                raise client_error("ValidationError", f"Parameters: [{key}] must have values", "CreateStack")
            parameters[key] = given.get(key, declared.get("Default"))
        stack = MemoryStack(name, account, region, template, parameters, "CREATE_IN_PROGRESS")
        stack.id = f"arn:aws:cloudformation:{region}:{account}:stack/{name}/{next(self._count)}"
        stack.tags = list(request.get("Tags", []))
        self._begin(stack, "CREATE_COMPLETE", "ROLLBACK_COMPLETE")
        return stack

    def _update(self, stack: MemoryStack, template: dict[str, Any], parameters: dict[str, str]) -> None:
        if stack.status.endswith("_IN_PROGRESS") or stack.status == "ROLLBACK_COMPLETE":
            raise client_error("ValidationError", f"{stack.name} is in {stack.status}", "UpdateStack")
        if template == stack.template and parameters == stack.parameters:
            raise client_error("ValidationError", "No updates are to be performed.", "UpdateStack")
        stack.template, stack.parameters = template, parameters
        stack.status = "UPDATE_IN_PROGRESS"
        self._begin(stack, "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")

    def _begin(self, stack: MemoryStack, good: str, bad: str) -> None:
        stack.ticks = self.ticks
        stack.then = good
        for logical, resource in stack.template["Resources"].items():
            if logical in self.broken:
                stack.then, stack.reason = bad, "The following resource(s) failed"
                self._event(stack, logical, resource["Type"], "CREATE_FAILED", self.broken[logical])
                self._event(stack, "Other", "AWS::X::Y", "CREATE_FAILED", "Resource creation cancelled")
                return
        for resource in stack.template["Resources"].values():
            if resource["Type"] == "AWS::S3::Bucket":
                name = resource["Properties"]["BucketName"]
                self.buckets.setdefault(name, {})
                self.owners[name] = (stack.account, stack.region)

    def _delete(self, stack: MemoryStack) -> None:
        stack.status, stack.then, stack.ticks = "DELETE_IN_PROGRESS", "DELETE_COMPLETE", self.ticks
        for logical, resource in stack.template["Resources"].items():
            name = resource.get("Properties", {}).get("BucketName")
            if resource["Type"] == "AWS::S3::Bucket" and name in self.buckets:
                if self.buckets[name]:
                    stack.then, stack.reason = "DELETE_FAILED", f"[{logical}]"
                    self._event(stack, logical, resource["Type"], "DELETE_FAILED", f"{name} is not empty")
                elif self.owners[name] == (stack.account, stack.region):
                    del self.buckets[name]

    def _event(self, stack: MemoryStack, logical: str, kind: str, status: str, reason: str) -> None:
        stack.events.append(
            {
                "EventId": f"e{next(self._count)}",
                "StackId": stack.id,
                "LogicalResourceId": logical,
                "PhysicalResourceId": "",
                "ResourceType": kind,
                "ResourceStatus": status,
                "ResourceStatusReason": reason,
            }
        )

    def _tick(self, stack: MemoryStack) -> None:
        if not stack.then or stack.name in self.stuck:
            return
        stack.ticks -= 1
        if stack.ticks < 0:
            stack.status, stack.then = stack.then, ""
            if stack.status == "DELETE_COMPLETE":
                self.stacks.pop((stack.account, stack.region, stack.name), None)

    def _described(self, stack: MemoryStack) -> dict[str, Any]:
        return {
            "StackName": stack.name,
            "StackId": stack.id,
            "StackStatus": stack.status,
            "StackStatusReason": stack.reason,
            "Parameters": _listed(stack.parameters),
            "Tags": stack.tags,
            "Outputs": [
                {"OutputKey": key, "OutputValue": f"{stack.name}/{key}"}
                for key in stack.template.get("Outputs", {})
                if stack.status in {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}
            ],
        }

    def _operation(self, stackset: MemoryStackSet, stacks: list[MemoryStack]) -> dict[str, Any]:
        identity = f"operation-{next(self._count)}"
        stackset.operations[identity] = ",".join(stack.name for stack in stacks)
        return {"OperationId": identity}


def _given(request: Mapping[str, Any]) -> dict[str, str]:
    return {entry["ParameterKey"]: entry["ParameterValue"] for entry in request.get("Parameters", [])}


def _listed(parameters: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]


_EMPTY: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("mwaa", "invoke_rest_api", {"RestApiStatusCode": 200, "RestApiResponse": {}}),
    ("mwaa", "list_environments", {"Environments": []}),
    ("glue", "get_job_runs", {"JobRuns": []}),
    ("glue", "get_jobs", {"Jobs": []}),
    ("sagemaker", "list_training_jobs", {"TrainingJobSummaries": []}),
    ("sagemaker", "list_processing_jobs", {"ProcessingJobSummaries": []}),
    ("logs", "describe_log_groups", {"logGroups": []}),
    ("iam", "list_roles", {"Roles": []}),
    ("lambda", "list_functions", {"Functions": []}),
    ("secretsmanager", "list_secrets", {"SecretList": []}),
    ("ec2", "describe_vpcs", {"Vpcs": []}),
    ("sqs", "list_queues", {}),
)
