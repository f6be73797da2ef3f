"""Rules that the case form cannot say: unique ids, grants, Block Public Access, sessions without a policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from crosswind.iam import (
    Effect,
    Grantee,
    KmsGrant,
    Layer,
    LayerResult,
    Level,
    Policy,
    PolicyKind,
    PolicySet,
    Principal,
    Request,
    Verdict,
    decide,
    parse,
)

A, B = "111111111111", "222222222222"
OBJECT = "arn:aws:s3:::data/k"
KEY = f"arn:aws:kms:us-east-1:{A}:key/1234abcd"
TARGET = f"arn:aws:iam::{A}:role/target"


def policy(kind: PolicyKind, *statements: Mapping[str, Any], ids: Mapping[str, str] | None = None) -> Policy:
    return parse({"Version": "2012-10-17", "Statement": list(statements)}, kind, name=kind.value, ids=ids)


def allow(action: str, **elements: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": "*", **elements}


def trust(principal: str, ids: Mapping[str, str] | None = None) -> Policy:
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}
    return policy(PolicyKind.TRUST, statement, ids=ids)


EVERYTHING = policy(PolicyKind.IDENTITY, allow("*"))


def layer_of(decision: Any, layer: Layer) -> LayerResult:
    return next(each for each in decision.layers if each.layer is layer)


def session(role: str = "etl", *, account: str = A, unique_id: str = "", path: str = "/") -> Principal:
    arn = f"arn:aws:sts::{account}:assumed-role/{role}/run"
    return Principal.of(arn, role_arn=f"arn:aws:iam::{account}:role{path}{role}", unique_id=unique_id)


class TestUniqueIds:
    ROLE = f"arn:aws:iam::{B}:role/hub"

    def assume(self, caller: Principal, document: Policy) -> Effect:
        request = Request("sts:AssumeRole", TARGET, caller, A)
        return decide(request, PolicySet(identity=(EVERYTHING,), resource=document)).effect

    def test_the_role_that_was_there_when_the_trust_was_stored(self) -> None:
        document = trust(self.ROLE, {self.ROLE: "AROAOLDOLDOLDOLDOLD1"})
        assert self.assume(session("hub", account=B, unique_id="AROAOLDOLDOLDOLDOLD1"), document) is Effect.ALLOW

    def test_a_role_of_the_same_name_created_again_is_another(self) -> None:
        document = trust(self.ROLE, {self.ROLE: "AROAOLDOLDOLDOLDOLD1"})
        assert (
            self.assume(session("hub", account=B, unique_id="AROANEWNEWNEWNEWNEW1"), document) is Effect.IMPLICIT_DENY
        )

    def test_without_a_binding_the_arn_decides(self) -> None:
        caller = session("hub", account=B, unique_id="AROANEWNEWNEWNEWNEW1")
        assert self.assume(caller, trust(self.ROLE)) is Effect.ALLOW

    def test_an_id_written_in_the_document(self) -> None:
        document = trust("AROAOLDOLDOLDOLDOLD1")
        assert self.assume(session("hub", account=B, unique_id="AROAOLDOLDOLDOLDOLD1"), document) is Effect.ALLOW
        assert (
            self.assume(session("hub", account=B, unique_id="AROANEWNEWNEWNEWNEW1"), document) is Effect.IMPLICIT_DENY
        )

    def test_a_user_too(self) -> None:
        arn = f"arn:aws:iam::{B}:user/bob"
        document = trust(arn, {arn: "AIDAOLDOLDOLDOLDOLD1"})
        assert self.assume(Principal.of(arn, unique_id="AIDAOLDOLDOLDOLDOLD1"), document) is Effect.ALLOW
        assert self.assume(Principal.of(arn, unique_id="AIDANEWNEWNEWNEWNEW1"), document) is Effect.IMPLICIT_DENY

    def test_a_role_with_a_path_is_named_in_full(self) -> None:
        caller = session("hub", account=B, path="/jobs/")
        assert self.assume(caller, trust(f"arn:aws:iam::{B}:role/jobs/hub")) is Effect.ALLOW
        assert self.assume(caller, trust(f"arn:aws:iam::{B}:role/hub")) is Effect.IMPLICIT_DENY


class TestCanonicalUser:
    def test_it_stands_for_an_account(self) -> None:
        statement = allow("s3:*", Principal={"CanonicalUser": "79a5"})
        document = policy(PolicyKind.RESOURCE, statement, ids={"79a5": B})
        request = Request("s3:GetObject", OBJECT, Principal.of(f"arn:aws:iam::{B}:user/bob"), A)
        decision = decide(request, PolicySet(identity=(EVERYTHING,), resource=document))
        assert decision.allowed
        assert layer_of(decision, Layer.RESOURCE).statements[0].grantee is Grantee.ACCOUNT


class TestKmsGrants:
    CLOSED = policy(PolicyKind.KEY, allow("kms:*", Principal={"AWS": f"arn:aws:iam::{A}:role/admin"}))

    def decrypt(self, caller: Principal, *grants: KmsGrant, boundary: Policy | None = None, **context: str) -> Any:
        keys = {f"kms:EncryptionContext:{key}": value for key, value in context.items()}
        limits = None if boundary is None else (boundary,)
        return decide(
            Request("kms:Decrypt", KEY, caller, A, keys),
            PolicySet(resource=self.CLOSED, grants=grants, boundary=limits),
        )

    def grant(self, operation: str = "Decrypt", account: str = A, **constraints: Mapping[str, str]) -> KmsGrant:
        return KmsGrant(f"arn:aws:iam::{account}:role/etl", (operation,), id="g-1", **constraints)

    def test_a_grant_stands_in_for_the_key_policy_and_identity(self) -> None:
        decision = self.decrypt(session(), self.grant())
        assert decision.allowed
        assert layer_of(decision, Layer.GRANT).note == "grant g-1"

    def test_it_does_so_across_accounts(self) -> None:
        assert self.decrypt(session(account=B), self.grant(account=B)).allowed

    def test_another_operation(self) -> None:
        assert self.decrypt(session(), self.grant("Encrypt")).blocked_by.layer is Layer.KEY

    def test_another_role(self) -> None:
        assert not self.decrypt(session("other"), self.grant()).allowed

    def test_a_boundary_limits_the_role_that_a_grant_names(self) -> None:
        boundary = policy(PolicyKind.BOUNDARY, allow("s3:*"))
        assert self.decrypt(session(), self.grant(), boundary=boundary).blocked_by.layer is Layer.BOUNDARY

    def test_equals_wants_the_whole_encryption_context(self) -> None:
        grant = self.grant(equals={"stage": "prod"})
        assert self.decrypt(session(), grant, stage="prod").allowed
        assert not self.decrypt(session(), grant, stage="prod", more="x").allowed
        assert not self.decrypt(session(), grant).allowed

    def test_subset_wants_a_part_of_it(self) -> None:
        grant = self.grant(subset={"stage": "prod"})
        assert self.decrypt(session(), grant, stage="prod", more="x").allowed
        assert not self.decrypt(session(), grant, more="x").allowed


class TestBlockPublicAccess:
    def read(self, caller: str, *statements: Mapping[str, Any], on: bool = True) -> Any:
        return decide(
            Request("s3:GetObject", OBJECT, Principal.of(caller), A),
            PolicySet(
                identity=(EVERYTHING,),
                resource=policy(PolicyKind.RESOURCE, *statements),
                restrict_public_buckets=on,
            ),
        )

    PUBLIC = allow("s3:*", Principal="*")
    FIXED = allow("s3:*", Principal={"AWS": B})
    OTHER = f"arn:aws:iam::{B}:user/bob"

    def test_a_public_policy_cuts_off_anonymous(self) -> None:
        decision = self.read("anonymous", self.PUBLIC)
        assert decision.effect is Effect.EXPLICIT_DENY
        assert decision.blocked_by.layer is Layer.PUBLIC_ACCESS
        assert self.read("anonymous", self.PUBLIC, on=False).allowed

    def test_it_cuts_off_other_statements_for_other_accounts_too(self) -> None:
        assert self.read(self.OTHER, self.FIXED).allowed
        assert not self.read(self.OTHER, self.FIXED, self.PUBLIC).allowed

    def test_the_owner_and_services_stay(self) -> None:
        assert self.read(f"arn:aws:iam::{A}:user/ana", self.PUBLIC).allowed
        assert self.read("logs.amazonaws.com", self.PUBLIC).allowed

    @pytest.mark.parametrize(
        ("condition", "public"),
        [
            ({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, False),
            ({"StringLike": {"aws:PrincipalOrgID": "o-*"}}, True),
            ({"StringEquals": {"aws:PrincipalOrgID": "${aws:PrincipalTag/org}"}}, True),
            ({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, False),
            ({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}, True),
            ({"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}, True),
            ({"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{B}:role/*"}}, False),
            ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/etl"}}, True),
            ({"Bool": {"aws:SecureTransport": "true"}}, True),
        ],
    )
    def test_fixed_values_make_a_policy_private(self, condition: Mapping[str, Any], public: bool) -> None:
        decision = self.read(self.OTHER, self.FIXED, allow("s3:*", Principal="*", Condition=condition))
        assert decision.allowed is not public


class TestFederatedUser:
    CALLER = Principal.of(f"arn:aws:sts::{A}:federated-user/fay", role_arn=f"arn:aws:iam::{A}:user/ana")

    def test_made_without_a_policy_it_has_no_rights_of_its_user(self) -> None:
        request = Request("s3:GetObject", OBJECT, self.CALLER, A)
        decision = decide(request, PolicySet(identity=(EVERYTHING,), session=()))
        assert decision.blocked_by == layer_of(decision, Layer.SESSION)

    def test_a_grant_to_its_user_is_limited_by_the_session_policy(self) -> None:
        request = Request("s3:GetObject", OBJECT, self.CALLER, A)
        grant = policy(PolicyKind.RESOURCE, allow("s3:*", Principal={"AWS": f"arn:aws:iam::{A}:user/ana"}))
        assert not decide(request, PolicySet(session=(), resource=grant)).allowed
        session_policy = policy(PolicyKind.SESSION, allow("s3:*"))
        assert decide(request, PolicySet(session=(session_policy,), resource=grant)).allowed


class TestTrace:
    def decision(self) -> Any:
        identity = policy(
            PolicyKind.IDENTITY,
            allow("s3:Put*"),
            allow("s3:*", Resource="arn:aws:s3:::other/*"),
            allow("s3:*", Condition={"StringEquals": {"aws:PrincipalTag/team": ["a", "b"]}}),
        )
        scps = (Level("Root", (EVERYTHING,)), Level(A, (EVERYTHING,)))
        request = Request("s3:GetObject", OBJECT, session(), A, {"aws:PrincipalTag/Team": "c"})
        return decide(request, PolicySet(identity=(identity,), scps=scps))

    def test_every_layer_in_the_order_of_the_evaluation(self) -> None:
        layers = [(each.layer, each.name) for each in self.decision().layers]
        assert layers == [
            (Layer.RCP, ""),
            (Layer.SCP, "Root"),
            (Layer.SCP, A),
            (Layer.ENDPOINT, ""),
            (Layer.RESOURCE, ""),
            (Layer.IDENTITY, ""),
            (Layer.BOUNDARY, ""),
            (Layer.SESSION, ""),
        ]

    def test_every_statement_with_each_element(self) -> None:
        statements = layer_of(self.decision(), Layer.IDENTITY).statements
        assert [(each.action, each.resource) for each in statements] == [(False, True), (True, False), (True, True)]
        assert not any(each.matched for each in statements)
        (condition,) = statements[2].conditions or ()
        assert (condition.operator, condition.key) == ("StringEquals", "aws:PrincipalTag/team")
        assert (condition.wanted, condition.actual, condition.met) == (("a", "b"), ("c",), False)

    def test_conditions_are_not_looked_at_when_another_element_fails(self) -> None:
        condition = {"Bool": {"aws:SecureTransport": "true"}}
        identity = policy(PolicyKind.IDENTITY, allow("s3:Put*", Condition=condition))
        decision = decide(Request("s3:GetObject", OBJECT, session(), A), PolicySet(identity=(identity,)))
        assert layer_of(decision, Layer.IDENTITY).statements[0].conditions is None

    def test_variables_are_resolved_in_the_trace(self) -> None:
        condition = {"StringLike": {"s3:prefix": "home/${aws:PrincipalTag/team}/*"}}
        identity = policy(PolicyKind.IDENTITY, allow("s3:*", Condition=condition))
        request = Request("s3:ListBucket", "arn:aws:s3:::data", session(), A, {"aws:PrincipalTag/team": "x*"})
        (statement,) = layer_of(decide(request, PolicySet(identity=(identity,))), Layer.IDENTITY).statements
        assert statement.conditions is not None
        assert statement.conditions[0].wanted == ("home/x*/*",)

    def test_the_request_is_completed(self) -> None:
        decision = decide(Request("sqs:SendMessage", f"arn:aws:sqs:us-east-1:{B}:q", session()), PolicySet())
        assert decision.cross_account
        assert decision.request.resource_account == B
        assert decision.request.context["aws:PrincipalArn"] == f"arn:aws:iam::{A}:role/etl"
        assert decision.request.context["aws:ResourceAccount"] == B

    def test_the_deny_that_decided_is_the_first_in_the_order(self) -> None:
        deny = {**allow("s3:*"), "Effect": "Deny"}
        scps = (Level("Root", (EVERYTHING, policy(PolicyKind.SCP, deny))),)
        identity = (policy(PolicyKind.IDENTITY, deny),)
        decision = decide(Request("s3:GetObject", OBJECT, session(), A), PolicySet(identity=identity, scps=scps))
        assert decision.blocked_by.layer is Layer.SCP

    def test_a_rcp_level_that_allows_by_itself_says_so(self) -> None:
        decision = decide(Request("s3:GetObject", OBJECT, session(), A), PolicySet(rcps=(Level("Root", ()),)))
        (level,) = [each for each in decision.layers if each.layer is Layer.RCP]
        assert (level.verdict, level.name) == (Verdict.ALLOW, "Root")
        assert "RCPFullAWSAccess" in level.note


@pytest.mark.parametrize("pattern", ["arn:aws:s3:::" + "*a" * 60 + "b", "*" * 200 + "z"])
def test_many_wildcards_cost_no_more_than_their_length(pattern: str) -> None:
    """A pattern that a backtracking engine would not finish in a lifetime."""
    identity = policy(PolicyKind.IDENTITY, allow("s3:*", Resource=pattern if pattern.startswith("arn") else "*"))
    condition = policy(PolicyKind.IDENTITY, allow("s3:*", Condition={"StringLike": {"s3:prefix": pattern}}))
    request = Request("s3:GetObject", "arn:aws:s3:::" + "a" * 400, session(), A, {"s3:prefix": "a" * 400})
    assert decide(request, PolicySet(identity=(condition,))).effect is Effect.IMPLICIT_DENY
    decide(request, PolicySet(identity=(identity,)))
