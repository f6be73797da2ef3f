"""Processing jobs through the API: a script among the inputs, under the job's own role."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.engines.conftest import SKLEARN, XGBOOST, Account, until

WEST = "us-west-2"
GROUP = "/aws/sagemaker/ProcessingJobs"
HOME = "/opt/ml/processing"
# Names its files as on AWS, and as arguments.
SCRIPT = """
import argparse, json, os, pathlib, shutil
parser = argparse.ArgumentParser()
parser.add_argument("--rows")
parser.add_argument("--keep", type=int)
args = parser.parse_args()
rows = [line for path in sorted(pathlib.Path(args.rows).glob("*.csv")) for line in path.open()]
assert rows == [line for name in sorted(os.listdir("/opt/ml/processing/input/rows"))
                for line in open(f"/opt/ml/processing/input/rows/{name}")]
with open("/opt/ml/config/processingjobconfig.json") as file:
    config = json.load(file)
os.makedirs("/opt/ml/processing/output/kept/deep", exist_ok=True)
pathlib.Path("/opt/ml/processing/output/kept/deep/rows.csv").write_text("".join(rows[: args.keep]))
shutil.copy("/opt/ml/config/resourceconfig.json", "/opt/ml/processing/output/kept/resource.json")
pathlib.Path(os.environ["NAME_FILE"]).write_text(config["ProcessingJobName"] + "\\n" + config["ProcessingJobArn"])
with open("/opt/ml/output/message", "w") as file:
    file.write(f"kept {args.keep} of {len(rows)}")
print("read", len(rows), "rows")
"""


class Processing:
    """A bucket and a role in us-west-2, and the jobs that use them."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.client = account.client("sagemaker", WEST)
        self.bucket = account.bucket("data", WEST)
        self.role = account.role("processing", "sagemaker")

    def put(self, key: str, body: bytes | str) -> None:
        self.account.put(self.bucket, key, body, WEST)

    def request(self, name: str, script: str, arguments: list[str] | None = None, **changes: Any) -> dict[str, Any]:
        self.put(f"code/{name}.py", script)
        request: dict[str, Any] = {
            "ProcessingJobName": name,
            "RoleArn": self.role,
            "AppSpecification": {
                "ImageUri": SKLEARN,
                "ContainerEntrypoint": ["python3", f"{HOME}/input/code/{name}.py"],
                **({"ContainerArguments": arguments} if arguments else {}),
            },
            "ProcessingInputs": [self.input("code", f"code/{name}.py")],
            "ProcessingResources": {
                "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5}
            },
        }
        return request | changes

    def input(self, name: str, key: str, **changes: Any) -> dict[str, Any]:
        source = {
            "S3Uri": f"s3://{self.bucket}/{key}",
            "LocalPath": f"{HOME}/input/{name}",
            "S3DataType": "S3Prefix",
            "S3InputMode": "File",
        }
        return {"InputName": name, "S3Input": source | changes}

    def outputs(self, *names: str, **changes: Any) -> dict[str, Any]:
        return {
            "Outputs": [
                {
                    "OutputName": name,
                    "S3Output": {
                        "S3Uri": f"s3://{self.bucket}/made/{name}",
                        "LocalPath": f"{HOME}/output/{name}",
                        "S3UploadMode": "EndOfJob",
                        **changes,
                    },
                }
                for name in names
            ]
        }

    def describe(self, name: str) -> Any:
        return self.client.describe_processing_job(ProcessingJobName=name)

    def ended(self, name: str) -> Any:
        return until(
            lambda: self.describe(name), lambda job: job["ProcessingJobStatus"] in ("Completed", "Failed", "Stopped")
        )

    def run(self, request: dict[str, Any]) -> Any:
        self.client.create_processing_job(**request)
        return self.ended(request["ProcessingJobName"])

    def lines(self, name: str) -> list[str]:
        streams = self.account.client("logs", WEST).describe_log_streams(
            logGroupName=GROUP, logStreamNamePrefix=f"{name}/algo-1-"
        )["logStreams"]
        return self.account.logs(GROUP, streams[0]["logStreamName"], WEST)

    def text(self, key: str) -> str:
        body = self.account.client("s3", WEST).get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return str(body.decode())


