"""One change in the way: exactly the flows that depend on it are refused, in AWS's words, and the side at fault is
named; all others stay green."""

from __future__ import annotations

import pytest

from tests.local.iam.flows import BY_NAME, Refusal, refusals
from tests.local.iam.mutations import MUTATIONS, Mutation, names
from tests.local.iam.stage import Stage

CODES = {
    "s3": "AccessDenied",
    "sts": "AccessDenied",
    "cloudwatch": "AccessDenied",
    "glue": "AccessDeniedException",
    "kms": "AccessDeniedException",
    "lambda": "AccessDeniedException",
    "logs": "AccessDeniedException",
    "sagemaker": "AccessDeniedException",
    "secretsmanager": "AccessDeniedException",
    "sqs": "AccessDenied",
}


def test_every_flow_is_green(stage: Stage) -> None:
    assert refusals(stage) == {}


@pytest.mark.parametrize("mutation", MUTATIONS, ids=names(MUTATIONS))
def test_refused_with_the_named_side(stage: Stage, mutation: Mutation) -> None:
    assert refusals(stage, only=mutation.refused) == {}
    with mutation.change(stage):
        found = refusals(stage, mutation.entry)
    assert set(found) == mutation.refused
    for name, refusal in found.items():
        check(stage, mutation, name, refusal)


def check(stage: Stage, mutation: Mutation, name: str, refusal: Refusal) -> None:
    flow = BY_NAME[name]
    owners = {"hub": stage.hub, "data": stage.data, "management": stage.management, "": ""}
    assert (refusal.layer, refusal.owner) == (mutation.layer, owners[mutation.owner]), refusal
    action = refusal.why["action"] if refusal.why else ""
    told = refusal.why["sentence"] if refusal.why else refusal.message
    words = mutation.sentence.format(action=action)
    # The policy's ARN follows on an explicit deny in the same organization.
    assert told.partition(": arn:aws:organizations:")[0].endswith(words), told
    at_the_door = action.startswith("sts:") or mutation.code
    if flow.head and not at_the_door:  # a HEAD's answer has no body
        assert refusal.code == "403"
        return
    assert refusal.code == (mutation.code or ("AccessDenied" if at_the_door else CODES[flow.service]))
    # SQS writes actions in lower case.
    same = refusal.message == told if flow.service != "sqs" else refusal.message.lower() == told.lower()
    assert same or flow.who == "replication"


def test_every_flow_is_green_again(stage: Stage) -> None:
    assert refusals(stage) == {}
