"""Policy documents, parsed once, and the set of them that has a say over one request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from crosswind.iam.conditions import Condition
from crosswind.iam.decision import StatementResult
from crosswind.iam.grammar import VERSIONS, WITH_PRINCIPAL, Checker, PolicyError, texts
from crosswind.iam.kinds import PolicyKind
from crosswind.iam.match import Patterns, action_patterns, resource_patterns
from crosswind.iam.principals import Principals
from crosswind.iam.variables import Values

__all__ = ["KmsGrant", "Level", "Policy", "PolicyError", "PolicyKind", "PolicySet", "Statement", "parse"]


@dataclass(frozen=True, eq=False, slots=True)
class Statement:
    """One statement, made ready for matching.

    Args:
        policy: the policy's name, for people.
        arn: the policy's ARN, empty for inline policies and resource policies.
        index: its place in the document, from 0.
        sid: its Sid, else empty.
        effect: Allow or Deny.
        principals, not_principals, actions, not_actions, resources, not_resources: the texts as written; empty where
            the element is absent.
        conditions: all of them must be met.
        raw: the statement as it came.
        means_principal: whom it means; None in kinds of document that name no principal.
        means_action, means_resource: the patterns; None for a statement without Resource and NotResource.
    """

    policy: str
    arn: str
    index: int
    sid: str
    effect: str
    principals: tuple[str, ...] = ()
    not_principals: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    not_resources: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)
    means_principal: Principals | None = field(default=None, repr=False)
    means_action: Patterns = field(default_factory=lambda: action_patterns(()), repr=False)
    means_resource: Patterns | None = field(default=None, repr=False)
    negates_principal: bool = field(default=False, repr=False)
    negates_action: bool = field(default=False, repr=False)
    negates_resource: bool = field(default=False, repr=False)

    def means(self, action: str) -> bool:
        """Whether Action or NotAction means an action, in lower case."""
        patterns = self.means_action
        search = patterns.search
        found = (
            action in patterns.exact
            or action.startswith(patterns.prefixes)
            or (search is not None and search(action) is not None)
        )
        return found is not self.negates_action

    def covers(self, resource: str, values: Values) -> bool:
        """Whether Resource or NotResource means a resource; true for a statement without either.

        Args:
            resource: the ARN.
            values: the request's context, for policy variables.
        """
        patterns = self.means_resource
        if patterns is None:
            return True
        search = patterns.search
        found = (
            resource.startswith(patterns.prefixes)
            or resource in patterns.exact
            or (search is not None and search(resource) is not None)
            or (bool(patterns.templates) and patterns.match_templates(resource, values))
        )
        if self.negates_resource:
            # A variable without a value matches nothing, and its negation no more.
            return not found and patterns.resolvable(values)
        return found


Outcomes = tuple[StatementResult, StatementResult, StatementResult, StatementResult]
"""A statement's results when principal and conditions have no say: `2 * action + resource` is the index."""

Ready = tuple[Statement, Outcomes]
"""A statement with its outcomes made in advance, so that a decision makes few objects."""

_ACTIONS_KEPT = 256  # of one policy


@dataclass(frozen=True, eq=False, slots=True)
class Policy:
    """One document, parsed.

    Args:
        kind: what it is attached to.
        name: for people.
        arn: of a managed policy, else empty.
        account: who owns it.
        statements: in the document's order.
        ready: each statement with its outcomes.
    """

    kind: PolicyKind
    name: str
    arn: str
    account: str
    statements: tuple[Statement, ...]
    ready: tuple[Ready, ...] = field(default=(), repr=False)
    _about: dict[str, tuple[tuple[bool, ...], tuple[Ready, ...]]] = field(default_factory=dict, init=False, repr=False)

    def about(self, action: str) -> tuple[tuple[bool, ...], tuple[Ready, ...]]:
        """Whether each statement means an action, and those that do.

        It follows from the document alone, so it is kept.

        Args:
            action: in lower case.
        """
        found = self._about.get(action)
        if found is None:
            means = tuple([statement.means(action) for statement, _ in self.ready])
            found = means, tuple([ready for ready, meant in zip(self.ready, means, strict=True) if meant])
            if len(self._about) >= _ACTIONS_KEPT:
                self._about.clear()
            self._about[action] = found
        return found


@dataclass(frozen=True, slots=True)
class Level:
    """One level of an organization (`Root`, an organizational unit, the account): one of its policies must allow."""

    name: str
    policies: tuple[Policy, ...]


@dataclass(frozen=True, slots=True)
class KmsGrant:
    """A grant of a KMS key.

    Args:
        grantee: the ARN of a user, role, session or account root, or a service's name.
        operations: such as `Decrypt`.
        equals: the encryption context that a request must carry, nothing more (EncryptionContextEquals).
        subset: the encryption context that a request must carry at least (EncryptionContextSubset).
        id: the grant's.
    """

    grantee: str
    operations: tuple[str, ...]
    equals: Mapping[str, str] = field(default_factory=dict)
    subset: Mapping[str, str] = field(default_factory=dict)
    id: str = ""


