"""Glue job runs, submitted once as far as Glue allows it.

StartJobRun takes no token and runs bear no tags (docs.aws.amazon.com/glue/latest/dg/aws-glue-api-jobs-runs.html). So
the token is an argument of the run, `--crosswind-token`, and is found through GetJobRuns; and only the holder of the
attempt's claim (`claims`) starts a run:

1. take the claim; when it names a run, that is the job: one read;
2. when it was not made just now, look for a run of the token that an earlier holder started, and keep that; none:
   renew the claim;
3. StartJobRun, once, with the token and the claim's fence among the arguments;
4. write the run's id into the claim.

**The race that remains.** A submitter that pauses, for longer than the lease, between its last write of the claim (1
or 2) and the moment when Glue carries its StartJobRun out, does not see that another has taken the claim over; both
start a run. With the job's MaxConcurrentRuns at 1, the default, Glue refuses the second while the first is live;
otherwise two run for a while. They never write to one place: the fence is part of the attempt's folder, so that a run
which comes late, even after the other's data was handed over, leaves that data alone. It is noticed by the one whose
fence the claim no longer holds, since it cannot write its run's id: it stops its run and goes on with the other. The
one that took over looks again after its start and stops runs of lower fences. Each logs a warning and counts it in
`twins`. When the late one dies at that moment too, the reaper finds its run: live, and not the one that its claim
names. (A late run may be stopped after the other has found and kept it: then it is a job that was stopped, and the
next ordinal is submitted.)

A run that Glue starts again by itself (MaxRetries) is another run of the same token, so MaxRetries must be 0.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from botocore.config import Config
from botocore.exceptions import ClientError

from crosswind.airflow.jobs.claims import Claim, ClaimHeldError, Claims
from crosswind.airflow.jobs.glue_runs import (
    ATTEMPT_MARK,
    DETACHED_MARK,
    FENCE_MARK,
    OWNER_MARK,
    TOPOLOGY_MARK,
    TRY_MARK,
    GlueRun,
    GlueRuns,
)
from crosswind.airflow.jobs.logs import new_lines
from crosswind.airflow.jobs.model import JobState, Look, Submission, Submitter
from crosswind.airflow.owner import Attempt, Owner
from crosswind.airflow.target import AwsTarget, Clients
from crosswind.errors import InputError, RunError

__all__ = ["GlueJobs"]

_log = logging.getLogger(__name__)
# Sent once: botocore's own retry of a lost answer would start a second run. 70 seconds at most, well within the lease.
_ONCE = Config(retries={"total_max_attempts": 1}, connect_timeout=10, read_timeout=60)
_UNKNOWN = Look(JobState.LOST, "Glue knows no such run")
# Errors that say nothing about whether a run was started.
_UNDECIDED = {"OperationTimeoutException", "InternalServiceException", "RequestTimeout"}


class GlueJobs(Submitter):
    """The runs of one Glue job at one target.

    The outcome of one that succeeded: `job_name`, `run_id`, `seconds`, `inputs`, and the submission's details.

    Args:
        clients: of the job's account and Region.
        job_name: the Glue job.
        arguments: gives the arguments of an attempt's run, such as its prefix and `--crosswind-inputs`; called once a
            submission, before the claim is taken, and again when the claim was taken over, with its fence.
        claims: the claims of the job's submitters.
        since: runs started earlier are none of ours: when the DAG run was made (not its `start_date`, which a clear
            sets anew). None reads the whole history, where the history must be read.
        details: what a submission remembers of its attempt, such as `{"prefix": ...}`; pure.
        topology: the topology whose Airflow this is, for the reaper.
        detached: whether the task ends without waiting for its run, so that the run may outlive it.
        tried: the number of the task's try that this is; 0 when it is none.
        log_group: the job's log group, without `/output` and `/error`.
    """

    kind = "glue"

    def __init__(
        self,
        clients: Clients,
        job_name: str,
        arguments: Callable[[Attempt], Mapping[str, str]],
        claims: Claims,
        since: datetime | None = None,
        *,
        details: Callable[[Attempt], Mapping[str, str]] = lambda _: {},
        topology: str = "",
        detached: bool = False,
        tried: int = 0,
        log_group: str = "/aws-glue/jobs",
    ) -> None:
        self.twins = 0
        self._clients = clients
        self._job = job_name
        self._arguments = arguments
        self._claims = claims
        self._runs = GlueRuns(clients, job_name, since)
        self._details = details
        self._topology = topology
        self._detached = detached
        self._tried = tried
        self._log_group = log_group

    @property
    def target(self) -> AwsTarget:
        """Where the runs are."""
        return self._clients.target

    def find(self, owner: Owner) -> Sequence[tuple[Submission, Look]]:
        """The runs of an owner's attempt group, by ordinal: those that its claims name, one read each.

        A claim without a run is looked up in GetJobRuns. No claim, no run: it is made before anything is started.
        """
        found = []
        for attempt in self._claims.attempts(owner, f"{owner.stem}-"):
            claim = self._claims.read(attempt.token)
            if claim and claim.job:
                run = self._runs.get(claim.job)
                if run and run.attempt and run.attempt.owner != owner:
                    raise InputError(
                        f"the claim of {owner.text} names run {run.id} of {self._job}, which is another's,"
                        f" {run.attempt.owner.text}",
                        hint=f"remove the claim {attempt.token}; nothing of ours writes such a one",
                    )
                look = self._seen(run, attempt) if run else _UNKNOWN
                found.append((self._submission(attempt, claim.job, run.fence if run else claim.fence), look))
                continue
            run = self._runs.of_token(attempt.token)
            if run:
                found.append((self._submission(attempt, run.id, run.fence), self._seen(run, attempt)))
        return found

    def submit(self, attempt: Attempt) -> Submission:
        """Start the attempt's run, or take over the one that was started.

        Raises:
            ClaimHeldError: another try is doing so at this moment; come again after its `seconds`.
        """
        arguments = self._marked(attempt)
        claim = self._claims.take(attempt.token)
        if claim.job:
            return self._kept(attempt, claim)
        if not claim.fresh:
            run = self._runs.of_token(attempt.token)
            if run:
                return self._recorded(attempt, claim, run.id, run.fence)
            if claim.fence > 1:
                arguments = self._marked(replace(attempt, fence=claim.fence))
            claim = self._claims.renew(claim)  # last of all: nothing may come between this and the start
        return self._start(attempt, claim, arguments)

    def look(self, submission: Submission) -> Look:
        """Where a run is; LOST when Glue knows none of that id."""
        run = self._runs.get(submission.id)
        return _UNKNOWN if run is None else self._seen(run, submission.attempt)

    def stop(self, submission: Submission) -> None:
        """Ask Glue to stop a run; one that has ended, or is stopping, is left as it is."""
        self._runs.stop(submission.id)

    def stale(self, owner: Owner) -> Sequence[Submission]:
        """Live runs of earlier groups of the same task; later groups are left alone."""
        found = []
        for attempt in self._claims.attempts(owner, f"{owner.family}-"):
            if attempt.owner == owner:
                continue
            claim = self._claims.read(attempt.token)
            run = self._runs.get(claim.job) if claim and claim.job else self._runs.of_token(attempt.token)
            if run and run.live and not run.stopping and attempt.owner.age(run.tried) < owner.age(self._tried):
                found.append(self._submission(attempt, run.id, run.fence))
        return found

    def log_lines(self, submission: Submission, position: Mapping[str, str]) -> tuple[list[str], Mapping[str, str]]:
        """The driver's output and error lines since a position, and the position after them."""
        streams = [(f"{self._log_group}/{end}", submission.id) for end in ("output", "error")]
        return new_lines(self._clients.client("logs"), streams, position)

    def _marked(self, attempt: Attempt) -> dict[str, str]:
        marks = {ATTEMPT_MARK: attempt.token, OWNER_MARK: attempt.owner.text}
        if self._topology:
            marks[TOPOLOGY_MARK] = self._topology
        if self._detached:
            marks[DETACHED_MARK] = "yes"
        if self._tried:
            marks[TRY_MARK] = str(self._tried)
        return {**self._arguments(attempt), **marks}

    def _start(self, attempt: Attempt, claim: Claim, arguments: Mapping[str, str]) -> Submission:
        glue = self._clients.client("glue", config=_ONCE)
        try:
            self.require_wanted(attempt)
            fenced = {**arguments, FENCE_MARK: str(claim.fence)}
            run_id = glue.start_job_run(JobName=self._job, Arguments=fenced)["JobRunId"]
        except (ClientError, RunError) as error:
            if isinstance(error, RunError) or _refused(error):
                self._claims.release(claim)
            raise
        submission = self._recorded(attempt, claim, run_id, claim.fence)
        # Whom we took the claim over from may have started its run after we looked.
        if claim.fence > 1 and submission.id == run_id:
            for run in self._runs.all():
                if run.token == attempt.token and run.id != run_id and run.live:
                    self._stop_twin(attempt, run.id, run_id)
        return submission

    def _recorded(self, attempt: Attempt, claim: Claim, run_id: str, fence: int) -> Submission:
        """Write the run into the claim; when the claim is another's by now, the run is a second one."""
        try:
            self._claims.record(claim, run_id)
        except ClaimHeldError as held:
            now = held.claim
            if now is None or now.job != run_id:
                self._stop_twin(attempt, run_id, now.job if now else "")
                if now is None or not now.job:
                    raise
                return self._kept(attempt, now)
        return self._submission(attempt, run_id, fence)

    def _stop_twin(self, attempt: Attempt, run_id: str, kept: str) -> None:
        self.twins += 1
        _log.warning(
            "Glue job %s: run %s is a second one of attempt %s (the claim is run %s's); stopping it. %d so far.",
            self._job, run_id, attempt.token, kept or "another submitter", self.twins,
        )  # fmt: skip
        self._runs.stop(run_id)

    def _kept(self, attempt: Attempt, claim: Claim) -> Submission:
        """The run that a claim names; who took a claim over may have written an earlier holder's run into it."""
        run = self._runs.get(claim.job)
        return self._submission(attempt, claim.job, run.fence if run else claim.fence)

    def _submission(self, attempt: Attempt, run_id: str, fence: int) -> Submission:
        mine = replace(attempt, fence=fence)
        return Submission(self.kind, self._job, run_id, mine, dict(self._details(mine)))

    def _seen(self, run: GlueRun, attempt: Attempt) -> Look:
        if run.live:
            return Look(JobState.RUNNING, "stopping" if run.stopping else "")
        match run.state:
            case "SUCCEEDED":
                done = {"job_name": self._job, "run_id": run.id, "seconds": run.seconds, "inputs": run.inputs}
                return Look(JobState.SUCCEEDED, outcome={**done, **self._details(replace(attempt, fence=run.fence))})
            case "STOPPED":
                return Look(JobState.STOPPED, run.error or "it was stopped")
            case _:
                return Look(JobState.FAILED, f"{run.state}: {run.error or 'Glue gives no reason'}")


def _refused(error: ClientError) -> bool:
    """Whether an error says for certain that no run was started."""
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return 400 <= status < 500 and error.response["Error"]["Code"] not in _UNDECIDED
