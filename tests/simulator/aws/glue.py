"""Glue's job runs: no token, no tags; found by their arguments.

Source: docs.aws.amazon.com/glue/latest/dg/aws-glue-api-jobs-runs.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.simulator.aws.course import Run, Script
from tests.simulator.aws.errors import refused
from tests.simulator.clock import Clock

__all__ = ["Glue"]

_STATES = {
    "starting": "STARTING",
    "running": "RUNNING",
    "stopping": "STOPPING",
    "succeeded": "SUCCEEDED",
    "failed": "FAILED",
    "stopped": "STOPPED",
}


class Glue:
    """The Glue of one account and Region.

    Args:
        clock: the time.
        place: the account and the Region.

    Attributes:
        jobs: the declared jobs and how many runs of each may be live.
        script: what their runs do.
    """

    name = "glue"

    def __init__(self, clock: Clock, place: str) -> None:
        self.clock, self.place = clock, place
        self.jobs: dict[str, int] = {}
        self.script = Script()
        self.runs: list[Run] = []

    def start_job_run(self, p: Mapping[str, Any]) -> dict[str, Any]:
        name = p["JobName"]
        if name not in self.jobs:
            text = f"Failed to start job run due to missing metadata: {name}"
            raise refused("EntityNotFoundException", "StartJobRun", text)
        if sum(run.live for run in self.runs if run.name == name) >= self.jobs[name]:
            raise refused("ConcurrentRunsExceededException", "StartJobRun", f"Concurrent runs exceeded for {name}")
        run = Run(self.clock, self.script, name, f"jr_{self.place}_{len(self.runs) + 1:04d}", dict(p))
        self.runs.append(run)
        return {"JobRunId": run.id}

    def get_job_run(self, p: Mapping[str, Any]) -> dict[str, Any]:
        run = self._run(p["JobName"], p["RunId"])
        if run is None:
            raise refused("EntityNotFoundException", "GetJobRun", f"Job Run not found for runId: {p['RunId']}")
        return {"JobRun": self._record(run)}

    def get_job_runs(self, p: Mapping[str, Any]) -> dict[str, Any]:
        if p["JobName"] not in self.jobs:
            raise refused("EntityNotFoundException", "GetJobRuns", f"Job {p['JobName']} not found.")
        found = [run for run in reversed(self.runs) if run.name == p["JobName"]]
        start, size = int(p.get("NextToken") or 0), p.get("MaxResults", 200)
        answer: dict[str, Any] = {"JobRuns": [self._record(run) for run in found[start : start + size]]}
        return answer | ({"NextToken": str(start + size)} if start + size < len(found) else {})

    def batch_stop_job_run(self, p: Mapping[str, Any]) -> dict[str, Any]:
        stopped, errors = [], []
        for run_id in p["JobRunIds"]:
            run = self._run(p["JobName"], run_id)
            if run is not None and run.stop():
                stopped.append({"JobName": p["JobName"], "JobRunId": run_id})
                continue
            code = "EntityNotFoundException" if run is None else "InvalidInputException"
            text = "JobRun is not in a stoppable state" if run else f"Job Run not found for runId: {run_id}"
            detail = {"ErrorCode": code, "ErrorMessage": text}
            errors.append({"JobName": p["JobName"], "JobRunId": run_id, "ErrorDetail": detail})
        return {"SuccessfulSubmissions": stopped, "Errors": errors}

    def get_job(self, p: Mapping[str, Any]) -> dict[str, Any]:
        if p["JobName"] not in self.jobs:
            raise refused("EntityNotFoundException", "GetJob", f"Job {p['JobName']} not found.")
        limit = {"MaxConcurrentRuns": self.jobs[p["JobName"]]}
        return {"Job": {"Name": p["JobName"], "ExecutionProperty": limit}}

    def _run(self, name: str, run_id: str) -> Run | None:
        return next((run for run in self.runs if run.id == run_id and run.name == name), None)

    def _record(self, run: Run) -> dict[str, Any]:
        record = {
            "Id": run.id,
            "Attempt": 0,
            "JobName": run.name,
            "JobRunState": _STATES[run.state],
            "Arguments": dict(run.request.get("Arguments", {})),
            "StartedOn": self.clock.date(run.created),
            "LastModifiedOn": self.clock.date(run.created if run.ended is None else run.ended),
            "ExecutionTime": 0,
        }
        if run.reason:
            record["ErrorMessage"] = run.reason
        if run.ended is not None:
            record["CompletedOn"] = self.clock.date(run.ended)
        return record