@pytest.fixture
def processing(account: Account) -> Processing:
    return Processing(account)


def test_a_job_finds_its_inputs_and_leaves_its_outputs_where_they_are_on_aws(processing: Processing) -> None:
    processing.put("rows/a.csv", "1\n2\n")
    processing.put("rows/b.csv", "3\n")
    request = processing.request(
        "Keep-1",
        SCRIPT,
        ["--rows", f"{HOME}/input/rows", "--keep=2"],
        Environment={"NAME_FILE": f"{HOME}/output/names/name.txt"},
        ProcessingOutputConfig=processing.outputs("kept", "names", "empty"),
    )
    # A folder without its slash is the folder all the same.
    request["ProcessingInputs"].append(processing.input("rows", "rows"))
    arn = processing.client.create_processing_job(**request)["ProcessingJobArn"]
    done = processing.ended("Keep-1")
    assert done["ProcessingJobStatus"] == "Completed", (done, processing.lines("Keep-1"))
    assert arn == done["ProcessingJobArn"] == f"arn:aws:sagemaker:{WEST}:{processing.account.id}:processing-job/keep-1"
    assert done["ExitMessage"] == "kept 2 of 3"
    assert "FailureReason" not in done
    assert done["CreationTime"] <= done["ProcessingStartTime"] <= done["ProcessingEndTime"]
    assert done["StoppingCondition"] == {"MaxRuntimeInSeconds": 86_400}
    assert {each["InputName"] for each in done["ProcessingInputs"]} == {"code", "rows"}

    assert processing.account.keys(processing.bucket, "made/", WEST) == [
        "made/kept/deep/rows.csv", "made/kept/resource.json", "made/names/name.txt",
    ]  # fmt: skip
    assert processing.text("made/kept/deep/rows.csv") == "1\n2\n"
    assert json.loads(processing.text("made/kept/resource.json")) == {"current_host": "algo-1", "hosts": ["algo-1"]}
    assert processing.text("made/names/name.txt").split() == ["Keep-1", arn]
    assert processing.lines("Keep-1") == ["read 3 rows"]

    mine = f"arn:aws:sts::{processing.account.id}:assumed-role/processing/SageMaker"
    acted = [r for r in processing.account.requests() if r["principal"] == mine]
    assert {r["region"] for r in acted} == {WEST}
    assert {r["via"] for r in acted} == {"sagemaker"}
    assert {"ListObjectsV2", "GetObject", "PutObject", "PutLogEvents"} <= {r["operation"] for r in acted}


def test_the_script_acts_as_the_jobs_role(processing: Processing) -> None:
    script = """
import boto3
print(boto3.client("sts").get_caller_identity()["Arn"])
"""
    done = processing.run(processing.request("who", script))
    assert done["ProcessingJobStatus"] == "Completed", processing.lines("who")
    assert processing.lines("who") == [f"arn:aws:sts::{processing.account.id}:assumed-role/processing/SageMaker"]


@pytest.mark.parametrize(
    ("script", "message", "line"),
    [
        ("def bad():\n    raise ValueError('no rows')\n\nbad()\n", "", "ValueError: no rows"),
        ("open('/opt/ml/output/message', 'w').write('é' * 600)\nraise SystemExit(3)\n", "é" * 512, ""),
        ("raise SystemExit('not today')\n", "", "not today"),
        ("open('/opt/ml/processing/input/none')\n", "", "No such file or directory"),
    ],
    ids=["raises", "exits", "says", "no-file"],
)
def test_a_script_that_fails_fails_the_job(processing: Processing, script: str, message: str, line: str) -> None:
    request = processing.request("bad", script, ProcessingOutputConfig=processing.outputs("kept"))
    done = processing.run(request)
    assert done["ProcessingJobStatus"] == "Failed"
    assert done["FailureReason"] == "AlgorithmError: See job logs for more information"
    assert done.get("ExitMessage", "") == message
    assert not line or line in processing.lines("bad")[-1]
    assert processing.account.keys(processing.bucket, "made/", WEST) == []


