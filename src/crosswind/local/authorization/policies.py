"""All documents that have a say over one need, as they are at this moment, of both accounts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from crosswind.iam import KmsGrant, Level, Policy, PolicyKind, PolicySet, Principal, PrincipalKind, parse
from crosswind.local.authorization.callers import Caller
from crosswind.local.authorization.documents import Document, KeptGrant, KeptPrincipal, Member
from crosswind.local.authorization.need import Need
from crosswind.local.authorization.parsed import ParsedPolicies

__all__ = ["Bindings", "PolicyState", "PolicyStore"]

# docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html, "List of AWS services that
# support RCPs".
_UNDER_RCPS = {"s3", "sts", "kms", "sqs", "secretsmanager", "ecr", "aoss"}
_ROLES = {PrincipalKind.ROLE, PrincipalKind.SESSION}
_IN_ACCOUNTS = _ROLES | {PrincipalKind.ROOT, PrincipalKind.USER, PrincipalKind.FEDERATED_USER}
_NO_TRUST: Mapping[str, object] = {"Version": "2012-10-17", "Statement": []}
_NO_IDS: Mapping[str, str] = {}


class PolicyState(Protocol):
    """Where the documents are: moto's state in the world. Read on every request."""

    def kept_role(self, arn: str) -> KeptPrincipal | None:
        """A role by its ARN."""

    def kept_user(self, arn: str) -> KeptPrincipal | None:
        """A user by its ARN."""

    def trust_policy(self, arn: str) -> Document | None:
        """A role's trust policy."""

    def resource_policy(self, arn: str, account: str) -> Document | None:
        """The policy of the resource to which an ARN leads."""

    def restricts_public(self, bucket: str, account: str) -> bool:
        """Whether RestrictPublicBuckets is on for a bucket."""

    def key_policy(self, arn: str) -> Document | None:
        """A KMS key's policy."""

    def key_grants(self, arn: str) -> Sequence[KeptGrant]:
        """A KMS key's grants."""

    def key_is_managed(self, arn: str) -> bool:
        """Whether AWS manages a KMS key."""

    def member(self, account: str) -> Member | None:
        """An account's place in its organization."""


class Bindings(Protocol):
    """The unique ids that principals in a document had when it was stored."""

    def of(self, kind: str, identifier: str) -> Mapping[str, str]:
        """By principal ARN, for `trust` and a role's ARN, `bucket` and its name, `key` and the key's ARN."""


class PolicyStore:
    """Gathers policies.

    Args:
        state: where the documents are.
        bindings: the unique ids behind the principals that documents name; without it names alone count.
        parsed: where parsed documents are kept.
    """

    def __init__(
        self, state: PolicyState, bindings: Bindings | None = None, parsed: ParsedPolicies | None = None
    ) -> None:
        self._state = state
        self._bindings = bindings
        self._parsed = parsed or ParsedPolicies()

    def for_request(self, caller: Caller, need: Need) -> PolicySet:
        """The documents that have a say.

        Args:
            caller: who asks.
            need: what for.

        Raises:
            UnreadablePolicyError: one of them is no policy.
        """
        service, _, _ = need.action.partition(":")
        who = caller.principal
        attached = self._attached(who)
        bucket = need.resource.partition(":s3:::")[2].partition("/")[0]
        is_key = service == "kms" and ":key/" in need.resource
        return PolicySet(
            identity=self._several(attached.identity, PolicyKind.IDENTITY) if attached else (),
            boundary=self._boundary(attached),
            session=caller.session_policies,
            resource=self._resource(service, need),
            scps=self._scps(who, attached),
            rcps=self._rcps(service, need, attached),
            grants=tuple(_grant(one) for one in self._state.key_grants(need.resource)) if is_key else (),
            restrict_public_buckets=bool(bucket) and self._state.restricts_public(bucket, need.account),
        )

    def _attached(self, who: Principal) -> KeptPrincipal | None:
        """What hangs on the principal; nothing when it is not the one any more that it was."""
        if who.kind in _ROLES:
            kept = self._state.kept_role(who.role_arn)
        elif who.kind is PrincipalKind.USER:
            kept = self._state.kept_user(who.arn)
        else:
            return None
        if kept is None or (who.unique_id and who.unique_id.partition(":")[0] != kept.unique_id):
            return None
        return kept

    def _several(self, documents: Sequence[Document], kind: PolicyKind) -> tuple[Policy, ...]:
        return tuple([self._parsed.of(each, kind) for each in documents])

    def _boundary(self, attached: KeptPrincipal | None) -> tuple[Policy, ...] | None:
        if attached is None or attached.boundary is None:
            return None
        return (self._parsed.of(attached.boundary, PolicyKind.BOUNDARY),)

    def _resource(self, service: str, need: Need) -> Policy | None:
        arn = need.resource
        if service == "sts":
            trust = self._state.trust_policy(arn) if ":role/" in arn else None
            if trust is None:  # of a role that is not there, too, AWS says only that it may not be assumed
                return parse(
                    _NO_TRUST, PolicyKind.TRUST, name=arn.rpartition("/")[2], account=need.account, lenient=True
                )
            return self._one(trust, PolicyKind.TRUST, "trust", arn)
        if service == "kms":
            policy = self._state.key_policy(arn) if ":key/" in arn else None
            return self._one(policy, PolicyKind.KEY, "key", arn)
        found = self._state.resource_policy(arn, need.account) if arn != "*" else None
        if found is not None and service == "s3":
            return self._one(found, PolicyKind.RESOURCE, "bucket", found.name)
        return self._one(found, PolicyKind.RESOURCE, "", "")

    def _one(self, document: Document | None, kind: PolicyKind, bound_as: str, identifier: str) -> Policy | None:
        if document is None:
            return None
        ids = self._bindings.of(bound_as, identifier) if self._bindings is not None and bound_as else _NO_IDS
        return self._parsed.of(document, kind, ids)

    def _scps(self, who: Principal, attached: KeptPrincipal | None) -> tuple[Level, ...]:
        # docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html: not for the management
        # account, not for service-linked roles.
        if who.kind not in _IN_ACCOUNTS or (attached is not None and attached.service_linked):
            return ()
        member = self._state.member(who.account)
        if member is None or not member.scps or member.management == who.account:
            return ()
        return tuple(Level(level.name, self._several(level.scps, PolicyKind.SCP)) for level in member.levels)

    def _rcps(self, service: str, need: Need, attached: KeptPrincipal | None) -> tuple[Level, ...]:
        # docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html: not for resources of
        # the management account, calls of service-linked roles, AWS managed keys.
        if service not in _UNDER_RCPS or need.resource == "*" or (attached is not None and attached.service_linked):
            return ()
        member = self._state.member(need.account)
        if member is None or not member.rcps or member.management == need.account:
            return ()
        if service == "kms" and (need.action == "kms:RetireGrant" or self._state.key_is_managed(need.resource)):
            return ()
        return tuple(Level(level.name, self._several(level.rcps, PolicyKind.RCP)) for level in member.levels)


def _grant(grant: KeptGrant) -> KmsGrant:
    return KmsGrant(grant.grantee, grant.operations, grant.equals, grant.subset, grant.id)