class PolicySet(NamedTuple):
    """All documents that have a say over one request.

    Args:
        identity: of the caller's user (its groups' too) or role.
        boundary: of the user or role; None without one. Several documents allow together.
        session: passed when the session was made; None when it has none, `()` for a federated user's session that
            was made without one and so has no rights of its user's.
        resource: the resource's policy, a role's trust policy or a key's policy; None when there is none.
        scps: of the caller's organization, from the root down to the account. Empty outside an organization and for
            its management account, which no SCP binds.
        rcps: of the resource owner's organization. RCPFullAWSAccess need not be listed: each level allows.
        endpoint: of the VPC endpoint that the request passes; empty without one.
        grants: of the KMS key.
        restrict_public_buckets: S3 Block Public Access's RestrictPublicBuckets, of the bucket or its account.
    """

    identity: tuple[Policy, ...] = ()
    boundary: tuple[Policy, ...] | None = None
    session: tuple[Policy, ...] | None = None
    resource: Policy | None = None
    scps: tuple[Level, ...] = ()
    rcps: tuple[Level, ...] = ()
    endpoint: tuple[Policy, ...] = ()
    grants: tuple[KmsGrant, ...] = ()
    restrict_public_buckets: bool = False


def parse(
    document: str | Mapping[str, Any],
    kind: PolicyKind,
    *,
    name: str = "",
    arn: str = "",
    account: str = "",
    ids: Mapping[str, str] | None = None,
    lenient: bool = False,
) -> Policy:
    """Parse and check one document.

    Args:
        document: JSON text, or what it holds.
        kind: what it is attached to.
        name: for people and errors.
        arn: of a managed policy.
        account: who owns it.
        ids: the unique ids (`AROA...`, `AIDA...`) that principals written in the document had when it was stored.
            Such a principal means only the role or user of that id, so that deleting it and creating it again breaks
            the trust (docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html). Also
            canonical user ids and their accounts.
        lenient: read what AWS would refuse, as far as it has a meaning; for documents of other tools.

    Raises:
        PolicyError: AWS would refuse the document. It names policy, statement, element and what is valid.
    """
    checker = Checker(kind, name, lenient=lenient)
    whole = checker.document(document)
    variables = whole.get("Version") == VERSIONS[0]
    statements = []
    for index, raw in enumerate(checker.statements(whole)):
        checker.enter(index, raw)
        statement = _statement(checker, raw, kind, variables, ids or {}, (name or arn, arn, index))
        if not lenient:
            for condition in statement.conditions:
                for fault in condition.faults:
                    raise checker.error(f"{condition.operator} {condition.key}: {fault}", "Condition")
        statements.append(statement)
    return Policy(kind, name, arn, account, tuple(statements), tuple((each, _outcomes(each)) for each in statements))


def _statement(
    checker: Checker,
    raw: Mapping[str, Any],
    kind: PolicyKind,
    variables: bool,
    ids: Mapping[str, str],
    place: tuple[str, str, int],
) -> Statement:
    checker.shape(raw)
    name, arn, index = place
    sid = raw.get("Sid", "")
    named = checker.principals(raw, "Principal") if kind in WITH_PRINCIPAL else []
    spared = checker.principals(raw, "NotPrincipal") if kind in WITH_PRINCIPAL and not named else []
    actions, not_actions = texts(raw.get("Action")), texts(raw.get("NotAction"))
    resources, not_resources = texts(raw.get("Resource")), texts(raw.get("NotResource"))
    if kind is PolicyKind.TRUST:
        resources = not_resources = ()  # the role itself is meant, and nothing else can be
    has_resource = bool(resources or not_resources) or (kind not in WITH_PRINCIPAL)
    return Statement(
        policy=name,
        arn=arn,
        index=index,
        sid=sid if isinstance(sid, str) else str(sid),
        effect=checker.effect(raw),
        principals=tuple(text for _, text in named),
        not_principals=tuple(text for _, text in spared),
        actions=actions,
        not_actions=not_actions,
        resources=resources,
        not_resources=not_resources,
        conditions=tuple(
            Condition(operator, key, values, variables=variables) for operator, key, values in checker.conditions(raw)
        ),
        raw=raw,
        means_principal=Principals(spared or named, ids) if kind in WITH_PRINCIPAL else None,
        means_action=action_patterns(actions or not_actions),
        means_resource=resource_patterns(resources or not_resources, variables=variables) if has_resource else None,
        negates_principal=bool(spared),
        negates_action=bool(not_actions) and not actions,
        negates_resource=bool(not_resources) and not resources,
    )


def _outcomes(statement: Statement) -> Outcomes:
    """The results for every outcome of action and resource; of conditions only that there are none to look at."""
    unseen = None if statement.conditions else ()
    none = statement.means_resource is None

    def result(action: bool, resource: bool) -> StatementResult:
        return StatementResult(statement, None, action, None if none else resource, unseen)

    return (result(False, False), result(False, True), result(True, False), result(True, True))
