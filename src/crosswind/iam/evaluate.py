"""The decision: AWS's evaluation logic over one question and all documents that have a say.

docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html and
reference_policies_evaluation-logic-cross-account.html. In short:

- an explicit deny in any layer ends it;
- every level of RCPs and SCPs, and the VPC endpoint's policy, must allow;
- within one account, the resource's policy or the caller's own policies suffice, but a role's trust policy and a key's
  policy must allow in any case;
- across accounts both sides must allow;
- what the caller's boundary and session policy leave open depends on the form in which the resource's policy
  means the caller (`Reach`).
"""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

from crosswind.iam.considered import Considered, consider
from crosswind.iam.context import Question
from crosswind.iam.decision import Decision, Effect, Grantee, Layer, LayerResult, Verdict
from crosswind.iam.kms import across_accounts, granting, is_key
from crosswind.iam.policy import Level, Policy, PolicyKind, PolicySet
from crosswind.iam.public_access import cut_off
from crosswind.iam.request import Principal, PrincipalKind, Request

__all__ = ["decide", "governing"]


class Reach(IntEnum):
    """How far the resource's own policy lets the caller in, from least to most."""

    NONE = 0
    DELEGATED = 1  # the account is named: its own policies decide
    LIMITED = 2  # the role is named: no identity-based Allow is needed, but its boundary and session policy limit
    DIRECT = 3  # the session, user, service or everybody is named: only an explicit deny stands against it


_REACH = {Grantee.ACCOUNT: Reach.DELEGATED, Grantee.ROLE: Reach.LIMITED}

# Nobody's own policies apply to these: what the resource's policy says is all.
_WITHOUT_POLICIES = (PrincipalKind.SERVICE, PrincipalKind.ANONYMOUS, PrincipalKind.FEDERATED)

_TRUST_ACTIONS = ("sts:assumerole", "sts:tagsession", "sts:setsourceidentity")
_LAYER = {PolicyKind.TRUST: Layer.TRUST, PolicyKind.KEY: Layer.KEY}
# Their members by name: Python 3.11 calls a function for each `Verdict.ALLOW`, and a decision asks for some thirty.
_ALLOW, _EXPLICIT_DENY, _IMPLICIT_DENY, _NOT_APPLICABLE = Verdict
_RCP, _SCP, _ENDPOINT, _RESOURCE, _TRUST, _KEY, _GRANT, _PUBLIC_ACCESS, _IDENTITY, _BOUNDARY, _SESSION = Layer


def decide(request: Request, policies: PolicySet, *, whole: bool = True) -> Decision:
    """Decide one request.

    Args:
        request: who asks for what.
        policies: every document that has a say; `PolicySet` says what None and empty mean.
        whole: false leaves out of the answer the statements and the derived context keys: quicker, the same effect
            and the same verdict of each layer, but nothing to explain it with.

    Returns:
        The answer with every layer and every statement considered, in the order of AWS's evaluation. Never raises.
    """
    question = Question.of(request, bounded=policies.boundary is not None, whole=whole)
    principal, owner = request.principal, question.owner
    across = principal.kind not in _WITHOUT_POLICIES and principal.account != owner
    owner_side = _resource_side(question, policies, across)
    if principal.kind in _WITHOUT_POLICIES:
        callers = [absent(layer, principal.account) for layer in (_IDENTITY, _BOUNDARY, _SESSION)]
    else:
        both_sides = across and not owner_side.granted
        needs_identity = both_sides or owner_side.reach < Reach.LIMITED
        needs_limits = both_sides or owner_side.reach < Reach.DIRECT
        callers = _caller_side(question, policies, needs_identity, needs_limits)
    layers = (*_organization(question, policies), _endpoint(question, policies), *owner_side.layers, *callers)
    blocked_by = _blocking(layers)
    return Decision(_effect(blocked_by), question.completed() if whole else request, across, layers, blocked_by)


def _blocking(layers: tuple[LayerResult, ...]) -> LayerResult | None:
    """The layer that decided a denial: the first explicit deny, else the first required layer without an Allow."""
    missing = None
    for layer in layers:
        verdict = layer.verdict
        if verdict is _EXPLICIT_DENY:
            return layer
        if verdict is _IMPLICIT_DENY and layer.required and missing is None:
            missing = layer
    return missing


def _effect(blocked_by: LayerResult | None) -> Effect:
    if blocked_by is None:
        return Effect.ALLOW
    return Effect.EXPLICIT_DENY if blocked_by.verdict is _EXPLICIT_DENY else Effect.IMPLICIT_DENY


@lru_cache(maxsize=4096)
def absent(layer: Layer, account: str, note: str = "") -> LayerResult:
    """A layer without a document, or without a say."""
    return LayerResult(layer, account, _NOT_APPLICABLE, required=False, note=note)


def _verdict(considered: Considered) -> Verdict:
    if considered.denied:
        return _EXPLICIT_DENY
    return _ALLOW if considered.allowed else _IMPLICIT_DENY


# --- the organization and the endpoint ---------------------------------------------------------------------------


def _organization(question: Question, policies: PolicySet) -> list[LayerResult]:
    """RCPs of the resource's account, then SCPs of the caller's, level by level.

    Neither binds service-linked roles, and no SCP binds a principal without an account
    (docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html, ..._rcps.html).
    """
    principal, owner = question.request.principal, question.owner
    linked = ":role/aws-service-role/" in principal.role_arn
    note = "it does not bind service-linked roles" if linked else ""
    if not policies.rcps or linked:
        layers = [absent(_RCP, owner, note if policies.rcps else "")]
    else:
        layers = [_level(_RCP, level, owner, question) for level in policies.rcps]
    if principal.kind in _WITHOUT_POLICIES and policies.scps:
        note = "it does not bind principals that belong to no account"
    if not policies.scps or note:
        layers.append(absent(_SCP, principal.account, note if policies.scps else ""))
    else:
        layers += [_level(_SCP, level, principal.account, question) for level in policies.scps]
    return layers


