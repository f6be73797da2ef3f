"""Roles of other accounts in a bucket: movers that fetch from it, jobs that read it in place. Each statement once.

Across accounts both sides must allow: what stands in a guest's own role stands here again, in the bucket's policy, with
the guest as its principal. A guest is named by its account and by `aws:PrincipalArn`, so that the policy is valid
before the role exists.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from crosswind.synth import handover_statements, key_statements, object_statements
from crosswind.synth.grants import Grants, folders
from crosswind.synth.layout import Layout, camel
from crosswind.synth.roles import Statement
from crosswind.synth.template import sub

__all__ = ["in_bucket", "of_key"]


@dataclass(frozen=True)
class _Guest:
    """A role of another account, and its own statements on the bucket."""

    name: str
    account: str
    role: str
    statements: tuple[Statement, ...]

    @property
    def arn(self) -> dict[str, Any]:
        return sub(f"arn:${{AWS::Partition}}:iam::{self.account}:role/{self.role}")


def in_bucket(layout: Layout, found: Grants, bucket: str) -> list[Statement]:
    """A bucket policy's statements for guests."""
    return [
        {
            **statement,
            "Sid": f"{guest.name}{statement['Sid']}",
            "Principal": {"AWS": sub(f"arn:${{AWS::Partition}}:iam::{guest.account}:root")},
            "Condition": {**statement.get("Condition", {}), "ArnEquals": {"aws:PrincipalArn": guest.arn}},
        }
        for guest in _guests(layout, found, bucket)
        for statement in guest.statements
    ]


def of_key(layout: Layout, found: Grants, bucket: str) -> list[Statement]:
    """A key policy's statements for the same guests: they read."""
    return [
        key_statements.guest_use(f"{guest.name}Decrypts", layout, bucket, guest.account, guest.arn)
        for guest in _guests(layout, found, bucket)
    ]


def _guests(layout: Layout, found: Grants, bucket: str) -> Iterator[_Guest]:
    owner = layout.bucket_account(bucket)
    asking = found.on(bucket)
    moved = any(grant.verb == "fetch" for grant in asking)
    for actor in layout.actors if moved else ():
        identity = layout.account_id(actor.account)
        paths = handover_statements.fetched(actor.takes(found)).get(bucket)
        if paths and identity != owner:
            statements = handover_statements.fetch(layout, {bucket: paths})
            yield _Guest(f"Mover{camel(actor.name)}", identity, actor.role, tuple(statements))
    readers = {grant.who for grant in asking if grant.verb == "read"}
    for name in sorted(who.removeprefix("job ") for who in readers if who.startswith("job ")):
        identity = layout.topology.account_of(layout.topology.jobs[name].site)
        paths = folders(found, f"job {name}", "read").get(bucket)
        if paths and identity != owner:
            statements = object_statements.reading(layout, name, {bucket: paths})
            yield _Guest(f"Job{camel(name)}", identity, layout.names.job_role(name), tuple(statements))
