"""What AssumeRole takes: the request's rules, and the terms of the session that it asks for.

Source: docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html; .../IAM/latest/UserGuide/id_session-tags.html
(tags, transitive keys), .../id_credentials_temp_control-access_monitor.html (source identity),
.../reference_iam-quotas.html (the packed size).
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from crosswind import iam
from crosswind.local.edge.call import ServiceError
from crosswind.local.sessions import Session, Terms

__all__ = ["check_duration", "check_request", "invalid", "packed_size", "terms_of"]

SHORTEST = 900
_WORD = re.compile(r"[\w+=,.@-]*", re.ASCII)
_EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]*", re.ASCII)
# AWS: letters, numbers and separators of any script (\p{L}\p{Z}\p{N}), which \w and \s stand for.
_TAG_KEY = re.compile(r"[\w\s.:/=+\-@]+")
_TAG_VALUE = re.compile(r"[\w\s.:/=+\-@]*")
_POLICY_LENGTH = 2_048
_MOST_ARNS, _MOST_TAGS = 10, 50
# AWS does not publish the packed form. This is the size of what zlib makes of policies and tags: near enough to
# show that the limit exists, not where it lies to the byte.
_PACKED_BYTES = 2_048


def check_request(asked: Mapping[str, Any]) -> None:
    """Check the members of an AssumeRole request that stand for themselves.

    Raises:
        ServiceError: in AWS's words; `NotImplemented` for MFA and provided contexts.
    """
    for member in ("SerialNumber", "TokenCode", "ProvidedContexts"):
        if member in asked:
            what = "trusted token issuers" if member == "ProvidedContexts" else "MFA devices"
            raise ServiceError("NotImplemented", f"The local world has no {what}.", 501)
    _check_text(asked["RoleArn"], "roleArn", 20, 2_048)
    _check_text(asked["RoleSessionName"], "roleSessionName", 2, 64, _WORD)
    if "ExternalId" in asked:
        _check_text(asked["ExternalId"], "externalId", 2, 1_224, _EXTERNAL_ID)
    if "SourceIdentity" in asked:
        _check_text(asked["SourceIdentity"], "sourceIdentity", 2, 64, _WORD)
        if asked["SourceIdentity"].lower().startswith("aws:"):
            raise invalid("SourceIdentity must not begin with aws:")
    _check_tags(asked.get("Tags", ()), asked.get("TransitiveTagKeys", ()))


def check_duration(duration: int, longest: int) -> None:
    """Check a number of seconds against the API's own limits."""
    if SHORTEST <= duration <= longest:
        return
    problem = (
        f"Member must have value greater than or equal to {SHORTEST}"
        if duration < SHORTEST
        else f"Member must have value less than or equal to {longest}"
    )
    raise _constraint(str(duration), "durationSeconds", problem)


def terms_of(asked: Mapping[str, Any], caller: Session | None, known: Callable[[str], bool]) -> Terms:
    """The terms of the session that a checked request asks for.

    Args:
        asked: the AssumeRole request.
        caller: the session that asks; None for a user or root.
        known: whether a managed policy with this ARN exists for the role's account.

    Raises:
        ServiceError: a policy that does not parse or exist; a tag or a source identity that the chain has fixed.
    """
    before = caller.terms if caller is not None else Terms()
    inherited = before.transitive_tags
    taken = {key.casefold() for key in inherited}
    given = {str(tag["Key"]): str(tag["Value"]) for tag in asked.get("Tags", ())}
    if any(key.casefold() in taken for key in given):
        text = (
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key "
            "from the calling session."
        )
        raise ServiceError("InvalidParameterValue", text, 400)
    wanted = {str(key).casefold() for key in asked.get("TransitiveTagKeys", ())}
    identity = str(asked.get("SourceIdentity", "") or before.source_identity)
    if before.source_identity and identity != before.source_identity:
        # AWS says that it cannot be changed, not in which words it refuses.
        raise ServiceError(
            "AccessDenied",
            f"The calling session has the source identity {before.source_identity}, which cannot be changed.",
            403,
        )
    arns = tuple(str(item["arn"]) for item in asked.get("PolicyArns", ()))
    _check_policies(str(asked.get("Policy", "")), arns, known)
    return Terms(
        policy=str(asked.get("Policy", "")),
        policy_arns=arns,
        tags=inherited | given,
        transitive=frozenset(inherited) | {key for key in given if key.casefold() in wanted},
        source_identity=identity,
        chained=caller is not None and bool(caller.role_arn),
    )


