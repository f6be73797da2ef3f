"""The Glue engine: a script of a Spark or a Python shell job, in a process of its own, as the job's role."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from crosswind.local.children import Children, Halt, clean_environment
from crosswind.local.edge.call import ServiceError
from crosswind.local.engines.glue_runtimes import RUNTIMES, Runtime
from crosswind.local.engines.logs import LogShipper
from crosswind.local.engines.sessions import Roles, RoleSession
from crosswind.local.engines.storage import fetch, split
from crosswind.local.logstream import LogStream

__all__ = ["SESSION_NAME", "GlueEngine", "GlueJob", "GlueOutcome", "script_arguments"]

# The session name that Glue gives itself, as CloudTrail shows it.
SESSION_NAME = "GlueJobRunnerSession"
_SHIMS = Path(__file__).parent / "shims"


@dataclass(frozen=True)
class GlueJob:
    """One job run.

    Args:
        id: the JobRunId.
        name: the job.
        account: whose job.
        region: where.
        role_arn: the role it acts as.
        script: the script's S3 URI.
        arguments: default and run arguments, merged; names with their two hyphens.
        seconds: the time-out.
        moved: called with `RUNNING` when the script starts.
        halt: asks for the end.
        runtime: what runs the script.
    """

    id: str
    name: str
    account: str
    region: str
    role_arn: str
    script: str
    arguments: Mapping[str, str]
    seconds: float
    moved: Callable[[str], None]
    halt: Halt = field(default_factory=Halt)
    runtime: Runtime = RUNTIMES["glueetl"]


@dataclass(frozen=True)
class GlueOutcome:
    """How a run ended.

    Args:
        state: SUCCEEDED, FAILED, STOPPED or TIMEOUT.
        error: ErrorMessage; empty for none. For a script that raised, the last line of its traceback; AWS puts
            `Error Category: ...; Failed Line Number: ...;` before it.
        seconds: how long the script ran (ExecutionTime).
    """

    state: str
    error: str = ""
    seconds: float = 0.0


def script_arguments(job: GlueJob) -> list[str]:
    """What the script finds in `sys.argv[1:]`, in Glue's order: Glue's own, then the job's arguments."""
    words = job.runtime.words(job.name, job.id)
    for name, value in job.arguments.items():
        words += [name, value] if value else [name]
    return words


class GlueEngine:
    """Runs Glue jobs: Spark (`glueetl`) on Sail, and Python shells.

    Differences from AWS. Spark: one process instead of a cluster; no SparkContext, RDDs, DynamicFrames, catalog or
    bookmarks; Sail's dialect of Spark SQL; one partition, so that a result is one file. Python shell: the world's own
    Python and packages instead of Python 3.9 and Glue's libraries; no limit of memory.

    Args:
        roles: issues the job's session, for `glue`.
        children: starts processes.
        endpoint: the edge's URL.
        folder: where a run's folder is made.
    """

    def __init__(self, roles: Roles, children: Children, endpoint: str, folder: Path) -> None:
        self._roles = roles
        self._children = children
        self._endpoint = endpoint
        self._folder = folder

    def run(self, job: GlueJob) -> GlueOutcome:
        """Execute one run to its end."""
        folder = self._folder / job.id
        folder.mkdir(parents=True, exist_ok=True)
        try:
            session = self._roles.session(job.role_arn, SESSION_NAME, job.region, job.seconds)
        except ServiceError as error:
            return GlueOutcome(
                "FAILED",
                f"Role {job.role_arn} should be given assume role permissions for Glue Service. ({error.message})",
            )
        try:
            paths = self._fetch(job, session, folder)
        except (ClientError, BotoCoreError, ValueError) as error:
            return GlueOutcome("FAILED", f"LAUNCH ERROR | {error} Please refer logs for details.")
        return self._execute(job, session, folder, paths)

    def close(self) -> None:
        """Nothing to end: every run has its own Halt, and the world's Children end what is left."""

    def _fetch(self, job: GlueJob, session: RoleSession, folder: Path) -> list[Path]:
        """Download the script (the first path) and what `--extra-py-files` names."""
        s3 = session.client("s3")
        extra = [uri.strip() for uri in job.arguments.get("--extra-py-files", "").split(",") if uri.strip()]
        paths = []
        for uri in (job.script, *extra):
            bucket, key = split(uri)
            name = key.rpartition("/")[2]
            if name in ("", ".", ".."):
                raise ValueError(f"{uri!r} names no file.")
            paths.append(folder / name)
            try:
                fetch(s3, uri, paths[-1])
            except ClientError as error:
                raise ValueError(
                    f"Error downloading from S3 for bucket: {bucket}, key: {key}."
                    f" {error.response['Error'].get('Message') or error}"
                ) from error
        return paths

    def _execute(self, job: GlueJob, session: RoleSession, folder: Path, paths: list[Path]) -> GlueOutcome:
        output, errors, error_file = folder / "output.log", folder / "error.log", folder / "error.txt"
        logs = session.client("logs")
        shipper = LogShipper(
            [
                (output, LogStream(logs, f"{job.runtime.log_group}/output", job.id)),
                (errors, LogStream(logs, f"{job.runtime.log_group}/error", job.id)),
            ]
        )
        if job.halt.asked():
            return GlueOutcome("STOPPED")
        started = time.monotonic()
        with shipper:
            child = self._children.start(
                [
                    sys.executable, "-P", str(job.runtime.launcher), str(error_file), str(paths[0]),
                    *script_arguments(job),
                ],
                environment=self._environment(job, session, folder, paths[1:]),
                folder=folder,
                stdout=output,
                stderr=errors,
            )  # fmt: skip
            job.halt.attach(child)
            job.moved("RUNNING")
            code = child.wait(job.seconds)
            if code is None:
                child.stop()
        seconds = time.monotonic() - started
        if job.halt.asked():
            return GlueOutcome("STOPPED", seconds=seconds)
        if code is None:
            # AWS gives a run that times out no error message of the script's, only this state.
            return GlueOutcome("TIMEOUT", seconds=seconds)
        if code == 0:
            return GlueOutcome("SUCCEEDED", seconds=seconds)
        error = error_file.read_text(encoding="utf-8") if error_file.exists() else ""
        return GlueOutcome("FAILED", error or f"Command failed with exit code {code}", seconds)

    def _environment(self, job: GlueJob, session: RoleSession, folder: Path, extra: list[Path]) -> dict[str, str]:
        return clean_environment(
            {
                **session.environment(),
                "PYTHONPATH": ":".join([str(_SHIMS), *(str(p if p.suffix != ".py" else p.parent) for p in extra)]),
                **job.runtime.environment,
            },
            home=folder,
            endpoint=self._endpoint,
            region=job.region,
        )
