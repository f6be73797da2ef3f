"""One stack instance: the two roles, then a stack through the API."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from crosswind.local.cloudformation.providers.contract import ClientMaker
from crosswind.local.cloudformation.stacks.operations import IdentityIssuer
from crosswind.local.cloudformation.stacks.templates import MAX_BODY
from crosswind.local.cloudformation.stacksets.model import Instance, SetSettings, StackSet
from crosswind.local.edge.call import Credentials, ServiceError
from crosswind.local.partitions import partition_of

__all__ = ["Deployer", "InstanceFailed"]

_POLL = 0.1
# A stack in one of these cannot be updated: it is deleted, then made anew.
_DEAD = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"}


class InstanceFailed(Exception):  # noqa: N818 - said of one stack instance, not of the program
    """A stack instance did not come to its wanted state.

    Args:
        inoperable: its stack could not even be deleted.
    """

    def __init__(self, reason: str, *, inoperable: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.inoperable = inoperable


class Deployer:
    """Brings single stack instances to their wanted state.

    Args:
        identities: issues the administration role's session to the service.
        clients: AWS, through the edge.
        closing: set when the world ends.
    """

    def __init__(self, identities: IdentityIssuer, clients: ClientMaker, closing: threading.Event) -> None:
        self._identities = identities
        self._clients = clients
        self._closing = closing

    def deploy(self, stack_set: StackSet, settings: SetSettings, instance: Instance) -> None:
        """Create the instance's stack, or update it.

        Raises:
            InstanceFailed: with the reason in AWS's words.
        """
        if len(settings.template.body.encode()) > MAX_BODY:
            raise InstanceFailed(
                f"The local world does not offer StackSets whose template is longer than {MAX_BODY} bytes."
            )
        cloudformation = self._client(stack_set, settings, instance)
        try:
            found = self._found(cloudformation, instance.stack_id)
            if found is not None and found["StackStatus"] in _DEAD:
                self._delete(cloudformation, instance.stack_id)
                found = None
            if found is None:
                name = f"StackSet-{stack_set.name}-{uuid.uuid4()}"
                request = self._request(settings, instance)
                instance.stack_id = cloudformation.create_stack(StackName=name, **request)["StackId"]
            elif not self._update(cloudformation, settings, instance):
                return
            self._ended(cloudformation, instance.stack_id, {"CREATE_COMPLETE", "UPDATE_COMPLETE"})
        except ClientError as error:
            raise InstanceFailed(_text(error)) from error
        except BotoCoreError as error:
            raise InstanceFailed(str(error)) from error

    def remove(self, stack_set: StackSet, settings: SetSettings, instance: Instance) -> None:
        """Delete the instance's stack.

        Raises:
            InstanceFailed: the stack is still there.
        """
        if not instance.stack_id:
            return
        cloudformation = self._client(stack_set, settings, instance)
        try:
            self._delete(cloudformation, instance.stack_id)
        except ClientError as error:
            raise InstanceFailed(_text(error)) from error
        except BotoCoreError as error:
            raise InstanceFailed(str(error)) from error

    def _client(self, stack_set: StackSet, settings: SetSettings, instance: Instance) -> Any:
        administrator = settings.administration_role.rsplit("/", 1)[-1]
        try:
            credentials, _ = self._identities.issue(
                settings.administration_role,
                f"StackSet-{stack_set.name}"[:64],
                via="cloudformation",
                source_arn=stack_set.arn,
            )
        except ServiceError as error:
            raise InstanceFailed(
                f"Account {stack_set.account} should have '{administrator}' role with trust relationship to "
                "CloudFormation service."
            ) from error
        sts = self._clients.client("sts", stack_set.region, credentials)
        arn = f"arn:{partition_of(instance.region)}:iam::{instance.account}:role/{settings.execution_role}"
        try:
            answer = sts.assume_role(RoleArn=arn, RoleSessionName=f"StackSet-{stack_set.name}"[:64])["Credentials"]
        except ClientError as error:
            raise InstanceFailed(
                f"Account {instance.account} should have '{settings.execution_role}' role with trust relationship "
                f"to Role '{administrator}'."
            ) from error
        session = Credentials(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])
        return self._clients.client("cloudformation", instance.region, session)

    def _request(self, settings: SetSettings, instance: Instance) -> dict[str, Any]:
        values: Mapping[str, str] = {name: value.text for name, value in settings.parameters.items()}
        return {
            "TemplateBody": settings.template.body,
            "Parameters": [
                {"ParameterKey": name, "ParameterValue": instance.overrides.get(name, value)}
                for name, value in values.items()
            ],
            "Capabilities": list(settings.capabilities),
            "Tags": [{"Key": key, "Value": value} for key, value in settings.tags.items()],
        }

    def _update(self, cloudformation: Any, settings: SetSettings, instance: Instance) -> bool:
        try:
            cloudformation.update_stack(StackName=instance.stack_id, **self._request(settings, instance))
        except ClientError as error:
            if _text(error) == "No updates are to be performed.":
                return False
            raise
        return True

    def _found(self, cloudformation: Any, stack_id: str) -> dict[str, Any] | None:
        if not stack_id:
            return None
        stack: dict[str, Any] = cloudformation.describe_stacks(StackName=stack_id)["Stacks"][0]
        return None if stack["StackStatus"] == "DELETE_COMPLETE" else stack

    def _delete(self, cloudformation: Any, stack_id: str) -> None:
        cloudformation.delete_stack(StackName=stack_id)
        try:
            self._ended(cloudformation, stack_id, {"DELETE_COMPLETE"})
        except InstanceFailed as failure:
            raise InstanceFailed(failure.reason, inoperable=True) from failure

    def _ended(self, cloudformation: Any, stack_id: str, wanted: set[str]) -> None:
        while True:
            stack = cloudformation.describe_stacks(StackName=stack_id)["Stacks"][0]
            status = str(stack["StackStatus"])
            if not status.endswith("_IN_PROGRESS"):
                break
            if self._closing.wait(_POLL):
                raise InstanceFailed("Cancelled since the local world ended")
        if status not in wanted:
            raise InstanceFailed(_cause(cloudformation, stack_id) or stack.get("StackStatusReason", status))


def _cause(cloudformation: Any, stack_id: str) -> str:
    """The first failure of the last operation, which is why the others failed."""
    cause = ""
    for event in cloudformation.describe_stack_events(StackName=stack_id)["StackEvents"]:
        reason = event.get("ResourceStatusReason", "")
        if event["ResourceType"] == "AWS::CloudFormation::Stack" and reason == "User Initiated":
            break
        if event["ResourceStatus"].endswith("_FAILED") and not reason.endswith("cancelled"):
            cause = (
                f"ResourceLogicalId:{event['LogicalResourceId']}, ResourceType:{event['ResourceType']}, "
                f"ResourceStatusReason:{reason}."
            )
    return cause


def _text(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Message") or error)
