"""AWS Organizations as moto holds it: an account's place in the tree, and the policies attached along it."""

from __future__ import annotations

import sys
from typing import Any

from crosswind.local.authorization.documents import Document, Member, OrganizationLevel
from crosswind.local.moto_backend.guarded import used
from crosswind.local.moto_backend.locks import Locks

__all__ = ["Organizations", "root_of"]

_SCP, _RCP = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"


class Organizations(Locks):
    """Reads of the organization, and the joining of an account that exists, which no API of moto does."""

    def member(self, account: str) -> Member | None:
        """An account's place; None for an account outside any organization."""
        backend = _organization_of(account)
        if backend is None:
            return None
        held = _account(backend, account)
        root = root_of(backend)
        if held is None or root is None:
            return None
        enabled = {one["Type"] for one in list(root.policy_types) if one["Status"] == "ENABLED"}
        levels = [_level(held, "account")]
        units = {unit.id: unit for unit in list(backend.ou)}
        above = units.get(held.parent_id)
        while above is not None:
            levels.append(_level(above, above.name))
            above = units.get(above.parent_id)
        return Member(
            backend.org.id,
            backend.org.master_account_id,
            tuple(reversed(levels)),
            _SCP in enabled,
            _RCP in enabled,
        )

    def organization_root(self, account: str) -> tuple[str, set[str]] | None:
        """Of a management account: the root's id and the policy types enabled there; None for any other account."""
        backend = _backend(account, "aws")
        root = root_of(backend)
        return (root.id, {one["Type"] for one in list(root.policy_types)}) if root is not None else None

    def policy_type(self, account: str, policy: str) -> str:
        """Of a management account's organization: the type of a policy by its id; empty when there is none."""
        backend = _backend(account, "aws")
        held = list(backend.policies) if backend is not None else []
        return next((str(one.type) for one in held if one.id == policy), "")

    def join(self, management: str, account: str, email: str) -> None:
        """Make an account a member below the root, as an accepted invitation does.

        Raises:
            ValueError: there is no such organization, or the account belongs to one.
        """
        from moto.organizations.models import FakeAccount, organizations_backends

        backend = _backend(management, "aws")
        if backend is None or backend.org is None or _organization_of(account) is not None:
            raise ValueError(f"{account} cannot join the organization of {management}")
        with self.locked("organizations", management):
            # moto's own constructor would make a new id, and a role that only a created account gets.
            made = FakeAccount.__new__(FakeAccount)
            made.__dict__.update(vars(_account(backend, management)))
            made.id, made.name, made.email, made.joined_method = account, account, email, "INVITED"
            made.parent_id, made.attached_policies, made.tags = backend.org.root_id, [], {}
            backend.accounts.append(made)
            organizations_backends.master_accounts[account] = (management, "aws")
            for policy in ("p-FullAWSAccess", "p-RCPFullAWSAccess"):
                backend.attach_policy(PolicyId=policy, TargetId=account)


def root_of(backend: Any) -> Any:
    """The root of the organization that a backend of moto's holds; None without one."""
    if backend is None or backend.org is None:
        return None
    return next((unit for unit in list(backend.ou) if unit.id == backend.org.root_id), None)


def _backend(account: str, partition: str) -> Any:
    backends = used("organizations", "organizations_backends")
    held = backends.get(account) if backends is not None else None
    return held.get(partition) if held is not None else None


def _organization_of(account: str) -> Any:
    loaded = sys.modules.get("moto.organizations.models")
    backends = loaded.organizations_backends if loaded is not None else None
    if not backends:  # nobody ever asked for an organization
        return None
    own = _backend(account, "aws")
    if own is not None and own.org is not None:
        return own
    found = backends.master_accounts.get(account)
    return _backend(*found) if found is not None else None


def _account(backend: Any, account: str) -> Any:
    held = list(backend.accounts) if backend is not None else []
    return next((one for one in held if one.id == account), None)


def _level(held: Any, name: str) -> OrganizationLevel:
    attached = list(held.attached_policies)
    return OrganizationLevel(name, held.id, _documents(attached, _SCP), _documents(attached, _RCP))


def _documents(policies: list[Any], kind: str) -> tuple[Document, ...]:
    return tuple(
        Document(one.content or "", one.name, one.arn, one.master_account_id) for one in policies if one.type == kind
    )
