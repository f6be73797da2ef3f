"""The SageMaker engine: a training job by the container contract, in a process of its own, as the job's role."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from crosswind.local.children import Children, Halt, clean_environment
from crosswind.local.edge.call import ServiceError
from crosswind.local.engines.container import (
    BUILT_IN_METRICS,
    OptMl,
    final_metrics,
    pack,
    script_environment,
    script_words,
    unpack,
)
from crosswind.local.engines.logs import LogShipper
from crosswind.local.engines.sessions import Roles, RoleSession
from crosswind.local.engines.storage import fetch, fetch_prefix, store
from crosswind.local.logstream import LogStream

__all__ = ["SESSION_NAME", "SageMakerEngine", "TrainingJob", "TrainingOutcome", "algorithm_of", "is_script"]

SESSION_NAME = "SageMaker"
_LAUNCHERS = Path(__file__).parent / "launchers"
# FailureReason holds at most 1024 characters (API_DescribeTrainingJob).
_REASON = 1024


def algorithm_of(image: str) -> str:
    """What the local world runs for an image: `xgboost` or `sklearn`; empty when it has nothing for it."""
    repository = image.partition("/")[2].partition(":")[0]
    return {"sagemaker-xgboost": "xgboost", "sagemaker-scikit-learn": "sklearn"}.get(repository, "")


def is_script(request: Mapping[str, Any]) -> bool:
    """Whether a request is for script mode: it names a program. Both images offer that."""
    return "sagemaker_program" in request.get("HyperParameters", {})


@dataclass(frozen=True)
class TrainingJob:
    """One training job.

    Args:
        request: the CreateTrainingJob request.
        region: where.
        seconds: MaxRuntimeInSeconds.
        moved: called with secondary status and message as the job moves on.
        halt: asks for the end.
        arn: the job's, for which its role is assumed (`aws:SourceArn`).
    """

    request: Mapping[str, Any]
    region: str
    seconds: float
    moved: Callable[[str, str], None]
    halt: Halt = field(default_factory=Halt)
    arn: str = ""

    @property
    def name(self) -> str:
        """TrainingJobName."""
        return str(self.request["TrainingJobName"])


@dataclass(frozen=True)
class TrainingOutcome:
    """How a training job ended.

    Args:
        status: Completed, Failed or Stopped.
        secondary: the last secondary status: the same, or MaxRuntimeExceeded.
        reason: FailureReason; empty for none.
        artifacts: the URI of model.tar.gz; empty for none.
        metrics: the last value of each metric.
    """

    status: str
    secondary: str
    reason: str = ""
    artifacts: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)


class SageMakerEngine:
    """Runs training jobs: built-in XGBoost on CSV, and scikit-learn scripts.

    Differences from AWS: one machine, no container and no GPU; `/opt/ml` is a folder of the job's (scripts find
    it by the SM_* variables); the newest XGBoost and scikit-learn that the world has, whatever the image's tag
    says; the model file is UBJSON.

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

    def run(self, job: TrainingJob) -> TrainingOutcome:
        """Execute one training job to its end."""
        account = str(job.request["RoleArn"]).split(":")[4]
        folder = self._folder / f"{account}-{job.region}-{job.name}"
        opt_ml = OptMl(folder / "ml")
        try:
            session = self._roles.session(
                job.request["RoleArn"], SESSION_NAME, job.region, job.seconds, source_arn=job.arn
            )
            opt_ml.configure(job.request)
            job.moved("Downloading", "Downloading input data")
            self._download(job, session, opt_ml)
        except ServiceError as error:
            return _failed(f"ClientError: {error.message}")
        except (ClientError, BotoCoreError, ValueError, OSError) as error:
            return _failed(f"ClientError: Data download failed:{error}")
        if job.halt.asked():
            return TrainingOutcome("Stopped", "Stopped")
        job.moved("Training", "Training image download completed. Training in progress.")
        log = folder / "container.log"
        code = self._train(job, session, opt_ml, log)
        return self._finish(job, session, opt_ml, log, code)

    def close(self) -> None:
        """Nothing to end: every job has its own Halt, and the world's Children end what is left."""

    def _download(self, job: TrainingJob, session: RoleSession, opt_ml: OptMl) -> None:
        s3 = session.client("s3")
        for channel in job.request.get("InputDataConfig", []):
            name, uri = channel["ChannelName"], channel["DataSource"]["S3DataSource"]["S3Uri"]
            opt_ml.channel(name).mkdir(parents=True, exist_ok=True)
            if fetch_prefix(s3, uri, opt_ml.channel(name)) == 0:
                raise ValueError(f"No S3 objects found under S3 URL {uri!r} for channel {name}")
        if is_script(job.request):
            archive = opt_ml.root / "sourcedir.tar.gz"
            fetch(s3, script_environment(opt_ml, job.request)["SM_MODULE_DIR"], archive)
            unpack(archive, opt_ml.root / "code")

    def _train(self, job: TrainingJob, session: RoleSession, opt_ml: OptMl, log: Path) -> int | None:
        """Run the container's process; None when MaxRuntimeInSeconds is over."""
        own = session.environment() | dict(job.request.get("Environment", {}))
        arguments = [str(_LAUNCHERS / "xgboost_launcher.py"), str(opt_ml.root)]
        if is_script(job.request):
            sm = script_environment(opt_ml, job.request)
            own |= sm
            arguments = [
                str(_LAUNCHERS / "script_launcher.py"), str(opt_ml.root), sm["SM_USER_ENTRY_POINT"],
                *script_words(job.request["HyperParameters"]),
            ]  # fmt: skip
        stream = LogStream(
            session.client("logs"), "/aws/sagemaker/TrainingJobs", f"{job.name}/algo-1-{int(time.time())}"
        )
        with LogShipper([(log, stream)]):
            child = self._children.start(
                [sys.executable, "-P", *arguments],
                environment=clean_environment(own, home=opt_ml.root, endpoint=self._endpoint, region=job.region),
                folder=opt_ml.root / "code",
                stdout=log,
            )
            job.halt.attach(child)
            code = child.wait(job.seconds)
            if code is None:
                # AWS waits 120 seconds between SIGTERM and SIGKILL; a laptop's jobs need less.
                child.stop(grace=10)
        return code

    def _finish(
        self, job: TrainingJob, session: RoleSession, opt_ml: OptMl, log: Path, code: int | None
    ) -> TrainingOutcome:
        """Upload what there is and say how it ended."""
        stopped = job.halt.asked() or code is None
        if not stopped and code != 0:
            kind = "ClientError" if code == 2 else "AlgorithmError"
            text = opt_ml.failure.read_text(encoding="utf-8", errors="replace") if opt_ml.failure.exists() else ""
            return _failed(f"{kind}: {text}, exit code: {code}" if text else f"{kind}: , exit code: {code}")
        artifacts = ""
        if not stopped or any(opt_ml.model.iterdir()):
            job.moved("Uploading", "Uploading generated training model")
            try:
                artifacts = self._upload(job, session, opt_ml)
            except (ClientError, BotoCoreError) as error:
                return _failed(f"ClientError: Artifact upload failed:{error}")
        metrics = final_metrics(log.read_text(encoding="utf-8", errors="replace"), _definitions(job.request))
        if stopped:
            secondary = "Stopped" if job.halt.asked() else "MaxRuntimeExceeded"
            return TrainingOutcome("Stopped", secondary, artifacts=artifacts, metrics=metrics)
        return TrainingOutcome("Completed", "Completed", artifacts=artifacts, metrics=metrics)

    def _upload(self, job: TrainingJob, session: RoleSession, opt_ml: OptMl) -> str:
        base = job.request["OutputDataConfig"]["S3OutputPath"].rstrip("/") + f"/{job.name}/output"
        s3 = session.client("s3")
        for folder, name in ((opt_ml.model, "model.tar.gz"), (opt_ml.root / "output/data", "output.tar.gz")):
            if name == "model.tar.gz" or any(folder.iterdir()):
                archive = opt_ml.root / name
                pack(folder, archive)
                store(s3, archive, f"{base}/{name}")
        return f"{base}/model.tar.gz"


def _definitions(request: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Built-in algorithms have their own metric definitions; a request's come for scripts."""
    specification = request["AlgorithmSpecification"]
    given = [(metric["Name"], metric["Regex"]) for metric in specification.get("MetricDefinitions", [])]
    if algorithm_of(specification["TrainingImage"]) == "xgboost":
        return [*BUILT_IN_METRICS, *given]
    return given


def _failed(reason: str) -> TrainingOutcome:
    return TrainingOutcome("Failed", "Failed", reason=reason[:_REASON])
