"""One environment's life: CREATING to AVAILABLE, updated, deleted; each change in a thread of its own."""

from __future__ import annotations

import contextlib
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crosswind.errors import AirflowStartError
from crosswind.local.children import clean_environment
from crosswind.local.edge.call import ServiceError
from crosswind.local.mwaa.airflow import Airflow, Keys, free_port, load_keys
from crosswind.local.mwaa.bucket import BucketError, DagMirror, EnvironmentBucket
from crosswind.local.mwaa.image import Installer, InstallError
from crosswind.local.mwaa.interpreter import Interpreter
from crosswind.local.mwaa.options import airflow_settings, ineffective
from crosswind.local.mwaa.overlay import Build, Sources, build
from crosswind.local.mwaa.rest import AirflowRest
from crosswind.local.mwaa.role import CredentialsEndpoint, ExecutionRole
from crosswind.local.mwaa.tasklogs import TaskLogs
from crosswind.local.mwaa.validation import bucket_of
from crosswind.local.mwaa.versions import MWAA_PYTHON, constraints_of

__all__ = ["Environment", "Surroundings"]

START_SECONDS = 180.0
_UPDATABLE = ("AVAILABLE", "UPDATE_FAILED")
_DELETABLE = ("AVAILABLE", "CREATE_FAILED", "UPDATE_FAILED", "UNAVAILABLE")


@dataclass(frozen=True)
class Surroundings:
    """What every environment of a world shares.

    Args:
        credentials: serves execution roles' sessions.
        role_of: makes the session of an execution role, by its ARN, the Region and the environment's ARN.
        installer: makes virtual environments.
        python: the interpreter for them.
        endpoint_of: the world's URL; asked when an Airflow starts.
        sync_seconds: how often the DAGs folder is compared with the bucket; on MWAA half a minute.
        start_seconds: how long an Airflow may take to become healthy.
    """

    credentials: CredentialsEndpoint
    role_of: Callable[[str, str, str], ExecutionRole]
    installer: Installer
    python: Callable[[], Interpreter]
    endpoint_of: Callable[[], str]
    sync_seconds: float = 3.0
    start_seconds: float = START_SECONDS


@dataclass
class _Running:
    """What an available environment holds."""

    airflow: Airflow
    rest: AirflowRest
    credentials_path: str
    task_logs: TaskLogs
    stop_sync: threading.Event = field(default_factory=threading.Event)
    sync: threading.Thread | None = None


