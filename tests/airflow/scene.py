"""The example's two sites in the moto server, with data as jobs write it and as S3 replicates it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from moto.s3.models import s3_backends

from crosswind.airflow.handover.model import Reference
from crosswind.airflow.handover.publish import publish
from crosswind.airflow.handover.read import current
from crosswind.airflow.names_file import load_topology
from crosswind.airflow.settings import TopologyNames
from crosswind.airflow.target import AwsTarget
from tests.airflow.aws import RecordedAws
from tests.airflow.conftest import EAST, SPOKE

SOURCE = f"unified-pipelines-source-{SPOKE}-us-east-1"
DESTINATION = f"unified-pipelines-destination-{SPOKE}-us-west-2"
QUEUE = "unified-pipelines-source-replication-failures"
FILES = {"train/part-0.csv": b"0,1\n1,2\n", "validation/part-0.csv": b"1,1\n"}
PREFIX = "transformed/r-1/"


class SetupClients:
    """Clients with the recorded server's set-up credentials; calls by them are no task's."""

    def __init__(self, aws: RecordedAws, region: str) -> None:
        self._aws = aws
        self.target = AwsTarget(SPOKE, region, EAST)

    def client(self, service: str) -> Any:
        return self._aws.client(service, self.target.region)


def names(folder: object) -> TopologyNames:
    return load_topology(f"{folder}/any.py")


def make_sites(aws: RecordedAws) -> None:
    """Both buckets, versioned, and the queue of S3's failure events."""
    east, west = aws.client("s3", "us-east-1"), aws.client("s3", "us-west-2")
    east.create_bucket(Bucket=SOURCE)
    west.create_bucket(Bucket=DESTINATION, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    for s3, bucket in ((east, SOURCE), (west, DESTINATION)):
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    aws.client("sqs", "us-east-1").create_queue(QueueName=QUEUE)


def write(aws: RecordedAws, prefix: str = PREFIX, files: dict[str, bytes] = FILES) -> None:
    """What the Glue job writes, its manifest last."""
    s3 = aws.client("s3", "us-east-1")
    for name, body in files.items():
        s3.put_object(Bucket=SOURCE, Key=f"{prefix}{name}", Body=body)
        source_says(f"{prefix}{name}", "PENDING")
    manifest = {"schema_version": 1, "prefix": prefix, "keys": sorted(f"{prefix}{name}" for name in files)}
    s3.put_object(Bucket=SOURCE, Key=f"{prefix}manifest.json", Body=json.dumps(manifest).encode())


def hand_over(aws: RecordedAws, prefix: str = PREFIX, time: datetime | None = None) -> Reference:
    """Write and publish; a while ago, or as S3 tells the time."""
    write(aws, prefix)
    _, reference = publish(SetupClients(aws, "us-east-1"), SOURCE, prefix, {})
    _object(SOURCE, reference.key).last_modified = (time or datetime.now(UTC) - timedelta(seconds=2)).replace(
        tzinfo=None
    )
    found = current(SetupClients(aws, "us-east-1"), SOURCE, prefix)
    assert found
    return found[1]


def replicate(aws: RecordedAws, *keys: str) -> None:
    """What S3 replication does: the source's current versions, under their own ids, at the destination."""
    east, west = aws.client("s3", "us-east-1"), aws.client("s3", "us-west-2")
    for key in keys:
        found = east.get_object(Bucket=SOURCE, Key=key)
        west.put_object(Bucket=DESTINATION, Key=key, Body=found["Body"].read())
        _object(DESTINATION, key)._version_id = found["VersionId"]
        source_says(key, "COMPLETED")


def keys_of(prefix: str = PREFIX) -> list[str]:
    return [f"{prefix}{name}" for name in [*FILES, "manifest.json", "handover.json"]]


def replicate_all(aws: RecordedAws, prefix: str = PREFIX) -> None:
    replicate(aws, *keys_of(prefix))


def source_says(key: str, status: str) -> None:
    """S3's ReplicationStatus of a source object, which moto does not keep by itself."""
    _object(SOURCE, key)._metadata["x-amz-replication-status"] = status


def _object(bucket: str, key: str) -> Any:
    return s3_backends[SPOKE]["aws"].buckets[bucket].keys.getlist(key)[-1]


def failure_event(key: str, version_id: str, reason: str) -> str:
    """S3's event about an object that it failed to replicate."""
    record = {
        "eventName": "Replication:OperationFailedReplication",
        "s3": {"bucket": {"name": SOURCE}, "object": {"key": key, "versionId": version_id}},
        "replicationEventData": {
            "destinationBucket": f"arn:aws:s3:::{DESTINATION}",
            "s3Operation": "OBJECT_PUT",
            "failureReason": reason,
        },
    }
    return json.dumps({"Records": [record]})


def context(task_id: str = "task", **more: Any) -> dict[str, Any]:
    """As much of Airflow's context as our tasks use; `run_after` is now."""
    pushed: dict[str, Any] = {}
    ti = SimpleNamespace(
        dag_id="a_dag",
        run_id="manual__2026-11-22",
        task_id=task_id,
        try_number=1,
        max_tries=2,
        map_index=-1,
        pushed=pushed,
        xcom_push=lambda key, value: pushed.update({key: value}),
    )
    base = {
        "ti": ti,
        "dag_run": SimpleNamespace(run_after=datetime.now(UTC), start_date=datetime.now(UTC)),
        "params": {},
        "triggering_asset_events": {},
    }
    return base | more


def events(*references: Reference) -> dict[Any, Any]:
    """Asset events as Airflow gives them, in this order."""
    return {
        "asset": [
            SimpleNamespace(timestamp=datetime(2026, 1, 1, 12, minute, tzinfo=UTC), extra=each.document())
            for minute, each in enumerate(references)
        ]
    }
