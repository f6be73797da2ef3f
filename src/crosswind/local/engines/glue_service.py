"""Glue's job runs at the edge: StartJobRun, GetJobRun, GetJobRuns, BatchStopJobRun. Jobs themselves stay in moto.

Rules and texts: docs.aws.amazon.com/glue/latest/dg/aws-glue-api-jobs-runs.html.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from crosswind.local.children import Halt
from crosswind.local.edge.call import Call, Handler, ServiceError
from crosswind.local.engines.glue import GlueJob, GlueOutcome
from crosswind.local.engines.glue_rules import arguments_of
from crosswind.local.engines.glue_runtimes import RUNTIMES
from crosswind.local.engines.seams import Definitions, Engine
from crosswind.local.partitions import partition_of

__all__ = ["GlueService"]

_DEFAULT_MINUTES = 2880
_LARGEST_PAGE = 200
_OPEN = ("STARTING", "RUNNING", "STOPPING", "WAITING")


@dataclass
class _Run:
    """One run; changed under the service's lock alone."""

    record: dict[str, Any]
    halt: Halt = field(default_factory=Halt)
    thread: threading.Thread | None = None


class GlueService:
    """The edge service for Glue job runs.

    Args:
        engine: executes runs.
        definitions: the jobs that moto keeps.
        minute: the length of a Glue minute in seconds; tests shorten it.
    """

    name = "glue"

    def __init__(self, engine: Engine[GlueJob, GlueOutcome], definitions: Definitions, *, minute: float = 60.0) -> None:
        self._engine = engine
        self._definitions = definitions
        self._minute = minute
        self._lock = threading.RLock()
        self._runs: dict[tuple[str, str, str], dict[str, _Run]] = {}
        self.operations: Mapping[str, Handler] = {
            "StartJobRun": self.start_job_run,
            "GetJobRun": self.get_job_run,
            "GetJobRuns": self.get_job_runs,
            "BatchStopJobRun": self.batch_stop_job_run,
        }

    def start_job_run(self, call: Call) -> Mapping[str, Any]:
        """StartJobRun."""
        name = call.parameters["JobName"]
        definition = self._definition(call, name)
        arguments = arguments_of(definition, call.parameters)
        minutes = call.parameters.get("Timeout") or definition.get("Timeout") or _DEFAULT_MINUTES
        with self._lock:
            runs = self._runs.setdefault((call.account, call.region, name), {})
            limit = definition.get("ExecutionProperty", {}).get("MaxConcurrentRuns") or 1
            if sum(run.record["JobRunState"] in _OPEN for run in runs.values()) >= limit:
                raise ServiceError("ConcurrentRunsExceededException", f"Concurrent runs exceeded for {name}")
            run_id = f"jr_{secrets.token_hex(32)}"
            run = _Run(_record(run_id, name, definition, call.parameters, minutes))
            runs[run_id] = run
            job = GlueJob(
                run_id, name, call.account, call.region, _role_arn(call, definition["Role"]),
                definition["Command"]["ScriptLocation"], arguments, minutes * self._minute,
                lambda state: self._moved(run, state), run.halt, RUNTIMES[definition["Command"]["Name"]],
            )  # fmt: skip
            run.thread = threading.Thread(target=self._work, args=(run, job), name=run_id[:12], daemon=True)
            run.thread.start()
        return {"JobRunId": run_id}

    def get_job_run(self, call: Call) -> Mapping[str, Any]:
        """GetJobRun."""
        name, run_id = call.parameters["JobName"], call.parameters["RunId"]
        with self._lock:
            run = self._runs.get((call.account, call.region, name), {}).get(run_id)
            if run is None:
                self._definition(call, name)
                raise ServiceError("EntityNotFoundException", f"Job Run not found for runId: {run_id}")
            return {"JobRun": dict(run.record)}

    def get_job_runs(self, call: Call) -> Mapping[str, Any]:
        """GetJobRuns: newest first."""
        name = call.parameters["JobName"]
        self._definition(call, name)
        with self._lock:
            runs = [dict(run.record) for run in self._runs.get((call.account, call.region, name), {}).values()]
        runs.reverse()
        start = _offset(call.parameters.get("NextToken"))
        size = int(call.parameters.get("MaxResults", _LARGEST_PAGE))
        if not 1 <= size <= _LARGEST_PAGE:
            raise ServiceError("InvalidInputException", f"MaxResults must be between 1 and {_LARGEST_PAGE}, not {size}")
        end = start + size
        page: dict[str, Any] = {"JobRuns": runs[start:end]}
        return page | ({"NextToken": str(end)} if end < len(runs) else {})

    def batch_stop_job_run(self, call: Call) -> Mapping[str, Any]:
        """BatchStopJobRun: each run is asked to stop; those that cannot be are listed with the reason."""
        name = call.parameters["JobName"]
        stopped, errors, halts = [], [], []
        with self._lock:
            runs = self._runs.get((call.account, call.region, name), {})
            for run_id in call.parameters["JobRunIds"]:
                run = runs.get(run_id)
                if run is not None and run.record["JobRunState"] in ("STARTING", "RUNNING"):
                    run.record |= {"JobRunState": "STOPPING", "LastModifiedOn": _now()}
                    halts.append(run.halt)
                    stopped.append({"JobName": name, "JobRunId": run_id})
                else:
                    errors.append(_stop_error(name, run_id, found=run is not None))
        for halt in halts:
            threading.Thread(target=halt.ask, name="glue-stop", daemon=True).start()
        return {"SuccessfulSubmissions": stopped, "Errors": errors}

    def stop(self) -> None:
        """End every run; called when the world stops."""
        with self._lock:
            runs = [run for by_id in self._runs.values() for run in by_id.values()]
            left = [run for run in runs if run.record["JobRunState"] in _OPEN]
        for run in left:
            run.halt.ask()
        for run in left:
            if run.thread:
                run.thread.join(timeout=10)
        self._engine.close()

    def _work(self, run: _Run, job: GlueJob) -> None:
        began = time.monotonic()
        try:
            outcome = self._engine.run(job)
        except Exception as error:  # noqa: BLE001 - a fault of ours must end the run, not leave it running for ever
            outcome = GlueOutcome("FAILED", f"InternalServiceException: {type(error).__name__}: {error}")
        with self._lock:
            run.record |= {
                "JobRunState": outcome.state,
                "CompletedOn": _now(),
                "LastModifiedOn": _now(),
                "ExecutionTime": round(outcome.seconds or time.monotonic() - began),
            }
            if outcome.error:
                run.record["ErrorMessage"] = outcome.error

    def _moved(self, run: _Run, state: str) -> None:
        with self._lock:
            if run.record["JobRunState"] == "STARTING":
                run.record |= {"JobRunState": state, "LastModifiedOn": _now()}

    def _definition(self, call: Call, name: str) -> Mapping[str, Any]:
        definition = self._definitions.glue_job(call.account, call.region, name)
        if definition is None:
            raise ServiceError(
                "EntityNotFoundException", f"Failed to start job run due to missing metadata: {name}"
                if call.operation == "StartJobRun" else f"Job {name} not found."
            )  # fmt: skip
        return definition


