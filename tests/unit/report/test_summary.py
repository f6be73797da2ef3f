"""A summary is data: `crosswind demo --output json` prints it."""

from __future__ import annotations

import json
from dataclasses import asdict

from crosswind.cli import wire
from crosswind.report import Trail
from crosswind.report.summary import summarise


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
