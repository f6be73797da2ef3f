"""Principals bound to their unique ids when a policy is stored: a role that is deleted and made anew is another.

AWS turns the ARN of a role or user in a policy's Principal into its unique id when the policy is saved, and refuses
one that does not exist: docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html ("IAM role
principals", "IAM user principals"). Account ids, sessions' ARNs, services and `*` stay as they are.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from crosswind.local.edge.backend import RoleFacts, UserFacts
from crosswind.local.edge.call import Call, HttpResponse, ServiceError

__all__ = ["Bindings", "KnownPrincipals"]

_GONE = "DELETED"  # no unique id: what an ARN means that vanished while its policy was being stored
# Where the document is in the calls that store one; S3 has it as the body.
_DOCUMENTS: Mapping[tuple[str, str], str] = {
    ("iam", "CreateRole"): "AssumeRolePolicyDocument",
    ("iam", "UpdateAssumeRolePolicy"): "PolicyDocument",
    ("kms", "CreateKey"): "Policy",
    ("kms", "PutKeyPolicy"): "Policy",
    ("s3", "PutBucketPolicy"): "",
}
_ENDS = {("iam", "DeleteRole"), ("s3", "DeleteBucketPolicy"), ("s3", "DeleteBucket")}


class KnownPrincipals(Protocol):
    """What is asked of the backend."""

    def role(self, arn: str) -> RoleFacts | None:
        """The role with exactly this ARN."""

    def user(self, arn: str) -> UserFacts | None:
        """The user with exactly this ARN."""


class Bindings:
    """The unique ids that principals' ARNs had when trust, bucket and key policies were stored. Thread-safe.

    Put it behind the edge with `add_guard(guard)` and `add_hook(after_call)`.

    Args:
        backend: knows roles and users.
    """

    def __init__(self, backend: KnownPrincipals) -> None:
        self._backend = backend
        self._lock = threading.Lock()
        self._bound: dict[tuple[str, ...], Mapping[str, str]] = {}

    def of(self, kind: str, identifier: str) -> Mapping[str, str]:
        """The unique ids, by the ARNs that a policy names; empty for a policy that names no role or user.

        Args:
            kind: `trust`, `bucket` or `key`.
            identifier: the role's ARN, the bucket's name, the key's ARN.
        """
        owner: tuple[str, ...] = (kind, identifier)
        if kind == "trust":
            owner = (kind, identifier.split(":")[4], identifier.rpartition("/")[2])
        elif kind == "key":
            _, _, _, region, account, rest = identifier.split(":", 5)
            owner = (kind, account, region, rest.removeprefix("key/"))
        return self._bound.get(owner, {})

    def guard(self, call: Call) -> None:
        """Refuse a policy that names a role or user that does not exist (an edge's BeforeCall).

        Raises:
            ServiceError: in the words of the service that stores the policy.
        """
        for arn in _named(_document(call)):
            if self._id_of(arn) is None:
                raise _invalid_principal(call.service, arn)

    def after_call(self, call: Call, response: HttpResponse) -> None:
        """Bind what a stored policy names; forget it with its owner (an edge's AfterCall)."""
        place = (call.service, call.operation)
        if place in _ENDS:
            self._bind(_owner(call, response), {})
        elif place in _DOCUMENTS:
            ids = {arn: self._id_of(arn) or _GONE for arn in _named(_document(call))}
            self._bind(_owner(call, response), ids)

    def _bind(self, owner: tuple[str, ...], ids: Mapping[str, str]) -> None:
        with self._lock:
            if ids:
                self._bound[owner] = ids
            else:
                self._bound.pop(owner, None)

    def _id_of(self, arn: str) -> str | None:
        if ":role/" in arn:
            role = self._backend.role(arn)
            return role.role_id if role is not None else None
        user = self._backend.user(arn)
        return user.user_id if user is not None else None


def _document(call: Call) -> Any:
    """The document that a call stores; None for one that stores none, or no JSON, which others refuse."""
    member = _DOCUMENTS.get((call.service, call.operation))
    if member is None:
        return None
    text = call.parameters.get(member, "") if member else call.http.body
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return None


def _named(document: Any) -> Iterator[str]:
    """The ARNs of roles and users that a document's principals name."""
    statements = document.get("Statement", ()) if isinstance(document, dict) else ()
    for statement in statements if isinstance(statements, list) else [statements]:
        if not isinstance(statement, dict):
            continue
        for element in ("Principal", "NotPrincipal"):
            principals = statement.get(element)
            named = principals.get("AWS", ()) if isinstance(principals, dict) else ()
            for text in named if isinstance(named, list) else [named]:
                if isinstance(text, str) and text.startswith("arn:") and (":role/" in text or ":user/" in text):
                    yield text


def _owner(call: Call, response: HttpResponse) -> tuple[str, ...]:
    """Whose document it is, in the form in which `Bindings` keeps it."""
    if call.service == "s3":
        return ("bucket", str(call.parameters["Bucket"]))
    if call.service == "iam":
        return ("trust", call.account, str(call.parameters["RoleName"]))
    key = str(call.parameters.get("KeyId", ""))
    if call.operation == "CreateKey" and isinstance(response.body, bytes):
        key = str(json.loads(response.body)["KeyMetadata"]["KeyId"])
    return ("key", call.account, call.region, key.rpartition("/")[2])


def _invalid_principal(service: str, arn: str) -> ServiceError:
    if service == "s3":
        fields = {"Detail": f'"AWS" : "{arn}"'}
        return ServiceError("MalformedPolicy", "Invalid principal in policy", 400, fields=fields)
    if service == "kms":
        text = "Policy contains a statement with one or more invalid principals."
        return ServiceError("MalformedPolicyDocumentException", text, 400)
    return ServiceError("MalformedPolicyDocument", f'Invalid principal in policy: "AWS":"{arn}"', 400)
