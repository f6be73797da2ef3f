"""STS, ours entirely: sessions live in `sessions`, their rules in `sts_rules`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from crosswind.local.edge.call import Call, Credentials, Handler, Principal, ServiceError
from crosswind.local.identity import Identities
from crosswind.local.protocol import service_model
from crosswind.local.sts_rules import check_duration, check_request, invalid, packed_size, terms_of

__all__ = ["Sts"]

# docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
_LONGEST, _CHAINED = 43_200, 3_600
# docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
_TOKEN_DEFAULT, _TOKEN_LONGEST, _ROOT_LONGEST = 43_200, 129_600, 3_600


class Sts:
    """The service `sts`.

    Trust and ExternalId are not judged here but by the authorizer, which sees the call before this does. On AWS
    the root user may not assume a role ("Roles may not be assumed by root accounts."); here it may, where the
    role's trust lets it, since a root key is how one enters the local world.

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
        check_request(asked)
        arn = asked["RoleArn"]
        duration = asked.get("DurationSeconds", _CHAINED)
        check_duration(duration, _LONGEST)
        role = self._identities.role(arn)
        if role is None:
            raise _not_authorized(call.principal, arn)
        if duration > role.max_session:
            raise invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
        caller = self._identities.session(call.principal.access_key)
        terms = terms_of(
            asked, caller, lambda policy: self._identities.managed_policy(role.account, policy) is not None
        )
        if duration > _CHAINED and terms.chained:
            raise invalid(
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining"
            )
        size = packed_size(terms)
        credentials, principal = self._identities.issue(arn, asked["RoleSessionName"], duration, terms=terms)
        output: dict[str, Any] = {
            "Credentials": _printed(credentials),
            "AssumedRoleUser": {"AssumedRoleId": principal.user_id, "Arn": principal.arn},
        }
        if size is not None:
            output["PackedPolicySize"] = size
        if terms.source_identity:
            output["SourceIdentity"] = terms.source_identity
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
        check_duration(duration, _TOKEN_LONGEST)
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


def _not_authorized(principal: Principal, role: str) -> ServiceError:
    # AWS does not say whether the role exists. IAM lets through who may assume any role of the own account.
    text = f"User: {principal.arn} is not authorized to perform: sts:AssumeRole on resource: {role}"
    return ServiceError("AccessDenied", text, 403)
