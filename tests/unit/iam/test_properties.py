"""Properties that hold for every set of policies."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crosswind.iam import (
    Decision,
    Effect,
    KmsGrant,
    Layer,
    Level,
    Policy,
    PolicyError,
    PolicyKind,
    PolicySet,
    Principal,
    Request,
    Verdict,
    decide,
    parse,
)

A, B = "111111111111", "222222222222"
CALLERS = [
    f"arn:aws:iam::{A}:user/ana",
    f"arn:aws:iam::{A}:role/etl",
    f"arn:aws:sts::{A}:assumed-role/etl/run",
    f"arn:aws:sts::{B}:assumed-role/hub/run",
    f"arn:aws:sts::{A}:federated-user/fay",
    f"arn:aws:iam::{A}:root",
    f"arn:aws:iam::{B}:root",
    "glue.amazonaws.com",
    "anonymous",
    f"arn:aws:iam::{A}:saml-provider/idp",
    f"arn:aws:iam::{A}:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX",
]
KEY = f"arn:aws:kms:us-east-1:{A}:key/k"
QUESTIONS = [
    ("s3:GetObject", "arn:aws:s3:::data/raw/k", PolicyKind.RESOURCE),
    ("sqs:SendMessage", f"arn:aws:sqs:us-east-1:{A}:jobs", PolicyKind.RESOURCE),
    ("sts:AssumeRole", f"arn:aws:iam::{A}:role/target", PolicyKind.TRUST),
    ("kms:Decrypt", KEY, PolicyKind.KEY),
    ("kms:ScheduleKeyDeletion", KEY, PolicyKind.KEY),
    ("s3:ListAllMyBuckets", "*", PolicyKind.RESOURCE),
]

actions = st.sampled_from(["*", "s3:*", "s3:Get*", "sqs:SendMessage", "sts:*", "kms:Decrypt", "KMS:*", "ec2:*"])
resources = st.sampled_from(
    ["*", "arn:aws:s3:::data/*", "arn:aws:s3:::*/raw/?", f"arn:aws:sqs:*:{A}:*", "arn:aws:s3:::${aws:PrincipalTag/t}/*"]
)
principals = st.sampled_from([*CALLERS[:7], "*", A, B])
conditions = st.sampled_from(
    [
        {},
        {"StringEquals": {"aws:PrincipalTag/t": ["data", "x"]}},
        {"StringNotEquals": {"aws:PrincipalTag/t": "data"}},
        {"ForAllValues:StringLike": {"aws:TagKeys": "a*"}},
        {"ForAnyValue:StringLikeIfExists": {"aws:TagKeys": "${aws:PrincipalTag/t}"}},
        {"Null": {"aws:TagKeys": "true"}},
        {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}, "Bool": {"aws:SecureTransport": "true"}},
        {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{A}:role/*"}},
        {"NumericLessThan": {"s3:max-keys": "10"}},
    ]
)
contexts = st.fixed_dictionaries(
    {},
    optional={
        "aws:PrincipalTag/t": st.sampled_from(["data", "x", "*"]),
        "aws:TagKeys": st.lists(st.sampled_from(["a", "ab", "c"]), max_size=2),
        "aws:SourceIp": st.sampled_from(["10.1.2.3", "192.0.2.1", "no address"]),
        "aws:SecureTransport": st.sampled_from(["true", "false"]),
        "s3:max-keys": st.sampled_from(["5", "50", "many"]),
    },
)


@st.composite
def statements(draw: st.DrawFn, *, named: bool, effect: str = "", spared: bool = True) -> dict[str, Any]:
    statement: dict[str, Any] = {"Effect": effect or draw(st.sampled_from(["Allow", "Allow", "Deny"]))}
    if named:
        element = (
            draw(st.sampled_from(["Principal", "Principal", "Principal", "NotPrincipal"])) if spared else "Principal"
        )
        who = draw(st.lists(principals, min_size=1, max_size=2))
        statement[element] = (
            "*"
            if "*" in who
            else {
                "AWS": [each for each in who if ":" in each or each.isdigit()],
                "Service": [each for each in who if each.endswith(".com")],
            }
        )
    statement[draw(st.sampled_from(["Action", "Action", "NotAction"]))] = draw(
        st.lists(actions, min_size=1, max_size=2)
    )
    statement[draw(st.sampled_from(["Resource", "Resource", "NotResource"]))] = draw(resources)
    if condition := draw(conditions):
        statement["Condition"] = condition
    return statement


def policy(kind: PolicyKind, found: list[dict[str, Any]], name: str = "p") -> Policy:
    return parse({"Version": "2012-10-17", "Statement": found}, kind, name=name, lenient=True)


def some(kind: PolicyKind, *, named: bool = False) -> st.SearchStrategy[Policy]:
    return st.lists(statements(named=named), max_size=3).map(lambda found: policy(kind, found))


def levels(kind: PolicyKind, *, named: bool) -> st.SearchStrategy[tuple[Level, ...]]:
    level = st.lists(some(kind, named=named), max_size=2).map(lambda found: Level("l", tuple(found)))
    return st.lists(level, max_size=2).map(tuple)


@st.composite
def situations(draw: st.DrawFn) -> tuple[Request, PolicySet]:
    action, resource, kind = draw(st.sampled_from(QUESTIONS))
    caller = Principal.of(draw(st.sampled_from(CALLERS)))
    request = Request(action, resource, caller, draw(st.sampled_from([A, A, B, ""])), draw(contexts))

    def several(kind: PolicyKind) -> st.SearchStrategy[tuple[Policy, ...]]:
        return st.lists(some(kind), max_size=2).map(tuple)

    grants = st.lists(
        st.sampled_from([KmsGrant(CALLERS[1], ("Decrypt",)), KmsGrant(CALLERS[0], ("Encrypt",))]), max_size=1
    )
    return request, PolicySet(
        identity=draw(several(PolicyKind.IDENTITY)),
        boundary=draw(st.none() | several(PolicyKind.BOUNDARY)),
        session=draw(st.none() | several(PolicyKind.SESSION)),
        resource=draw(st.none() | some(kind, named=True)),
        scps=draw(levels(PolicyKind.SCP, named=False)),
        rcps=draw(levels(PolicyKind.RCP, named=True)),
        endpoint=draw(st.lists(some(PolicyKind.ENDPOINT, named=True), max_size=1).map(tuple)),
        grants=tuple(draw(grants)),
        restrict_public_buckets=draw(st.booleans()),
    )


thorough = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def variants(policies: PolicySet, extra: dict[str, Any], named: dict[str, Any]) -> list[PolicySet]:
    """The set with one more statement, at each place that has a document."""
    found = [policies._replace(identity=(*policies.identity, policy(PolicyKind.IDENTITY, [extra])))]
    if policies.boundary is not None:
        found.append(policies._replace(boundary=(*policies.boundary, policy(PolicyKind.BOUNDARY, [extra]))))
    if policies.session is not None:
        found.append(policies._replace(session=(*policies.session, policy(PolicyKind.SESSION, [extra]))))
    if policies.resource is not None:
        old = policies.resource
        raw = [dict(each.raw) for each in old.statements]
        found.append(policies._replace(resource=policy(old.kind, [*raw, named])))
    if policies.scps:
        level = Level("l", (*policies.scps[0].policies, policy(PolicyKind.SCP, [extra])))
        found.append(policies._replace(scps=(level, *policies.scps[1:])))
    if policies.rcps:
        level = Level("l", (*policies.rcps[0].policies, policy(PolicyKind.RCP, [named])))
        found.append(policies._replace(rcps=(level, *policies.rcps[1:])))
    if policies.endpoint:
        found.append(policies._replace(endpoint=(*policies.endpoint, policy(PolicyKind.ENDPOINT, [named]))))
    return found


@thorough
@given(situations(), statements(named=False, effect="Deny"), statements(named=True, effect="Deny"))
def test_adding_a_deny_never_grants(
    situation: tuple[Request, PolicySet], extra: dict[str, Any], named: dict[str, Any]
) -> None:
    request, policies = situation
    if not decide(request, policies).allowed:
        assert not any(decide(request, each).allowed for each in variants(policies, extra, named))


@thorough
@given(situations(), statements(named=False, effect="Allow"), statements(named=True, effect="Allow", spared=False))
def test_adding_an_allow_never_takes_away(
    situation: tuple[Request, PolicySet], extra: dict[str, Any], named: dict[str, Any]
) -> None:
    """Block Public Access is aside: a further Allow may make a bucket's policy public."""
    request, policies = situation
    policies = policies._replace(restrict_public_buckets=False)
    if decide(request, policies).allowed:
        assert all(decide(request, each).allowed for each in variants(policies, extra, named))


