"""AssumeRole's rules; who may assume what is the authorizer's affair, and not here."""

from __future__ import annotations

import json
import random
import string
from typing import Any

import pytest

from crosswind.local.edge.call import Call, HttpRequest, Principal, ServiceError
from crosswind.local.identity import Identities
from crosswind.local.sts import Sts
from tests.unit.local.edge.fakes import HUB, SITE, FakeBackend, FakePolicy

DENY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]})


class Stage:
    def __init__(self) -> None:
        self.backend = FakeBackend()
        self.identities = Identities(self.backend)
        self.sts = Sts(self.identities)
        self.first = self.backend.add_role("team/first", max_session=43_200)
        self.second = self.backend.add_role("second", HUB, max_session=43_200)
        self.root = self.identities.root(HUB)

    def call(self, operation: str, who: Principal, **parameters: Any) -> Any:
        http = HttpRequest("POST", "/", {}, {}, b"")
        call = Call("1", who, who.account, "us-east-1", "sts", operation, parameters, http)
        return self.sts.operations[operation](call)

    def assume(self, who: Principal, role: str, **more: Any) -> tuple[Principal, Any]:
        answer = self.call("AssumeRole", who, RoleArn=role, RoleSessionName="s1", **more)
        session = self.identities.session(answer["Credentials"]["AccessKeyId"])
        assert session is not None
        return session.principal, answer

    def refused(self, who: Principal, role: str, **more: Any) -> ServiceError:
        with pytest.raises(ServiceError) as caught:
            self.call("AssumeRole", who, **{"RoleArn": role, "RoleSessionName": "s1"} | more)
        return caught.value

    def terms(self, who: Principal) -> Any:
        session = self.identities.session(who.access_key)
        assert session is not None
        return session.terms


@pytest.fixture
def stage() -> Stage:
    return Stage()


def tags(**pairs: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in pairs.items()]


def test_a_plain_session(stage: Stage) -> None:
    who, answer = stage.assume(stage.root, stage.first)
    assert who.arn == f"arn:aws:sts::{SITE}:assumed-role/first/s1"
    assert answer["AssumedRoleUser"] == {"AssumedRoleId": "AROATEAM/FIRST:s1", "Arn": who.arn}
    assert "PackedPolicySize" not in answer
    assert "SourceIdentity" not in answer
    session = stage.identities.session(who.access_key)
    assert session is not None
    assert (session.role_arn, session.role_id) == (stage.first, "AROATEAM/FIRST")


@pytest.mark.parametrize(
    ("member", "value", "at"),
    [
        ("RoleArn", "arn:aws:iam", "roleArn"),
        ("RoleSessionName", "x", "roleSessionName"),
        ("RoleSessionName", "x" * 65, "roleSessionName"),
        ("RoleSessionName", "a b", "roleSessionName"),
        ("ExternalId", "x", "externalId"),
        ("ExternalId", "x" * 1225, "externalId"),
        ("ExternalId", "a b", "externalId"),
        ("SourceIdentity", "x", "sourceIdentity"),
        ("SourceIdentity", "x" * 65, "sourceIdentity"),
        ("SourceIdentity", "a/b", "sourceIdentity"),
        ("DurationSeconds", 899, "durationSeconds"),
        ("DurationSeconds", 43_201, "durationSeconds"),
        ("Tags", tags(**{f"k{i}": "v" for i in range(51)}), "tags"),
        ("Tags", [{"Key": "", "Value": "v"}], "tags.1.member.key"),
        ("Tags", [{"Key": "k" * 129, "Value": "v"}], "tags.1.member.key"),
        ("Tags", [{"Key": "a,b", "Value": "v"}], "tags.1.member.key"),
        ("Tags", [{"Key": "k", "Value": "v" * 257}], "tags.1.member.value"),
        ("Tags", [{"Key": "k", "Value": "a*b"}], "tags.1.member.value"),
        ("Policy", "x" * 2049, "policy"),
        ("PolicyArns", [{"arn": f"arn:aws:iam::1:policy/{i}"} for i in range(11)], "policyArns"),
    ],
)
def test_values_that_the_api_does_not_take(stage: Stage, member: str, value: Any, at: str) -> None:
    error = stage.refused(stage.root, stage.first, **{member: value})
    assert (error.code, error.status) == ("ValidationError", 400)
    assert f"at '{at}' failed to satisfy constraint" in error.message


def test_values_that_the_api_just_takes(stage: Stage) -> None:
    who, _ = stage.assume(
        stage.root,
        stage.first,
        ExternalId="a:/=,.@-+_" + "x" * 1214,
        Tags=[{"Key": "Projekt Größe", "Value": ""}],
        DurationSeconds=43_200,
    )
    assert stage.terms(who).tags == {"Projekt Größe": ""}


def test_tags_differ_by_more_than_letter_case(stage: Stage) -> None:
    error = stage.refused(stage.root, stage.first, Tags=tags(Team="a", team="b"))
    assert (error.code, error.message) == (
        "InvalidParameterValue",
        "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
    )
    assert stage.refused(stage.root, stage.first, Tags=[{"Key": "aws:x", "Value": ""}]).code == "InvalidParameterValue"


