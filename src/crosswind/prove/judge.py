"""One flow before all documents that have a say in it: what IAM decides, and by which statements."""

from __future__ import annotations

from functools import cached_property
from typing import Literal

from crosswind.iam import (
    Decision,
    Policy,
    PolicyKind,
    PolicySet,
    Principal,
    PrincipalKind,
    Request,
    Statement,
    decide,
    parse,
)
from crosswind.prove.documents import Document, Documents
from crosswind.prove.flow import AWS_OWNED, Context

__all__ = ["SESSION", "Judge", "Question", "Side"]

Question = tuple[str, str, str, str, Context]
"""Who, action, resource, owner, context; see `Flow.question`."""

Side = Literal["both", "policies", "boundary"]
"""What of a role has a say: its policies and its boundary, or one of them."""

SESSION = "session"
_ALLOWED = {"Effect": "Allow", "Action": "*", "Resource": "*"}
_ANYTHING = {"Version": "2012-10-17", "Statement": _ALLOWED}


class Judge:
    """Decides flows under the documents of a topology's templates.

    A role that is in none of the templates is a stranger's: in its own account it may do everything, which is the worst
    case for what must be refused.

    Args:
        documents: of all stacks.
    """

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._identity = {arn: tuple(each.policy for each in role.identity) for arn, role in documents.roles.items()}
        self._principals: dict[str, Principal] = {}

    def decide(
        self, question: Question, *, whole: bool = True, by: Side = "both", through: Policy | None = None
    ) -> Decision:
        """What IAM decides.

        Args:
            question: of a flow.
            whole: with every statement that was considered; see `iam.decide`.
            by: with the role's policies and its boundary; or as if it had no boundary; or as if its policies allowed
                everything.
            through: the policy of the VPC endpoint that the call takes.
        """
        who, action, resource, owner, context = question
        principal = self._principals.get(who) or self._principals.setdefault(who, self._principal(who))
        request = Request(action, resource, principal, owner, dict(context))
        policies = self._policies(principal, action, resource, owner)
        if by == "policies":
            policies = policies._replace(boundary=None)
        elif by == "boundary":
            policies = policies._replace(identity=(self._anything,))
        if through is not None:
            policies = policies._replace(endpoint=(through,))
        return decide(request, policies, whole=whole)

    def allowed_without(self, question: Question, denying: Statement) -> bool:
        """Whether a refused flow would be allowed if one Deny were not there."""
        who, action, resource, owner, context = question
        principal = self._principals.get(who) or self._principals.setdefault(who, self._principal(who))
        policies = self._policies(principal, action, resource, owner)
        policies = policies._replace(
            identity=tuple(_without(each, denying) for each in policies.identity),
            boundary=None,
            resource=None if policies.resource is None else _without(policies.resource, denying),
        )
        request = Request(action, resource, principal, owner, dict(context))
        return decide(request, policies, whole=False).allowed

    def _policies(self, principal: Principal, action: str, resource: str, owner: str) -> PolicySet:
        holder = self._resource_document(action, resource)
        document = holder.policy if holder else None
        if owner == AWS_OWNED:
            document = self._open[action.startswith("kms:")]
        role = self._documents.roles.get(principal.role_arn)
        if role is None:
            stranger = principal.kind is not PrincipalKind.SERVICE and principal.kind is not PrincipalKind.ANONYMOUS
            return PolicySet((self._anything,) if stranger else (), resource=document)
        boundary = (role.boundary.policy,) if role.boundary else None
        return PolicySet(self._identity[role.arn], boundary=boundary, resource=document)

    def _resource_document(self, action: str, resource: str) -> Document | None:
        """The policy of the resource; a role's trust where it is assumed."""
        if action.startswith("sts:"):
            role = self._documents.roles.get(resource)
            return role.trust if role else None
        if ":iam:" in resource:
            return None
        found = self._documents.resources
        if ":s3:::" in resource:
            return found.get(resource.partition("/")[0])
        return found.get(resource)

    @cached_property
    def _anything(self) -> Policy:
        return parse(_ANYTHING, PolicyKind.IDENTITY, name="everything")

    @cached_property
    def _open(self) -> tuple[Policy, Policy]:
        """The policies of what is AWS's own: of any resource, and of a key."""
        document = {"Version": "2012-10-17", "Statement": {**_ALLOWED, "Principal": "*"}}
        kinds = (PolicyKind.RESOURCE, PolicyKind.KEY)
        resource, key = (parse(document, kind, name="AWS's own", account=AWS_OWNED) for kind in kinds)
        return resource, key

    @staticmethod
    def _principal(who: str) -> Principal:
        if ":role/" not in who:
            return Principal.of(who)
        head, _, path = who.partition(":role/")
        partition, account = head.split(":")[1], head.split(":")[4]
        session = f"arn:{partition}:sts::{account}:assumed-role/{path.rpartition('/')[2]}/{SESSION}"
        return Principal.of(session, role_arn=who)


def _without(policy: Policy, statement: Statement) -> Policy:
    if statement not in policy.statements:
        return policy
    kept = tuple(each for each in policy.statements if each is not statement)
    ready = tuple(each for each in policy.ready if each[0] is not statement)
    return Policy(policy.kind, policy.name, policy.arn, policy.account, kept, ready)