def test_a_traceback_begins_in_the_script(processing: Processing) -> None:
    processing.run(processing.request("trace", "def bad():\n    raise ValueError('no rows')\n\nbad()\n"))
    log = "\n".join(processing.lines("trace"))
    assert "in bad" in log
    assert "launcher" not in log


def test_a_message_that_is_no_text_fails_the_job(processing: Processing) -> None:
    done = processing.run(processing.request("bytes", "open('/opt/ml/output/message', 'wb').write(b'\\xff\\xfe')\n"))
    assert done["ProcessingJobStatus"] == "Failed"
    assert done["FailureReason"].startswith("ClientError: ")
    assert "UTF-8" in done["FailureReason"]


def test_an_input_that_is_not_there_fails_the_job(processing: Processing) -> None:
    request = processing.request("none", "print('never')\n")
    request["ProcessingInputs"].append(processing.input("rows", "rows/"))
    done = processing.run(request)
    assert done["ProcessingJobStatus"] == "Failed"
    assert done["FailureReason"].startswith("ClientError: Failed to download data. No S3 objects found under S3 URL")
    assert "ProcessingStartTime" not in done


def test_stop(processing: Processing) -> None:
    request = processing.request("long", "import time\nprint('here', flush=True)\ntime.sleep(300)\n")
    processing.client.create_processing_job(**request)
    until(lambda: processing.describe("long"), lambda job: "ProcessingStartTime" in job)
    processing.client.stop_processing_job(ProcessingJobName="long")
    done = processing.ended("long")
    assert done["ProcessingJobStatus"] == "Stopped"
    assert "FailureReason" not in done
    with pytest.raises(ClientError, match="is in status Stopped") as refused:
        processing.client.stop_processing_job(ProcessingJobName="long")
    assert refused.value.response["Error"]["Code"] == "ValidationException"


def test_max_runtime_ends_the_job_and_says_so(processing: Processing) -> None:
    request = processing.request("slow", "import time\ntime.sleep(300)\n", StoppingCondition={"MaxRuntimeInSeconds": 1})
    done = processing.run(request)
    assert done["ProcessingJobStatus"] == "Stopped"
    assert "MaxRuntimeInSeconds (1)" in done["FailureReason"]


def test_a_name_is_used_once_for_ever_and_has_tags(processing: Processing) -> None:
    request = processing.request("once", "pass\n", Tags=[{"Key": "run", "Value": "r1"}])
    arn = processing.run(request)["ProcessingJobArn"]
    with pytest.raises(ClientError, match="already exists") as refused:
        processing.client.create_processing_job(**request)
    assert refused.value.response["Error"]["Code"] == "ResourceInUse"
    assert processing.client.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "run", "Value": "r1"}]
    processing.client.add_tags(ResourceArn=arn, Tags=[{"Key": "more", "Value": "m"}])
    assert len(processing.client.list_tags(ResourceArn=arn)["Tags"]) == 2
    with pytest.raises(ClientError, match="not found"):
        processing.client.list_tags(ResourceArn=arn.replace("once", "never"))


def test_jobs_are_listed_over_pages_by_name_and_status(processing: Processing) -> None:
    names = ["keep-a-1", "keep-a-2", "other-1"]
    for name in names:
        processing.client.create_processing_job(**processing.request(name, "import time\ntime.sleep(300)\n"))
    pages = processing.client.get_paginator("list_processing_jobs")

    def listed(**asked: Any) -> list[str]:
        found = pages.paginate(PaginationConfig={"PageSize": 1}, **asked)
        return [job["ProcessingJobName"] for page in found for job in page["ProcessingJobSummaries"]]

    assert listed() == names
    assert listed(NameContains="-a-", SortOrder="Descending") == names[1::-1]
    processing.client.stop_processing_job(ProcessingJobName=names[0])
    processing.ended(names[0])
    assert listed(StatusEquals="InProgress") == names[1:]
    assert listed(StatusEquals="Stopped") == names[:1]


