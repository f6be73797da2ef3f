"""The judge at the edge: every right that a call needs, decided over the live policies of both accounts."""

from __future__ import annotations

import functools
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from crosswind import iam
from crosswind.local.authorization.callers import Caller, Callers
from crosswind.local.authorization.decisions import Decided, DecisionLog
from crosswind.local.authorization.deletions import judged_deletions
from crosswind.local.authorization.denials import denial, undecided, unreadable
from crosswind.local.authorization.forwarding import Context, forwarded
from crosswind.local.authorization.key_states import KeyState, refuse_unusable
from crosswind.local.authorization.need import Need
from crosswind.local.authorization.needs import Needs
from crosswind.local.authorization.organization import Organization
from crosswind.local.authorization.parsed import UnreadablePolicyError
from crosswind.local.authorization.policies import PolicyStore
from crosswind.local.edge.call import Call, HttpRequest, Principal, Ruling

__all__ = ["Authorizer"]

_NO_HTTP = HttpRequest("POST", "/", {}, {}, b"")


class Authorizer:
    """Decides calls (an edge's Authorizer), and what services do in their own name.

    Args:
        callers: who asks.
        needs: what for.
        store: the policies.
        organization: the keys that tell an account's organization.
        log: keeps the decisions.
        clock: Unix time in seconds.
    """

    def __init__(
        self,
        callers: Callers,
        needs: Needs,
        store: PolicyStore,
        organization: Organization,
        log: DecisionLog,
        clock: Callable[[], float] = time.time,
        *,
        keys: KeyState | None = None,
    ) -> None:
        self._callers = callers
        self._needs = needs
        self._store = store
        self._organization = organization
        self._log = log
        self._clock = clock
        self._keys_of_kms = keys

    def authorize(self, call: Call) -> Ruling | None:
        """What follows from IAM's yes; None for a call that needs no right.

        Raises:
            DeniedError: one is missing: the first one, in the words of the service.
            ServiceError: the needs are not known.
        """
        needs = self._needs.of(call)
        if not needs:
            return None
        decided = self._decide(call, self._callers.of(call.principal), needs)
        for one in decided:
            if not one.decision.allowed:
                if call.operation == "DeleteObjects":
                    return judged_deletions(call, decided)
                raise denial(call, one.need, one.decision)
        if self._keys_of_kms is not None:
            refuse_unusable(call, needs, self._keys_of_kms)
        owner = needs[0].account if needs[0].resource != "*" else ""
        return Ruling(owner or call.account)

    def authorize_service(
        self, service_principal: str, role_arn: str, account: str, context: Mapping[str, str]
    ) -> None:
        """Decide sts:AssumeRole on a role for a service, which has no policies of its own.

        Args:
            service_principal: such as `glue.amazonaws.com`.
            role_arn: the role.
            account: the role's.
            context: `aws:SourceArn` and `aws:SourceAccount` where the service sets them.

        Raises:
            DeniedError: AccessDenied.
        """
        principal = Principal("", service_principal, service_principal)
        via = service_principal.partition(".")[0]
        call = Call(
            str(uuid.uuid4()),
            principal,
            account,
            "us-east-1",
            "sts",
            "AssumeRole",
            {"RoleArn": role_arn},
            _NO_HTTP,
            via,
        )
        caller = Caller(iam.Principal.of(service_principal), via=via)
        (only,) = self._decide(call, caller, (Need("sts:AssumeRole", role_arn, account, context),))
        if not only.decision.allowed:
            raise denial(call, only.need, only.decision)

    def _decide(self, call: Call, caller: Caller, needs: Sequence[Need]) -> Sequence[Decided]:
        now = self._clock()
        base = self._context(call, caller, now)
        decided: list[Decided] = []
        for need in needs:
            try:
                decided.append(self._judged(caller, need, base))
            except UnreadablePolicyError as error:
                request = iam.Request(need.action, need.resource, caller.principal, need.account)
                explanation = undecided(request, error)
                self._log.append(call, now, decided, (request, explanation))
                raise unreadable(call, explanation) from error
        self._log.append(call, now, decided)
        return decided

    def _judged(self, caller: Caller, need: Need, base: Context) -> Decided:
        """A need, judged on its resource, or on the first of the others that suffice and is allowed."""
        first = self._judged_on(caller, need, base)
        if first.decision.allowed:
            return first
        others = (self._judged_on(caller, need._replace(resource=resource), base) for resource in need.instead)
        return next((other for other in others if other.decision.allowed), first)

    def _judged_on(self, caller: Caller, need: Need, base: Context) -> Decided:
        keys = self._keys(base, need)
        request = iam.Request(need.action, need.resource, caller.principal, need.account, keys)
        policies = self._store.for_request(caller, need)
        decision = iam.decide(request, policies, whole=False)
        if not decision.allowed:  # it will be explained
            decision = iam.decide(request, policies)
        return Decided(need, decision, policies)

    def _context(self, call: Call, caller: Caller, now: float) -> Context:
        """The keys of all needs of a call: those of every request, and those of the caller."""
        context: Context = {
            "aws:CurrentTime": _written(int(now)),
            "aws:EpochTime": str(int(now)),
            "aws:SecureTransport": "true",  # the loopback wire stands for TLS
            "aws:ViaAWSService": "false",
        }
        if call.region:
            context["aws:RequestedRegion"] = call.region
        headers = call.http.headers
        if headers:  # what a service does by itself comes from no address of a client's
            context["aws:SourceIp"] = "127.0.0.1"
            if "user-agent" in headers:
                context["aws:UserAgent"] = headers["user-agent"]
            if "referer" in headers:
                context["aws:Referer"] = headers["referer"]
        self._organization.add_principal(context, caller.principal.account)
        context.update(caller.context)
        if context["aws:ViaAWSService"] == "true":
            context.pop("aws:SourceIp", None)
        return context

    def _keys(self, base: Context, need: Need) -> Context:
        context: Context = {**base, **need.context}
        self._organization.add_resource(context, need.account)
        if need.forwarded_by:
            return forwarded(context, need.forwarded_by)
        return context


@functools.lru_cache(maxsize=2)
def _written(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