@thorough
@given(situations(), st.randoms(use_true_random=False))
def test_the_order_of_statements_never_matters(situation: tuple[Request, PolicySet], random: Any) -> None:
    request, policies = situation

    def shuffled(found: Policy) -> Policy:
        raw = [dict(each.raw) for each in found.statements]
        random.shuffle(raw)
        return policy(found.kind, raw)

    turned = policies._replace(
        identity=tuple(shuffled(each) for each in reversed(policies.identity)),
        boundary=None if policies.boundary is None else tuple(shuffled(each) for each in policies.boundary),
        session=None if policies.session is None else tuple(shuffled(each) for each in policies.session),
        resource=None if policies.resource is None else shuffled(policies.resource),
        scps=tuple(Level(each.name, tuple(shuffled(one) for one in each.policies)) for each in policies.scps),
        rcps=tuple(Level(each.name, tuple(shuffled(one) for one in each.policies)) for each in policies.rcps),
    )
    before, after = decide(request, policies), decide(request, turned)
    assert before.effect is after.effect
    assert [each.verdict for each in before.layers] == [each.verdict for each in after.layers]


@thorough
@given(situations())
def test_the_effect_follows_from_the_layers(situation: tuple[Request, PolicySet]) -> None:
    """Whoever reads the trace alone comes to the same answer."""
    decision = decide(*situation)
    assert decision.effect is _effect_of(decision)
    assert (decision.blocked_by is None) is decision.allowed
    if decision.blocked_by is not None:
        assert decision.blocked_by in decision.layers
    for layer in decision.layers:
        denies = any(each.matched and each.statement.effect == "Deny" for each in layer.statements)
        if layer.layer is not Layer.PUBLIC_ACCESS:
            assert denies is (layer.verdict is Verdict.EXPLICIT_DENY)
        if layer.verdict is Verdict.ALLOW and not layer.note and layer.statements:
            assert any(each.matched and each.statement.effect == "Allow" for each in layer.statements)


