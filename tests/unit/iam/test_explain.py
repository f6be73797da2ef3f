"""Explanations: what came nearest, which document of whose account to edit, and where AWS's words mislead."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswind.iam import Decision, Explanation, Layer, PolicyKind, PolicySet, Principal, Request, decide, explain
from crosswind.iam.explanation import Mark, Mismatch, NearMiss, text
from tests.unit.iam.asked import (
    DATA,
    HUB,
    ROLE,
    SECRET,
    SESSION,
    TARGET,
    allow,
    ask,
    deny,
    document,
    identity,
    level,
    resource,
    trust,
)

GET = "secretsmanager:GetSecretValue"
BY_ID = {"Condition": {"StringEquals": {"sts:ExternalId": "pipeline-7"}}}
ASSUMES = identity(allow("sts:AssumeRole", TARGET, Sid="AssumeEtl"), name="assume-targets")
HUB_ROOT = f"arn:aws:iam::{HUB}:root"
OBJECT = "arn:aws:s3:::data/transformed/x.csv"


def near(decision: Decision) -> NearMiss:
    found = explain(decision).near_miss
    assert found is not None
    return found


def test_an_external_id_that_is_missing() -> None:
    told = explain(ask("sts:AssumeRole", TARGET, identity=ASSUMES, resource=trust({"AWS": HUB}, Sid="Hub", **BY_ID)))

    assert told.why == "cross-account: both sides must allow"
    assert told.owner == DATA
    marks = {(each.layer, each.account): each.mark for each in told.layers if each.mark is not Mark.NONE}
    assert marks == {("role trust policy", DATA): Mark.MISS, ("identity-based policy", HUB): Mark.OK}
    miss = told.near_miss
    assert miss is not None
    assert (miss.matched, miss.element, miss.mismatch) == (("Principal", "Action"), "Condition", Mismatch.KEY_ABSENT)
    assert (miss.operator, miss.key, miss.expected, miss.actual) == (
        "StringEquals",
        "sts:ExternalId",
        ("pipeline-7",),
        None,
    )
    assert (miss.document.kind, miss.document.name, miss.document.statement, miss.document.sid) == (
        "role",
        "etl",
        0,
        "Hub",
    )
    assert told.fixes == (
        f"caller {HUB}: send ExternalId=pipeline-7 (AssumeRole parameter); or owner {DATA}: change condition"
        ' StringEquals sts:ExternalId in the role trust policy of role etl, statement 0 "Hub"',
    )
    assert told.note == ""


def test_as_text() -> None:
    told = explain(ask("sts:AssumeRole", TARGET, identity=ASSUMES, resource=trust({"AWS": HUB}, Sid="Hub", **BY_ID)))
    assert text(told, ["crosswind.yaml:7 external_id"]).splitlines() == [
        f"User: {SESSION} is not authorized to perform: sts:AssumeRole on resource: {TARGET}"
        " because no role trust policy allows the sts:AssumeRole action",
        "WHY   cross-account: both sides must allow",
        f'  [MISS] owner {DATA}  role trust policy      role etl, statement 0 "Hub":',
        "         Principal matches, Action matches, condition StringEquals sts:ExternalId:"
        ' policy wants "pipeline-7", request carries none',
        f"  [ok]   caller {HUB} identity-based policy  role mwaa-exec, policy"
        ' "assume-targets", statement 0 "AssumeEtl" allows',
        f"  [-]    owner {DATA}  no resource control policy",
        f"  [-]    caller {HUB} no service control policy, no VPC endpoint policy, no permissions boundary,"
        " no session policy",
        f"FIX   caller {HUB}: send ExternalId=pipeline-7 (AssumeRole parameter)",
        f"      or owner {DATA}: change condition StringEquals sts:ExternalId in the role trust policy of role etl,"
        ' statement 0 "Hub"',
        "FROM  crosswind.yaml:7 external_id",
    ]


def test_another_external_id() -> None:
    decision = ask(
        "sts:AssumeRole",
        TARGET,
        identity=ASSUMES,
        resource=trust({"AWS": HUB}, **BY_ID),
        context={"sts:ExternalId": "other"},
    )
    assert near(decision).mismatch is Mismatch.KEY_DIFFERS
    assert near(decision).actual == ("other",)


@pytest.mark.parametrize(
    ("principal", "mismatch", "fix"),
    [
        ({"AWS": f"arn:aws:iam::{DATA}:root"}, Mismatch.ACCOUNT, f"add {ROLE} to Principal in the role trust policy"),
        (
            {"AWS": f"arn:aws:iam::{HUB}:role/other"},
            Mismatch.PRINCIPAL,
            f"add {ROLE} to Principal in the role trust policy",
        ),
        (
            {"Service": "glue.amazonaws.com"},
            Mismatch.ACCOUNT,
            f"add a statement to the role trust policy of role etl that lets {ROLE} perform sts:AssumeRole",
        ),
    ],
)
def test_a_trust_in_somebody_else(principal: dict[str, str], mismatch: Mismatch, fix: str) -> None:
    decision = ask("sts:AssumeRole", TARGET, identity=ASSUMES, resource=trust(principal))
    assert (near(decision).element, near(decision).mismatch) == ("Principal", mismatch)
    assert near(decision).actual == (SESSION,)
    assert fix in explain(decision).fixes[0]


def test_a_trust_in_a_role_that_was_deleted_and_made_again() -> None:
    from crosswind.iam import parse

    written = {"Statement": {"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": "sts:AssumeRole"}}
    stored = parse(written, PolicyKind.TRUST, account=DATA, ids={ROLE: "AROA" + "A" * 16})
    caller = Principal.of(SESSION, unique_id="AROA" + "B" * 16)
    told = explain(decide(Request("sts:AssumeRole", TARGET, caller), PolicySet(identity=ASSUMES, resource=stored)))
    assert told.near_miss is not None
    assert told.near_miss.mismatch is Mismatch.PRINCIPAL_ID
    assert "by its unique id" in told.fixes[0]


@pytest.mark.parametrize(
    ("statement", "element", "mismatch"),
    [
        (allow("s3:GetObject", "arn:aws:s3:::data/raw/*"), "Resource", Mismatch.RESOURCE_ID),
        (allow("s3:GetObject", "arn:aws-cn:s3:::data/*"), "Resource", Mismatch.PARTITION),
        (allow("s3:PutObject", "arn:aws:s3:::data/*"), "Action", Mismatch.ACTION),
        ({"Effect": "Allow", "NotAction": "s3:Get*", "Resource": "arn:aws:s3:::data/*"}, "NotAction", Mismatch.ACTION),
        ({"Effect": "Allow", "Action": "s3:*", "NotResource": OBJECT}, "NotResource", Mismatch.RESOURCE_ID),
    ],
)  # fmt: skip
def test_what_the_callers_policy_lacks(statement: dict[str, Any], element: str, mismatch: Mismatch) -> None:
    decision = ask("s3:GetObject", OBJECT, owner=HUB, identity=identity(statement))
    assert (near(decision).element, near(decision).mismatch) == (element, mismatch)
    assert explain(decision).owner == HUB


@pytest.mark.parametrize(
    ("pattern", "mismatch"),
    [
        (f"arn:aws:glue:us-west-2:{DATA}:job/etl", Mismatch.REGION),
        (f"arn:aws:glue:us-east-1:{HUB}:job/etl", Mismatch.ACCOUNT),
        (f"arn:aws:batch:us-east-1:{DATA}:job/etl", Mismatch.SERVICE),
        (f"arn:aws:glue:us-east-1:{DATA}:job/other", Mismatch.RESOURCE_ID),
        (f"arn:aws:glue:*:{DATA}:job/other", Mismatch.RESOURCE_ID),
    ],
)
def test_the_part_of_an_arn_that_differs(pattern: str, mismatch: Mismatch) -> None:
    arn = f"arn:aws:glue:us-east-1:{DATA}:job/etl"
    by = f"arn:aws:iam::{DATA}:role/orchestrator"
    decision = ask("glue:StartJobRun", arn, by=by, identity=identity(allow("glue:StartJobRun", pattern)))
    assert near(decision).mismatch is mismatch
    assert near(decision).expected == (pattern,)
    assert near(decision).actual == (arn,)


def test_the_statement_with_most_elements_is_nearest() -> None:
    by_tls = {"Condition": {"Bool": {"aws:SecureTransport": "true"}}}
    statements = (
        allow("s3:PutObject", "arn:aws:s3:::data/*", Sid="Write"),
        allow("sagemaker:ListTrainingJobs", "*", Sid="Everything"),
        allow("s3:GetObject", "arn:aws:s3:::data/raw/*", Sid="ReadRaw"),
        allow("s3:GetObject", "arn:aws:s3:::data/*", Sid="ReadByTls", **by_tls),
        allow("s3:GetObject", "arn:aws:s3:::other/*", Sid="ReadOther"),
    )
    decision = ask("s3:GetObject", OBJECT, owner=HUB, identity=identity(*statements))
    assert near(decision).document.sid == "ReadByTls"
    decision = ask("s3:GetObject", OBJECT, owner=HUB, identity=identity(*statements[:3], statements[4]))
    assert near(decision).document.sid == "ReadRaw"
    decision = ask("s3:GetObject", OBJECT, owner=HUB, identity=identity(statements[1]))
    assert explain(decision).near_miss is None


def test_expected_patterns_are_the_nearest_first_with_their_variables() -> None:
    patterns = [
        "arn:aws:s3:::other/*",
        "arn:aws:s3:::data/${aws:PrincipalAccount}/*",
        "arn:aws:s3:::data/${aws:none}/*",
    ]
    decision = ask("s3:GetObject", OBJECT, owner=HUB, identity=identity(allow("s3:GetObject", patterns)))
    assert near(decision).expected == (f"arn:aws:s3:::data/{HUB}/*", patterns[2], patterns[0])


def test_tags_that_are_named_like_secrets_are_withheld() -> None:
    condition = {"StringEquals": {"aws:RequestTag/db-password": "hunter2", "sts:ExternalId": "open"}}
    context = {"aws:RequestTag/db-password": "hunter3"}
    decision = ask(GET, SECRET, owner=HUB, identity=identity(allow(GET, Condition=condition)), context=context)
    told = json.dumps(explain(decision).as_dict())
    assert "hunter" not in told
    assert near(decision).key == "aws:RequestTag/db-password"

    met = ask(
        GET,
        SECRET,
        owner=HUB,
        identity=identity(deny(GET, Condition={"StringEquals": {"aws:RequestTag/db-password": "hunter3"}})),
        context=context,
    )
    assert "hunter" not in json.dumps(explain(met).as_dict())


def test_an_explicit_deny_is_the_first_thing_to_edit() -> None:
    tls = {"Sid": "TlsOnly", "Principal": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    decision = ask(
        "s3:GetObject",
        OBJECT,
        owner=HUB,
        resource=resource(deny("s3:*", "arn:aws:s3:::data/*", **tls)),
        context={"aws:SecureTransport": "false"},
    )
    told = explain(decision)
    assert told.effect == "ExplicitDeny"
    assert [each.mark for each in told.layers if each.mark is not Mark.NONE] == [Mark.DENY, Mark.MISS]
    assert told.documents[0].sid == "TlsOnly"
    assert told.fixes[0].endswith(
        'narrow or remove the Deny in the resource-based policy: bucket data, statement 0 "TlsOnly"'
    )
    assert "add a statement to the identity-based policy of role mwaa-exec" in told.fixes[1]
    assert told.note.endswith(f"the identity-based policy of account {HUB} stands in the way as well")


@pytest.mark.parametrize(
    ("policies", "owner", "note"),
    [
        (  # the resource's policy allows the caller's account, and AWS blames it
            {"resource": resource(allow(GET, Principal={"AWS": HUB_ROOT}))},
            HUB,
            f"AWS's own message names only the resource-based policy of account {DATA}, which is not at fault:"
            f" edit the identity-based policy of account {HUB}",
        ),
        ({"resource": resource(allow(GET, Principal={"AWS": ROLE}))}, HUB, ""),
        ({"identity": identity(allow(GET))}, DATA, ""),
        (
            {},
            DATA,
            f"AWS's own message names only the resource-based policy of account {DATA};"
            f" the identity-based policy of account {HUB} stands in the way as well",
        ),
    ],
)
def test_the_account_to_edit_and_where_aws_points_elsewhere(policies: dict[str, Any], owner: str, note: str) -> None:
    told = explain(ask(GET, SECRET, **policies))
    assert told.owner == owner
    assert told.note == note


def test_s3_across_accounts_is_told_although_aws_tells_nothing() -> None:
    told = explain(ask("s3:GetObject", OBJECT, owner=DATA, identity=identity(allow("s3:*"))))
    assert told.sentence == "Access Denied"
    assert told.owner == DATA
    assert "nothing more" in told.note
    assert (
        f"add a statement to the resource-based policy of bucket data that lets {ROLE} perform s3:GetObject"
        in told.fixes[0]
    )


@pytest.mark.parametrize(
    ("policies", "layer", "kind", "whose"),
    [
        ({"scps": level(allow("glue:*"))}, Layer.SCP, "organization", "the organization's management account"),
        ({"boundary": (document(PolicyKind.BOUNDARY, allow("glue:*")),)}, Layer.BOUNDARY, "role", f"caller {HUB}"),
        ({"session": (document(PolicyKind.SESSION, allow("glue:*")),)}, Layer.SESSION, "session", f"caller {HUB}"),
    ],
)
def test_the_other_layers(policies: dict[str, Any], layer: Layer, kind: str, whose: str) -> None:
    told = explain(ask(GET, SECRET, owner=HUB, identity=identity(allow("*")), **policies))
    assert [each.layer for each in told.layers if each.mark is Mark.MISS] == [layer.value]
    assert told.documents[0].kind == kind
    assert told.fixes[0].startswith(f"{whose}: ")
    assert told.why == f"same account: the {layer.value} must allow too"


def test_a_public_bucket() -> None:
    public = resource(allow("s3:*", "arn:aws:s3:::data/*", Principal="*"))
    blocked = {"resource": public, "restrict_public_buckets": True}
    told = explain(ask("s3:GetObject", OBJECT, owner=DATA, identity=identity(allow("*")), **blocked))
    assert told.effect == "ExplicitDeny"
    assert "RestrictPublicBuckets" in told.fixes[0]
    assert told.documents[0].kind == "bucket"


def test_an_allow_names_the_statements_that_allow() -> None:
    told = explain(ask("sts:AssumeRole", TARGET, identity=ASSUMES, resource=trust({"AWS": HUB}, Sid="Hub")))
    assert (told.sentence, told.near_miss, told.owner, told.documents, told.fixes, told.note) == (
        "",
        None,
        "",
        (),
        (),
        "",
    )
    says = [each.says for each in told.layers if each.mark is Mark.OK]
    assert says == [
        'role etl, statement 0 "Hub" allows the caller\'s account, whose own policies must allow too',
        'role mwaa-exec, policy "assume-targets", statement 0 "AssumeEtl" allows',
    ]
    assert text(told).startswith(f"Allowed: {SESSION} may perform sts:AssumeRole on resource: {TARGET}\n")


def test_a_user_and_root() -> None:
    told = explain(ask(GET, SECRET, by=f"arn:aws:iam::{DATA}:user/team/ann"))
    assert (told.documents[0].kind, told.documents[0].name) == ("user", "ann")
    told = explain(ask(GET, SECRET, by=DATA))
    assert told.effect == "Allow"
    assert any("the root user is allowed everything" in each.says for each in told.layers)


STATEMENTS = st.builds(
    lambda effect, action, arn, principal, condition: {
        "Effect": effect,
        "Action": action,
        "Resource": arn,
        **({"Principal": principal} if principal else {}),
        **({"Condition": condition} if condition else {}),
    },
    st.sampled_from(["Allow", "Deny"]),
    st.sampled_from(["s3:GetObject", "s3:*", "*", "glue:StartJobRun"]),
    st.sampled_from([OBJECT, "*", "arn:aws:s3:::data/raw/*", "arn:aws:s3:::${aws:username}/*"]),
    st.just(None),
    st.sampled_from([None, {"StringEquals": {"aws:PrincipalTag/team": "data"}}, {"Null": {"aws:username": "true"}}]),
)
PRINCIPALS = st.sampled_from(["*", {"AWS": HUB_ROOT}, {"AWS": ROLE}, {"AWS": SESSION}, {"Service": "s3.amazonaws.com"}])


@given(
    own=st.lists(STATEMENTS, max_size=3),
    foreign=st.lists(st.tuples(STATEMENTS, PRINCIPALS), max_size=3),
    owner=st.sampled_from([HUB, DATA]),
    by=st.sampled_from([SESSION, ROLE, f"arn:aws:iam::{HUB}:user/ann", HUB, "s3.amazonaws.com", "anonymous"]),
)
def test_every_decision_can_be_told(
    own: list[dict[str, Any]], foreign: list[tuple[dict[str, Any], Any]], owner: str, by: str
) -> None:
    """A denial always names a document, its account and a fix; an Allow never does; JSON brings all of it back."""
    decision = ask(
        "s3:GetObject",
        OBJECT,
        by=by,
        owner=owner,
        identity=identity(*own) if own else (),
        resource=resource(*({**each, "Principal": who} for each, who in foreign)) if foreign else None,
    )
    told = explain(decision)
    assert Explanation.of(json.loads(json.dumps(told.as_dict()))) == told
    assert text(told)
    blocked = [each for each in told.layers if each.mark in (Mark.MISS, Mark.DENY)]
    assert bool(told.sentence) is bool(told.fixes) is bool(told.documents) is not decision.allowed
    if decision.allowed:
        assert not blocked
    else:
        assert blocked
        assert told.owner
        assert len(told.fixes) == len(told.documents)
