"""Every mover of the golden topology `movers`, deployed by its deployer into fresh accounts, and its events heard."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crosswind.cli import wire
from crosswind.deploy import Applier, plan_bootstrap, plan_deploy
from crosswind.synth import actors, grants
from crosswind.topology import Names, Topology, load
from tests.golden.regenerate import TOPOLOGIES
from tests.local.iam.arena import Arena
from tests.local.iam.people import outcome
from tests.local.iam.stage import Seat, without_airflow

NORTH, WEST = "eu-north-1", "eu-west-1"
CODE = "def handler(event, context):\n    return event\n"


class Movers:
    """The topology as its stacks leave it."""

    def __init__(self, arena: Arena, folder: Path) -> None:
        self.arena = arena
        declared = load(TOPOLOGIES["movers"])
        accounts = {
            name: account.model_copy(update={"id": arena.account()}) for name, account in declared.accounts.items()
        }
        self.topology: Topology = declared.model_copy(update={"accounts": accounts})
        self.names = Names(self.topology)
        self.data = accounts["data"].id
        self.edge, self.lake = self.names.bucket("edge"), self.names.bucket("lake")
        for path in self.topology.pipelines.values():
            _write(folder / path.dag, "from airflow.sdk import DAG\n")
        for name in ("collect.py", "clean.py", "sweep.py"):
            _write(folder / "jobs" / name, CODE)
        _write(folder / "jobs/train.json", "{}")
        _write(folder / "requirements.txt", "")
        administrator = wire.sessions({}, arena.endpoint)
        Applier(administrator).apply(plan_bootstrap(self.topology, administrator)).raise_first()
        deployer = wire.deployer_sessions(self.topology, arena.endpoint)
        plan = without_airflow(plan_deploy(self.topology, folder, deployer))
        Applier(deployer).apply(plan).raise_first()

    def root(self, service: str, region: str) -> Any:
        return self.arena.root(service, self.data, region)

    def messages(self) -> list[Any]:
        """What the queue of the edge's failures holds."""
        sqs, url = self.root("sqs", NORTH), self.names.failures_queue_url("edge")
        found: list[Any] = []
        while page := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            found += [json.loads(one["Body"]) for one in page]
            for one in page:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
        return found


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture(scope="module")
def movers(arena: Arena, tmp_path_factory: pytest.TempPathFactory) -> Movers:
    return Movers(arena, tmp_path_factory.mktemp("movers"))


def test_replication_time_and_metrics_are_on(movers: Movers) -> None:
    def destinations(bucket: str, region: str) -> dict[str, Any]:
        held = movers.root("s3", region).get_bucket_replication(Bucket=bucket)["ReplicationConfiguration"]["Rules"]
        return {rule["Filter"]["Prefix"]: rule["Destination"] for rule in held}

    timed = destinations(movers.lake, WEST)["clean/"]
    assert timed["ReplicationTime"] == {"Status": "Enabled", "Time": {"Minutes": 15}}
    told = destinations(movers.edge, NORTH)["raw/"]
    assert (told["Metrics"]["Status"], "ReplicationTime" in told) == ("Enabled", False)


def test_a_failure_at_the_edge_is_heard_of(movers: Movers) -> None:
    """The queue lies in a StackSet's instance, in the source's Region; the reason is the replication role's."""
    movers.messages()
    s3, iam = movers.root("s3", NORTH), movers.root("iam", NORTH)
    s3.put_object(Bucket=movers.edge, Key="raw/good.csv", Body=b"1")
    assert movers.arena.replication.wait_idle(10)
    assert s3.head_object(Bucket=movers.edge, Key="raw/good.csv")["ReplicationStatus"] == "COMPLETED"
    role = movers.names.replication_role_arn("edge").rpartition("/")[2]
    deny = {"Effect": "Deny", "Action": "s3:ReplicateObject", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": deny})
    iam.put_role_policy(RoleName=role, PolicyName="broken", PolicyDocument=document)
    s3.put_object(Bucket=movers.edge, Key="raw/bad.csv", Body=b"1")
    assert movers.arena.replication.wait_idle(10)
    iam.delete_role_policy(RoleName=role, PolicyName="broken")
    (message,) = movers.messages()
    (record,) = message["Records"]
    assert (record["awsRegion"], record["s3"]["object"]["key"]) == (NORTH, "raw/bad.csv")
    assert record["replicationEventData"]["failureReason"] == "DstPutObjectNotPermitted"


def test_a_function_is_asked_once(movers: Movers) -> None:
    """It has claims and results of its own; Lambda's retries would be second runs."""
    function = movers.names.job("weigh")
    found = movers.root("lambda", NORTH).get_function_event_invoke_config(FunctionName=function, Qualifier="$LATEST")
    assert found["MaximumRetryAttempts"] == 0


def test_handovers_are_written_once(movers: Movers) -> None:
    place = {"Bucket": movers.lake, "Key": "clean/run-1/handover.json", "Body": b"{}"}
    assert outcome(movers.root("s3", WEST).put_object, **place, IfNoneMatch="*") == "AccessDenied"  # Airflow's alone
    roles = actors(movers.topology, grants(movers.topology))
    role = next(one.role for one in roles if "lake" in one.sites)
    seat = Seat(movers.arena.endpoint)
    seat.take(movers.arena.identities.issue(f"arn:aws:iam::{movers.data}:role/{role}", "publisher")[0])
    s3 = seat.client("s3", WEST)
    assert outcome(s3.put_object, **place) == "AccessDenied"
    assert outcome(s3.put_object, **place, IfNoneMatch="*") == "allowed"
    assert outcome(s3.put_object, **place, IfNoneMatch="*") == "PreconditionFailed"