def _level(layer: Layer, level: Level, account: str, question: Question) -> LayerResult:
    considered = consider(level.policies, question)
    verdict, note = _verdict(considered), ""
    if layer is _RCP and verdict is _IMPLICIT_DENY:
        verdict, note = _ALLOW, "RCPFullAWSAccess, which every level holds, allows"
    owner = next((each.account for each in level.policies if each.account), account)  # the management account
    return LayerResult(layer, owner, verdict, True, considered.statements, level.name, note)


def _endpoint(question: Question, policies: PolicySet) -> LayerResult:
    account = question.request.principal.account
    if not policies.endpoint:
        return absent(_ENDPOINT, account)
    considered = consider(policies.endpoint, question)
    owner = policies.endpoint[0].account or account
    return LayerResult(_ENDPOINT, owner, _verdict(considered), True, considered.statements)


# --- the resource's side ------------------------------------------------------------------------------------------


class _Owner(NamedTuple):
    """What the resource's account says.

    Args:
        layers: in order.
        reach: how far the caller is let in.
        granted: whether a KMS grant lets it in, so that nothing else needs to allow.
    """

    layers: tuple[LayerResult, ...]
    reach: Reach
    granted: bool = False


def _resource_side(question: Question, policies: PolicySet, across: bool) -> _Owner:
    request, document = question.request, policies.resource
    layer = governing(document, question.action)
    considered = consider((document,) if document else (), question)
    verdict, note = _verdict(considered), ""
    reach = _reach(considered.grantees, request.principal)
    if layer is _KEY and across and not across_accounts(question.action) and verdict is _ALLOW:
        verdict, reach = _IMPLICIT_DENY, Reach.NONE
        note = "no principal of another account may use this operation"
    extra, granted = _beside(question, policies)
    if granted:
        reach = max(reach, Reach.LIMITED)
    required = not granted and (
        across
        or request.principal.kind in _WITHOUT_POLICIES
        or (layer is not _RESOURCE and document is not None)
        or (layer is _KEY and is_key(request.resource))
    )
    if document is None and not required:
        own = absent(layer, question.owner)
    else:
        own = LayerResult(layer, question.owner, verdict, required, considered.statements, note=note)
    return _Owner((own, *extra), reach, granted)


def _reach(grantees: frozenset[Grantee], principal: Principal) -> Reach:
    if not grantees:
        return Reach.NONE
    if principal.kind is PrincipalKind.FEDERATED_USER:
        # The user behind the session may be named, then the session's policy limits as it does for a role.
        grantees = frozenset(Grantee.ROLE if each is Grantee.USER else each for each in grantees)
    return max([_REACH.get(each, Reach.DIRECT) for each in grantees])


def _beside(question: Question, policies: PolicySet) -> tuple[list[LayerResult], bool]:
    """What stands beside the resource's policy: KMS grants and S3 Block Public Access. And whether a grant allows."""
    owner, layers, granted = question.owner, [], False
    if policies.grants:
        grant = granting(policies.grants, question)
        granted = grant is not None
        verdict = _ALLOW if grant else _IMPLICIT_DENY
        note = f"grant {grant.id}".strip() if grant else "no grant allows"
        layers.append(LayerResult(_GRANT, owner, verdict, required=False, note=note))
    if policies.restrict_public_buckets and policies.resource is not None:
        cut = cut_off(policies.resource, question.request.principal, owner)
        verdict = _EXPLICIT_DENY if cut else _ALLOW
        note = "RestrictPublicBuckets is on, and the bucket policy is public" if cut else ""
        layers.append(LayerResult(_PUBLIC_ACCESS, owner, verdict, required=False, note=note))
    return layers, granted


def governing(document: Policy | None, action: str) -> Layer:
    """Which kind of document governs the resource.

    Args:
        document: of the resource, if there is one; its kind says it.
        action: in lower case; without a document it follows from the action.
    """
    if document is not None:
        return _LAYER.get(document.kind, _RESOURCE)
    if action.startswith("kms:"):
        return _KEY
    return _TRUST if action.startswith(_TRUST_ACTIONS) else _RESOURCE


# --- the caller's side --------------------------------------------------------------------------------------------


def _caller_side(
    question: Question, policies: PolicySet, needs_identity: bool, needs_limits: bool
) -> list[LayerResult]:
    """Identity-based policies, boundary and session policy of the caller's account."""
    principal = question.request.principal
    account = principal.account
    considered = consider(policies.identity, question)
    verdict, note = _verdict(considered), ""
    if principal.kind is PrincipalKind.ROOT:
        if verdict is _IMPLICIT_DENY:
            verdict, note = _ALLOW, "the root user is allowed everything in its account"
        limits = [absent(_BOUNDARY, account), absent(_SESSION, account)]
    else:
        limits = [
            _limit(_BOUNDARY, policies.boundary, question, needs_limits),
            _limit(_SESSION, policies.session, question, needs_limits),
        ]
    own = LayerResult(_IDENTITY, account, verdict, needs_identity, considered.statements, note=note)
    return [own, *limits]


def _limit(layer: Layer, documents: tuple[Policy, ...] | None, question: Question, required: bool) -> LayerResult:
    account = question.request.principal.account
    if documents is None:
        return absent(layer, account)
    considered = consider(documents, question)
    return LayerResult(layer, account, _verdict(considered), required, considered.statements)