def _record(
    run_id: str, name: str, definition: Mapping[str, Any], parameters: Mapping[str, Any], minutes: int
) -> dict[str, Any]:
    """A JobRun as GetJobRun returns it."""
    runtime = RUNTIMES[definition["Command"]["Name"]]
    capacity = {
        key: parameters.get(key) or definition.get(key)
        for key in ("WorkerType", "NumberOfWorkers", "MaxCapacity", "SecurityConfiguration", "ExecutionClass")
    }
    capacity["GlueVersion"] = definition.get("GlueVersion") or runtime.environment.get("GLUE_VERSION")
    return {
        "Id": run_id,
        "Attempt": 0,
        "JobName": name,
        "JobMode": "SCRIPT",
        "StartedOn": _now(),
        "LastModifiedOn": _now(),
        "JobRunState": "STARTING",
        # The run's own arguments, without the job's defaults, as on AWS.
        "Arguments": dict(parameters.get("Arguments") or {}),
        "PredecessorRuns": [],
        "ExecutionTime": 0,
        "Timeout": minutes,
        "LogGroupName": runtime.log_group,
        **{key: value for key, value in capacity.items() if value is not None},
    }


def _role_arn(call: Call, role: str) -> str:
    """A job's role may be a name or an ARN."""
    if role.startswith("arn:"):
        return role
    return f"arn:{partition_of(call.region)}:iam::{call.account}:role/{role}"


def _stop_error(name: str, run_id: str, *, found: bool) -> dict[str, Any]:
    code = "InvalidInputException" if found else "EntityNotFoundException"
    text = "JobRun is not in a stoppable state" if found else f"Job Run not found for runId: {run_id}"
    return {
        "JobName": name,
        "JobRunId": run_id,
        "ErrorDetail": {"ErrorCode": code, "ErrorMessage": text},
    }


def _offset(token: str | None) -> int:
    if token and not token.isdigit():
        raise ServiceError("InvalidInputException", "The NextToken is not valid.")
    return int(token or 0)


def _now() -> datetime:
    return datetime.now(UTC)
