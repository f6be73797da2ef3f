"""The Principal element: whom it means, and by which form.

The form decides what else must allow: an account only delegates; a role is limited by its boundary and its session's
policy; a session, a user, a service, a federated identity and `*` are meant directly
(docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from crosswind.iam.decision import Grantee
from crosswind.iam.request import Principal, PrincipalKind

__all__ = ["Principals", "principal_fault"]

_ROOT = re.compile(r"arn:[^:]+:iam::(\d{12}):root")
_ROLE = re.compile(r"(arn:[^:]+:iam::\d{12}:role/)(?:.*/)?([^/]+)", re.DOTALL)
_UNIQUE = re.compile(r"A[A-Z0-9]{15,127}(:.*)?")
_NAMED = re.compile(
    r"arn:[^:*?]+:(iam::\d{12}:(root|user/[^*?]+|role/[^*?]+)"
    r"|sts::\d{12}:(assumed-role/[^*?/]+/[^*?/]+|federated-user/[^*?]+))"
)

AWS, SERVICE, FEDERATED, CANONICAL = "AWS", "Service", "Federated", "CanonicalUser"
KINDS = (AWS, SERVICE, FEDERATED, CANONICAL)


def principal_fault(kind: str, text: str) -> str:
    """What is wrong with one principal; empty when nothing is.

    Args:
        kind: AWS, Service, Federated or CanonicalUser.
        text: as written.
    """
    if kind != AWS or text == "*" or (text.isdigit() and len(text) == 12):
        return "" if text else "is empty"
    if _NAMED.fullmatch(text) or _UNIQUE.fullmatch(text):
        return ""
    if "*" in text or "?" in text:
        return "has a wildcard inside; a principal is named whole, or is *"
    valid = "*, a 12-digit account id, the ARN of a root, user, role, assumed-role or federated-user"
    return f"is no principal; valid: {valid}"


class Principals:
    """The principals of one statement, made ready for matching.

    Args:
        named: pairs of kind (AWS, Service, Federated, CanonicalUser) and text, as written.
        ids: the unique id that a principal's ARN had when the document was stored: the ARN then means only the user
            or role of that id. Also canonical user ids and the accounts that they stand for.
    """

    __slots__ = ("_accounts", "_anybody", "_arns", "_federated", "_ids", "_role_names", "_services")

    def __init__(self, named: Iterable[tuple[str, str]], ids: Mapping[str, str]) -> None:
        by_kind: dict[str, set[str]] = {kind: set() for kind in KINDS}
        for kind, text in named:
            by_kind[kind].add(text)
        self._arns = by_kind[AWS]
        self._anybody = "*" in self._arns
        self._services = by_kind[SERVICE]
        self._federated = by_kind[FEDERATED]
        self._accounts = {each for each in self._arns if each.isdigit()}
        self._accounts |= {found[1] for each in self._arns if (found := _ROOT.fullmatch(each))}
        self._accounts |= {ids[each] for each in by_kind[CANONICAL] if each in ids}
        self._ids = {each: ids[each] for each in self._arns if each in ids}
        roles = [found for each in self._arns if (found := _ROLE.fullmatch(each))]
        self._role_names = {found[1] + found[2]: found[0] for found in roles}

    def grantee(self, principal: Principal) -> Grantee | None:
        """By which form the principal is meant, the most direct one first; None when it is not meant."""
        for form, text in _forms(principal):
            if form is Grantee.ACCOUNT:
                if text in self._accounts:
                    return form
            elif form is Grantee.ANYBODY:
                if self._anybody:
                    return form
            elif form is Grantee.SERVICE:
                if text in self._services or "*" in self._services:
                    return form
            elif form is Grantee.FEDERATED:
                if text in self._federated or "*" in self._federated:
                    return form
            elif self._names(text, principal):
                return form
        return None

    def _names(self, arn: str, principal: Principal) -> bool:
        """Whether an ARN or unique id of the principal is listed, and still means it."""
        written = arn if arn in self._arns else self._role_by_name(arn, principal)
        if written is None:
            return False
        bound = self._ids.get(written)
        return bound is None or not principal.unique_id or bound == _bare(principal.unique_id)

    def _role_by_name(self, arn: str, principal: Principal) -> str | None:
        """A session's ARN carries no path of its role, but a role's name is unique in its account."""
        return self._role_names.get(arn) if principal.kind is PrincipalKind.SESSION else None


def _bare(unique_id: str) -> str:
    return unique_id.partition(":")[0]


@lru_cache(maxsize=4096)
def _forms(principal: Principal) -> tuple[tuple[Grantee, str], ...]:
    """The forms in which a document may mean a principal, from the most direct to the least."""
    kind = principal.kind
    forms: list[tuple[Grantee, str]] = []
    if kind is PrincipalKind.SESSION:
        forms = [(Grantee.SESSION, principal.arn), (Grantee.ROLE, principal.role_arn)]
    elif kind is PrincipalKind.FEDERATED_USER:
        forms = [(Grantee.SESSION, principal.arn), (Grantee.USER, principal.role_arn)]
    elif kind is PrincipalKind.USER:
        forms = [(Grantee.USER, principal.arn)]
    elif kind is PrincipalKind.ROLE:
        forms = [(Grantee.ROLE, principal.arn)]
    elif kind is PrincipalKind.SERVICE:
        # A web identity provider such as accounts.google.com looks like a service's name.
        forms = [(Grantee.SERVICE, principal.arn), (Grantee.FEDERATED, principal.arn)]
    elif kind is PrincipalKind.FEDERATED:
        forms = [(Grantee.FEDERATED, principal.arn)]
    if principal.unique_id and kind is not PrincipalKind.ROOT:
        entity = Grantee.USER if kind is PrincipalKind.USER else Grantee.ROLE
        forms += [(Grantee.SESSION, principal.unique_id)] if ":" in principal.unique_id else []
        forms.append((entity, _bare(principal.unique_id)))
    # `*` comes before the role: what is granted to everybody is not limited by a role's boundary.
    forms.insert(1 if forms and forms[0][0] is not Grantee.ROLE else 0, (Grantee.ANYBODY, "*"))
    if principal.account and kind is not PrincipalKind.FEDERATED:
        forms.append((Grantee.ACCOUNT, principal.account))
    return tuple(forms)
