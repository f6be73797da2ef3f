"""The tasks that run jobs elsewhere: `crosswind.airflow.operators.{glue,sagemaker,lambda_}` as shells; both DAGs."""

from __future__ import annotations

import json
from typing import Any

from crosswind.airflow.handover import lineage
from crosswind.airflow.handover.channels import prefixes_read
from crosswind.airflow.handover.model import Arrival
from crosswind.airflow.handover.read import read
from crosswind.airflow.handover.verify import verify
from crosswind.airflow.jobs.claims import Claims
from crosswind.airflow.jobs.glue import GlueJobs
from crosswind.airflow.jobs.lambda_ import LambdaJobs
from crosswind.airflow.jobs.model import Look, Submission
from crosswind.airflow.jobs.training import TrainingJobs
from crosswind.airflow.owner import Attempt
from crosswind.airflow.target import Clients
from tests.simulator.handing import Arrive, Publish, arrival_of, site_of
from tests.simulator.process import Process
from tests.simulator.rows import TaskInstance
from tests.simulator.shell import JobTask, Setup
from tests.simulator.site import EAST, FUNCTION, GLUE_JOB, RAW, WEST, Company

__all__ = ["Clean", "TrainTask", "TransformTask", "dags"]


class TransformTask(JobTask):
    """The Glue operator."""

    id = "transform"

    def jobs(self, ti: TaskInstance, process: Process) -> GlueJobs:
        clients = self.company.clients(EAST, process)
        claims = Claims(clients, "claims-east", "_crosswind/claims/", holder=process.name, now=self.company.clock.date)

        def arguments(attempt: Attempt) -> dict[str, str]:
            version = clients.client("s3").head_object(Bucket="source", Key=RAW)["VersionId"]
            inputs = [{"bucket": "source", "key": RAW, "version_id": version}]
            return {"--prefix": _prefix(attempt), "--crosswind-inputs": json.dumps(inputs)}

        return GlueJobs(
            clients, GLUE_JOB, arguments, claims, details=lambda attempt: {"prefix": _prefix(attempt)}, tried=ti.tries
        )


class TrainTask(JobTask):
    """`crosswind.airflow.operators.sagemaker`: verifies, trains, verifies again, and writes the model's record."""

    id = "train"
    upstream = ("arrive",)

    def jobs(self, ti: TaskInstance, process: Process) -> TrainingJobs:
        arrival, clients = arrival_of(ti), self.company.clients(site_of(arrival_of(ti)), process)

        def request(attempt: Attempt) -> dict[str, Any]:
            verify(clients, arrival)
            data = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{arrival.bucket}/{arrival.prefix}part-"}
            return {
                "RoleArn": "arn:aws:iam::222222222222:role/training",
                "AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "File"},
                "InputDataConfig": [{"ChannelName": "train", "DataSource": {"S3DataSource": data}}],
                "OutputDataConfig": {"S3OutputPath": "s3://models/models"},
                "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
                "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
                "Tags": lineage.tags(arrival),
            }

        return TrainingJobs(self.company.clients(WEST, process), request, tried=ti.tries)

    def finished(self, ti: TaskInstance, process: Process, submission: Submission, look: Look) -> dict[str, Any]:
        arrival, west = arrival_of(ti), self.company.clients(WEST, process)
        job = west.client("sagemaker").describe_training_job(TrainingJobName=submission.id)
        prefixes_read(job, arrival)
        self.verify_again(self.company.clients(site_of(arrival), process), arrival)
        source = self.company.clients(EAST, process)
        lineage.put(west, arrival, read(source, arrival.reference), job, submission)
        return super().finished(ti, process, submission, look)

    def verify_again(self, clients: Clients, arrival: Arrival) -> None:
        """What the job has read."""
        verify(clients, arrival)


class Clean(JobTask):
    """The Lambda operator."""

    id = "clean"
    upstream = ("train",)

    def jobs(self, ti: TaskInstance, process: Process) -> LambdaJobs:
        clients, now, prefix = self.company.clients(WEST, process), self.company.clock.date, arrival_of(ti).prefix
        claims = Claims(clients, "claims-west", "_crosswind/claims/", holder=process.name, now=now)
        results = ("claims-west", "results/") if self.setup.asynchronous else None
        return LambdaJobs(clients, FUNCTION, lambda _: {"prefix": prefix}, 60.0, claims, results, now=now)


def dags(company: Company, setup: Setup) -> dict[str, list[Any]]:
    """Both DAGs."""
    return {
        "process": [TransformTask(company, setup), Publish(company, setup)],
        "train": [Arrive(company, setup), TrainTask(company, setup), Clean(company, setup)],
    }


def _prefix(attempt: Attempt) -> str:
    return f"transformed/{attempt.folder}/"