class Environment:
    """One MWAA environment. Thread-safe.

    Args:
        document: the environment as GetEnvironment shows it, all defaults filled in; Status CREATING.
        folder: its folder.
        around: what environments share.
        on_deleted: called when nothing is left of it.
    """

    def __init__(
        self,
        document: Mapping[str, Any],
        folder: Path,
        around: Surroundings,
        on_deleted: Callable[[Environment], None],
    ) -> None:
        self._document = dict(document)
        self.folder = folder
        self._around = around
        self._on_deleted = on_deleted
        self._lock = threading.RLock()
        self._worker: threading.Thread | None = None
        self._running: _Running | None = None
        self._build: Build | None = None
        self._builds = 0
        self._closed = threading.Event()

    @property
    def home(self) -> Path:
        """AIRFLOW_HOME; `/usr/local/airflow` on MWAA."""
        return self.folder / "home"

    @property
    def logs(self) -> Path:
        """The components' logs and the environment's own (`environment.log`)."""
        return self.folder / "logs"

    @property
    def status(self) -> str:
        """AWS's EnvironmentStatus."""
        with self._lock:
            return str(self._document["Status"])

    def describe(self) -> dict[str, Any]:
        """The environment in the API's shape."""
        with self._lock:
            return dict(self._document)

    def tag(self, added: Mapping[str, str], removed: list[str]) -> None:
        """Change the tags."""
        with self._lock:
            tags = {**self._document.get("Tags", {}), **added}
            self._document["Tags"] = {key: value for key, value in tags.items() if key not in removed}

    def airflow(self) -> Airflow:
        """The running Airflow; raises ServiceError when the environment is not available."""
        return self._available().airflow

    def rest(self) -> AirflowRest:
        """Its REST API; raises ServiceError when the environment is not available."""
        return self._available().rest

    def keys(self) -> Keys:
        """The environment's secrets."""
        return load_keys(self.home)

    def create(self) -> None:
        """Begin to make it; the outcome is in the status."""
        with self._lock:
            self._begin("CREATING", self._create)

    def update(self, changes: Mapping[str, Any]) -> None:
        """Begin to change it; raises ServiceError when its status does not allow that."""
        with self._lock:
            self._require(_UPDATABLE, "updated")
            self._begin("UPDATING", lambda: self._update(dict(changes)))

    def delete(self) -> None:
        """Begin to remove it; raises ServiceError when its status does not allow that."""
        with self._lock:
            self._require(_DELETABLE, "deleted")
            self._begin("DELETING", self._delete)

    def close(self) -> None:
        """Stop everything at once, without removing anything; the world ends."""
        self._closed.set()
        running = self._running
        if running:
            self._stop(running)
        worker = self._worker
        if worker and worker is not threading.current_thread():
            worker.join(timeout=60)
        if self._running:
            self._stop(self._running)

    def say(self, text: str) -> None:
        """A line of the environment's log."""
        self.logs.mkdir(parents=True, exist_ok=True)
        with (self.logs / "environment.log").open("a") as log:
            log.write(f"{datetime.now(UTC).isoformat(timespec='milliseconds')} {text}\n")

    def _available(self) -> _Running:
        with self._lock:
            running, status = self._running, self.status
        if running is None or status not in _UPDATABLE:
            raise ServiceError("ResourceNotFoundException", f"environment {self._name} is {status}, not AVAILABLE", 404)
        if not running.airflow.running:
            raise ServiceError(
                "InternalServerException", f"the Airflow of {self._name} has ended; logs: {self.logs}", 500
            )
        return running

    @property
    def _name(self) -> str:
        return str(self._document["Name"])

    def _require(self, allowed: tuple[str, ...], doing: str) -> None:
        if self.status not in allowed:
            raise ServiceError(
                "ValidationException", f"environment {self._name} is {self.status} and cannot be {doing} now"
            )

    def _begin(self, status: str, work: Callable[[], None]) -> None:
        self._document["Status"] = status
        self._worker = threading.Thread(
            target=self._guarded, args=(status, work), name=f"mwaa-{self._name}", daemon=True
        )
        self._worker.start()

    def _guarded(self, status: str, work: Callable[[], None]) -> None:
        failed = {"CREATING": "CREATE_FAILED", "UPDATING": "UPDATE_FAILED", "DELETING": "UNAVAILABLE"}[status]
        started = time.monotonic()
        try:
            work()
        except (InstallError, BucketError, AirflowStartError, ServiceError, OSError) as error:
            code = "INCORRECT_CONFIGURATION" if not isinstance(error, OSError) else "INTERNAL_FAILURE"
            self._finish(failed, code, str(error))
        except Exception as error:  # a thread's end is the environment's end: it must say so, whatever happened
            self._finish(failed, "INTERNAL_FAILURE", f"{type(error).__name__}: {error}")
            raise
        else:
            if status != "DELETING":
                self._finish("AVAILABLE")
            self.say(f"{status} took {time.monotonic() - started:.1f} s")

    def _finish(self, status: str, code: str = "", message: str = "") -> None:
        if message:
            self.say(f"{status}: {message}")
        with self._lock:
            update: dict[str, Any] = {
                "Status": "FAILED" if code else "SUCCESS",
                "CreatedAt": datetime.now(UTC),
                "Source": "crosswind",
            }
            if code:
                # ErrorMessage has at most 1,024 characters; an installer's last lines say most.
                short = message if len(message) <= 1024 else message[:200] + " ... " + message[-800:]
                update["Error"] = {"ErrorCode": code, "ErrorMessage": short}
            self._document |= {"Status": status, "LastUpdate": update}

    def _create(self) -> None:
        for stale in ("home", "builds"):  # of a world that ended before
            shutil.rmtree(self.folder / stale, ignore_errors=True)
        self.home.mkdir(parents=True, mode=0o700)
        document = self.describe()
        made = self._make_build(document)
        running = self._launch(made, document)
        with self._lock:
            self._build, self._running = made, running
            self._document["WebserverUrl"] = running.airflow.url

    def _update(self, changes: dict[str, Any]) -> None:
        """Build beside the running Airflow, then change over; on a failure the old one serves again."""
        before, old = self.describe(), self._running
        wanted = {**before, **changes}
        made = self._make_build(wanted)
        if old:
            self._stop(old)
        try:
            running = self._launch(made, wanted)
        except (AirflowStartError, BucketError, ServiceError):
            self.say("the update failed: back to the build before it")
            if self._build and not self._closed.is_set():
                self._running = self._launch(self._build, before)
            raise
        with self._lock:
            stale, self._build, self._running = self._build, made, running
            self._document |= {**changes, "WebserverUrl": running.airflow.url}
        if stale:
            shutil.rmtree(stale.folder, ignore_errors=True)

    def _delete(self) -> None:
        if self._running:
            self._stop(self._running)
            self._running = None
        # The logs stay, as they do in CloudWatch Logs.
        for part in (self.home, self.folder / "builds", self.folder / "run"):
            shutil.rmtree(part, ignore_errors=True)
        self._on_deleted(self)

    def _role(self, document: Mapping[str, Any]) -> ExecutionRole:
        arn = str(document["Arn"])
        return self._around.role_of(str(document["ExecutionRoleArn"]), arn.split(":")[3], arn)

    def _bucket(self, document: Mapping[str, Any]) -> EnvironmentBucket:
        return EnvironmentBucket(self._role(document), bucket_of(str(document["SourceBucketArn"])))

    def _make_build(self, document: Mapping[str, Any]) -> Build:
        python = self._around.python()
        if python.minor != MWAA_PYTHON:
            self.say(f"Python {python.text} serves: this machine has no 3.12, which MWAA runs")
        constraints = constraints_of(str(document["AirflowVersion"]), python.minor)
        image = self._around.installer.image(constraints, python, self.say)
        bucket = self._bucket(document)
        sources = Sources(*(_fetched(bucket, document, kind) for kind in ("Requirements", "Plugins")))
        self._builds += 1
        folder = self.folder / "builds" / str(self._builds)
        started = time.monotonic()
        made = build(folder, image, self._around.installer, sources, dags=self.home / "dags", say=self.say)
        self.say(f"build {self._builds} took {time.monotonic() - started:.1f} s")
        return made

    def _launch(self, made: Build, document: Mapping[str, Any]) -> _Running:
        if self._closed.is_set():
            raise AirflowStartError("the world is stopping")
        mirror = DagMirror(self._bucket(document), str(document["DagS3Path"]), self.home / "dags")
        mirror.sync()
        load_keys(self.home)
        role = self._role(document)
        path, token = self._around.credentials.add(role)
        airflow = Airflow(self.home, self.logs, free_port())
        running = _Running(airflow, AirflowRest(airflow.port), path, TaskLogs(role, self._name, self.home / "logs"))
        with self._lock:
            self._running = running  # so that `close` finds it while it starts
        try:
            variables = self._variables(document, made, airflow.port, (path, token))
            airflow.start(made, variables)
            airflow.wait_until_healthy(self._around.start_seconds)
        except BaseException:
            self._stop(running)
            raise
        running.sync = threading.Thread(
            target=self._keep_in_step, args=(running, mirror), name=f"mwaa-dags-{self._name}", daemon=True
        )
        running.sync.start()
        if document.get("LoggingConfiguration", {}).get("TaskLogs", {}).get("Enabled"):
            running.task_logs.start()
        return running

    def _variables(
        self, document: Mapping[str, Any], made: Build, port: int, credentials: tuple[str, str]
    ) -> dict[str, str]:
        options = document.get("AirflowConfigurationOptions") or {}
        if ineffective(options):
            self.say(f"options that change nothing with LocalExecutor: {', '.join(ineffective(options))}")
        path, token = credentials
        endpoint, region = self._around.endpoint_of(), str(document["Arn"]).split(":")[3]
        run = self.folder / "run"
        extra = {
            **airflow_settings(options, self.home, made.plugins, port),
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": endpoint + path,
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": token,
            # As in MWAA's containers.
            "AIRFLOW_ENV_NAME": self._name,
            "PATH": f"{made.venv / 'bin'}:/usr/local/bin:/usr/bin:/bin",
            "NO_PROXY": "127.0.0.1,localhost",
        }
        return clean_environment(extra, home=run, endpoint=endpoint, region=region)

    def _keep_in_step(self, running: _Running, mirror: DagMirror) -> None:
        last = ""
        while not running.stop_sync.wait(self._around.sync_seconds):
            fault = ""
            try:
                changed = mirror.sync()
                if changed:
                    self.say(f"DAGs folder: {', '.join(changed)}")
            except (BucketError, ServiceError, OSError) as error:
                fault = f"DAGs folder not in step: {error}"
            if fault and fault != last:
                self.say(fault)
            last = fault

    def _stop(self, running: _Running) -> None:
        running.stop_sync.set()
        running.airflow.stop()
        running.task_logs.stop()
        self._around.credentials.remove(running.credentials_path)
        if running.sync and running.sync is not threading.current_thread():
            with contextlib.suppress(RuntimeError):
                running.sync.join(timeout=10)


def _fetched(bucket: EnvironmentBucket, document: Mapping[str, Any], kind: str) -> bytes | None:
    path, version = document.get(f"{kind}S3Path"), document.get(f"{kind}S3ObjectVersion")
    return bucket.fetch(str(path), str(version)) if path and version else None
