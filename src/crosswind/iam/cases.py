"""The case form: evaluation cases as JSON, shared with other projects' test suites.

A file holds an array of objects:

```
{id, request: {action, resource, resourceAccount, principal, context},
 identityPolicies: [...], resourcePolicy, boundary: [...], sessionPolicy,
 scps: [{level, policies}], rcps: [{level, policies}], endpointPolicies: [...],
 expected: Allow | ExplicitDeny | ImplicitDeny | Deny}
```

Only `id` and `request` with `action`, `resource` and `principal` must be there; what is missing or null is not
attached. `Deny` stands for either kind of denial. Further fields (`source`, `name`, `disputed`, ...) are kept and have
no say; one that looks like a field of the form written wrongly is an error.

What a missing document means, since such a case describes no live account: a `resourcePolicy` of null is silent, also
for a role's trust within one account; a KMS key's is not, since nobody has access to a key whose policy does not say
so. A `sessionPolicy` of null limits nothing. Documents are read leniently: other engines accept what AWS would refuse.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from crosswind.errors import InputError, Place
from crosswind.iam.decision import Effect, Layer
from crosswind.iam.evaluate import governing
from crosswind.iam.policy import Level, Policy, PolicyError, PolicyKind, PolicySet, parse
from crosswind.iam.request import Principal, Request

__all__ = ["Case", "read_cases", "request_and_policies"]

_FIELDS = (
    "id",
    "request",
    "identityPolicies",
    "resourcePolicy",
    "boundary",
    "sessionPolicy",
    "scps",
    "rcps",
    "endpointPolicies",
    "expected",
    "name",
    "source",
    "disputed",
    "expectedBlockedBy",
    "expectedAwsMessagePolicyType",
)
_REQUEST = ("action", "resource", "resourceAccount", "principal", "context")
_EXPECTED = ("Allow", "ExplicitDeny", "ImplicitDeny", "Deny")


@dataclass(frozen=True, slots=True)
class Case:
    """One case, its form checked and its documents not yet read.

    Args:
        id: its name, unique in the file.
        expected: Allow, ExplicitDeny, ImplicitDeny or Deny; empty when the case only asks.
        data: all of it.
        place: the file, and the path of the case in it.
    """

    id: str
    expected: str
    data: Mapping[str, Any]
    place: Place

    @property
    def disputed(self) -> str:
        """Why the expectation is doubtful; empty when it is not."""
        return str(self.data.get("disputed") or "")

    @property
    def blocked_by(self) -> str:
        """The layer that the source names for a denial; empty when it names none."""
        return str(self.data.get("expectedBlockedBy") or "")

    @property
    def aws_policy_type(self) -> str:
        """The policy type that AWS's message names, such as `identity-based`; empty when not recorded."""
        return str(self.data.get("expectedAwsMessagePolicyType") or "")

    def agrees(self, effect: Effect) -> bool:
        """Whether a decision's effect is the expected one; true for a case that only asks."""
        if self.expected == "Deny":
            return effect is not Effect.ALLOW
        return self.expected in ("", effect.value)


def read_cases(text: str, file: str = "") -> tuple[Case, ...]:
    """The cases of a file.

    Args:
        text: JSON, an array of cases or one case.
        file: for errors.

    Raises:
        InputError: the text is no JSON array of cases; it names the case, the field and what is valid.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"is not JSON: {error}", place=Place(file), hint="a JSON array of cases is expected"
        ) from error
    listed = [found] if isinstance(found, Mapping) else found
    if not isinstance(listed, list):
        raise InputError("is no array of cases", place=Place(file), hint="a JSON array of cases is expected")
    return tuple(_case(each, index, file) for index, each in enumerate(listed))


def request_and_policies(case: Case) -> tuple[Request, PolicySet]:
    """What `decide` takes.

    Args:
        case: from `read_cases`.

    Raises:
        InputError: a document or the principal cannot be read; it names the case and the field.
    """
    request = _request(case)
    return request, _policies(case, request)


def _case(data: object, index: int, file: str) -> Case:
    if not isinstance(data, Mapping):
        raise _fault(Place(file, path=f"[{index}]"), "a case", data, "an object")
    name = data.get("id")
    place = Place(file, path=f"[{index}]" + (f" {name}" if isinstance(name, str) else ""))
    if not isinstance(name, str) or not name:
        raise _fault(place, "id", name, "a text")
    _spelled(data, _FIELDS, place)
    request = data.get("request")
    if not isinstance(request, Mapping):
        raise _fault(place, "request", request, "an object")
    _spelled(request, _REQUEST, place)
    for field in ("action", "resource", "principal"):
        if not isinstance(request.get(field), str):
            raise _fault(place, f"request.{field}", request.get(field), "a text")
    context = request.get("context")
    if context is not None and not isinstance(context, Mapping):
        raise _fault(place, "request.context", context, "an object")
    expected = data.get("expected") or ""
    if expected not in ("", *_EXPECTED):
        raise _fault(place, "expected", expected, ", ".join(_EXPECTED))
    return Case(name, expected, data, place)


def _spelled(found: Mapping[str, Any], valid: Sequence[str], place: Place) -> None:
    """Refuse a field that is one of the form's, but for its spelling: it would be ignored, and change the answer."""
    for field in found:
        close = get_close_matches(field, valid, n=1, cutoff=0.85)
        if field not in valid and close:
            raise InputError(f"unknown field {field!r}; did you mean {close[0]!r}?", place=place, hint=_HINT)


