"""Runs of Glue Python shell jobs through the API: real scripts, under the job's own role, without Spark."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from botocore.exceptions import ClientError

from tests.local.engines.conftest import Account, until
from tests.local.engines.test_glue import GlueJob

GROUP = "/aws-glue/python-jobs"


class ShellJob(GlueJob):
    """One Python shell job."""

    command: ClassVar[dict[str, str]] = {"Name": "pythonshell", "PythonVersion": "3.9"}
    machine: ClassVar[dict[str, Any]] = {"MaxCapacity": 0.0625}


def test_a_script_reads_and_writes_as_the_jobs_role(account: Account) -> None:
    script = """
import sys
import boto3
from awsglue.utils import getResolvedOptions

given = getResolvedOptions(sys.argv, ["bucket", "input"])
s3 = boto3.client("s3")
text = s3.get_object(Bucket=given["bucket"], Key=given["input"])["Body"].read().decode()
s3.put_object(Bucket=given["bucket"], Key="clean/x.csv", Body=text.upper().encode())
print("as", boto3.client("sts").get_caller_identity()["Arn"])
print("with", sys.argv[1:], file=sys.stderr)
"""
    job = ShellJob(account, script, DefaultArguments={"--job-language": "python", "--input": "raw/none"})
    account.put(job.bucket, "raw/x.csv", "a,b\n")
    arguments = {"--bucket": job.bucket, "--input": "raw/x.csv"}
    run = job.run(Arguments=arguments)
    assert run["JobRunState"] == "SUCCEEDED", run
    assert (run["Arguments"], run["MaxCapacity"], run["LogGroupName"]) == (arguments, 0.0625, GROUP)
    assert not {"GlueVersion", "WorkerType", "NumberOfWorkers"} & run.keys()
    written = account.client("s3").get_object(Bucket=job.bucket, Key="clean/x.csv")["Body"].read()
    assert written == b"A,B\n"

    mine = f"arn:aws:sts::{account.id}:assumed-role/glue/GlueJobRunnerSession"
    assert account.logs(f"{GROUP}/output", run["Id"]) == [f"as {mine}"]
    # A Python shell is not told its name: these are the job's own arguments alone.
    given = ["--job-language", "python", "--input", "raw/x.csv", "--bucket", job.bucket]
    assert account.logs(f"{GROUP}/error", run["Id"]) == [f"with {given}"]
    acted = {r["principal"] for r in account.requests() if r["service"] in ("s3", "logs") and "glue" in r["principal"]}
    assert acted == {mine}


def test_a_script_that_fails_gives_its_last_line_and_its_traceback_in_the_error_log(account: Account) -> None:
    job = ShellJob(account, "def broken():\n    raise ValueError('the third row is bad')\n\nbroken()\n")
    run = job.run()
    assert (run["JobRunState"], run["ErrorMessage"]) == ("FAILED", "ValueError: the third row is bad")
    log = "\n".join(account.logs(f"{GROUP}/error", run["Id"]))
    assert "in broken" in log
    assert "launcher" not in log


@pytest.mark.parametrize(("script", "state"), [("raise SystemExit(0)", "SUCCEEDED"), ("raise SystemExit(4)", "FAILED")])
def test_how_a_script_leaves_is_how_the_run_ends(account: Account, script: str, state: str) -> None:
    assert ShellJob(account, script).run()["JobRunState"] == state


def test_there_is_no_spark(account: Account) -> None:
    run = ShellJob(account, "import pyspark\n").run()
    assert run["JobRunState"] == "FAILED"
    assert "ModuleNotFoundError" in run["ErrorMessage"]


def test_modules_beside_the_script(account: Account) -> None:
    job = ShellJob(account, "import words\nprint(words.HELLO)\n")
    account.put(job.bucket, "lib/words.py", "HELLO = 'hello'\n")
    run = job.run(Arguments={"--extra-py-files": f"s3://{job.bucket}/lib/words.py"})
    assert run["JobRunState"] == "SUCCEEDED", run
    assert account.logs(f"{GROUP}/output", run["Id"]) == ["hello"]


def test_a_run_is_stopped(account: Account) -> None:
    job = ShellJob(account, "import time\nprint('here', flush=True)\ntime.sleep(300)\n")
    run_id = job.start()
    until(lambda: job.get(run_id)["JobRunState"], lambda state: state == "RUNNING")
    stopped = job.glue.batch_stop_job_run(JobName="job", JobRunIds=[run_id])
    assert [each["JobRunId"] for each in stopped["SuccessfulSubmissions"]] == [run_id]
    assert job.ended(run_id)["JobRunState"] == "STOPPED"


def test_a_run_that_takes_too_long_is_ended(account: Account) -> None:
    job = ShellJob(account, "import time\ntime.sleep(300)\n", Timeout=1)
    assert job.run()["JobRunState"] == "TIMEOUT"


def test_both_kinds_of_job_run_side_by_side(account: Account) -> None:
    """The kind is the job's, not the world's."""
    job = ShellJob(account, "print('shell')\n")
    account.put(job.bucket, "scripts/spark.py", "print('spark')\n")
    command = {"Name": "glueetl", "PythonVersion": "3", "ScriptLocation": f"s3://{job.bucket}/scripts/spark.py"}
    role = f"arn:aws:iam::{account.id}:role/glue"
    job.glue.create_job(Name="spark", Role=role, Command=command, GlueVersion="5.0")
    spark = job.glue.start_job_run(JobName="spark")["JobRunId"]
    assert job.run()["LogGroupName"] == GROUP
    ended = until(
        lambda: job.glue.get_job_run(JobName="spark", RunId=spark)["JobRun"],
        lambda run: run["JobRunState"] in ("SUCCEEDED", "FAILED"),
    )
    assert (ended["JobRunState"], ended["LogGroupName"]) == ("SUCCEEDED", "/aws-glue/jobs")


@pytest.mark.parametrize(
    ("settings", "arguments", "message"),
    [
        ({}, {"--additional-python-modules": "pandas==2.2.0"}, "it installs no modules for a run"),
        ({}, {"--job-bookmark-option": "job-bookmark-enable"}, "job bookmarks"),
        ({"Command": {"PythonVersion": "3"}}, {}, "AWS has ended all but 3.9"),
        ({"MaxCapacity": 2.0}, {}, "is 0.0625 or 1, not 2.0"),
        ({"MaxRetries": 1}, {}, "set MaxRetries to 0"),
        ({"Command": {"Name": "glueray"}}, {}, "it runs glueetl and pythonshell"),
    ],
    ids=["modules", "bookmarks", "python", "capacity", "retries", "ray"],
)
def test_what_cannot_be_done_is_refused_before_it_starts(
    account: Account, settings: dict[str, Any], arguments: dict[str, str], message: str
) -> None:
    job = ShellJob(account, "print('never')\n", **settings)
    with pytest.raises(ClientError, match=message) as refused:
        job.start(Arguments=arguments)
    assert refused.value.response["Error"]["Code"] == "InvalidInputException"
    assert job.glue.get_job_runs(JobName="job")["JobRuns"] == []


def test_workers_are_sparks_alone(account: Account) -> None:
    job = ShellJob(account, "print('never')\n")
    with pytest.raises(ClientError, match="WorkerType is not supported for Job Command pythonshell"):
        job.start(WorkerType="G.1X", NumberOfWorkers=2)
