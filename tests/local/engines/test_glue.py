"""Glue job runs through the API: real scripts on Sail, under the job's own role."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, ClassVar

import pytest
from botocore.exceptions import ClientError

from tests.local.engines.conftest import EXAMPLE, Account, until

ENDED = {"SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT"}
PENGUINS = (EXAMPLE / "data/ml_train_data.csv").read_bytes()
SCRIPT = (EXAMPLE / "jobs/glue/mwaa_glue_raw_to_transform.py").read_bytes()


class GlueJob:
    """One job with its role, bucket and script."""

    command: ClassVar[dict[str, str]] = {"Name": "glueetl", "PythonVersion": "3"}
    machine: ClassVar[dict[str, Any]] = {"GlueVersion": "5.0"}

    def __init__(self, account: Account, script: bytes | str, **settings: Any) -> None:
        self.account, self.glue = account, account.client("glue")
        self.bucket = account.bucket("source")
        account.put(self.bucket, "scripts/job.py", script)
        place = {"ScriptLocation": f"s3://{self.bucket}/scripts/job.py"}
        command = {**self.command, **place, **settings.pop("Command", {})}
        role = account.role("glue", "glue")
        self.glue.create_job(Name="job", Role=role, Command=command, **{**self.machine, **settings})

    def start(self, **settings: Any) -> str:
        return str(self.glue.start_job_run(JobName="job", **settings)["JobRunId"])

    def get(self, run_id: str) -> Any:
        return self.glue.get_job_run(JobName="job", RunId=run_id)["JobRun"]

    def ended(self, run_id: str) -> Any:
        return until(lambda: self.get(run_id), lambda run: run["JobRunState"] in ENDED)

    def run(self, **settings: Any) -> Any:
        return self.ended(self.start(**settings))


def test_example_job_writes_what_its_manifest_says_under_its_own_role(account: Account) -> None:
    job = GlueJob(account, SCRIPT)
    account.put(job.bucket, "raw/ml_train_data.csv", PENGUINS)
    arguments = {"--bucket": job.bucket, "--input": "raw/ml_train_data.csv", "--prefix": "transformed/run-1/"}
    run = job.run(Arguments=arguments)
    assert run["JobRunState"] == "SUCCEEDED", run
    assert re.fullmatch(r"jr_[0-9a-f]{64}", run["Id"])
    assert run["Arguments"] == arguments

    s3 = account.client("s3")
    manifest = json.loads(s3.get_object(Bucket=job.bucket, Key="transformed/run-1/manifest.json")["Body"].read())
    assert manifest["prefix"] == "transformed/run-1/"
    assert sorted([*manifest["keys"], "transformed/run-1/manifest.json"]) == account.keys(job.bucket, "transformed/")
    rows = {
        key: s3.get_object(Bucket=job.bucket, Key=key)["Body"].read().decode().splitlines() for key in manifest["keys"]
    }
    # 344 birds, of which 11 have no sex: that is the label.
    assert sum(map(len, rows.values())) == 333
    assert {line.split(",")[0] for lines in rows.values() for line in lines} == {"0", "1"}
    assert {len(line.split(",")) for lines in rows.values() for line in lines} == {13}

    assert any("kept 333" in line for line in account.logs("/aws-glue/jobs/output", run["Id"]))
    acted = {r["principal"] for r in account.requests() if r["service"] in ("s3", "logs") and "glue" in r["principal"]}
    assert acted == {f"arn:aws:sts::{account.id}:assumed-role/glue/GlueJobRunnerSession"}
    assert {r["via"] for r in account.requests() if "GlueJobRunner" in r["principal"]} == {"glue"}
    readers = {
        r["principal"]
        for r in account.requests()
        if r["operation"] == "GetObject" and r["resource"].endswith("raw/ml_train_data.csv")
    }
    assert readers == acted


def test_the_split_is_the_same_in_every_run(account: Account) -> None:
    job = GlueJob(account, SCRIPT)
    account.put(job.bucket, "raw/x.csv", PENGUINS)
    s3 = account.client("s3")
    seen = []
    for name in ("a", "b"):
        prefix = f"transformed/{name}/"
        run = job.run(Arguments={"--bucket": job.bucket, "--input": "raw/x.csv", "--prefix": prefix})
        assert run["JobRunState"] == "SUCCEEDED", run
        keys = account.keys(job.bucket, f"{prefix}validation/")
        seen.append([sorted(s3.get_object(Bucket=job.bucket, Key=k)["Body"].read().splitlines()) for k in keys])
    assert seen[0] == seen[1]
    assert 40 < len(seen[0][0]) < 95


@pytest.mark.parametrize(
    ("body", "prefix", "message"),
    [
        (None, "transformed/r/", "FileNotFoundError: input s3://{bucket}/raw/x.csv does not exist"),
        (b"", "transformed/r/", "ValueError: input s3://{bucket}/raw/x.csv is empty"),
        (b"a,b\n1,2\n", "transformed/r/", "lacks the columns ['studyName',"),
        (PENGUINS.splitlines()[0] + b"\n", "transformed/r/", "no rows for 'read'"),
        (PENGUINS, "transformed/", "ValueError: --prefix must be transformed/<run>/, not 'transformed/'"),
    ],
    ids=["missing", "empty", "columns", "no-rows", "prefix"],
)
def test_example_job_fails_loudly_and_writes_no_manifest(
    account: Account, body: bytes | None, prefix: str, message: str
) -> None:
    job = GlueJob(account, SCRIPT)
    if body is not None:
        account.put(job.bucket, "raw/x.csv", body)
    run = job.run(Arguments={"--bucket": job.bucket, "--input": "raw/x.csv", "--prefix": prefix})
    assert run["JobRunState"] == "FAILED"
    assert message.format(bucket=job.bucket) in run["ErrorMessage"]
    assert account.keys(job.bucket, "transformed/") == []


def test_failing_script_gives_its_last_line_and_its_traceback_in_the_error_log(account: Account) -> None:
    job = GlueJob(account, "def broken():\n    raise ValueError('the third row is bad')\n\nbroken()\n")
    run = job.run()
    assert run["JobRunState"] == "FAILED"
    assert run["ErrorMessage"] == "ValueError: the third row is bad"
    log = "\n".join(account.logs("/aws-glue/jobs/error", run["Id"]))
    assert "in broken" in log
    assert "spark_launcher" not in log


def test_glues_usual_first_lines_and_default_arguments(account: Account) -> None:
    script = """
