"""The post's own logic, under the same schedules and the same checks: what its violations are counted against.

One key that every run writes over; S3KeySensor on that key; GlueJobOperator, which starts a run each time it is
executed and leaves it when it is killed; SageMakerTrainingOperator with `action_if_job_exists="timestamp"` and no
`on_kill`; LambdaInvokeFunctionOperator, synchronous, with botocore's 60 seconds and its retries. All of them wait on
the worker. DAG 2 is started by each success of DAG 1, which is kinder to it than the post's "switch both on".

Owners stand in arguments, tags and payload for the checks alone; nothing here reads them.

Source: airflow.providers.amazon.aws.operators.{glue,sagemaker,lambda_function}, sensors.s3 (9.34).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from crosswind.airflow.jobs.tags import owner_tags
from tests.simulator.handing import staged
from tests.simulator.invariants import Invariant, Report, orphans
from tests.simulator.process import Process
from tests.simulator.rows import DagRun, Deferred, FailedTask, Success, Task, TaskInstance
from tests.simulator.schedule import HORIZON, Schedule
from tests.simulator.shell import owner_of
from tests.simulator.site import EAST, FUNCTION, GLUE_JOB, RAW, WEST, Company
from tests.simulator.world import World

__all__ = ["PostWorld", "run"]

KEY = "transformed/ml_train_data.csv"
_ERRORS = (BotoCoreError, ClientError)
_REAP = 300.0


class _Looking:
    """A worker that waits: asks again and again, and fails with the first error."""

    def __init__(self, ask: Callable[[], Any], every: float, looks: int, job: str = "") -> None:
        self._ask, self._every, self._left, self.job = ask, every, looks, job

    def look(self) -> tuple[Any, float]:
        self._left -= 1
        try:
            found = self._ask()
        except _ERRORS as error:
            raise FailedTask(str(error)) from error
        if found is None and self._left <= 0:
            raise FailedTask("timed out")
        return found, self._every

    def on_kill(self) -> None:
        """None of these operators stops what it has started."""


class _Operator:
    id = ""
    upstream: tuple[str, ...] = ()

    def __init__(self, company: Company) -> None:
        self.company = company

    def execute(self, ti: TaskInstance, process: Process) -> Success | Deferred:
        try:
            return self.begin(ti, process)
        except _ERRORS as error:
            raise FailedTask(str(error)) from error

    def begin(self, ti: TaskInstance, process: Process) -> Success | Deferred:
        raise NotImplementedError

    def resume(self, ti: TaskInstance, process: Process, event: Any, error: str) -> Success:
        if error:
            raise FailedTask(error)
        return self.end(event)

    def end(self, event: Any) -> Success:
        return Success(event)

    def on_kill(self, ti: TaskInstance, process: Process) -> None:
        """None of these operators stops what it has started."""


class RunGlue(_Operator):
    """S3KeySensor on the raw key and GlueJobOperator, in one."""

    id = "transform"

    def begin(self, ti: TaskInstance, process: Process) -> Deferred:
        clients = self.company.clients(EAST, process)
        clients.client("s3").head_object(Bucket="source", Key=RAW)
        glue = clients.client("glue")
        arguments = {"--bucket": "source", "--crosswind-owner": owner_of(ti).text}
        run_id = glue.start_job_run(JobName=GLUE_JOB, Arguments=arguments)["JobRunId"]

        def ask() -> str | None:
            state = glue.get_job_run(JobName=GLUE_JOB, RunId=run_id)["JobRun"]["JobRunState"]
            if state in {"FAILED", "STOPPED"}:
                raise FailedTask(f"{run_id} is {state}")
            return run_id if state == "SUCCEEDED" else None

        return Deferred(lambda _: _Looking(ask, 30.0, 1000, run_id), 30.0, inside=True)

    def end(self, event: str) -> Success:
        [(key, version)] = next(run.notes["wrote"] for run in self.company.glue.runs if run.id == event)
        published = self.company.clock.date().isoformat()
        extra = {"prefix": f"{key}@{version}", "key": key, "version": version, "published": published}
        return Success({"id": event}, event=extra)


class WaitForKey(_Operator):
    """S3KeySensor on the one key: it is there from the second run on."""

    id = "arrive"

    def begin(self, ti: TaskInstance, process: Process) -> Deferred:
        s3 = self.company.clients(WEST, process).client("s3")

        def ask() -> bool | None:
            try:
                s3.head_object(Bucket="destination", Key=KEY)
            except ClientError as error:
                if error.response["Error"]["Code"] == "404":
                    return None
                raise
            return True

        return Deferred(lambda _: _Looking(ask, 60.0, 60), 0.1, inside=True)


class RunTraining(_Operator):
    """SageMakerTrainingOperator, and the post's class over it."""

    id = "train"
    upstream = ("arrive",)

    def begin(self, ti: TaskInstance, process: Process) -> Deferred:
        sagemaker, base = self.company.clients(WEST, process).client("sagemaker"), "penguins-training"
        taken = [
            job["TrainingJobName"]
            for page in sagemaker.get_paginator("list_training_jobs").paginate(NameContains=base)
            for job in page["TrainingJobSummaries"]
        ]
        name = base if base not in taken else f"{base}-{int(self.company.clock.now * 1000)}"
        tags = [{"Key": key, "Value": value} for key, value in owner_tags(owner_of(ti)).items()]
        data = {"S3DataType": "S3Prefix", "S3Uri": f"s3://destination/{KEY}"}
        sagemaker.create_training_job(
            TrainingJobName=name,
            RoleArn="arn:aws:iam::222222222222:role/training",
            AlgorithmSpecification={"TrainingImage": "image", "TrainingInputMode": "File"},
            InputDataConfig=[{"ChannelName": "train", "DataSource": {"S3DataSource": data}}],
            OutputDataConfig={"S3OutputPath": "s3://models/models"},
            ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
            StoppingCondition={"MaxRuntimeInSeconds": 3600},
            Tags=tags,
        )

        def ask() -> dict[str, str] | None:
            status = sagemaker.describe_training_job(TrainingJobName=name)["TrainingJobStatus"]
            if status in {"Failed", "Stopped"}:
                raise FailedTask(f"{name} is {status}")
            return {"id": name} if status == "Completed" else None

        return Deferred(lambda _: _Looking(ask, 30.0, 1000, name), 30.0, inside=True)


