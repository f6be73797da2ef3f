"""Starts the operations on stacks, each in a thread of its own, one at a time for a stack."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from crosswind.local.cloudformation.faults import invalid
from crosswind.local.cloudformation.providers.contract import ClientMaker
from crosswind.local.cloudformation.stacks.blueprint import Blueprint, Inspector, StackLookup, draw
from crosswind.local.cloudformation.stacks.flows.create import create_stack
from crosswind.local.cloudformation.stacks.flows.delete import delete_stack
from crosswind.local.cloudformation.stacks.flows.scene import Scene
from crosswind.local.cloudformation.stacks.flows.update import update_stack
from crosswind.local.cloudformation.stacks.model import Settings, Stack
from crosswind.local.cloudformation.stacks.names import check_stack_name, stack_arn
from crosswind.local.cloudformation.stacks.requests import new_settings, updated_settings
from crosswind.local.cloudformation.stacks.store import StackStore
from crosswind.local.edge.call import Credentials, Principal, ServiceError

__all__ = ["IdentityIssuer", "Operations"]

_LOG = logging.getLogger(__name__)
_UPDATABLE = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}


class IdentityIssuer(Protocol):
    """Gives credentials: with the caller's rights, or a role's."""

    def forwarded(self, principal: Principal, via: str) -> Credentials:
        """Credentials of a forward access session: a service asks with its caller's rights."""

    def issue(
        self, role_arn: str, session_name: str, duration: int = 3600, *, via: str = "", source_arn: str = ""
    ) -> tuple[Credentials, Principal]:
        """A session of a role."""


@dataclass(frozen=True)
class Operations:
    """The three operations that change a stack.

    Args:
        identities: whose rights an operation has.
        clients: AWS, through the edge.
        inspector: templates' schemas and providers.
        lock: held while a request is checked against a stack's state and the stack takes its new state.
    """

    store: StackStore
    identities: IdentityIssuer
    clients: ClientMaker
    inspector: Inspector
    lock: threading.RLock

    def create(
        self, place: tuple[str, str], caller: Principal, parameters: Mapping[str, Any], text: str | None
    ) -> Stack:
        """Check CreateStack's request and start it.

        Args:
            place: account and Region.
            caller: whose rights the stack has without a service role.
            parameters: the request.
            text: the template.

        Returns:
            The stack; the one that this ClientRequestToken has made already, when there is one.
        """
        account, region = place
        name, token = str(parameters["StackName"]), str(parameters.get("ClientRequestToken", ""))
        check_stack_name(name)
        settings = new_settings(parameters, text, self.inspector)
        with self.lock:
            present = self.store.live(account, region, name)
            if present is not None:
                if token and present.tokens.get(token) == "create":
                    return present
                raise ServiceError("AlreadyExistsException", f"Stack [{name}] already exists", 400)
            stack = Stack(stack_arn(account, region, name), account, region, settings, token)
            credentials = self._credentials(settings.role_arn, caller)
            blueprint = self._blueprint(stack, settings, credentials)
            stack.protected = bool(parameters.get("EnableTerminationProtection"))
            if token:
                stack.tokens[token] = "create"
            stack.turn("CREATE_IN_PROGRESS", "User Initiated")
            self.store.add(stack)
        self._start(stack, lambda: create_stack(self._scene(stack, credentials), blueprint))
        return stack

    def update(self, stack: Stack, caller: Principal, parameters: Mapping[str, Any], text: str | None) -> None:
        """Check UpdateStack's request and start it."""
        token = str(parameters.get("ClientRequestToken", ""))
        with self.lock:
            if self._seen(stack, token, "update"):
                return
            if stack.status not in _UPDATABLE:
                raise invalid(f"Stack:{stack.id} is in {stack.status} state and can not be updated.")
            before = stack.settings
            settings = updated_settings(parameters, text, self.inspector, before)
            credentials = self._credentials(settings.role_arn, caller)
            blueprint = self._blueprint(stack, settings, credentials)
            stack.begin(token)
            if token:
                stack.tokens[token] = "update"
            stack.settings = settings
            stack.turn("UPDATE_IN_PROGRESS", "User Initiated")
        self._start(stack, lambda: update_stack(self._scene(stack, credentials), blueprint, before))

    def delete(self, stack: Stack, caller: Principal, parameters: Mapping[str, Any]) -> None:
        """Check DeleteStack's request and start it."""
        token = str(parameters.get("ClientRequestToken", ""))
        with self.lock:
            if self._seen(stack, token, "delete") or stack.status == "DELETE_IN_PROGRESS":
                return
            if stack.protected:
                raise invalid(f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled")
            creating = stack.status == "CREATE_IN_PROGRESS"
            if stack.busy and not creating:
                raise invalid(f"Stack [{stack.id}] cannot be deleted while in status {stack.status}")
            retain = self._retained(stack, parameters)
            credentials = self._credentials(str(parameters.get("RoleARN", stack.settings.role_arn)), caller)
            if token:
                stack.tokens[token] = "delete"
            before = stack.thread
            if creating:
                stack.doomed = True
                stack.interrupt.set()
            else:
                stack.begin(token)
            stack.turn("DELETE_IN_PROGRESS", "User Initiated")

        def run() -> None:
            if creating and before is not None:
                before.join()
            delete_stack(self._scene(stack, credentials), retain)

        self._start(stack, run)

    def _retained(self, stack: Stack, parameters: Mapping[str, Any]) -> Collection[str]:
        retain = [str(item) for item in parameters.get("RetainResources", ())]
        if retain and stack.status != "DELETE_FAILED":
            raise invalid(
                f"Invalid operation on stack [{stack.id}]. Specify resources to retain only when the current stack "
                "state is DELETE_FAILED."
            )
        if unknown := sorted(set(retain) - stack.resources.keys()):
            raise invalid(f"The resources [{', '.join(unknown)}] do not exist in the stack")
        return retain

    def _seen(self, stack: Stack, token: str, kind: str) -> bool:
        known = stack.tokens.get(token, kind) if token else ""
        if known and known != kind:
            raise ServiceError(
                "TokenAlreadyExistsException", f"Token {token} is already used for another operation", 400
            )
        return bool(token) and token in stack.tokens

    def _credentials(self, role_arn: str, caller: Principal) -> Credentials:
        if not role_arn:
            return self.identities.forwarded(caller, "cloudformation")
        try:
            return self.identities.issue(role_arn, "AWSCloudFormation", via="cloudformation")[0]
        except ServiceError as error:
            raise invalid(f"Role {role_arn} is invalid or cannot be assumed") from error

    def _blueprint(self, stack: Stack, settings: Settings, credentials: Credentials) -> Blueprint:
        def zones(region: str) -> list[str]:
            answer = self.clients.client("ec2", region, credentials).describe_availability_zones()
            return sorted(zone["ZoneName"] for zone in answer["AvailabilityZones"])

        return draw(settings, StackLookup(stack, settings, self.store, zones))

    def _scene(self, stack: Stack, credentials: Credentials) -> Scene:
        return Scene(stack, self.store, self.inspector.providers, self.inspector.catalogue, self.clients, credentials)

    def _start(self, stack: Stack, run: Callable[[], None]) -> None:
        def guarded() -> None:
            try:
                run()
            except Exception as failure:  # noqa: BLE001 - a stack must end in a final state whatever happens
                _LOG.exception("the operation on %s failed", stack.id)
                stack.turn(f"{stack.status.split('_IN_PROGRESS')[0]}_FAILED", f"Internal failure: {failure}")

        stack.thread = threading.Thread(target=guarded, name=f"cloudformation-{stack.name}", daemon=True)
        stack.thread.start()
