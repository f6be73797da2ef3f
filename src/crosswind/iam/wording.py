"""The words in which AWS itself refuses, and the policy type that they name."""

from __future__ import annotations

from collections.abc import Iterable

from crosswind.iam.decision import Decision, Effect, Grantee, Layer, LayerResult, Verdict

__all__ = ["aws_layer", "aws_policy_type", "plain", "sentence"]

_RESOURCE_SIDE = (Layer.RESOURCE, Layer.TRUST, Layer.KEY, Layer.GRANT)
_ORGANIZATION = (Layer.RCP, Layer.SCP)
# Of several explicit denies AWS names one. An identity-based one comes before a resource-based one (measured); the
# rest keeps the order of the evaluation.
_DENIES = (
    Layer.RCP,
    Layer.SCP,
    Layer.ENDPOINT,
    Layer.IDENTITY,
    Layer.BOUNDARY,
    Layer.SESSION,
    *_RESOURCE_SIDE,
    Layer.PUBLIC_ACCESS,
)
_TYPES = {
    Layer.IDENTITY: "identity-based",
    Layer.RESOURCE: "resource-based",
    Layer.KEY: "resource-based",  # a key policy is a resource-based policy to AWS's messages
    Layer.GRANT: "resource-based",
    Layer.TRUST: "role trust",
    Layer.BOUNDARY: "permissions boundary",
    Layer.SESSION: "session",
    Layer.SCP: "service control",
    Layer.RCP: "resource control",
    Layer.ENDPOINT: "VPC endpoint",
}
_WITH_ARN = (Layer.SCP, Layer.RCP, Layer.BOUNDARY, Layer.SESSION, Layer.IDENTITY)


def sentence(decision: Decision) -> str:
    """AWS's own sentence for a denial, word for word; empty for an Allow.

    Services differ in what they put around it, and in the error's code; S3 quotes the resource, and gives no more
    than `Access Denied` to callers outside the owner's account and organization.

    Sources: docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html;
    docs.aws.amazon.com/AmazonS3/latest/userguide/troubleshoot-403-errors.html; policy ARNs: AWS Security Blog,
    "Enhanced access denied error messages with policy ARNs".
    """
    if decision.allowed:
        return ""
    if plain(decision):
        return "Access Denied"
    request = decision.request
    who = request.principal.arn or "anonymous"
    text = f"User: {who} is not authorized to perform: {request.action}"
    # s3:ListAllMyBuckets is asked on arn:aws:s3:::*, which AWS's sentence leaves out as it does `*`.
    if request.resource not in ("", "*") and not request.resource.endswith(":s3:::*"):
        quote = '"' if _is_s3(decision) else ""
        text += f" on resource: {quote}{request.resource}{quote}"
    return f"{text} {_reason(decision)}".rstrip()


def aws_policy_type(decision: Decision) -> str | None:
    """The policy type that AWS's message names; None for an Allow.

    Across accounts it may be the wrong side's: when the resource's policy allows the caller's *account*, and the
    caller's own policies allow nothing, AWS names the resource-based policy (measured on AWS).

    Returns:
        `identity-based`, `resource-based`, `role trust`, `permissions boundary`, `session`, `service control`,
        `resource control` or `VPC endpoint`.
    """
    found = aws_layer(decision)
    return _TYPES.get(found.layer) if found else None


def aws_layer(decision: Decision) -> LayerResult | None:
    """The layer whose type AWS's message names; None for an Allow, or when no layer is known."""
    if decision.allowed:
        return None
    if decision.effect is Effect.EXPLICIT_DENY:
        denying = [each for each in decision.layers if each.verdict is Verdict.EXPLICIT_DENY]
        return min(denying, key=lambda each: _DENIES.index(each.layer), default=decision.blocked_by)
    blocked = decision.blocked_by
    if blocked is None or blocked.layer not in (Layer.IDENTITY, *_RESOURCE_SIDE):
        return blocked
    identity = _first(decision.layers, (Layer.IDENTITY,))
    resource = _first(decision.layers, _RESOURCE_SIDE)
    if decision.cross_account:
        return identity if resource is not None and _names_the_caller(resource) else resource or identity
    # In one account either of the two suffices; AWS then names the identity-based one.
    return identity if identity is not None and blocked.layer is Layer.RESOURCE else blocked


def plain(decision: Decision) -> bool:
    """Whether the service tells nothing but `Access Denied`."""
    blocked = decision.blocked_by
    if blocked is not None and blocked.layer is Layer.PUBLIC_ACCESS:
        return True
    return _is_s3(decision) and not _kept_in_the_family(decision)


def _reason(decision: Decision) -> str:
    layer = aws_layer(decision)
    if layer is None or layer.layer not in _TYPES:
        return ""
    kind = layer.layer
    noun = _TYPES[kind] if kind is Layer.BOUNDARY else f"{_TYPES[kind]} policy"
    if layer.verdict is not Verdict.EXPLICIT_DENY:
        return f"because no {noun} allows the {decision.request.action} action"
    article = "the" if kind is Layer.TRUST else "an" if noun.startswith("identity") else "a"
    arn = _denying_arn(layer) if kind in _WITH_ARN and _kept_in_the_family(decision) else ""
    return f"with an explicit deny in {article} {noun}" + (f": {arn}" if arn else "")


def _first(layers: Iterable[LayerResult], kinds: tuple[Layer, ...]) -> LayerResult | None:
    """The layer of some kinds that has most to say: one that allows, else one that misses, else any."""
    rank = {Verdict.ALLOW: 0, Verdict.EXPLICIT_DENY: 1, Verdict.IMPLICIT_DENY: 2, Verdict.NOT_APPLICABLE: 3}
    return min((each for each in layers if each.layer in kinds), key=lambda each: rank[each.verdict], default=None)


def _names_the_caller(layer: LayerResult) -> bool:
    """Whether a resource's policy allows the caller itself, and not merely its account."""
    if layer.verdict is not Verdict.ALLOW:
        return False
    allowing = [each for each in layer.statements if each.matched and each.statement.effect == "Allow"]
    return any(each.grantee is not Grantee.ACCOUNT for each in allowing) or layer.layer is Layer.GRANT


def _denying_arn(layer: LayerResult) -> str:
    return next((s.statement.arn for s in layer.statements if s.matched and s.statement.effect == "Deny"), "")


def _is_s3(decision: Decision) -> bool:
    return decision.request.action.lower().startswith("s3:")


def _kept_in_the_family(decision: Decision) -> bool:
    """Whether caller and owner are of one account or of one organization."""
    if not decision.cross_account:
        return bool(decision.request.principal.account)
    context = {key.lower(): value for key, value in decision.request.context.items()}
    caller = context.get("aws:principalorgid")
    return bool(caller) and caller == context.get("aws:resourceorgid")
