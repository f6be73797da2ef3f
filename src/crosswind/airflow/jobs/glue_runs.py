"""The runs of one Glue job as the API shows them, with the marks that ours carry among their arguments."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from crosswind.airflow.owner import Attempt, Owner
from crosswind.airflow.target import Clients
from crosswind.errors import AwsError, InputError

__all__ = [
    "ATTEMPT_MARK",
    "DETACHED_MARK",
    "FENCE_MARK",
    "INPUTS_MARK",
    "OWNER_MARK",
    "TOPOLOGY_MARK",
    "TRY_MARK",
    "GlueRun",
    "GlueRuns",
]

ATTEMPT_MARK = "--crosswind-token"
"""The argument that holds the attempt's token."""
OWNER_MARK = "--crosswind-owner"
"""The argument that holds the owner (`Owner.text`)."""
FENCE_MARK = "--crosswind-fence"
"""The argument that holds the fence of the claim under which the run was started."""
TOPOLOGY_MARK = "--crosswind-topology"
"""The argument that names the topology whose Airflow started the run."""
DETACHED_MARK = "--crosswind-detached"
"""The argument, `yes`, of a run that its task does not wait for."""
INPUTS_MARK = "--crosswind-inputs"
"""The argument with the versions of its inputs, JSON: `[{"bucket", "key", "version_id"}]`."""
TRY_MARK = "--crosswind-try"
"""The argument with the number of the try of its task that has started the run."""

# docs.aws.amazon.com/glue/latest/dg/job-run-statuses.html. States that are not known here count as ended badly only
# when a run says when it ended.
_LIVE = {"STARTING", "RUNNING", "STOPPING", "WAITING"}
_ENDED = {"SUCCEEDED", "STOPPED", "FAILED", "TIMEOUT", "ERROR", "EXPIRED"}


@dataclass(frozen=True)
class GlueRun:
    """One run, as GetJobRun gives it."""

    record: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Its JobRunId."""
        return str(self.record["Id"])

    @property
    def state(self) -> str:
        """Its JobRunState."""
        return str(self.record["JobRunState"])

    @property
    def live(self) -> bool:
        """Whether it goes on; waiting to start and stopping included."""
        return self.state in _LIVE or (self.state not in _ENDED and "CompletedOn" not in self.record)

    @property
    def stopping(self) -> bool:
        """Whether it was asked to stop."""
        return self.state == "STOPPING"

    @property
    def error(self) -> str:
        """Its ErrorMessage; empty for none."""
        return str(self.record.get("ErrorMessage", ""))

    @property
    def seconds(self) -> int:
        """How long it ran."""
        return int(self.record.get("ExecutionTime", 0))

    @property
    def token(self) -> str:
        """The token of the attempt that started it; empty for one that is not ours."""
        return self._argument(ATTEMPT_MARK)

    @property
    def fence(self) -> int:
        """The fence of the claim under which it was started; 0 for none."""
        return self._number(FENCE_MARK)

    @property
    def inputs(self) -> list[dict[str, Any]]:
        """The versions that it was given, as it was told them; none when it was told none."""
        try:
            found = json.loads(self._argument(INPUTS_MARK) or "[]")
        except ValueError:
            return []
        return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []

    @property
    def tried(self) -> int:
        """The try of its task that has started it; 0 when it does not say."""
        return self._number(TRY_MARK)

    @property
    def topology(self) -> str:
        """The topology whose Airflow started it; empty when it does not say."""
        return self._argument(TOPOLOGY_MARK)

    @property
    def detached(self) -> bool:
        """Whether its task does not wait for it."""
        return bool(self._argument(DETACHED_MARK))

    @property
    def attempt(self) -> Attempt | None:
        """Whose it is; None when its marks are not ours."""
        try:
            attempt = Attempt(Owner.of(self._argument(OWNER_MARK)), int(self.token.rpartition("-")[2]))
        except (InputError, ValueError):
            return None
        return attempt if attempt.token == self.token else None

    def _number(self, name: str) -> int:
        text = self._argument(name)
        return int(text) if text.isdecimal() else 0

    def _argument(self, name: str) -> str:
        return str((self.record.get("Arguments") or {}).get(name, ""))


class GlueRuns:
    """The runs of a Glue job.

    Args:
        clients: of its account and Region.
        job_name: the job.
        since: runs started earlier are left out; None for all that Glue keeps.
    """

    def __init__(self, clients: Clients, job_name: str, since: datetime | None = None) -> None:
        self._clients = clients
        self._job = job_name
        self._since = since

    def all(self) -> Iterator[GlueRun]:
        """The runs, newest first.

        Glue answers in that order, though its reference does not promise it. So reading ends before the last page only
        after one whose runs are in that order, down to one that is too old.
        """
        for page in self._glue.get_paginator("get_job_runs").paginate(JobName=self._job):
            starts = [run["StartedOn"] for run in page["JobRuns"]]
            for run in page["JobRuns"]:
                if self._since is None or run["StartedOn"] >= self._since:
                    yield GlueRun(run)
            if self._since and starts and starts[-1] < self._since and starts == sorted(starts, reverse=True):
                return

    def of_token(self, token: str) -> GlueRun | None:
        """The run of a token; of several the live one, then the one of the highest fence."""
        runs = [run for run in self.all() if run.token == token]
        return max(runs, key=lambda run: (run.live and not run.stopping, run.live, run.fence), default=None)

    def get(self, run_id: str) -> GlueRun | None:
        """A run by its id; None when Glue knows none."""
        try:
            return GlueRun(self._glue.get_job_run(JobName=self._job, RunId=run_id)["JobRun"])
        except ClientError as error:
            if error.response["Error"]["Code"] != "EntityNotFoundException":
                raise
            return None

    def stop(self, run_id: str) -> None:
        """Ask Glue to stop a run; one that has ended, or is stopping, is left as it is.

        Raises:
            AwsError: Glue did not stop it, and it goes on.
        """
        errors = self._glue.batch_stop_job_run(JobName=self._job, JobRunIds=[run_id]).get("Errors")
        if not errors:
            return
        run = self.get(run_id)
        if run and run.live and not run.stopping:
            detail = errors[0].get("ErrorDetail", {})
            raise AwsError(
                f"Glue did not stop run {run_id} of {self._job}, which is {run.state}: {detail.get('ErrorMessage')}",
                aws_code=str(detail.get("ErrorCode", "")),
                operation="glue:BatchStopJobRun",
                hint="stop it again, or wait for its time-out",
            )

    @property
    def _glue(self) -> Any:
        return self._clients.client("glue")