class CallFunction(_Operator):
    """LambdaInvokeFunctionOperator."""

    id = "clean"
    upstream = ("train",)

    def begin(self, ti: TaskInstance, process: Process) -> Success:
        client = self.company.clients(WEST, process).client("lambda")
        payload = json.dumps({"crosswind": {"owner": owner_of(ti).text, "token": process.name}}).encode()
        answer = client.invoke(FunctionName=FUNCTION, InvocationType="RequestResponse", Payload=payload)
        if "FunctionError" in answer:
            raise FailedTask("the function failed")
        return Success({"answer": True})


class PostWorld(World):
    """One schedule of the post's logic. There is no reaper."""

    stated = False

    def __init__(self, schedule: Schedule) -> None:
        super().__init__(schedule)
        self._orphans: set[str] = set()

    def _company(self) -> Company:
        return Company(self.clock, self.schedule, fixed_key=KEY)

    def _dags(self) -> Mapping[str, Sequence[Task]]:
        company = self.company
        return {
            "process": [RunGlue(company)],
            "train": [WaitForKey(company), RunTraining(company), CallFunction(company)],
        }

    def expected(self, ti: TaskInstance) -> set[tuple[str, str]] | None:
        """What the run's newest event says was written."""
        if not ti.run.events:
            return None
        newest = max((extra for _, extra in ti.run.events), key=lambda extra: str(extra["published"]))
        return {(newest["key"], newest["version"])}

    def newest(self, run: DagRun) -> str | None:
        """The logic does not choose."""
        return None

    def taken(self, run: DagRun) -> str:
        """The logic does not choose."""
        return ""

    def can_finish(self, run: DagRun) -> bool:
        """Nothing removes its key."""
        return True

    def _reap(self) -> None:
        if self.airflow.calm and self.clock.now > HORIZON + 2 * _REAP:
            return
        self.airflow.after(_REAP, self._reap)
        now = orphans(self)
        for job in now & self._orphans:
            self.report.add(Invariant.ORPHAN, f"{job} has lived for an interval of 300 s without an owner")
        self._orphans = now

    def _succeeded(self, ti: TaskInstance) -> None:
        super()._succeeded(ti)
        if ti.task.id == "train":
            read = self.company.sagemaker.training[ti.value["id"]].notes.get("read", set())
            self.consumed.update(f"{key}@{version}" for key, version in read)

    def _choose_consumed(self, ti: TaskInstance) -> None:
        """A sensor on a key takes nothing."""


def run(seed: int, keep: frozenset[str] | None = None) -> Report:
    """Play a schedule with the post's logic."""
    with staged():
        return PostWorld(Schedule(seed, keep)).play()
