"""STS, ours entirely: sessions live in `identity`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from crosswind.local.edge.call import Call, Credentials, Handler, Principal, ServiceError
from crosswind.local.identity import Identities
from crosswind.local.protocol import service_model

__all__ = ["Sts"]

# https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
_SESSION_NAME = re.compile(r"[\w+=,.@-]*", re.ASCII)
_SHORTEST, _LONGEST, _CHAINED = 900, 43_200, 3_600
# https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
_TOKEN_DEFAULT, _TOKEN_LONGEST, _ROOT_LONGEST = 43_200, 129_600, 3_600
_KEPT = ("ExternalId", "Policy", "PolicyArns", "Tags", "TransitiveTagKeys", "SourceIdentity")


class Sts:
    """The service `sts`.

    Trust and ExternalId are not judged here but by the authorizer, which sees the call before this does. On AWS
    the root user may not assume a role; here it may, since a root key is how one enters the local world.

    Args:
        identities: where sessions are opened.
    """

    name = "sts"

    def __init__(self, identities: Identities) -> None:
        self._identities = identities
        ours: dict[str, Handler] = {
            "AssumeRole": self._assume_role,
            "GetCallerIdentity": self._get_caller_identity,
            "GetSessionToken": self._get_session_token,
        }
        names = service_model("sts").operation_names
        self._operations = {name: ours.get(name, _refuse) for name in names}

    @property
    def operations(self) -> Mapping[str, Handler]:
        """All of STS: what is not offered is refused here, never passed on."""
        return self._operations

    def _assume_role(self, call: Call) -> Mapping[str, Any]:
        asked = call.parameters
        name, arn = asked["RoleSessionName"], asked["RoleArn"]
        duration = asked.get("DurationSeconds", _CHAINED)
        _check_session_name(name)
        _check_duration(duration, _LONGEST)
        role = self._identities.role(arn)
        if role is None:
            raise _not_authorized(call.principal, arn)
        if duration > role.max_session:
            raise _invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
        if duration > _CHAINED and self._identities.session(call.principal.access_key) is not None:
            raise _invalid(
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
            )
        details = {key: asked[key] for key in _KEPT if key in asked}
        credentials, principal = self._identities.issue(arn, name, duration, details=details)
        output = {
            "Credentials": _printed(credentials),
            "AssumedRoleUser": {"AssumedRoleId": principal.user_id, "Arn": principal.arn},
        }
        if "SourceIdentity" in asked:
            output["SourceIdentity"] = asked["SourceIdentity"]
        return output

    def _get_caller_identity(self, call: Call) -> Mapping[str, Any]:
        who = call.principal
        return {"UserId": who.user_id, "Account": who.account, "Arn": who.arn}

    def _get_session_token(self, call: Call) -> Mapping[str, Any]:
        if self._identities.session(call.principal.access_key) is not None:
            raise ServiceError("AccessDenied", "Cannot call GetSessionToken with session credentials", 403)
        if "SerialNumber" in call.parameters or "TokenCode" in call.parameters:
            raise ServiceError("NotImplemented", "The local world has no MFA devices.", 501)
        root = call.principal.arn.endswith(":root")
        duration = call.parameters.get("DurationSeconds", _ROOT_LONGEST if root else _TOKEN_DEFAULT)
        _check_duration(duration, _TOKEN_LONGEST)
        credentials, _ = self._identities.issue_token(
            call.principal, min(duration, _ROOT_LONGEST) if root else duration
        )
        return {"Credentials": _printed(credentials)}


def _refuse(call: Call) -> Mapping[str, Any]:
    raise ServiceError("NotImplemented", f"The local world does not offer sts:{call.operation}.", 501)


def _printed(credentials: Credentials) -> dict[str, Any]:
    return {
        "AccessKeyId": credentials.access_key,
        "SecretAccessKey": credentials.secret_key,
        "SessionToken": credentials.session_token,
        "Expiration": datetime.fromtimestamp(int(credentials.expires), UTC),
    }


def _check_session_name(name: str) -> None:
    problem = ""
    if len(name) < 2:
        problem = "Member must have length greater than or equal to 2"
    elif len(name) > 64:
        problem = "Member must have length less than or equal to 64"
    elif not _SESSION_NAME.fullmatch(name):
        problem = r"Member must satisfy regular expression pattern: [\w+=,.@-]*"
    if problem:
        raise _invalid(
            f"1 validation error detected: Value '{name}' at 'roleSessionName' failed to satisfy constraint: {problem}"
        )


def _check_duration(duration: int, longest: int) -> None:
    if _SHORTEST <= duration <= longest:
        return
    problem = (
        f"Member must have value greater than or equal to {_SHORTEST}"
        if duration < _SHORTEST
        else f"Member must have value less than or equal to {longest}"
    )
    raise _invalid(
        f"1 validation error detected: Value '{duration}' at 'durationSeconds' failed to satisfy constraint: {problem}"
    )


def _invalid(message: str) -> ServiceError:
    return ServiceError("ValidationError", message, 400)


def _not_authorized(principal: Principal, role: str) -> ServiceError:
    # AWS does not say whether the role exists.
    text = f"User: {principal.arn} is not authorized to perform: sts:AssumeRole on resource: {role}"
    return ServiceError("AccessDenied", text, 403)
