"""The policies of users and roles, as moto's IAM holds them."""

from __future__ import annotations

from typing import Any

from crosswind.local.authorization.documents import Document, KeptPrincipal
from crosswind.local.moto_backend.identities import iam_of, role_at, user_at
from crosswind.local.moto_backend.managed import lend

__all__ = ["AttachedPolicies"]

# Allows nothing: what a boundary amounts to whose policy is gone.
_NOTHING = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"none:None","Resource":"*"}}'


class AttachedPolicies:
    """Reads of IAM's policies. Copies each container before it walks it: other threads write."""

    def kept_role(self, arn: str) -> KeptPrincipal | None:
        """A role by its ARN, path included; None when there is none."""
        role = role_at(arn)
        if role is None:
            return None
        return KeptPrincipal(
            arn,
            role.id,
            _attached(role, role.account_id),
            _boundary(role.permissions_boundary_arn, role.account_id, role.partition),
            ":role/aws-service-role/" in arn,
        )

    def kept_user(self, arn: str) -> KeptPrincipal | None:
        """A user by its ARN, path included; None when there is none."""
        backend, user = user_at(arn)
        if user is None:
            return None
        documents = [*_attached(user, user.account_id)]
        for group in list(backend.groups.values()):
            if user in group.users:
                documents.extend(_attached(group, user.account_id))
        boundary = getattr(user, "permissions_boundary", None) or {}
        return KeptPrincipal(
            arn,
            user.id,
            tuple(documents),
            _boundary(boundary.get("PermissionsBoundaryArn"), user.account_id, arn.split(":")[1]),
        )

    def trust_policy(self, arn: str) -> Document | None:
        """A role's trust policy."""
        role = role_at(arn)
        if role is None:
            return None
        return Document(role.assume_role_policy_document, role.name, arn, role.account_id)

    def managed_policy(self, account: str, arn: str) -> Document | None:
        """A managed policy's default version: a customer's own, or one of AWS's."""
        if ":iam::aws:policy/" in arn:
            lend(account, arn)
        backend = iam_of(account, arn.split(":")[1])
        policy = backend.managed_policies.get(arn) if backend is not None else None
        return _managed(arn, policy) if policy is not None else None

    def set_user_boundary(self, account: str, partition: str, name: str, arn: str) -> bool:
        """Give a user a permissions boundary, or none when `arn` is empty; false when there is no such user."""
        backend = iam_of(account, partition)
        user = backend.users.get(name) if backend is not None else None
        if user is None:
            return False
        # The name under which moto's writer of responses looks for it.
        user.permissions_boundary = (
            {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn} if arn else None
        )
        return True


def _attached(holder: Any, account: str) -> tuple[Document, ...]:
    inline = [Document(text, name, "", account) for name, text in list(holder.policies.items())]
    return (*inline, *[_managed(arn, policy) for arn, policy in list(holder.managed_policies.items())])


def _managed(arn: str, policy: Any) -> Document:
    wanted = policy.default_version_id
    text = next((one.document for one in list(policy.versions) if one.version_id == wanted), _NOTHING)
    return Document(text, policy.name, arn, arn.split(":", 5)[4])


def _boundary(arn: str | None, account: str, partition: str) -> Document | None:
    if not arn:
        return None
    backend = iam_of(account, partition)
    policy = backend.managed_policies.get(arn) if backend is not None else None
    if policy is None:  # moto lets a boundary's policy be deleted; AWS does not
        return Document(_NOTHING, arn.rpartition("/")[2], arn, account)
    return _managed(arn, policy)
