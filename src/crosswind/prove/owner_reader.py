"""Reads what is added to resources that are there already: as if their owners had done what is asked of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from crosswind.errors import InputError, Place
from crosswind.iam import PolicyError, PolicyKind, parse
from crosswind.prove.documents import Document, Documents, Origin, Role
from crosswind.synth import OwnerDocument

__all__ = ["with_owners"]


def with_owners(found: Documents, owners: Sequence[OwnerDocument]) -> Documents:
    """The documents of templates, and those of what is there already.

    Args:
        found: of the templates.
        owners: what is added to the rest.

    Raises:
        InputError: IAM would refuse a policy; it names file and path.
    """
    roles, resources = dict(found.roles), dict(found.resources)
    accounts, keys = dict(found.owners), dict(found.keys)
    for each in owners:
        if each.kind == "role":
            trust, policy = (_read(each, part, kind) for part, kind in _OF_ROLE)
            roles[each.arn] = Role(each.arn, each.account, trust, (policy,))
            continue
        if each.kind == "bucket":
            accounts[each.arn] = each.account
            if each.key:
                keys[each.arn] = each.key
        if _statements(each.policies["policy"]):
            kind = PolicyKind.KEY if each.kind == "key" else PolicyKind.RESOURCE
            resources[each.arn] = _read(each, "policy", kind)
    return replace(found, roles=roles, resources=resources, owners=accounts, keys=keys)


_OF_ROLE = (("trust", PolicyKind.TRUST), ("policy", PolicyKind.IDENTITY))


def _read(owner: OwnerDocument, part: str, kind: PolicyKind) -> Document:
    content = owner.policies[part]
    title = owner.arn if kind is PolicyKind.KEY else owner.name
    try:
        policy = parse(content, kind, name=title, account=owner.account)
    except PolicyError as error:
        raise InputError(error.message, place=Place(owner.file, 0, part), hint=error.hint) from error
    origins = tuple(Origin(owner.file, f"{part}.Statement[{index}]") for index in range(len(_statements(content))))
    return Document(policy, owner.arn, origins)


def _statements(content: Mapping[str, Any]) -> Sequence[Any]:
    found = content.get("Statement", [])
    return found if isinstance(found, list) else [found]