def _request(case: Case) -> Request:
    asked = case.data["request"]
    try:
        principal = _principal(asked["principal"])
    except ValueError as error:
        raise InputError(f"request.principal: {error}", place=case.place, hint=_HINT) from error
    account = asked.get("resourceAccount")
    return Request(
        asked["action"],
        asked["resource"],
        principal,
        "" if account is None else str(account),
        asked.get("context") or {},
    )


def _principal(text: str) -> Principal:
    """The principal of a case; a federated user stands for the user of its name, who is not told."""
    federated = _FEDERATED_USER.fullmatch(text)
    return Principal.of(text, role_arn=f"{federated[1]}iam::{federated[2]}:user/{federated[3]}" if federated else "")


def _policies(case: Case, request: Request) -> PolicySet:
    caller, owner = request.principal.account, request.resource_account
    resource = _documents(case, "resourcePolicy", _resource_kind(request.action), owner)
    return PolicySet(
        identity=_documents(case, "identityPolicies", PolicyKind.IDENTITY, caller),
        boundary=_documents(case, "boundary", PolicyKind.BOUNDARY, caller) or None,
        session=_documents(case, "sessionPolicy", PolicyKind.SESSION, caller) or None,
        resource=resource[0] if resource else None,
        scps=_levels(case, "scps", PolicyKind.SCP, caller),
        rcps=_levels(case, "rcps", PolicyKind.RCP, owner),
        endpoint=_documents(case, "endpointPolicies", PolicyKind.ENDPOINT, caller),
    )


def _resource_kind(action: str) -> PolicyKind:
    """Which kind of document a resource policy is: it follows from the action."""
    kinds = {Layer.KEY: PolicyKind.KEY, Layer.TRUST: PolicyKind.TRUST}
    return kinds.get(governing(None, action.lower()), PolicyKind.RESOURCE)


def _documents(case: Case, field: str, kind: PolicyKind, account: str, found: object = None) -> tuple[Policy, ...]:
    """The documents of a field: none, one, or a list of them."""
    value = case.data.get(field) if found is None else found
    listed = value if isinstance(value, list) else [] if value is None or value == {} else [value]
    policies = []
    for index, document in enumerate(listed):
        name = f"{field}[{index}]" if isinstance(value, list) else field
        try:
            policies.append(parse(document, kind, name=name, account=account, lenient=True))
        except PolicyError as error:
            raise InputError(error.message, place=case.place, hint=_HINT) from error
    return tuple(policies)


def _levels(case: Case, field: str, kind: PolicyKind, account: str) -> tuple[Level, ...]:
    value = case.data.get(field) or []
    if not isinstance(value, list):
        raise _fault(case.place, field, value, "a list of {level, policies}")
    levels = []
    for index, each in enumerate(value):
        if not isinstance(each, Mapping) or not isinstance(each.get("policies", []), list):
            raise _fault(case.place, f"{field}[{index}]", each, "an object with level and policies")
        name = str(each.get("level", index))
        levels.append(Level(name, _documents(case, f"{field}[{index}]", kind, account, each.get("policies", []))))
    return tuple(levels)


_FEDERATED_USER = re.compile(r"(arn:[^:]+:)sts::(\d{12}):federated-user/(.+)")
_HINT = "write the case as the case form says"


def _fault(place: Place, field: str, found: object, valid: str) -> InputError:
    shown = json.dumps(found, default=str)
    return InputError(f"{field} is {shown[:80]}; valid: {valid}", place=place, hint=_HINT)