def test_what_cannot_be_accepted_is_refused(processing: Processing) -> None:
    def changed(**changes: Any) -> dict[str, Any]:
        return processing.request("x", "pass\n", **changes)

    def application(**changes: Any) -> dict[str, Any]:
        plain = {"ImageUri": XGBOOST, "ContainerEntrypoint": ["python3", f"{HOME}/input/code/x.py"]}
        return changed(AppSpecification=plain | changes)

    def cluster(**changes: Any) -> dict[str, Any]:
        plain = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5}
        return changed(ProcessingResources={"ClusterConfig": plain | changes})

    def source(**changes: Any) -> dict[str, Any]:
        return changed(ProcessingInputs=[processing.input("rows", "rows/", **changes)])

    def target(**changes: Any) -> dict[str, Any]:
        return changed(ProcessingOutputConfig=processing.outputs("kept", **changes))

    twice = [processing.input("rows", "rows/")] * 2
    group = {"VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]}}
    cases: list[tuple[dict[str, Any], str]] = [
        (application(ImageUri="x.dkr.ecr/spark:1"), "sagemaker-scikit-learn"),
        (application(ContainerEntrypoint=["bash", "-c", "true"]), "runs Python scripts"),
        (application(ContainerEntrypoint=["python3"]), "runs Python scripts"),
        (application(ContainerEntrypoint=["python3", "/etc/x.py"]), "runs Python scripts"),
        (changed(RoleArn=processing.role + "x"), "Could not assume role"),
        (changed(RoleArn="arn:aws:iam::1:user/x" + "x" * 20), "is no role's ARN"),
        (changed(StoppingCondition={"MaxRuntimeInSeconds": 777_601}), "between 1 and 777600"),
        (changed(NetworkConfig={"EnableNetworkIsolation": True}), "network isolation"),
        (changed(NetworkConfig=group), "a VPC"),
        (changed(ExperimentConfig={"ExperimentName": "e"}), "experiments"),
        (cluster(InstanceCount=2), "one machine"),
        (changed(ProcessingInputs=twice), "InputName must be unique"),
        (changed(ProcessingInputs=[{"InputName": "none"}]), "S3Input must be specified"),
        (source(S3DataType="ManifestFile"), "S3Prefix alone"),
        (source(S3CompressionType="Gzip"), "not compressed"),
        (source(S3InputMode="Pipe"), "File mode"),
        (source(S3Uri="https://x/y"), "is not an S3 URI"),
        (source(LocalPath="/opt/ml/model"), "LocalPath must be"),
        (source(LocalPath=f"{HOME}/../../../../escaped"), "LocalPath must be"),
        (target(S3UploadMode="Continuous"), "EndOfJob"),
        (target(LocalPath="/tmp/x"), "LocalPath must be"),
        (changed(ProcessingJobName="-bad-"), "processingJobName"),
    ]
    for request, message in cases:
        with pytest.raises(ClientError) as refused:
            processing.client.create_processing_job(**request)
        assert refused.value.response["Error"]["Code"] == "ValidationException"
        assert message in refused.value.response["Error"]["Message"], message
    assert processing.client.list_processing_jobs()["ProcessingJobSummaries"] == []


def test_a_key_does_not_lead_out_of_its_input(processing: Processing) -> None:
    processing.put("rows/../../../../../escaped.csv", "1\n")
    request = processing.request("out", "pass\n")
    request["ProcessingInputs"].append(processing.input("rows", "rows/"))
    done = processing.run(request)
    assert "points out of" in done["FailureReason"]
    assert not list(processing.account.world.jobs.parent.rglob("escaped.csv"))


def test_unknown_job(processing: Processing) -> None:
    for call in (processing.client.describe_processing_job, processing.client.stop_processing_job):
        with pytest.raises(ClientError, match="Could not find requested job with name: nobody") as refused:
            call(ProcessingJobName="nobody")
        assert refused.value.response["Error"]["Code"] == "ValidationException"
