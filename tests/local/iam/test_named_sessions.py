"""Sessions that say for whom they act: source identity and tags, judged on both sides, and kept in the request log."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crosswind.local.edge.call import Credentials
from tests.local.iam.arena import Arena
from tests.local.iam.people import Account, allow, outcome, trust
from tests.local.iam.stage import Statements

TAGS = [{"Key": "crosswind:dag", "Value": "raw"}, {"Key": "crosswind:run", "Value": "manual-1"}]
KEYS = {"ForAllValues:StringEquals": {"aws:TagKeys": ["crosswind:dag", "crosswind:run"]}}
NAMING = ["sts:SetSourceIdentity", "sts:TagSession"]


class Two:
    """A hub's role that may name its sessions, and the role of another account that it assumes."""

    def __init__(self, arena: Arena, *, naming: bool = True, trusted: bool = True) -> None:
        self.arena = arena
        self.hub, self.site = (Account(arena, arena.account()) for _ in range(2))
        self.role = f"arn:aws:iam::{self.site.id}:role/cross-account"
        rights: Statements = [*allow("sts:AssumeRole", self.role)]
        rights += [{**allow(NAMING, self.role)[0], "Condition": KEYS}] if naming else []  # type: ignore[arg-type] # a list
        caller = self.hub.role("execution", rights)
        self.keys = self.hub.session(caller)
        who = {"ArnEquals": {"aws:PrincipalArn": caller}}
        entry = trust(self.hub.root_arn, **who, StringEquals={"sts:ExternalId": "x1"})
        second = {**trust(self.hub.root_arn, **who, **KEYS)[0], "Action": NAMING}
        made = self.site.role("cross-account", allow("s3:ListAllMyBuckets"), [*entry, second] if trusted else entry)
        assert made == self.role

    def enter(self, **more: Any) -> str:
        return outcome(self.assume, **more)

    def assume(self, **more: Any) -> Credentials:
        return self.hub.assume(self.keys, self.role, **{"ExternalId": "x1", **more})


def test_both_sides_let_it_name_its_session(arena: Arena) -> None:
    two = Two(arena)
    assert two.enter() == "allowed"
    assert two.enter(SourceIdentity="raw", Tags=TAGS) == "allowed"
    assert two.enter(SourceIdentity="raw") == "allowed"
    assert two.enter(SourceIdentity="raw", Tags=TAGS, ExternalId="x2") == "AccessDenied"
    assert two.enter(Tags=[*TAGS, {"Key": "other", "Value": "1"}]) == "AccessDenied"


@pytest.mark.parametrize(("naming", "trusted"), [(False, True), (True, False)])
def test_one_side_is_not_enough(arena: Arena, naming: bool, trusted: bool) -> None:
    two = Two(arena, naming=naming, trusted=trusted)
    assert two.enter() == "allowed"
    assert two.enter(SourceIdentity="raw") == "AccessDenied"
    assert two.enter(Tags=TAGS) == "AccessDenied"


def test_the_log_shows_for_whom_a_session_acted(arena: Arena) -> None:
    two = Two(arena)
    keys = two.assume(SourceIdentity="raw-dag", Tags=TAGS)
    two.site.client("s3", keys).list_buckets()
    requests = arena.get("/_crosswind/requests?since=0")["requests"]
    entered = next(one for one in requests if one["operation"] == "AssumeRole" and one["resource"] == two.role)
    assert entered["parameters"]["SourceIdentity"] == "raw-dag"
    assert entered["parameters"]["RoleSessionName"] == "chained"
    assert entered["source_identity"] == ""
    acted = next(
        one for one in requests if one["principal_account"] == two.site.id and one["operation"] == "ListBuckets"
    )
    assert acted["principal"] == f"arn:aws:sts::{two.site.id}:assumed-role/cross-account/chained"
    assert acted["source_identity"] == "raw-dag"


def test_policies_of_the_site_can_ask_for_them(arena: Arena) -> None:
    """aws:SourceIdentity and aws:PrincipalTag stay with the session."""
    two = Two(arena)
    bucket = two.site.bucket(f"asked-{two.site.id}", "k")
    needed = {"StringEquals": {"aws:SourceIdentity": "raw-dag", "aws:PrincipalTag/crosswind:dag": "raw"}}
    right = allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*", **needed)
    document = json.dumps({"Version": "2012-10-17", "Statement": right})
    two.site.root("iam").put_role_policy(RoleName="cross-account", PolicyName="read", PolicyDocument=document)
    for keys, expected in (
        (two.assume(SourceIdentity="raw-dag", Tags=TAGS), "allowed"),
        (two.assume(SourceIdentity="other", Tags=TAGS), "AccessDenied"),
        (two.assume(SourceIdentity="raw-dag"), "AccessDenied"),
        (two.assume(), "AccessDenied"),
    ):
        assert outcome(two.site.client("s3", keys).get_object, Bucket=bucket, Key="k") == expected
