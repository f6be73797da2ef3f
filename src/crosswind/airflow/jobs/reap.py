"""Remote jobs of ours that no live task owns: found at every target, and stopped.

SageMaker's lists cannot filter by tag, and Glue's runs have none. So: the training and processing jobs in progress
whose names end in a token and whose tags name an owner, and the live runs of the declared Glue jobs whose arguments
do. Functions cannot be stopped, and end by their time-out.

The jobs are listed first, and their owners' states asked afterwards. A task is live when it submits, so a job that is
in the list belongs to a task that was live before its state was asked: a task that is not live by then has left it
behind. That is why young jobs need no grace, and why none outlives an interval of the reaper: given a grace, a job
would outlive the interval by it.

A state that cannot be had is UNKNOWN, and such a job is never stopped. What is shown is what is stopped, and before
each stop the owner is asked once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from botocore.exceptions import BotoCoreError, ClientError

from crosswind.airflow.jobs.claims import Claims
from crosswind.airflow.jobs.glue_runs import GlueRun, GlueRuns
from crosswind.airflow.jobs.model import Submission
from crosswind.airflow.jobs.named import NamedJobs
from crosswind.airflow.jobs.orphans import (
    Found,
    LiveState,
    Orphan,
    Survey,
    live_state,
    orphans_among,
    succeeded_by_later,
)
from crosswind.airflow.jobs.processing import ProcessingJobs
from crosswind.airflow.jobs.training import TrainingJobs
from crosswind.airflow.owner import Owner
from crosswind.airflow.target import AwsTarget, Clients
from crosswind.errors import CrosswindError, InputError

__all__ = ["Found", "LiveState", "Orphan", "Reach", "Reaper", "Survey", "live_state", "orphans_among"]

_NAMED: Mapping[str, type[NamedJobs]] = {"training": TrainingJobs, "processing": ProcessingJobs}
# Glue ends a run after its time-out, at most 7 days, and a queued one after 15: older runs are not live.
_LONGEST_RUN = timedelta(days=30)


@dataclass(frozen=True)
class Reach:
    """A target, and what the topology declares there.

    Args:
        clients: of the target.
        glue: the Glue jobs there, by name, each with its claims.
        named: the kinds of SageMaker jobs that may be there, of `training` and `processing`. The role must be allowed
            to list those; name only the kinds that the topology uses at the target.
    """

    clients: Clients
    glue: Mapping[str, Claims] = field(default_factory=dict)
    named: Sequence[str] = ("training", "processing")


class Reaper:
    """Finds and stops orphans.

    Args:
        reaches: the targets.
        states: what Airflow says of an owner; UNKNOWN when it cannot be asked. Must not answer from before the call.
        topology: whose jobs are ours. Those of another topology, or of none, are left alone. Two Airflows must not
            share one.
        now: the time.
    """

    def __init__(
        self,
        reaches: Sequence[Reach],
        states: Callable[[Owner], LiveState],
        *,
        topology: str = "",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._reaches = reaches
        self._states = states
        self._topology = topology
        self._now = now

    def survey(self) -> Survey:
        """List our live jobs, then ask for their owners. A target that cannot be listed is told of, not passed over."""
        found: dict[tuple[str, str, str, str], Found] = {}  # two connections may lead to one account and Region
        failures: list[tuple[AwsTarget, str]] = []
        for reach in self._reaches:
            for listing in self._listings(reach):
                try:
                    for each in listing:
                        found[_place(each)] = each
                except (ClientError, BotoCoreError, CrosswindError) as error:
                    failures.append((reach.clients.target, str(error)))
        live = succeeded_by_later(list(found.values()))
        owners = {each.submission.attempt.owner for each in live}
        orphans = orphans_among(live, {owner: self._states(owner) for owner in owners})
        lost = {_place(orphan) for orphan in orphans}
        kept = tuple(each for each in live if _place(each) not in lost)
        return Survey(orphans, kept, tuple(failures))

    def stop(self, orphans: Sequence[Orphan]) -> tuple[tuple[Orphan, str], ...]:
        """Stop orphans. Safe to repeat.

        Returns:
            Those that were not stopped, and why: AWS refused, or their owners are live again.
        """
        left = []
        for orphan in orphans:
            found = Found(orphan.submission, orphan.target, detached=orphan.detached)
            owner = orphan.submission.attempt.owner
            if not orphan.twin and not orphans_among([found], {owner: self._states(owner)}):
                left.append((orphan, "its task is live by now, or Airflow does not say"))
                continue
            try:
                self._stop(orphan)
            except (ClientError, BotoCoreError, CrosswindError) as error:
                left.append((orphan, str(error)))
        return tuple(left)

    def _listings(self, reach: Reach) -> Iterator[Iterator[Found]]:
        """One for each call that may fail by itself."""
        yield from (self._named(reach, kind) for kind in reach.named)
        yield from (self._glue(reach, job) for job in reach.glue)

    def _named(self, reach: Reach, kind: str) -> Iterator[Found]:
        yield from _NAMED[kind](reach.clients, topology=self._topology).ours()

    def _glue(self, reach: Reach, job: str) -> Iterator[Found]:
        for run in GlueRuns(reach.clients, job, self._now() - _LONGEST_RUN).all():
            attempt = run.attempt
            if run.live and not run.stopping and attempt and run.topology == self._topology:
                submission = Submission("glue", job, run.id, attempt)
                twin = self._twin(reach.glue[job], run)
                yield Found(submission, reach.clients.target, twin, run.detached, run.tried)

    def _twin(self, claims: Claims, run: GlueRun) -> str:
        """Why a run is a second one of its attempt: its claim names another."""
        claim = claims.read(run.token)
        if claim is None or claim.job == run.id:
            return ""
        # Without a job, the claim's holder is about to write this run's id, or to start another one and to look then.
        return f"it is a second run of its attempt, beside {claim.job}" if claim.job else ""

    def _stop(self, orphan: Orphan) -> None:
        clients = next(reach.clients for reach in self._reaches if reach.clients.target == orphan.target)
        match orphan.submission.kind:
            case "glue":
                GlueRuns(clients, orphan.submission.job).stop(orphan.submission.id)
            case kind if kind in _NAMED:
                _NAMED[kind](clients).stop(orphan.submission)
            case kind:
                raise InputError(f"a {kind} job cannot be stopped; glue, {' and '.join(_NAMED)} jobs can")


def _place(job: Found | Orphan) -> tuple[str, str, str, str]:
    return job.target.account, job.target.region, job.submission.kind, job.submission.id
