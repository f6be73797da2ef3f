"""`crosswind lineage` as a user types it, for the model that a demo has made."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.local.cli.conftest import Kept
from tests.local.cli.test_verbs import crosswind

DATA, EAST, WEST = "222222222222", "us-east-1", "us-west-2"
STEPS = ["model", "training job", "handover", "replication", "Glue run", "raw object"]


def lineage(kept: Kept, model: str, *more: str) -> subprocess.CompletedProcess[str]:
    return crosswind("lineage", model, *kept.options, *more, cwd=kept.folder)


def test_the_way_back_fits_a_terminal(kept: Kept) -> None:
    done = lineage(kept, kept.summary["model"])
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    heads = [line.removeprefix("<- ") for line in lines if not line.startswith(" ")]
    assert [head.partition("  ")[0] for head in heads] == STEPS
    assert max(len(line) for line in lines) <= 100


def test_the_way_back_names_what_is_in_the_buckets(kept: Kept) -> None:
    shown = lineage(kept, kept.summary["model"]).stdout
    s3 = kept.administrator.client("s3", DATA, EAST)
    raw = s3.head_object(Bucket=kept.names.bucket("source"), Key="raw/ml_train_data.csv")
    assert f"version_id  {raw['VersionId']}" in shown
    for key, version, there in kept.summary["handed"]["versions"]:
        assert version == there
        assert f"{version}  {key.removeprefix(kept.summary['handed']['prefix'])}\n" in shown
    assert "versions  those of the handover\n" in shown


def test_the_way_back_as_json_holds_the_record(kept: Kept) -> None:
    done = lineage(kept, kept.summary["model"], "-o", "json")
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert [step["kind"] for step in told["steps"]] == STEPS
    assert all(step["exact"] for step in told["steps"])
    assert told["record"]["model"]["uri"] == kept.summary["model"]
    assert told["record"]["handover"]["reference"]["prefix"] == kept.summary["handed"]["prefix"]


def test_a_model_that_was_written_over_is_told_of(kept: Kept) -> None:
    bucket, key = kept.summary["model"].removeprefix("s3://").split("/", 1)
    s3 = kept.administrator.client("s3", DATA, WEST)
    added = s3.put_object(Bucket=bucket, Key=key, Body=b"another")["VersionId"]
    try:
        shown = lineage(kept, kept.summary["model"]).stdout
    finally:
        s3.delete_object(Bucket=bucket, Key=key, VersionId=added)
    assert shown.splitlines()[0] == "model  model.tar.gz  (not certain: it was changed meanwhile)"


@pytest.mark.parametrize(
    ("model", "code", "said"),
    [
        ("model.tar.gz", 2, "is in no bucket of the topology; its buckets: unified-pipelines-"),
        ("s3://elsewhere/model.tar.gz", 2, "is in no bucket of the topology; its buckets: unified-pipelines-"),
        ("s3://{bucket}/", 2, "is no model"),
        ("s3://{bucket}/models/none/output/model.tar.gz", 1, "has no record s3://"),
    ],
    ids=["no URI", "no bucket of ours", "no key", "no record"],
)
def test_what_has_no_way_back_is_refused(kept: Kept, model: str, code: int, said: str) -> None:
    done = lineage(kept, model.format(bucket=kept.names.bucket("destination")))
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "next:" in done.stderr


def test_a_model_is_asked_for(tmp_path: Path) -> None:
    done = crosswind("lineage", cwd=tmp_path)
    assert done.returncode == 2
    assert "Missing argument" in done.stderr
