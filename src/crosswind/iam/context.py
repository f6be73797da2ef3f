"""The question, completed: the keys that follow from principal and resource, in the form that matching needs.

docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html and
reference_policies_variables.html (the table of principal key values).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from crosswind.iam.request import Principal, PrincipalKind, Request
from crosswind.iam.variables import Values

__all__ = ["Question"]

_TYPES = {
    PrincipalKind.ROOT: "Account",
    PrincipalKind.USER: "User",
    PrincipalKind.ROLE: "AssumedRole",
    PrincipalKind.SESSION: "AssumedRole",
    PrincipalKind.FEDERATED_USER: "FederatedUser",
    PrincipalKind.ANONYMOUS: "Anonymous",
}


class Question(NamedTuple):
    """A request as the matching sees it.

    Args:
        request: as it was asked.
        action: in lower case.
        owner: the resource's account.
        values: the context, keys in lower case, several values in a tuple, the derived ones included.
        bounded: whether the caller has a permissions boundary.
        whole: whether every statement's outcome is wanted too.
    """

    request: Request
    action: str
    owner: str
    values: Values
    bounded: bool = False
    whole: bool = True

    @classmethod
    def of(cls, request: Request, *, bounded: bool = False, whole: bool = True) -> Question:
        """Complete a request. What the caller gave is never replaced."""
        principal = request.principal
        owner = request.resource_account or _account(request.resource) or principal.account
        action = request.action.lower()
        values: dict[str, str | tuple[str, ...]] = dict(_of_principal(principal)[1])
        if owner:
            values["aws:resourceaccount"] = owner
        if principal.account and action.startswith("kms:"):
            values["kms:calleraccount"] = principal.account
        for key, value in request.context.items():
            if type(value) is str:
                values[key.lower()] = value
            elif value is not None:  # JSON's null: the key is absent
                values[key.lower()] = _texts(value)
        return cls(request, action, owner, values, bounded, whole)

    def completed(self) -> Request:
        """The request with `resource_account` and the derived context keys filled in."""
        asked = self.request
        found = {
            key: value if type(value) is str else _texts(value)
            for key, value in asked.context.items()
            if value is not None
        }
        given = {key.lower() for key in found}
        derived = dict(_of_principal(asked.principal)[0])
        if self.owner:
            derived["aws:ResourceAccount"] = self.owner
        if asked.principal.account and self.action.startswith("kms:"):
            derived["kms:CallerAccount"] = asked.principal.account
        found |= {key: text for key, text in derived.items() if key.lower() not in given}
        return Request(asked.action, asked.resource, asked.principal, self.owner, found)


def _texts(value: object) -> str | tuple[str, ...]:
    """A context value as text; other engines' cases carry numbers and truth values."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple | set | frozenset):
        return tuple(text for each in value for text in _flat(_texts(each)))
    return str(value)


def _flat(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value


def _account(arn: str) -> str:
    """The account in an ARN; empty where there is none, as in a bucket's."""
    parts = arn.split(":", 5)
    found = parts[4] if len(parts) == 6 else ""
    return found if found.isdigit() else ""


@lru_cache(maxsize=4096)
def _of_principal(principal: Principal) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """The keys that follow from the principal, as AWS spells them and in lower case."""
    kind = principal.kind
    service = kind is PrincipalKind.SERVICE
    derived = {"aws:PrincipalIsAWSService": "true" if service else "false"}
    if service:
        derived["aws:PrincipalServiceName"] = principal.arn
    elif kind is PrincipalKind.ANONYMOUS:
        derived["aws:PrincipalType"] = "Anonymous"
    elif kind is not PrincipalKind.FEDERATED:
        derived["aws:PrincipalType"] = _TYPES[kind]
        derived["aws:PrincipalArn"] = principal.role_arn if kind is PrincipalKind.SESSION else principal.arn
        derived["aws:PrincipalAccount"] = principal.account
        derived |= _names(principal)
    return derived, {key.lower(): value for key, value in derived.items()}


def _names(principal: Principal) -> Mapping[str, str]:
    """`aws:userid` and `aws:username`, which are not the same for every kind."""
    kind, unique_id = principal.kind, principal.unique_id
    name = principal.arn.rpartition("/")[2]
    if kind is PrincipalKind.ROOT:
        return {"aws:userid": principal.account}
    if kind is PrincipalKind.USER:
        return {"aws:username": name} | ({"aws:userid": unique_id} if unique_id else {})
    if kind is PrincipalKind.FEDERATED_USER:
        return {"aws:userid": f"{principal.account}:{name}"}
    if kind is PrincipalKind.SESSION and unique_id:
        return {"aws:userid": unique_id if ":" in unique_id else f"{unique_id}:{name}"}
    return {}
