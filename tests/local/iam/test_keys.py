"""The example with customer keys on both buckets, in an organization: key policies, rights on keys, SCPs, RCPs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from tests.local.iam.flows import refusals
from tests.local.iam.mutations import (
    HUB_ONLY,
    RESOURCE,
    Mutation,
    by,
    dropped,
    names,
    with_services,
    without,
)
from tests.local.iam.stage import EAST, WEST, Stage, Statements
from tests.local.iam.test_mutations import check

KEY, SCP, RCP = "key policy", "service control policy", "resource control policy"
_READS_SOURCE = frozenset({"read the handover", "Glue reads", "Glue writes"})
_READS_DESTINATION = frozenset({"read the training's configuration", "training reads"})
_REPLICATES = frozenset({"S3 replicates"})
_AIRFLOW_AT_SOURCE = frozenset({"read the handover", "publish a handover", "claim for Glue"})
_AIRFLOW_AT_DESTINATION = frozenset(
    {
        "read the training's configuration",
        "read the clean-up's answer",
        "record a model's lineage",
        "claim for the clean-up",
    }
)
_USES_SOURCE = _READS_SOURCE | _AIRFLOW_AT_SOURCE | _REPLICATES | {"Glue marks folders"}
_USES_DESTINATION = _READS_DESTINATION | _AIRFLOW_AT_DESTINATION | _REPLICATES | {"training writes", "clean-up answers"}
_NO_KEY_POLICY = "because no resource-based policy allows the {action} action"
_BY_SCP = "with an explicit deny in a service control policy"


def only_administered(statements: Statements) -> Statements:
    """A key policy that lets the account administer the key, and its IAM policies allow no use of it."""
    left = without("EnableIam")(statements)
    enabling = next(one for one in statements if one["Sid"] == "EnableIam")
    return [*left, {**enabling, "Sid": "Administer", "Action": ["kms:GetKeyPolicy", "kms:PutKeyPolicy"]}]


def key_policy(
    bucket: str, region: str, change: Callable[[Statements], Statements]
) -> Callable[[Stage], AbstractContextManager[None]]:
    return lambda stage: stage.key_policy(getattr(stage, bucket), region, change)


def denied(kind: str, action: str) -> Callable[[Stage], AbstractContextManager[None]]:
    statement = {"Effect": "Deny", "Action": action, "Resource": "*"}
    if kind == "RESOURCE_CONTROL_POLICY":
        statement["Principal"] = "*"
    return lambda stage: stage.controlled(kind, statement)


MUTATIONS = (
    Mutation(
        "the source key's policy lets the hub not decrypt",
        frozenset({"own DAG reads the source"}),
        key_policy("source", EAST, without("HubDecrypts")),
        layer=KEY,
        sentence=_NO_KEY_POLICY,
    ),
    Mutation(
        "the source key's policy does not enable IAM",
        _USES_SOURCE,
        key_policy("source", EAST, only_administered),
        layer=KEY,
        sentence=_NO_KEY_POLICY,
    ),
    Mutation(
        "the destination key's policy does not enable IAM",
        _USES_DESTINATION,
        key_policy("destination", WEST, only_administered),
        layer=KEY,
        sentence=_NO_KEY_POLICY,
    ),
    Mutation(
        "Airflow may not use the source's key",
        _AIRFLOW_AT_SOURCE,
        dropped("cross-account", "EncryptSource"),
    ),
    Mutation(
        "Airflow may not use the destination's key",
        _AIRFLOW_AT_DESTINATION,
        dropped("cross-account", "EncryptDestination"),
    ),
    Mutation(
        "the clean-up may not use the destination's key",
        frozenset({"clean-up answers"}),
        dropped("lambda", "SealDestination"),
    ),
    Mutation(
        "Glue may not use the source's key",
        frozenset({"Glue reads", "Glue writes", "Glue marks folders"}),
        dropped("glue", "EncryptSource"),
    ),
    Mutation(
        "training may not use the destination's key",
        frozenset({"training reads", "training writes"}),
        dropped("sagemaker", "EncryptDestination"),
    ),
    Mutation("S3 may not decrypt the source", _REPLICATES, dropped("replication", "DecryptSource")),
    Mutation("S3 may not encrypt replicas", _REPLICATES, dropped("replication", "EncryptReplicasInDestination")),
    Mutation(
        "the organization denies Glue",
        with_services("cross-account", "glue"),
        denied("SERVICE_CONTROL_POLICY", "glue:*"),
        layer=SCP,
        owner="management",
        sentence=_BY_SCP,
    ),
    Mutation(
        "the organization denies passing roles",
        frozenset({"start training"}),
        denied("SERVICE_CONTROL_POLICY", "iam:PassRole"),
        layer=SCP,
        owner="management",
        sentence=_BY_SCP,
    ),
    Mutation(
        "the organization denies replication",
        _REPLICATES,
        denied("SERVICE_CONTROL_POLICY", "s3:ReplicateObject"),
        layer=SCP,
        owner="management",
        sentence=_BY_SCP,
    ),
    Mutation(
        "the organization denies entering the account's roles",
        HUB_ONLY | by("glue", "sagemaker", "lambda"),
        denied("RESOURCE_CONTROL_POLICY", "sts:AssumeRole"),
        layer=RCP,
        owner="management",
        sentence="with an explicit deny in a resource control policy",
    ),
    Mutation(
        "the bucket policy does not let the hub read",
        frozenset({"own DAG reads the source"}),
        lambda stage: stage.bucket_policy(stage.source, without("HubReads")),
        layer=RESOURCE,
        sentence="because no resource-based policy allows the {action} action",  # told within the organization
    ),
)


def test_every_flow_is_green(keyed: Stage) -> None:
    assert refusals(keyed) == {}


@pytest.mark.parametrize("mutation", MUTATIONS, ids=names(MUTATIONS))
def test_refused_with_the_named_side(keyed: Stage, mutation: Mutation) -> None:
    assert refusals(keyed, only=mutation.refused) == {}
    with mutation.change(keyed):
        found = refusals(keyed)
    assert set(found) == mutation.refused
    for name, refusal in found.items():
        check(keyed, mutation, name, refusal)


def test_every_flow_is_green_again(keyed: Stage) -> None:
    assert refusals(keyed) == {}
