"""Jobs of each type: what stands in the templates for them, and what their roles and those who run them may do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from crosswind.errors import InputError
from crosswind.synth import deployer_stacks, job_prefixes, names_file, sagemaker_config
from crosswind.topology import Names, Topology, load
from crosswind.topology.model import ProcessingJob, PythonShellJob, SparkJob
from tests.golden.regenerate import TOPOLOGIES
from tests.unit.synth.conftest import deployed, stacks_of
from tests.unit.synth.resolve import Resolved, resolved, statements

SITE = "scoring-site-desk"
ACCOUNT = "999999999992"
BUCKET = f"arn:aws:s3:::scoring-desk-{ACCOUNT}-us-east-1"


@pytest.fixture(scope="module")
def scoring() -> Topology:
    return load(TOPOLOGIES["scoring"])


@pytest.fixture(scope="module")
def site(scoring: Topology) -> Resolved:
    return deployed(stacks_of(scoring))[SITE]


def of_role(template: Resolved, logical_id: str) -> dict[str, dict[str, Any]]:
    """The statements of a role, by Sid."""
    where = f"{template.stack.name} {logical_id} "
    return {found.split()[-1]: one for found, one in statements(template, "identity") if found.startswith(where)}


def test_a_python_shell_has_a_capacity_and_neither_workers_nor_a_glue_version(site: Resolved) -> None:
    (job,) = site.of("AWS::Glue::Job").values()
    assert job["Command"] == {
        "Name": "pythonshell",
        "PythonVersion": "3.9",
        "ScriptLocation": f"s3://scoring-desk-{ACCOUNT}-us-east-1/code/tidy.py",
    }
    assert (job["MaxCapacity"], job["Timeout"], job["MaxRetries"]) == (0.0625, 5, 0)
    assert not {"GlueVersion", "WorkerType", "NumberOfWorkers"} & job.keys()


def test_a_processing_job_is_a_role_and_no_resource(site: Resolved) -> None:
    assert {kind for kind in (r["Type"] for r in site.resources.values()) if "SageMaker" in kind} == set()
    assert site.outputs["ScoreRoleArn"].endswith(":role/" + site.of("AWS::IAM::Role")["ScoreJobRole"]["RoleName"])
    trust = site.of("AWS::IAM::Role")["ScoreJobRole"]["AssumeRolePolicyDocument"]["Statement"]
    assert [one["Principal"]["Service"] for one in trust] == [["sagemaker.amazonaws.com"]]
    assert trust[0]["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def granted(template: Resolved, role: str) -> dict[str, set[str]]:
    """The resources of each action that a role may take."""
    found: dict[str, set[str]] = {}
    for statement in of_role(template, role).values():
        for action in statement["Action"]:
            found.setdefault(action, set()).update(statement["Resource"])
    return found


def test_jobs_may_touch_exactly_their_script_their_folders_and_their_logs(site: Resolved) -> None:
    for role, reads, writes, group in (
        ("TidyJobRole", {"code/tidy.py", "raw/*"}, "clean/*", "/aws-glue/python-jobs/"),
        ("ScoreJobRole", {"code/score.py", "clean/*"}, "scores/*", "/aws/sagemaker/ProcessingJobs"),
        ("ReportJobRole", {"code/report.py", "scores/*"}, "reports/*", "/aws/sagemaker/ProcessingJobs"),
    ):
        found = granted(site, role)
        assert found["s3:GetObject"] == {f"{BUCKET}/{path}" for path in reads}
        assert found["s3:PutObject"] == {f"{BUCKET}/{writes}"}
        assert all(arn.split(":log-group:")[1].startswith(group) for arn in found["logs:PutLogEvents"])
    assert not {a for a in granted(site, "TidyJobRole") if a.split(":")[0] not in ("s3", "logs", "kms")}
    assert "s3:DeleteObject" not in granted(site, "ScoreJobRole")
    assert granted(site, "ReportJobRole")["s3:DeleteObject"] == {f"{BUCKET}/scores/*"}


def test_airflow_runs_them_by_the_names_of_their_tasks(scoring: Topology, site: Resolved) -> None:
    found = of_role(site, "CrossAccountRole")
    run = found["RunProcessing"]
    assert {
        "sagemaker:AddTags",
        "sagemaker:CreateProcessingJob",
        "sagemaker:DescribeProcessingJob",
        "sagemaker:StopProcessingJob",
    } <= set(run["Action"])
    place = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:processing-job"
    assert run["Resource"] == [f"{place}/report-*", f"{place}/score-them-*"]
    assert found["ListProcessing"]["Condition"] == {"StringEquals": {"aws:RequestedRegion": ["us-east-1"]}}
    names = Names(scoring)
    passed = found["PassProcessingRole"]
    assert sorted(passed["Resource"]) == sorted(names.job_role_arn(job) for job in ("score", "report"))
    assert passed["Condition"] == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    assert found["RunGlue"]["Resource"] == [f"arn:aws:glue:us-east-1:{ACCOUNT}:job/tidy"]
    groups = {arn.split(":log-group:")[1].rpartition("/")[0] for arn in found["ReadGlueLogs"]["Resource"]}
    assert groups == {"/aws-glue/python-jobs"}
    assert not [sid for sid in found if "Training" in sid]


def test_the_prefixes_of_processing_jobs(scoring: Topology) -> None:
    assert job_prefixes(scoring, "score") == ("score-them-",)


def test_the_deployer_stops_them_uploads_their_scripts_and_passes_no_role_of_theirs(scoring: Topology) -> None:
    (stack,) = [stack for stack in deployer_stacks(scoring) if stack.site == "data"]
    template = resolved(stack, {})
    allowed = {where.split()[-1]: one for where, one in statements(template, "identity")}
    assert allowed["StopProcessing"]["Action"] == [
        "sagemaker:DescribeProcessingJob", "sagemaker:ListTags", "sagemaker:StopProcessingJob",
    ]  # fmt: skip
    assert "sagemaker:ListProcessingJobs" in allowed["SurveyRegions"]["Action"]
    uploads = {arn for one in allowed.values() if "s3:PutObject" in one["Action"] for arn in one["Resource"]}
    assert {f"{BUCKET}/code/score.py", f"{BUCKET}/config/score.json", f"{BUCKET}/code/tidy.py"} <= uploads
    names = Names(scoring)
    assert names.job_role_arn("tidy") in allowed["PassGlueRoles"]["Resource"]
    passed = {arn for one in allowed.values() if one["Action"] == ["iam:PassRole"] for arn in one["Resource"]}
    assert names.job_role_arn("score") not in passed
    # Only a Spark job has a log group of its own.
    removed = {arn.split(":log-group:")[1] for arn in allowed.get("RemoveLogs", {"Resource": []})["Resource"]}
    assert not [group for group in removed if "glue" in group]


def test_only_those_who_process_may_look_for_processing_jobs(example: Topology) -> None:
    for stack in deployer_stacks(example):
        allowed = [action for _, one in statements(resolved(stack, {}), "identity") for action in one["Action"]]
        assert not [action for action in allowed if "Processing" in action]


def test_the_names_file_tells_of_them(scoring: Topology) -> None:
    jobs = names_file(scoring)["jobs"]
    bucket = f"scoring-desk-{ACCOUNT}-us-east-1"
    assert jobs["score"] == {
        "type": "sagemaker_processing",
        "site": "desk",
        "config": {"bucket": bucket, "key": "config/score.json"},
        "log_group": "/aws/sagemaker/ProcessingJobs",
    }
    assert jobs["tidy"] == {
        "type": "glue_python_shell",
        "site": "desk",
        "name": "tidy",
        "claims": {"bucket": bucket, "prefix": "_crosswind/claims/"},
        "timeout_seconds": 300,
        "log_group": "/aws-glue/python-jobs",
    }


def test_a_request_knows_its_script_its_role_and_its_key(scoring: Topology) -> None:
    text = (TOPOLOGIES["scoring"].parent / "jobs/score.json").read_text()
    config = json.loads(sagemaker_config(scoring, "score", text))
    bucket = f"scoring-desk-{ACCOUNT}-us-east-1"
    code, marks = (each["S3Input"]["S3Uri"] for each in config["ProcessingInputs"])
    assert (code, marks) == (f"s3://{bucket}/code/score.py", f"s3://{bucket}/${{prefix}}")
    assert config["RoleArn"] == Names(scoring).job_role_arn("score")
    assert config["ProcessingJobName"] == "${job_name}"
    alias = f"arn:aws:kms:us-east-1:{ACCOUNT}:alias/scoring-desk"
    assert config["ProcessingOutputConfig"]["KmsKeyId"] == alias
    config["ProcessingOutputConfig"]["KmsKeyId"] = "mine"
    assert json.loads(sagemaker_config(scoring, "score", json.dumps(config))) == config


def test_one_key_cannot_encrypt_for_two_buckets(scoring: Topology) -> None:
    def request(*buckets: str) -> str:
        outputs = [{"OutputName": b, "S3Output": {"S3Uri": f"s3://${{{b}BucketName}}/x"}} for b in buckets]
        return json.dumps({"ProcessingOutputConfig": {"Outputs": outputs}})

    with pytest.raises(InputError, match="do not share a key") as refused:
        sagemaker_config(scoring, "score", request("Desk", "Vault"))
    assert refused.value.place.path == "ProcessingOutputConfig.Outputs"
    once = json.loads(sagemaker_config(scoring, "score", request("Desk", "Desk")))
    assert once["ProcessingOutputConfig"]["KmsKeyId"].endswith(":alias/scoring-desk")


def test_a_script_uri_is_for_those_who_have_a_script(example: Topology) -> None:
    assert sagemaker_config(example, "penguins_training", '"${ScriptUri}"') == '"${ScriptUri}"'


def test_the_types_of_jobs_are_told_apart(scoring: Topology) -> None:
    kinds = {name: type(job) for name, job in scoring.jobs.items()}
    assert (kinds["tidy"], kinds["score"]) == (PythonShellJob, ProcessingJob)
    assert not issubclass(PythonShellJob, SparkJob)
    names = Names(scoring)
    assert len({names.job_role(job) for job in scoring.jobs}) == len(scoring.jobs)
    assert names.claims_bucket("tidy") == "desk"
    assert names.claims_bucket("score") == ""


def test_the_scripts_of_the_topology_are_there(scoring: Topology) -> None:
    root: Path = TOPOLOGIES["scoring"].parent
    assert all((root / job.script).is_file() for job in scoring.jobs.values() if isinstance(job, ProcessingJob))
