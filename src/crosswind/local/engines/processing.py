"""The processing engine: a processing job's script, in a process of its own, as the job's role."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from crosswind.local.children import Children, Halt, clean_environment
from crosswind.local.edge.call import ServiceError
from crosswind.local.engines.logs import LogShipper
from crosswind.local.engines.processing_folder import ProcessingFolder
from crosswind.local.engines.sagemaker import SESSION_NAME
from crosswind.local.engines.sessions import Roles, RoleSession
from crosswind.local.engines.storage import fetch_prefix, store
from crosswind.local.logstream import LogStream

__all__ = ["ProcessingEngine", "ProcessingJob", "ProcessingOutcome"]

_LAUNCHER = Path(__file__).parent / "launchers" / "processing_launcher.py"
# FailureReason holds at most 1024 characters (API_DescribeProcessingJob).
_REASON = 1024


@dataclass(frozen=True)
class ProcessingJob:
    """One processing job.

    Args:
        request: the CreateProcessingJob request.
        region: where.
        seconds: MaxRuntimeInSeconds.
        began: called when the container starts.
        halt: asks for the end.
        arn: the job's, for which its role is assumed (`aws:SourceArn`).
    """

    request: Mapping[str, Any]
    region: str
    seconds: float
    began: Callable[[], None]
    halt: Halt = field(default_factory=Halt)
    arn: str = ""

    @property
    def name(self) -> str:
        """ProcessingJobName."""
        return str(self.request["ProcessingJobName"])


@dataclass(frozen=True)
class ProcessingOutcome:
    """How a processing job ended.

    Args:
        status: Completed, Failed or Stopped.
        reason: FailureReason; empty for none.
        message: ExitMessage; empty for none.
    """

    status: str
    reason: str = ""
    message: str = ""


class ProcessingEngine:
    """Runs processing jobs: a Python script among the inputs.

    Differences from AWS: one machine and no container; `/opt/ml` is a folder of the job's, which Python's own file
    functions find under its usual name (`launchers/processing_launcher.py`); the packages are the world's, whatever
    the image's tag says. Outputs are uploaded when the script has succeeded; AWS does not say what becomes of those of
    a job that fails or stops, nor with which status a job ends whose time is over: here it is Stopped, with a reason.

    Args:
        roles: issues the job's session, for `sagemaker`.
        children: starts processes.
        endpoint: the edge's URL.
        folder: where a job's folder is made.
    """

    def __init__(self, roles: Roles, children: Children, endpoint: str, folder: Path) -> None:
        self._roles = roles
        self._children = children
        self._endpoint = endpoint
        self._folder = folder

    def run(self, job: ProcessingJob) -> ProcessingOutcome:
        """Execute one processing job to its end."""
        account = str(job.request["RoleArn"]).split(":")[4]
        folder = self._folder / f"{account}-{job.region}-{job.name}"
        opt_ml = ProcessingFolder(folder / "ml")
        try:
            session = self._roles.session(
                job.request["RoleArn"], SESSION_NAME, job.region, job.seconds, source_arn=job.arn
            )
            opt_ml.configure(job.request, job.arn)
            self._download(job, session, opt_ml)
        except ServiceError as error:
            return _failed(f"ClientError: {error.message}")
        except (ClientError, BotoCoreError, ValueError, OSError) as error:
            return _failed(f"ClientError: Failed to download data. {error}")
        if job.halt.asked():
            return ProcessingOutcome("Stopped")
        job.began()
        code = self._process(job, session, opt_ml, folder / "container.log")
        try:
            message = opt_ml.message()
        except ValueError:
            return _failed("ClientError: /opt/ml/output/message is not UTF-8 encoded.")
        return replace(self._finish(job, session, opt_ml, code), message=message)

    def close(self) -> None:
        """Nothing to end: every job has its own Halt, and the world's Children end what is left."""

    def _download(self, job: ProcessingJob, session: RoleSession, opt_ml: ProcessingFolder) -> None:
        s3 = session.client("s3")
        for each in job.request.get("ProcessingInputs", []):
            source = each["S3Input"]
            folder = opt_ml.place(source["LocalPath"])
            folder.mkdir(parents=True, exist_ok=True)
            if fetch_prefix(s3, source["S3Uri"], folder) == 0:
                raise ValueError(f"No S3 objects found under S3 URL {source['S3Uri']!r} for input {each['InputName']}")

    def _process(self, job: ProcessingJob, session: RoleSession, opt_ml: ProcessingFolder, log: Path) -> int | None:
        """Run the container's process; None when MaxRuntimeInSeconds is over."""
        application = job.request["AppSpecification"]
        command = [*application["ContainerEntrypoint"][1:], *application.get("ContainerArguments", [])]
        given = job.request.get("Environment", {})
        variables = dict(zip(given, opt_ml.words(list(given.values())), strict=True))
        stream = LogStream(
            session.client("logs"), "/aws/sagemaker/ProcessingJobs", f"{job.name}/algo-1-{int(time.time())}"
        )
        with LogShipper([(log, stream)]):
            child = self._children.start(
                [sys.executable, "-P", str(_LAUNCHER), str(opt_ml.root), *opt_ml.words(command)],
                environment=clean_environment(
                    session.environment() | variables, home=opt_ml.root, endpoint=self._endpoint, region=job.region
                ),
                folder=opt_ml.root,
                stdout=log,
            )
            job.halt.attach(child)
            code = child.wait(job.seconds)
            if code is None:
                child.stop(grace=10)
        return code

    def _finish(
        self, job: ProcessingJob, session: RoleSession, opt_ml: ProcessingFolder, code: int | None
    ) -> ProcessingOutcome:
        """Upload what there is and say how it ended."""
        if job.halt.asked():
            return ProcessingOutcome("Stopped")
        if code is None:
            over = f"MaxRuntimeExceeded: it ran for longer than StoppingCondition.MaxRuntimeInSeconds ({job.seconds:g})"
            return ProcessingOutcome("Stopped", over)
        if code != 0:
            # As on AWS, which puts the reason into the log alone; a script may tell it in its exit message.
            return ProcessingOutcome("Failed", "AlgorithmError: See job logs for more information")
        try:
            self._upload(job, session, opt_ml)
        except (ClientError, BotoCoreError) as error:
            return _failed(f"ClientError: Failed to upload data. {error}")
        return ProcessingOutcome("Completed")

    def _upload(self, job: ProcessingJob, session: RoleSession, opt_ml: ProcessingFolder) -> None:
        s3, config = session.client("s3"), job.request.get("ProcessingOutputConfig", {})
        for each in config.get("Outputs", []):
            target = each["S3Output"]
            folder = opt_ml.place(target["LocalPath"])
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                uri = f"{target['S3Uri'].rstrip('/')}/{path.relative_to(folder).as_posix()}"
                store(s3, path, uri, key=config.get("KmsKeyId", ""))


def _failed(reason: str) -> ProcessingOutcome:
    return ProcessingOutcome("Failed", reason[:_REASON])