def packed_size(terms: Terms) -> int | None:
    """PackedPolicySize: how much of the room for policies and tags is used, in percent; None when there are none.

    An approximation, since AWS's packed form is not published.

    Raises:
        ServiceError: PackedPolicyTooLarge.
    """
    if not (terms.policy or terms.policy_arns or terms.tags):
        return None
    policies = "".join((terms.policy, *terms.policy_arns))
    tags = json.dumps(dict(terms.tags), separators=(",", ":")) if terms.tags else ""
    size = -(-100 * len(zlib.compress((policies + tags).encode(), 9)) // _PACKED_BYTES)
    if size > 100:
        what = "Packed policy" if policies else "Packed size of session tags"
        hint = ", please use smaller policy" if policies else ""
        raise ServiceError("PackedPolicyTooLarge", f"{what} consumes {size}% of allotted space{hint}.", 400)
    return size


def invalid(message: str) -> ServiceError:
    """A request that breaks a rule of the API."""
    return ServiceError("ValidationError", message, 400)


def _check_policies(policy: str, arns: Sequence[str], known: Callable[[str], bool]) -> None:
    if len(policy) + sum(map(len, arns)) > _POLICY_LENGTH:
        raise _constraint(
            policy or arns[0], "policy", f"Member must have length less than or equal to {_POLICY_LENGTH}"
        )
    if len(arns) > _MOST_ARNS:
        problem = f"Member must have length less than or equal to {_MOST_ARNS}"
        raise _constraint(f"[{', '.join(arns)}]", "policyArns", problem)
    for arn in arns:
        if not known(arn):
            raise invalid(f"Policy {arn} does not exist or is not attachable.")
    if policy:
        try:
            iam.parse(policy, iam.PolicyKind.SESSION, name="session policy")
        except iam.PolicyError as error:
            raise ServiceError("MalformedPolicyDocument", error.aws, 400) from error


def _check_tags(tags: Sequence[Mapping[str, str]], transitive: Sequence[str]) -> None:
    if len(tags) > _MOST_TAGS:
        raise _constraint("tags", "tags", f"Member must have length less than or equal to {_MOST_TAGS}")
    if len(transitive) > _MOST_TAGS:
        problem = f"Member must have length less than or equal to {_MOST_TAGS}"
        raise _constraint("transitiveTagKeys", "transitiveTagKeys", problem)
    keys: set[str] = set()
    for position, tag in enumerate(tags, 1):
        key, value = tag["Key"], tag["Value"]
        _check_text(key, f"tags.{position}.member.key", 1, 128, _TAG_KEY)
        _check_text(value, f"tags.{position}.member.value", 0, 256, _TAG_VALUE)
        if key.lower().startswith("aws:"):
            raise ServiceError("InvalidParameterValue", "Tag keys beginning with aws: are reserved.", 400)
        if key.casefold() in keys:
            text = "Duplicate tag keys found. Please note that Tag keys are case insensitive."
            raise ServiceError("InvalidParameterValue", text, 400)
        keys.add(key.casefold())
    if any(key.casefold() not in keys for key in transitive):
        text = "The specified transitive tag key must be included in the requested tags."
        raise ServiceError("InvalidParameterValue", text, 400)


def _check_text(value: str, member: str, shortest: int, longest: int, pattern: re.Pattern[str] | None = None) -> None:
    problem = ""
    if len(value) < shortest:
        problem = f"Member must have length greater than or equal to {shortest}"
    elif len(value) > longest:
        problem = f"Member must have length less than or equal to {longest}"
    elif pattern is not None and not pattern.fullmatch(value):
        problem = f"Member must satisfy regular expression pattern: {pattern.pattern}"
    if problem:
        raise _constraint(value, member, problem)


def _constraint(value: str, member: str, problem: str) -> ServiceError:
    return invalid(
        f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {problem}"
    )
