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
        derived: the keys that follow from principal and resource and were not given, as AWS spells them.
        bounded: whether the caller has a permissions boundary.
        whole: whether the statements that are not about the action are wanted too.
    """

    request: Request
    action: str
    owner: str
    values: Values
    derived: Values
    bounded: bool = False
    whole: bool = True

    @classmethod
    def of(cls, request: Request, *, bounded: bool = False, whole: bool = True) -> Question:
        """Complete a request. What the caller gave is never replaced."""
        principal = request.principal
        owner = request.resource_account or _account(request.resource) or principal.account
        action = request.action.lower()
        values: dict[str, str | tuple[str, ...]] = {}
        for key, value in request.context.items():
            if type(value) is str:
                values[key.lower()] = value
            elif value is not None:  # JSON's null: the key is absent
                values[key.lower()] = _texts(value)
        derived: dict[str, str | tuple[str, ...]] = {}
        for key, folded, text in _of_principal(principal):
            if folded not in values:
                derived[key] = values[folded] = text
        if owner and "aws:resourceaccount" not in values:
            derived["aws:ResourceAccount"] = values["aws:resourceaccount"] = owner
        if action.startswith("kms:") and principal.account and "kms:calleraccount" not in values:
            derived["kms:CallerAccount"] = values["kms:calleraccount"] = principal.account
        return cls(request, action, owner, values, derived, bounded, whole)

    def completed(self) -> Request:
        """The request with `resource_account` and the derived context keys filled in."""
        asked = self.request
        given = {
            key: value if type(value) is str else _texts(value)
            for key, value in asked.context.items()
            if value is not None
        }
        return Request(asked.action, asked.resource, asked.principal, self.owner, given | dict(self.derived))


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
def _of_principal(principal: Principal) -> tuple[tuple[str, str, str], ...]:
    """Key, key in lower case and value of all that follows from the principal."""
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
    return tuple((key, key.lower(), value) for key, value in derived.items())


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
