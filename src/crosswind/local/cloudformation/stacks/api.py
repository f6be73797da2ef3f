"""The stack operations of the CloudFormation API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from crosswind.local.cloudformation.faults import invalid, not_offered
from crosswind.local.cloudformation.providers.contract import ClientMaker
from crosswind.local.cloudformation.stacks.blueprint import Inspector, required_capability
from crosswind.local.cloudformation.stacks.model import Stack
from crosswind.local.cloudformation.stacks.operations import IdentityIssuer, Operations
from crosswind.local.cloudformation.stacks.requests import refuse_unheard
from crosswind.local.cloudformation.stacks.shapes import (
    described_event,
    described_resource,
    described_stack,
    summarised_resource,
    summarised_stack,
    template_parameters,
)
from crosswind.local.cloudformation.stacks.store import StackStore
from crosswind.local.cloudformation.stacks.templates import template_text
from crosswind.local.cloudformation.template.document import Template, parse
from crosswind.local.edge.call import Call, Handler

__all__ = ["StackApi"]

Output = Mapping[str, Any]


class StackApi:
    """Handlers for stacks.

    Args:
        store: every stack.
        operations: starts what changes a stack.
        inspector: checks templates.
        identities: the caller's credentials.
        clients: AWS, through the edge.
    """

    def __init__(
        self,
        store: StackStore,
        operations: Operations,
        inspector: Inspector,
        identities: IdentityIssuer,
        clients: ClientMaker,
    ) -> None:
        self._store = store
        self._operations = operations
        self._inspector = inspector
        self._identities = identities
        self._clients = clients

    @property
    def handlers(self) -> Mapping[str, Handler]:
        """By operation."""
        return {
            "CreateStack": self.create_stack,
            "DeleteStack": self.delete_stack,
            "DescribeStackEvents": self.describe_stack_events,
            "DescribeStackResource": self.describe_stack_resource,
            "DescribeStackResources": self.describe_stack_resources,
            "DescribeStacks": self.describe_stacks,
            "GetTemplate": self.get_template,
            "GetTemplateSummary": self.get_template_summary,
            "ListExports": self.list_exports,
            "ListImports": self.list_imports,
            "ListStackResources": self.list_stack_resources,
            "ListStacks": self.list_stacks,
            "UpdateStack": self.update_stack,
            "UpdateTerminationProtection": self.update_termination_protection,
            "ValidateTemplate": self.validate_template,
        }

    def create_stack(self, call: Call) -> Output:
        """CreateStack."""
        stack = self._operations.create((call.account, call.region), call.principal, call.parameters, self._text(call))
        return {"StackId": stack.id}

    def update_stack(self, call: Call) -> Output:
        """UpdateStack."""
        stack = self._live(call)
        self._operations.update(stack, call.principal, call.parameters, self._text(call))
        return {"StackId": stack.id}

    def delete_stack(self, call: Call) -> Output:
        """DeleteStack; a stack that does not exist is deleted already."""
        refuse_unheard(call.parameters, ("DeploymentConfig",))
        if call.parameters.get("DeletionMode", "STANDARD") != "STANDARD":
            raise not_offered("DeletionMode FORCE_DELETE_STACK")
        stack = self._store.live(call.account, call.region, str(call.parameters["StackName"]))
        if stack is not None and stack.status != "DELETE_COMPLETE":
            self._operations.delete(stack, call.principal, call.parameters)
        return {}

    def describe_stacks(self, call: Call) -> Output:
        """DescribeStacks; deleted stacks are found by their id alone."""
        if call.parameters.get("StackName"):
            return {"Stacks": [described_stack(self._stack(call))]}
        stacks = self._store.all(call.account, call.region)
        return {"Stacks": [described_stack(stack) for stack in stacks if stack.status != "DELETE_COMPLETE"]}

    def list_stacks(self, call: Call) -> Output:
        """ListStacks, deleted ones too."""
        wanted = set(call.parameters.get("StackStatusFilter", ()))
        stacks = self._store.all(call.account, call.region)
        return {"StackSummaries": [summarised_stack(item) for item in stacks if not wanted or item.status in wanted]}

    def describe_stack_events(self, call: Call) -> Output:
        """DescribeStackEvents, newest first."""
        stack = self._stack(call, "Stack [{}] does not exist")
        return {"StackEvents": [described_event(stack, event) for event in stack.events()]}

    def describe_stack_resources(self, call: Call) -> Output:
        """DescribeStackResources by stack, or by a physical id in any stack of the place."""
        logical, physical = call.parameters.get("LogicalResourceId"), call.parameters.get("PhysicalResourceId")
        if call.parameters.get("StackName"):
            stacks = [self._stack(call)]
        elif physical:
            stacks = [stack for stack in self._store.all(call.account, call.region) if _holds(stack, str(physical))]
            if not stacks:
                raise invalid(f"Stack for {physical} does not exist")
        else:
            raise invalid("Either StackName or PhysicalResourceId must be specified.")
        found = [
            described_resource(stack, state)
            for stack in stacks
            for state in stack.snapshot().values()
            if logical in (None, state.logical_id)
        ]
        return {"StackResources": found}

    def describe_stack_resource(self, call: Call) -> Output:
        """DescribeStackResource."""
        stack = self._stack(call, "Stack '{}' does not exist")
        name = str(call.parameters["LogicalResourceId"])
        state = stack.snapshot().get(name)
        if state is None:
            raise invalid(f"Resource {name} does not exist for stack {stack.name}")
        detail = described_resource(stack, state)
        detail["LastUpdatedTimestamp"] = detail.pop("Timestamp")
        if state.metadata is not None:
            detail["Metadata"] = json.dumps(state.metadata)
        return {"StackResourceDetail": detail}

    def list_stack_resources(self, call: Call) -> Output:
        """ListStackResources."""
        stack = self._stack(call)
        return {"StackResourceSummaries": [summarised_resource(state) for state in stack.snapshot().values()]}

    def get_template(self, call: Call) -> Output:
        """GetTemplate, as it was given."""
        refuse_unheard(call.parameters, ("ChangeSetName",))
        stack = self._stack(call)
        return {"TemplateBody": stack.settings.template.body, "StagesAvailable": ["Original", "Processed"]}

    def validate_template(self, call: Call) -> Output:
        """ValidateTemplate: the form, the types and the references; no parameter values."""
        template = self._given_template(call)
        return {"Parameters": template_parameters(template.parameters, typed=False), **self._facts(template)}

    def get_template_summary(self, call: Call) -> Output:
        """GetTemplateSummary of a template or of a stack."""
        refuse_unheard(call.parameters, ("StackSetName", "TemplateSummaryConfig"))
        if call.parameters.get("StackName"):
            template = self._stack(call).settings.template
        else:
            template = self._given_template(call)
        return {
            "Parameters": template_parameters(template.parameters, typed=True),
            "ResourceTypes": sorted({resource.type for resource in template.resources.values()}),
            "Version": "2010-09-09",
            **self._facts(template),
        }

    def list_exports(self, call: Call) -> Output:
        """ListExports."""
        exports = self._store.exports(call.account, call.region)
        return {
            "Exports": [
                {"ExportingStackId": stack, "Name": name, "Value": value}
                for name, (stack, value) in sorted(exports.items())
            ]
        }

    def list_imports(self, call: Call) -> Output:
        """ListImports."""
        name = str(call.parameters["ExportName"])
        exports = self._store.exports(call.account, call.region)
        if name not in exports:
            raise invalid(f"Export with name {name} does not exist.")
        owner = self._store.get(call.account, call.region, exports[name][0])
        users = self._store.importers(call.account, call.region, name, owner)
        if not users:
            raise invalid(f"Export '{name}' is not imported by any stack.")
        return {"Imports": users}

    def update_termination_protection(self, call: Call) -> Output:
        """UpdateTerminationProtection."""
        stack = self._live(call)
        with stack.lock:
            stack.protected = bool(call.parameters["EnableTerminationProtection"])
        return {"StackId": stack.id}

    def _given_template(self, call: Call) -> Template:
        text = self._text(call)
        if text is None:
            raise invalid("Either Template URL or Template Body must be specified.")
        template = parse(text)
        self._inspector.inspect(template)
        return template

    def _facts(self, template: Template) -> dict[str, Any]:
        facts: dict[str, Any] = {"Description": template.description} if template.description else {}
        capability, types = required_capability(template)
        if capability:
            facts["Capabilities"] = [capability]
            facts["CapabilitiesReason"] = f"The following resource(s) require capabilities: [{', '.join(types)}]"
        return facts

    def _text(self, call: Call) -> str | None:
        credentials = self._identities.forwarded(call.principal, "cloudformation")
        return template_text(call.parameters, self._clients, call.region, credentials)

    def _stack(self, call: Call, words: str = "Stack with id {} does not exist") -> Stack:
        name = str(call.parameters.get("StackName", ""))
        stack = self._store.live(call.account, call.region, name)
        if stack is None:
            raise invalid(words.format(name))
        return stack

    def _live(self, call: Call) -> Stack:
        name = str(call.parameters["StackName"])
        stack = self._store.live(call.account, call.region, name)
        if stack is None or stack.status == "DELETE_COMPLETE":
            raise invalid(f"Stack [{name}] does not exist")
        return stack


def _holds(stack: Stack, physical_id: str) -> bool:
    return stack.status != "DELETE_COMPLETE" and any(
        state.physical_id == physical_id for state in stack.snapshot().values()
    )