@thorough
@given(situations())
def test_to_leave_out_the_statements_changes_no_verdict(situation: tuple[Request, PolicySet]) -> None:
    request, policies = situation
    whole, short = decide(request, policies), decide(request, policies, whole=False)
    assert (short.effect, short.request) == (whole.effect, request)
    assert decide(short.request, policies) == whole  # and the rest can be had later
    for full, left in zip(whole.layers, short.layers, strict=True):
        assert left == full._replace(statements=())


def _effect_of(decision: Decision) -> Effect:
    if any(each.verdict is Verdict.EXPLICIT_DENY for each in decision.layers):
        return Effect.EXPLICIT_DENY
    missing = any(each.required and each.verdict is Verdict.IMPLICIT_DENY for each in decision.layers)
    return Effect.IMPLICIT_DENY if missing else Effect.ALLOW


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12)
odd = st.sampled_from(
    [
        "*",
        "${",
        "${}",
        "${*",
        "${aws:x, 'y'}",
        "arn:",
        "arn:aws:s3:::",
        "s3:[",
        "a|b",
        "(",
        "\\",
        "s3:Get*",
        "?" * 9,
        "0/0",
    ]
)
leaves = scalars | odd
anything = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
)
operators = st.sampled_from(
    [
        "StringLike",
        "arnlike",
        "NumericEquals",
        "DateEquals",
        "Bool",
        "BinaryEquals",
        "IpAddress",
        "Null",
        "ForAllValues:x",
    ]
)
elements = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny", "allow", "DENY"])},
    optional={
        "Sid": anything,
        "Principal": anything | st.dictionaries(st.sampled_from(["AWS", "Service", "Other"]), anything, max_size=2),
        "NotPrincipal": anything,
        "Action": anything,
        "NotAction": anything,
        "Resource": anything,
        "NotResource": anything,
        "Condition": anything
        | st.dictionaries(
            operators, st.dictionaries(st.text(max_size=8) | st.just("aws:x"), anything, max_size=2), max_size=3
        ),
        "Other": anything,
    },
)
documents = st.fixed_dictionaries(
    {"Statement": st.lists(elements, max_size=3) | elements}, optional={"Version": anything}
)


@thorough
@given(
    document=documents | anything,
    kind=st.sampled_from(list(PolicyKind)),
    lenient=st.booleans(),
    situation=situations(),
    value=st.text(max_size=8) | odd | st.lists(odd, max_size=2),
)
def test_decide_never_raises_on_what_parses(
    document: Any, kind: PolicyKind, lenient: bool, situation: tuple[Request, PolicySet], value: Any
) -> None:
    text = json.dumps(document)
    try:
        parsed = parse(text, kind, lenient=lenient)
    except PolicyError:
        return
    request, policies = situation
    request = request._replace(context={**request.context, "aws:x": value})
    for changed in (
        policies._replace(identity=(parsed,), session=(parsed,), endpoint=(parsed,)),
        policies._replace(resource=parsed, scps=(Level("", (parsed,)),), rcps=(Level("", (parsed,)),)),
    ):
        assert decide(request, changed).effect in Effect
