"""SageMaker's training and processing jobs: their names are unique for ever.

Source: docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.simulator.aws.course import Run, Script
from tests.simulator.aws.errors import refused
from tests.simulator.clock import Clock

__all__ = ["SageMaker"]

_STATUS = {
    "starting": ("InProgress", "Starting"),
    "running": ("InProgress", "Training"),
    "stopping": ("Stopping", "Stopping"),
    "succeeded": ("Completed", "Completed"),
    "failed": ("Failed", "Failed"),
    "stopped": ("Stopped", "Stopped"),
}


class SageMaker:
    """The SageMaker of one account and Region.

    Args:
        clock: the time.
        account: whose.
        region: where.

    Attributes:
        script: what training jobs do; `processing` what processing jobs do.
        limit: how many training jobs may be live.
    """

    name = "sagemaker"

    def __init__(self, clock: Clock, account: str, region: str) -> None:
        self.clock, self.account, self.region = clock, account, region
        self.script = Script()
        self.processing = Script()
        self.limit = 100
        self.training: dict[str, Run] = {}
        self.processed: dict[str, Run] = {}

    def create_training_job(self, p: Mapping[str, Any]) -> dict[str, Any]:
        return self._create(p, "Training", self.training, self.script)

    def describe_training_job(self, p: Mapping[str, Any]) -> dict[str, Any]:
        run = self._run(p["TrainingJobName"], self.training, "DescribeTrainingJob")
        answer = self._described(run, "Training", "TrainingStartTime")
        if run.state == "succeeded":
            output = run.request["OutputDataConfig"]["S3OutputPath"].rstrip("/")
            answer["ModelArtifacts"] = {"S3ModelArtifacts": f"{output}/{run.name}/output/model.tar.gz"}
        return answer

    def list_training_jobs(self, p: Mapping[str, Any]) -> dict[str, Any]:
        return self._listed(p, "Training", self.training)

    def stop_training_job(self, p: Mapping[str, Any]) -> dict[str, Any]:
        return self._stop(p["TrainingJobName"], "Training", self.training)

    def create_processing_job(self, p: Mapping[str, Any]) -> dict[str, Any]:
        return self._create(p, "Processing", self.processed, self.processing)

    def describe_processing_job(self, p: Mapping[str, Any]) -> dict[str, Any]:
        run = self._run(p["ProcessingJobName"], self.processed, "DescribeProcessingJob")
        return self._described(run, "Processing", "ProcessingStartTime")

    def list_processing_jobs(self, p: Mapping[str, Any]) -> dict[str, Any]:
        return self._listed(p, "Processing", self.processed)

    def stop_processing_job(self, p: Mapping[str, Any]) -> dict[str, Any]:
        return self._stop(p["ProcessingJobName"], "Processing", self.processed)

    def list_tags(self, p: Mapping[str, Any]) -> dict[str, Any]:
        return {"Tags": [dict(tag) for tag in self._of_arn(p["ResourceArn"], "ListTags").notes["tags"]]}

    def add_tags(self, p: Mapping[str, Any]) -> dict[str, Any]:
        run = self._of_arn(p["ResourceArn"], "AddTags")
        kept = {tag["Key"]: tag for tag in [*run.notes["tags"], *p["Tags"]]}
        run.notes["tags"] = list(kept.values())
        return {"Tags": run.notes["tags"]}

    def _create(self, p: Mapping[str, Any], kind: str, jobs: dict[str, Run], script: Script) -> dict[str, Any]:
        name, operation = p[f"{kind}JobName"], f"Create{kind}Job"
        if name in jobs:
            text = f"{kind} job names must be unique within an AWS account and Region, and a {kind.lower()} job with "
            raise refused("ResourceInUse", operation, f"{text}this name already exists ({self._arn(kind, name)})")
        if sum(run.live for run in jobs.values()) >= self.limit:
            text = "The account-level service limit for instances has been reached"
            raise refused("ResourceLimitExceeded", operation, text)
        run = Run(self.clock, script, name, name, dict(p))
        run.notes["tags"] = list(p.get("Tags", []))
        jobs[name] = run
        return {f"{kind}JobArn": self._arn(kind, name)}

    def _described(self, run: Run, kind: str, begun: str) -> dict[str, Any]:
        status, secondary = _STATUS[run.state]
        answer: dict[str, Any] = {key: value for key, value in run.request.items() if key != "Tags"}
        answer |= {
            f"{kind}JobArn": self._arn(kind, run.name),
            f"{kind}JobStatus": status,
            "CreationTime": self.clock.date(run.created),
        }
        if kind == "Training":
            answer["SecondaryStatus"] = secondary
        if run.started is not None:
            answer[begun] = self.clock.date(run.started)
        if run.ended is not None:
            answer[f"{kind}EndTime"] = self.clock.date(run.ended)
        if run.reason:
            answer["FailureReason"] = run.reason
        return answer

    def _listed(self, p: Mapping[str, Any], kind: str, jobs: dict[str, Run]) -> dict[str, Any]:
        found = [
            run
            for run in reversed(jobs.values())
            if p.get("NameContains", "") in run.name
            and p.get("StatusEquals", _STATUS[run.state][0]) == _STATUS[run.state][0]
            and self.clock.date(run.created) >= p.get("CreationTimeAfter", self.clock.date(0))
        ]
        start, size = int(p.get("NextToken") or 0), p.get("MaxResults", 10)
        summaries = [
            {
                f"{kind}JobName": run.name,
                f"{kind}JobArn": self._arn(kind, run.name),
                f"{kind}JobStatus": _STATUS[run.state][0],
                "CreationTime": self.clock.date(run.created),
            }
            for run in found[start : start + size]
        ]
        answer: dict[str, Any] = {f"{kind}JobSummaries": summaries}
        return answer | ({"NextToken": str(start + size)} if start + size < len(found) else {})

    def _stop(self, name: str, kind: str, jobs: dict[str, Run]) -> dict[str, Any]:
        run = self._run(name, jobs, f"Stop{kind}Job")
        if not run.stop() and run.state != "stopping":
            text = f"The request was rejected because the {kind.lower()} job is in status {_STATUS[run.state][0]}."
            raise refused("ValidationException", f"Stop{kind}Job", text)
        return {}

    def _run(self, name: str, jobs: dict[str, Run], operation: str) -> Run:
        if name not in jobs:
            training = "Requested resource not found."
            processing = f"Could not find requested job with name: {name}"
            raise refused("ValidationException", operation, training if "Training" in operation else processing)
        return jobs[name]

    def _of_arn(self, arn: str, operation: str) -> Run:
        kind, _, name = arn.rsplit(":", 1)[-1].partition("/")
        return self._run(name, self.training if kind == "training-job" else self.processed, operation)

    def _arn(self, kind: str, name: str) -> str:
        return f"arn:aws:sagemaker:{self.region}:{self.account}:{kind.lower()}-job/{name}"
