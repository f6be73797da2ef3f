"""The memory behind the fake is held against the local world: the same sequence, the same ends on both."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from crosswind.aws import Sessions
from crosswind.deploy import Applier, Outcome, Pace
from crosswind.deploy.observe import Observed, Wanted, observe
from crosswind.deploy.steps import (
    ApplyStack,
    ApplyStackSet,
    DeleteStack,
    DeleteStackSet,
    EmptyBucket,
    Plan,
    Step,
    Upload,
)
from crosswind.errors import CrosswindError
from tests.unit.deploy.memory import MemoryAws

_ACCOUNTS = itertools.count(400000000001)
REGION, FAR = "us-east-1", "us-west-2"


@pytest.fixture(params=["fake", "edge"])
def sessions(request: pytest.FixtureRequest) -> Sessions:
    if request.param == "fake":
        return MemoryAws().sessions
    edge: Sessions = request.getfixturevalue("edge_sessions")
    return edge


@pytest.fixture
def edge_sessions(endpoint: str) -> Sessions:
    from crosswind.cli import wire

    return wire.sessions({}, endpoint)


@pytest.fixture
def account() -> str:
    return str(next(_ACCOUNTS))


Act = Callable[..., Outcome]


@pytest.fixture
def act(sessions: Sessions) -> Act:
    def run(*steps: Step) -> Outcome:
        return Applier(sessions, pace=Pace(0.05, 0.2, timeout=60)).apply(Plan("t", "deploy", steps))

    return run


def template(bucket: str, **more: Any) -> str:
    resources = {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": bucket}}}
    outputs = {"Name": {"Value": {"Ref": "Bucket"}}}
    return json.dumps({"Resources": resources, "Outputs": outputs, **more}, sort_keys=True)


def stack(account: str, body: str, parameters: Mapping[str, str] | None = None) -> ApplyStack:
    pairs = tuple(sorted((parameters or {}).items()))
    return ApplyStack(
        id="s", account=account, region=REGION, stack="one", template=body, parameters=pairs, topology="t"
    )


def look(sessions: Sessions, account: str) -> Observed:
    return observe(Wanted(stacks=frozenset({(account, REGION, "one")})), sessions)


def code(outcome: Outcome) -> str:
    (failure,) = outcome.failures
    assert isinstance(failure.error, CrosswindError)
    return failure.error.code


def test_create_same_again_update(sessions: Sessions, account: str, act: Act) -> None:
    body = template(f"b-{account}", Parameters={"Late": {"Type": "String", "Default": ""}})
    assert act(stack(account, body)).results[0].note == "created"
    (found,) = look(sessions, account).stacks.values()
    assert (found.status, found.parameters, dict(found.template)) == ("CREATE_COMPLETE", {"Late": ""}, json.loads(body))
    assert set(found.outputs) == {"Name"}
    assert act(stack(account, body)).results[0].note == "unchanged"
    assert act(stack(account, body, {"Late": "now"})).results[0].note in {"updated", "unchanged"}
    (found,) = look(sessions, account).stacks.values()
    assert found.parameters == {"Late": "now"}


def test_a_parameter_without_a_value_is_refused(sessions: Sessions, account: str, act: Act) -> None:
    body = template(f"b-{account}", Parameters={"Must": {"Type": "String"}})
    assert code(act(stack(account, body))) == "CW200"
    assert look(sessions, account).stacks == {}


def test_a_stack_that_is_not_there(sessions: Sessions, account: str, act: Act) -> None:
    assert look(sessions, account).stacks == {}
    gone = DeleteStack(id="d", account=account, region=REGION, stack="one")
    assert act(gone).results[0].note == "not there"


def test_a_bucket_with_objects_keeps_its_stack(sessions: Sessions, account: str, act: Act) -> None:
    bucket = f"b-{account}"
    put = Upload(id="u", account=account, region=REGION, after=("s",), bucket=bucket, key="raw/", content=b"x")
    assert act(stack(account, template(bucket)), put).ok
    delete = DeleteStack(id="d", account=account, region=REGION, stack="one")
    failed = act(delete)
    assert code(failed) == "CW301"
    assert "Bucket (AWS::S3::Bucket)" in failed.results[0].note
    assert look(sessions, account).stacks[account, REGION, "one"].status == "DELETE_FAILED"
    empty = EmptyBucket(id="e", account=account, region=REGION, bucket=bucket)
    assert act(empty).results[0].note == "1 object versions deleted"
    assert act(delete).results[0].note == "deleted"
    assert act(empty).results[0].note == "not there"


def test_a_stackset_from_nothing_to_nothing(sessions: Sessions, account: str, act: Act) -> None:
    if sessions.endpoint != "http://fake":
        make_roles(sessions, account)
    step = ApplyStackSet(
        id="s",
        account=account,
        region=REGION,
        stackset="many",
        template=template(f"far-{account}", Parameters={"Late": {"Type": "String", "Default": ""}}),
        instances=((account, FAR),),
        administration_role_arn=f"arn:aws:iam::{account}:role/administration",
        execution_role="execution",
        topology="t",
    )
    first = act(step)
    assert first.results[0].note == "created", first.failures
    assert set(first.outputs["many"]) == {"Name"}
    assert act(step).results[0].note == "unchanged"
    place = (account, REGION, "many")
    found = observe(Wanted(stacksets=frozenset({place})), sessions).stacksets[place]
    assert {where: one.status for where, one in found.instances.items()} == {(account, FAR): "CURRENT"}
    gone = DeleteStackSet(id="d", account=account, region=REGION, stackset="many", instances=step.instances)
    assert act(gone).results[0].note == "deleted"
    assert act(gone).results[0].note == "not there"


def make_roles(sessions: Sessions, account: str) -> None:
    iam = sessions.client("iam", account, REGION)
    for role, principal, actions in (
        ("administration", {"Service": "cloudformation.amazonaws.com"}, ["sts:AssumeRole"]),
        ("execution", {"AWS": f"arn:aws:iam::{account}:role/administration"}, ["cloudformation:*", "s3:*"]),
    ):
        trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
        document = {"Version": "2012-10-17", "Statement": [trust]}
        iam.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(document))
        granted = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": actions, "Resource": "*"}}
        iam.put_role_policy(RoleName=role, PolicyName="granted", PolicyDocument=json.dumps(granted))