import sys
from awsglue.context import GlueContext
from awsglue.job import Job
from awsglue.utils import getResolvedOptions
from pyspark.context import SparkContext

glue = GlueContext(SparkContext.getOrCreate())
job = Job(glue)
args = getResolvedOptions(sys.argv, ["JOB_NAME", "bucket"])
job.init(args["JOB_NAME"], args)
print("rows", glue.spark_session.range(5).count(), args["bucket"])
job.commit()
"""
    job = GlueJob(account, script, DefaultArguments={"--bucket": "by-default", "--TempDir": "s3://nowhere/tmp/"})
    good = job.run(Arguments={"--bucket": "mine"})
    assert good["JobRunState"] == "SUCCEEDED", good
    assert "rows 5 mine" in account.logs("/aws-glue/jobs/output", good["Id"])


def test_missing_argument_is_named(account: Account) -> None:
    script = "import sys\nfrom awsglue.utils import getResolvedOptions\ngetResolvedOptions(sys.argv, ['bucket'])\n"
    bad = GlueJob(account, script).run(Arguments={"--buck": "an abbreviation is not the name"})
    assert bad["JobRunState"] == "FAILED"
    assert bad["ErrorMessage"].endswith("GlueArgumentError: the following arguments are required: --bucket")


def test_what_the_shim_cannot_do_is_refused_by_name(account: Account) -> None:
    job = GlueJob(
        account, "from awsglue.context import GlueContext\nGlueContext(None).create_dynamic_frame.from_catalog()\n"
    )
    assert "GlueContext.create_dynamic_frame is not available in the local world" in job.run()["ErrorMessage"]


def test_timeout_ends_the_run_and_all_its_processes(account: Account) -> None:
    job = GlueJob(
        account,
        "import os, subprocess, sys, time\n"
        "child = subprocess.Popen(['sleep', '300'])\n"
        "print('child', child.pid, flush=True)\n"
        "time.sleep(300)\n",
    )
    run = job.run(Timeout=1)
    assert run["JobRunState"] == "TIMEOUT"
    assert run["Timeout"] == 1
    _assert_gone(account, run["Id"])


def test_stop_ends_the_run_and_all_its_processes(account: Account) -> None:
    job = GlueJob(
        account,
        "import subprocess, time\n"
        "child = subprocess.Popen(['sleep', '300'])\n"
        "print('child', child.pid, flush=True)\n"
        "time.sleep(300)\n",
    )
    run_id = job.start(Timeout=100)
    output = account.world.jobs / "glue" / run_id / "output.log"
    until(lambda: output.exists() and output.read_text(), lambda text: "child" in str(text))
    with pytest.raises(ClientError) as refused:
        job.start()
    assert refused.value.response["Error"]["Code"] == "ConcurrentRunsExceededException"
    unknown = "jr_" + "0" * 64
    answer = job.glue.batch_stop_job_run(JobName="job", JobRunIds=[run_id, unknown])
    assert [found["JobRunId"] for found in answer["SuccessfulSubmissions"]] == [run_id]
    assert answer["Errors"][0]["ErrorDetail"]["ErrorCode"] == "EntityNotFoundException"
    assert job.ended(run_id)["JobRunState"] == "STOPPED"
    _assert_gone(account, run_id)
    again = job.glue.batch_stop_job_run(JobName="job", JobRunIds=[run_id])
    assert again["Errors"][0]["ErrorDetail"]["ErrorCode"] == "InvalidInputException"


def _assert_gone(account: Account, run_id: str) -> None:
    """The process that the script started is gone (a zombie of another parent counts as gone)."""
    text = (account.world.jobs / "glue" / run_id / "output.log").read_text()
    pid = int(text.split()[1])
    assert not _alive(pid)


def _alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


def test_update_job_overwrites_the_definition_and_keeps_its_runs(account: Account) -> None:
    job = GlueJob(account, "print('done')", Timeout=5, DefaultArguments={"--a": "1"}, Tags={"k": "v"})
    before, run = job.glue.get_job(JobName="job")["Job"], job.run()
    update = {"Role": before["Role"], "Command": before["Command"], "MaxRetries": 0, "Timeout": 7}
    assert job.glue.update_job(JobName="job", JobUpdate=update)["JobName"] == "job"
    after = job.glue.get_job(JobName="job")["Job"]
    assert (after["Timeout"], after["DefaultArguments"], after["CreatedOn"]) == (7, {}, before["CreatedOn"])
    assert after["LastModifiedOn"] >= before["LastModifiedOn"]
    assert "GlueVersion" not in after
    arn = f"arn:aws:glue:us-east-1:{account.id}:job/job"
    assert job.glue.get_tags(ResourceArn=arn)["Tags"] == {"k": "v"}
    assert [each["Id"] for each in job.glue.get_job_runs(JobName="job")["JobRuns"]] == [run["Id"]]


@pytest.mark.parametrize(
    ("name", "update", "code"),
    [
        ("none", {"Role": "r", "Command": {"Name": "glueetl"}}, "EntityNotFoundException"),
        ("job", {"Role": "r"}, "InvalidInputException"),
        ("job", {"Role": "r", "Command": {"Name": "glueetl"}, "JobMode": "NOTEBOOK"}, "InvalidInputException"),
    ],
    ids=["no such job", "no command", "what moto would lose"],
)
def test_update_job_refuses(account: Account, name: str, update: dict[str, Any], code: str) -> None:
    job = GlueJob(account, "print('never')")
    before = job.glue.get_job(JobName="job")["Job"]
    with pytest.raises(ClientError) as refused:
        job.glue.update_job(JobName=name, JobUpdate=update)
    assert refused.value.response["Error"]["Code"] == code
    assert job.glue.get_job(JobName="job")["Job"] == before


def test_missing_script_is_a_launch_error(account: Account) -> None:
    job = GlueJob(account, "print('never')")
    account.client("s3").delete_object(Bucket=job.bucket, Key="scripts/job.py")
    run = job.run()
    assert run["JobRunState"] == "FAILED"
    assert run["ErrorMessage"].startswith(
        f"LAUNCH ERROR | Error downloading from S3 for bucket: {job.bucket}, key: scripts/job.py."
    )


def test_a_role_that_does_not_exist_fails_the_run(account: Account) -> None:
    job = GlueJob(account, "print('never')")
    account.client("iam").delete_role(RoleName="glue")
    run = job.run()
    assert run["JobRunState"] == "FAILED"
    assert "should be given assume role permissions for Glue Service" in run["ErrorMessage"]


def test_runs_are_listed_newest_first_in_pages(account: Account) -> None:
    job = GlueJob(account, "print('hello')")
    ids = [job.run(Arguments={"--crosswind-token": f"t-{n}"})["Id"] for n in range(2)]
    first = job.glue.get_job_runs(JobName="job", MaxResults=1)
    second = job.glue.get_job_runs(JobName="job", NextToken=first["NextToken"])
    assert [first["JobRuns"][0]["Id"], second["JobRuns"][0]["Id"]] == ids[::-1]
    assert "NextToken" not in second
    assert [first["JobRuns"][0]["Arguments"], second["JobRuns"][0]["Arguments"]] == [
        {"--crosswind-token": "t-1"},
        {"--crosswind-token": "t-0"},
    ]
    with pytest.raises(ClientError, match="between 1 and 200"):
        job.glue.get_job_runs(JobName="job", MaxResults=201)


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda glue: glue.start_job_run(JobName="nobody"), "EntityNotFoundException"),
        (lambda glue: glue.get_job_run(JobName="nobody", RunId="jr_1"), "EntityNotFoundException"),
        (lambda glue: glue.get_job_run(JobName="job", RunId="jr_1"), "EntityNotFoundException"),
        (
            lambda glue: glue.start_job_run(JobName="job", Arguments={"--job-bookmark-option": "job-bookmark-enable"}),
            "InvalidInputException",
        ),
        (
            lambda glue: glue.start_job_run(JobName="job", Arguments={"--additional-python-modules": "polars"}),
            "InvalidInputException",
        ),
    ],
)
def test_refusals_are_in_glues_words(account: Account, call: Any, code: str) -> None:
    job = GlueJob(account, "print('hello')")
    with pytest.raises(ClientError) as refused:
        call(job.glue)
    assert refused.value.response["Error"]["Code"] == code
