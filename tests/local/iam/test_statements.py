"""Every statement that the templates grant is needed: without it, exactly its own flows are refused.

Left out are statements whose use this world has no call for; each says why.
"""

from __future__ import annotations

import pytest

from tests.local.iam.flows import refusals
from tests.local.iam.mutations import HUB_ONLY, without
from tests.local.iam.stage import Stage

NEEDED: dict[tuple[str, str], frozenset[str]] = {
    ("execution", "ReadBucket"): frozenset({"airflow reads its bucket"}),
    ("execution", "WriteLogs"): frozenset({"airflow logs"}),
    ("execution", "LookAtAccount"): frozenset({"airflow looks at its account"}),
    ("execution", "PutMetrics"): frozenset({"airflow reports metrics"}),
    ("execution", "ReadConnections"): frozenset({"airflow reads its connections"}),
    ("execution", "CrossAccounts"): HUB_ONLY,
    ("cross-account", "ListDestination"): frozenset({"list the clean-up's claims", "look for an absent answer"}),
    ("cross-account", "ListSource"): frozenset({"list the transformed"}),
    ("cross-account", "LoadDestination"): frozenset({"read the training's configuration"}),
    ("cross-account", "ReadDestination"): frozenset({"look for an absent answer", "read the clean-up's answer"}),
    ("cross-account", "ReadSource"): frozenset({"wait for raw data", "read the handover"}),
    ("cross-account", "ListVersionsDestination"): frozenset({"list versions at the destination"}),
    ("cross-account", "PinSource"): frozenset({"pin a version at the source"}),
    ("cross-account", "PinDestination"): frozenset({"pin a version at the destination"}),
    ("cross-account", "PublishSource"): frozenset({"publish a handover"}),
    ("cross-account", "RecordDestination"): frozenset({"record a model's lineage"}),
    ("cross-account", "NameModelsDestination"): frozenset({"name a model"}),
    ("cross-account", "ClaimSource"): frozenset({"claim for Glue"}),
    ("cross-account", "ClaimDestination"): frozenset({"claim for the clean-up"}),
    ("cross-account", "InspectRules"): frozenset({"inspect the rules"}),
    ("cross-account", "InspectVersioning"): frozenset({"inspect the versioning"}),
    ("cross-account", "ReceiveFailures"): frozenset({"hear of failed replicas"}),
    ("cross-account", "ReadFunctionLogs"): frozenset({"read the clean-up's log"}),
    ("cross-account", "RunGlue"): frozenset({"start the Glue job", "follow the Glue job"}),
    ("cross-account", "ReadGlueLogs"): frozenset({"read the Glue job's log"}),
    ("cross-account", "RunTraining"): frozenset({"start training", "follow training"}),
    ("cross-account", "ListTraining"): frozenset({"list training jobs"}),
    ("cross-account", "PassTrainingRole"): frozenset({"start training"}),
    ("cross-account", "ReadTrainingLogs"): frozenset({"read the training's log"}),
    ("cross-account", "InvokeFunctions"): frozenset({"invoke the clean-up"}),
    ("glue", "ListSource"): frozenset({"Glue reads", "Glue looks for folders"}),
    ("glue", "LoadSource"): frozenset({"Glue reads"}),
    ("glue", "ReadSource"): frozenset({"Glue reads", "Glue writes"}),
    ("glue", "WriteSource"): frozenset({"Glue writes"}),
    ("glue", "DeleteSource"): frozenset({"Glue deletes"}),
    ("glue", "FindBuckets"): frozenset({"Glue looks for folders"}),
    ("glue", "FindFolders"): frozenset({"Glue looks for folders"}),
    ("glue", "MarkFolders"): frozenset({"Glue marks folders"}),
    ("glue", "WriteLogs"): frozenset({"Glue logs"}),
    ("glue", "PutMetrics"): frozenset({"Glue reports metrics"}),
    ("sagemaker", "ListDestination"): frozenset({"training reads"}),
    ("sagemaker", "ReadDestination"): frozenset({"training reads"}),
    ("sagemaker", "WriteDestination"): frozenset({"training writes"}),
    ("sagemaker", "WriteLogs"): frozenset({"training logs"}),
    ("sagemaker", "PutMetrics"): frozenset({"training reports metrics"}),
    ("lambda", "ListDestination"): frozenset({"clean-up at the destination"}),
    ("lambda", "ListSource"): frozenset({"clean-up at the source"}),
    ("lambda", "DeleteDestination"): frozenset({"clean-up at the destination"}),
    ("lambda", "DeleteSource"): frozenset({"clean-up at the source"}),
    ("lambda", "AnswerDestination"): frozenset({"clean-up answers"}),
    ("lambda", "WriteLogs"): frozenset({"clean-up logs"}),
    ("replication", "ReadRules"): frozenset({"S3 replicates"}),
    ("replication", "ReadVersions"): frozenset({"S3 replicates"}),
    ("replication", "WriteReplicas"): frozenset({"S3 replicates"}),
}
WITHOUT_A_CALL = {
    ("execution", "PublishMetrics"): "no operation: MWAA checks it when its agent reports",
    ("execution", "UseQueues"): "MWAA's queues lie in an account of AWS's",
    ("execution", "UseQueueKey"): "so does their key",
    ("sagemaker", "PullImage"): "the image lies in an account of AWS's",
    ("sagemaker", "LogInToRegistry"): "so does its registry",
}


@pytest.fixture(scope="module")
def green(stage: Stage) -> None:
    assert refusals(stage) == {}


@pytest.mark.usefixtures("green")
@pytest.mark.parametrize(("who", "sid"), NEEDED, ids=["-".join(key) for key in NEEDED])
def test_without_it_its_flows_are_refused(stage: Stage, who: str, sid: str) -> None:
    with stage.granted(who, without(sid)):
        found = refusals(stage)
    assert set(found) == NEEDED[who, sid]
    assert {one.owner for one in found.values()} == {stage.account_of(who)}


def test_no_statement_is_left_out(stage: Stage) -> None:
    granted = {(who, one["Sid"]) for who in stage.roles for one in stage.statements(who)}
    assert granted == set(NEEDED) | set(WITHOUT_A_CALL)


@pytest.mark.usefixtures("green")
def test_all_of_it_was_put_back(stage: Stage) -> None:
    assert refusals(stage) == {}
