"""One resource at a time: its events, its provider's call, AWS's words for a failure."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from crosswind.local.cloudformation.providers.calls import tag_list, tag_map
from crosswind.local.cloudformation.providers.contract import (
    Cancelled,
    ClientMaker,
    Context,
    Made,
    Provider,
    ResourceError,
)
from crosswind.local.cloudformation.schema.catalogue import Catalogue
from crosswind.local.cloudformation.schema.shape import fitted
from crosswind.local.cloudformation.stacks.blueprint import Blueprint
from crosswind.local.cloudformation.stacks.model import ResourceState, Stack
from crosswind.local.cloudformation.stacks.walk import StepFailed
from crosswind.local.edge.call import Credentials, ServiceError

__all__ = ["ResourceWork"]

_LOG = logging.getLogger(__name__)
# Handler error codes: docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-test-contract-errors.html
_HANDLER_CODES = {
    "AccessDenied": "AccessDenied",
    "AccessDeniedException": "AccessDenied",
    "AlreadyExistsException": "AlreadyExists",
    "BucketAlreadyExists": "AlreadyExists",
    "BucketAlreadyOwnedByYou": "AlreadyExists",
    "EntityAlreadyExists": "AlreadyExists",
    "EntityNotFoundException": "NotFound",
    "NoSuchBucket": "NotFound",
    "NoSuchEntity": "NotFound",
    "ResourceAlreadyExistsException": "AlreadyExists",
    "ResourceConflictException": "AlreadyExists",
    "ResourceExistsException": "AlreadyExists",
    "ResourceNotFoundException": "NotFound",
    "Throttling": "Throttling",
    "ThrottlingException": "Throttling",
    "UnauthorizedOperation": "AccessDenied",
    "ValidationException": "InvalidRequest",
}


@dataclass(frozen=True)
class ResourceWork:
    """Makes, changes and deletes the resources of one stack, for one operation.

    Args:
        halt: set when the operation is to end early.
    """

    stack: Stack
    providers: Mapping[str, Provider]
    catalogue: Catalogue
    clients: ClientMaker
    credentials: Credentials
    halt: threading.Event

    def create(self, blueprint: Blueprint, logical_id: str) -> ResourceState:
        """Make a resource and put it into the stack.

        Raises:
            StepFailed: with whatever exists already noted in the stack, so that it can be undone.
        """
        state = self.state(blueprint, logical_id)
        self.stack.adopt(state)
        self.stack.note(state, "CREATE_IN_PROGRESS")

        def act() -> Made:
            state.properties = self.desired(blueprint, logical_id)
            return self.providers[state.type].create(state.properties, self._context(state, announce=True))

        self._attempt(state, "CREATE", act)
        return state

    def state(self, blueprint: Blueprint, logical_id: str) -> ResourceState:
        """A resource as it is before it is made."""
        resource = blueprint.active[logical_id]
        return ResourceState(
            logical_id=logical_id,
            type=resource.type,
            needs=blueprint.graph[logical_id],
            deletion_policy=resource.deletion_policy,
            update_replace_policy=resource.update_replace_policy,
            metadata=resource.metadata,
        )

    def desired(self, blueprint: Blueprint, logical_id: str) -> dict[str, Any]:
        """A resource's properties: evaluated, in their declared types, with the stack's tags.

        Raises:
            ServiceError: a function could not be evaluated.
            ResourceError: the values do not fit the type's schema.
        """
        resource = blueprint.active[logical_id]
        values = blueprint.resolver.value(resource.properties)
        properties, faults = fitted(self.catalogue.schema(resource.type), values)
        if faults:
            raise ResourceError(f"Model validation failed ({', '.join(faults)})", "InvalidRequest")
        provider = self.providers[resource.type]
        if provider.tags and blueprint.settings.tags:
            tags = {**blueprint.settings.tags, **tag_map(properties.get("Tags"))}
            properties["Tags"] = tags if provider.tags == "map" else tag_list(tags)
        return properties

    def update(self, state: ResourceState, new: Mapping[str, Any]) -> None:
        """Change a resource to new properties.

        Raises:
            StepFailed: its old properties are kept in the stack.
        """
        old = self.stack.properties_of(state)
        self.stack.note(state, "UPDATE_IN_PROGRESS")

        def act() -> Made:
            made = self.providers[state.type].update(state.physical_id, old, new, self._context(state))
            state.properties = dict(new)
            return made

        self._attempt(state, "UPDATE", act)

    def restore(self, lost: ResourceState) -> None:
        """Make a resource again that was deleted so that another could take its place.

        Raises:
            StepFailed: it is not there.
        """
        state = replace(lost, physical_id="", attributes={})
        self.stack.adopt(state)
        self.stack.note(state, "CREATE_IN_PROGRESS")
        self._attempt(
            state,
            "CREATE",
            lambda: self.providers[state.type].create(state.properties, self._context(state, announce=True)),
        )

    def delete(self, state: ResourceState) -> None:
        """Delete a resource and take it out of the stack; one that was never made is just taken out.

        Raises:
            StepFailed: it is still in the stack.
        """
        if state.physical_id:
            self.stack.note(state, "DELETE_IN_PROGRESS")

            def act() -> Made:
                self.providers[state.type].delete(state.physical_id, state.properties, self._context(state))
                return Made(state.physical_id)

            self._attempt(state, "DELETE", act)
        self.stack.forget(state)

    def skip(self, state: ResourceState) -> None:
        """Leave a resource where it is and take it out of the stack (`DeletionPolicy: Retain`)."""
        self.stack.note(state, "DELETE_SKIPPED")
        self.stack.forget(state)

    def _attempt(self, state: ResourceState, verb: str, act: Callable[[], Made]) -> None:
        cancelled = False
        try:
            made = act()
        except Cancelled:
            reason, cancelled = f"Resource {_NOUNS[verb]} cancelled", True
        except ResourceError as failure:
            reason = _handled(failure.message, failure.code)
        except ServiceError as failure:
            reason = failure.message
        except ClientError as failure:
            reason = _client_reason(failure)
        except BotoCoreError as failure:
            reason = _handled(str(failure), "InvalidRequest")
        except Exception as failure:  # noqa: BLE001 - a stack must end in a final state whatever a provider does
            _LOG.exception("provider of %s failed at %s", state.type, verb)
            reason = _handled(f"{type(failure).__name__}: {failure}", "InternalFailure")
        else:
            state.physical_id = made.physical_id
            if verb != "DELETE":
                state.attributes = dict(made.attributes)
            self.stack.note(state, f"{verb}_COMPLETE")
            return
        self.stack.note(state, f"{verb}_FAILED", reason)
        raise StepFailed(state.logical_id, reason, cancelled=cancelled)

    def _context(self, state: ResourceState, *, announce: bool = False) -> Context:
        def made(physical_id: str) -> None:
            state.physical_id = physical_id
            if announce and state.status == "CREATE_IN_PROGRESS":
                self.stack.note(state, "CREATE_IN_PROGRESS", "Resource creation Initiated")

        return Context(
            stack_name=self.stack.name,
            stack_id=self.stack.id,
            logical_id=state.logical_id,
            account=self.stack.account,
            region=self.stack.region,
            credentials=self.credentials,
            clients=self.clients,
            made=made,
            stopped=self.halt,
        )


_NOUNS = {"CREATE": "creation", "UPDATE": "update", "DELETE": "deletion"}


def _handled(message: str, code: str) -> str:
    return f'Resource handler returned message: "{message}" (RequestToken: {uuid.uuid4()}, HandlerErrorCode: {code})'


def _client_reason(error: ClientError) -> str:
    answer = error.response.get("ResponseMetadata", {})
    detail = error.response.get("Error", {})
    code = str(detail.get("Code", ""))
    status = answer.get("HTTPStatusCode", 0)
    text = str(detail.get("Message") or code)
    known = _HANDLER_CODES.get(code) or ("InvalidRequest" if status == 400 else "GeneralServiceException")
    facts = f"Operation: {error.operation_name}, Error Code: {code}, Status Code: {status}"
    message = f"{text} ({facts}, Request ID: {answer.get('RequestId', '')})"
    return _handled(message, known)
