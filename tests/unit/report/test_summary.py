"""A summary is data: `crosswind demo --output json` prints it."""

from __future__ import annotations

import json
from dataclasses import asdict

from crosswind.cli import wire
from crosswind.report import Trail
from crosswind.report.summary import Handed, TaskRow, summarise


def test_a_summary_is_json() -> None:
    topology, _ = wire.topology(wire.example())
    record = {
        "time": 1.0,
        "principal": "arn:aws:iam::222222222222:root",
        "principal_account": "222222222222",
        "account": "222222222222",
        "region": "us-east-1",
        "service": "s3",
        "operation": "PutObject",
        "resource": "bucket/key",
        "status": 200,
        "error": "",
        "via": "",
        "duration_ms": 1.0,
    }
    summary = summarise(topology, [], Trail([record, record]), {}, {"bucket/key": 3}, ["bucket/key"])
    document = json.loads(json.dumps(asdict(summary)))
    assert document["requests"] == {"222222222222": 2}
    assert document["replicated_bytes"] == 3


def acting(session: str, count: int, region: str = "us-east-1") -> list[dict[str, object]]:
    """Requests of the cross-account role in a session."""
    return [
        {
            "time": 1.0,
            "principal": f"arn:aws:sts::222222222222:assumed-role/unified-pipelines-cross-account/{session}",
            "principal_account": "222222222222",
            "account": "222222222222",
            "region": region,
            "service": "s3",
            "operation": "HeadObject",
            "resource": "bucket/key",
            "status": 200,
            "error": "",
            "via": "",
            "duration_ms": 1.0,
        }
    ] * count


def test_a_task_is_not_taken_for_the_reaper_that_works_beside_it() -> None:
    topology, _ = wire.topology(wire.example())
    trail = Trail([*acting("unified-pipelines_reaper@r", 9, "us-west-2"), *acting("airflow_east", 2)])
    (row,) = summarise(topology, [TaskRow("data_dag", "wait", "success", 0.5, 2.0)], trail, {}, {}, []).steps
    assert (row.region, row.identity.rpartition("/")[2]) == ("us-east-1", "airflow_east")

    trail = Trail([*acting("unified-pipelines_reaper@r", 9), *acting("data_dag@r", 1)])
    (row,) = summarise(topology, [TaskRow("data_dag", "publish", "success", 0.5, 2.0)], trail, {}, {}, []).steps
    assert row.identity.endswith("/data_dag@r")


def test_what_services_do_in_their_own_name_is_no_work_of_a_job() -> None:
    topology, _ = wire.topology(wire.example())
    (own, *_) = acting("x", 1)
    records = [{**own, "principal": "s3.amazonaws.com", "via": "s3"}]
    tasks = [TaskRow("data_dag", "wait", "success", 0.5, 2.0)]
    assert [row.what for row in summarise(topology, tasks, Trail(records), {}, {}, []).steps] == ["wait"]


def test_a_job_is_told_with_the_time_of_this_run_alone() -> None:
    topology, _ = wire.topology(wire.example())
    (own, *_) = acting("GlueJobRunnerSession", 1)
    records = [{**own, "via": "glue", "time": time} for time in (0.1, 1.0, 1.5, 60.0)]
    tasks = [TaskRow("data_dag", "transform", "success", 0.5, 2.0)]
    steps = summarise(topology, tasks, Trail(records), {}, {}, []).steps
    (work,) = [row for row in steps if row.what == "Glue job runs"]
    assert (work.started, round(work.seconds, 1)) == (1.0, 0.5)


def test_what_was_handed_over_is_told_from_the_record_of_the_model() -> None:
    topology, _ = wire.topology(wire.example())
    version = {"key": "transformed/r-1/train/a", "size": 3, "checksum": "etag:x"}
    record = {
        "handover": {
            "reference": {"prefix": "transformed/r-1/", "objects": 1, "size": 3},
            "versions": [{**version, "version_id": "v1"}],
        },
        "replication": {"mover": "copy", "seconds": 2.5, "versions": [{**version, "version_id": "v2"}]},
    }
    handed = summarise(topology, [], Trail([]), {}, {}, [], record).handed
    assert handed == Handed("transformed/r-1/", "copy", 2.5, 1, 3, (("transformed/r-1/train/a", "v1", "v2"),))