def test_transitive_keys_are_among_the_tags(stage: Stage) -> None:
    assert stage.refused(stage.root, stage.first, TransitiveTagKeys=["team"]).code == "InvalidParameterValue"
    who, _ = stage.assume(stage.root, stage.first, Tags=tags(Team="a"), TransitiveTagKeys=["team"])
    assert stage.terms(who).transitive_tags == {"Team": "a"}


def test_transitive_tags_persist_and_cannot_be_overridden(stage: Stage) -> None:
    first, _ = stage.assume(stage.root, stage.first, Tags=tags(Team="a", Own="b"), TransitiveTagKeys=["Team"])
    second, _ = stage.assume(first, stage.second, Tags=tags(more="c"))
    assert stage.terms(second).tags == {"Team": "a", "more": "c"}
    third, _ = stage.assume(second, stage.first)
    assert stage.terms(third).tags == {"Team": "a"}
    error = stage.refused(second, stage.first, Tags=tags(team="z"))
    assert error.code == "InvalidParameterValue"
    assert "conflicts with a transitive tag key from the calling session" in error.message


def test_source_identity_persists_and_cannot_be_changed(stage: Stage) -> None:
    first, answer = stage.assume(stage.root, stage.first, SourceIdentity="ann@example")
    assert answer["SourceIdentity"] == "ann@example"
    second, answer = stage.assume(first, stage.second)
    assert answer["SourceIdentity"] == stage.terms(second).source_identity == "ann@example"
    stage.assume(second, stage.first, SourceIdentity="ann@example")
    assert stage.refused(second, stage.first, SourceIdentity="bob").code == "AccessDenied"


def test_session_policies_are_kept(stage: Stage) -> None:
    arn = f"arn:aws:iam::{SITE}:policy/limits"
    error = stage.refused(stage.root, stage.first, PolicyArns=[{"arn": arn}])
    assert error.code == "ValidationError"
    stage.backend.policies[SITE, arn] = FakePolicy("limits", DENY)
    who, answer = stage.assume(stage.root, stage.first, Policy=DENY, PolicyArns=[{"arn": arn}])
    assert (stage.terms(who).policy, stage.terms(who).policy_arns) == (DENY, (arn,))
    assert 0 < answer["PackedPolicySize"] < 100
    # Policies bind one session, not those that it opens.
    second, _ = stage.assume(who, stage.second)
    assert (stage.terms(second).policy, stage.terms(second).policy_arns) == ("", ())


@pytest.mark.parametrize("text", ["{", "[]", '{"Statement": [{"Effect": "Maybe", "Action": "*", "Resource": "*"}]}'])
def test_an_inline_policy_must_be_one(stage: Stage, text: str) -> None:
    error = stage.refused(stage.root, stage.first, Policy=text)
    assert (error.code, error.status) == ("MalformedPolicyDocument", 400)


def test_tags_can_be_too_large_together(stage: Stage) -> None:
    noise = random.Random(1)
    many = {f"k{i}": "".join(noise.choices(string.ascii_letters, k=250)) for i in range(30)}
    error = stage.refused(stage.root, stage.first, Tags=tags(**many))
    assert (error.code, error.status) == ("PackedPolicyTooLarge", 400)


def test_durations(stage: Stage) -> None:
    short = stage.backend.add_role("short", max_session=3600)
    assert "MaxSessionDuration" in stage.refused(stage.root, short, DurationSeconds=3601).message
    stage.assume(stage.root, stage.first, DurationSeconds=7200)
    first, _ = stage.assume(stage.root, stage.first)
    assert "role chaining" in stage.refused(first, stage.second, DurationSeconds=3601).message
    # A user's or root's own session token is no role: what it opens is no chain.
    token, _ = stage.identities.issue_token(stage.root, 900)
    root = stage.identities.session(token.access_key)
    assert root is not None
    stage.assume(root.principal, stage.first, DurationSeconds=7200)


def test_aws_does_not_say_whether_the_role_exists(stage: Stage) -> None:
    role = f"arn:aws:iam::{SITE}:role/none"
    error = stage.refused(stage.root, role)
    assert (error.code, error.status) == ("AccessDenied", 403)
    assert error.message.startswith(
        f"User: {stage.root.arn} is not authorized to perform: sts:AssumeRole on resource: {role}"
    )


@pytest.mark.parametrize("member", ["SerialNumber", "TokenCode", "ProvidedContexts"])
def test_what_the_world_has_not_is_refused(stage: Stage, member: str) -> None:
    assert stage.refused(stage.root, stage.first, **{member: "x"}).code == "NotImplemented"


def test_session_tokens(stage: Stage) -> None:
    answer = stage.call("GetSessionToken", stage.root, DurationSeconds=43_200)
    session = stage.identities.session(answer["Credentials"]["AccessKeyId"])
    assert session is not None
    assert session.credentials.expires - session.issued == 3600
    with pytest.raises(ServiceError) as caught:
        stage.call("GetSessionToken", session.principal)
    assert caught.value.code == "AccessDenied"
