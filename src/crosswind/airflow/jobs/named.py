"""Jobs whose name is the token, SageMaker's: what training and processing jobs have in common.

Names are unique in an account and Region for ever, so AWS itself refuses a second job of an attempt.
"""

from __future__ import annotations

import logging
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any, ClassVar

from botocore.exceptions import ClientError

from crosswind.airflow.jobs.logs import new_lines, streams_below
from crosswind.airflow.jobs.model import JobState, Look, Submission, Submitter
from crosswind.airflow.jobs.orphans import Found
from crosswind.airflow.jobs.tags import DETACHED, TOPOLOGY, TRY, merged, owner_in, owner_tags, tried_in
from crosswind.airflow.owner import Attempt, Owner
from crosswind.airflow.target import AwsTarget, Clients
from crosswind.errors import InputError, Place

__all__ = ["NamedJobs", "attempt_in"]

_log = logging.getLogger(__name__)
_TOKEN = re.compile(r"(?:.*-)?([0-9a-f]{16}-[0-9a-f]{8,}-\d+-\d+)")
_NOT_FOUND = re.compile(r"not found|could not find|does not exist", re.IGNORECASE)


def attempt_in(name: str, owner: Owner) -> Attempt | None:
    """The attempt of the owner's task, of whatever group, that a job is named after; None when it is none."""
    found = _TOKEN.fullmatch(name)
    attempt = Attempt.of_token(found[1], owner) if found else None
    return attempt if attempt and attempt.name == name else None


class NamedJobs(Submitter, ABC):
    """One kind of SageMaker job at one target.

    Args:
        clients: of the account and Region in which the jobs run.
        request: gives the request that creates an attempt's job; called once a submission, before anything is sent.
            Its job name is the attempt's, or left out. None for who only finds, looks and stops.
        topology: the topology whose Airflow this is, for the tag that the reaper reads.
        detached: whether the task ends without waiting for its job, so that the job may outlive it.
        tried: the number of the task's try that this is; 0 when it is none.
    """

    kind: str
    log_group: ClassVar[str]
    _name: ClassVar[str]
    """The member that names a job."""
    _status: ClassVar[str]
    """The member that holds its status."""

    def __init__(
        self,
        clients: Clients,
        request: Callable[[Attempt], Mapping[str, Any]] | None = None,
        *,
        topology: str = "",
        detached: bool = False,
        tried: int = 0,
    ) -> None:
        self._clients = clients
        self._request = request
        self._topology = topology
        self._detached = detached
        self._tried = tried

    @property
    def target(self) -> AwsTarget:
        """Where the jobs run."""
        return self._clients.target

    def find(self, owner: Owner) -> Sequence[tuple[Submission, Look]]:
        """The jobs of an owner's attempt group, by ordinal: those that are listed, and what comes after the last.

        A job that has ended may be deleted, so a name that is free says nothing of the next ones; and a list may lag.
        """
        names = (
            name
            for page in self._pages(MaxResults=100, NameContains=f"{owner.stem}-")
            for name, _ in self._listed(page)
        )
        listed = {each.ordinal for each in (attempt_in(name, owner) for name in names) if each and each.owner == owner}
        found = []
        for ordinal in count(1):
            attempt = Attempt(owner, ordinal)
            description = self._described(attempt.name)
            if description is not None:
                found.append((self._submission(attempt), self._look(description)))
            elif ordinal > max(listed, default=0):
                break
        return found

    def submit(self, attempt: Attempt) -> Submission:
        """Create the attempt's job; one that exists already is gone on with."""
        request = self._made(attempt)
        self.require_wanted(attempt)
        try:
            self._create(request)
        except ClientError as error:
            # The name is this attempt's own, so a job of that name is the one that a lost answer, or another try,
            # has started. Other resources can be "in use" too, hence the look.
            if error.response["Error"]["Code"] != "ResourceInUse" or self._described(attempt.name) is None:
                raise
            _log.info("%s job %s exists already: going on with it.", self.kind, attempt.name)
        return self._submission(attempt)

    def look(self, submission: Submission) -> Look:
        """Where a job is; LOST when SageMaker knows none of that name."""
        description = self._described(submission.id)
        return Look(JobState.LOST, "SageMaker knows no such job") if description is None else self._look(description)

    def stop(self, submission: Submission) -> None:
        """Ask SageMaker to stop a job; one that has ended, or is stopping, is left as it is."""
        try:
            self._stop(submission.id)
        except ClientError as error:
            if error.response["Error"]["Code"] not in ("ValidationException", "ResourceNotFound"):
                raise
            look = self.look(submission)
            if look.state.live and not look.reason:
                raise

    def stale(self, owner: Owner) -> Sequence[Submission]:
        """Live jobs of earlier groups of the same task.

        Later groups are left alone: the caller may itself be a try that Airflow has given up.
        """
        found = []
        for name, arn in self.running(owner.family):
            attempt = attempt_in(name, owner)
            if attempt and attempt.owner != owner:
                tried = tried_in(self._tags(arn))
                if attempt.owner.age(tried) < owner.age(self._tried):
                    found.append(self._submission(attempt))
        return found

    def running(self, contains: str = "") -> Iterator[tuple[str, str]]:
        """(name, ARN) of each job in progress whose name contains a text; those that are stopping are left out."""
        more = {"NameContains": contains} if contains else {}
        for page in self._pages(StatusEquals="InProgress", MaxResults=100, **more):
            yield from self._listed(page)

    def ours(self) -> Iterator[Found]:
        """Each job in progress that an Airflow of the topology has started.

        A job that names no topology is an operator's without names: whose Airflow started it cannot be told.
        """
        for name, arn in self.running():
            if not _TOKEN.fullmatch(name):
                continue
            try:
                tags = self._tags(arn)
            except ClientError as error:
                # A role may read the tags of its own topology's jobs; one job of others must not hide ours.
                if error.response["Error"]["Code"] not in ("AccessDenied", "AccessDeniedException"):
                    raise
                _log.warning("%s job %s is left alone, since its tags may not be read: %s", self.kind, name, error)
                continue
            owner = owner_in(tags)
            attempt = attempt_in(name, owner) if owner else None
            if attempt and attempt.owner == owner and tags.get(TOPOLOGY, "") == self._topology:
                yield Found(self._submission(attempt), self.target, detached=DETACHED in tags, tried=tried_in(tags))

    def stopping_condition(self, submission: Submission) -> Mapping[str, Any]:
        """A job's StoppingCondition."""
        found: Mapping[str, Any] = self._describe(submission.id).get("StoppingCondition") or {}
        return found

    def log_lines(self, submission: Submission, position: Mapping[str, str]) -> tuple[list[str], Mapping[str, str]]:
        """The log lines of all its instances since a position, and the position after them."""
        logs = self._clients.client("logs")
        return new_lines(logs, streams_below(logs, self.log_group, f"{submission.id}/"), position)

    @abstractmethod
    def _create(self, request: Mapping[str, Any]) -> None: ...

    @abstractmethod
    def _describe(self, name: str) -> Mapping[str, Any]: ...

    @abstractmethod
    def _stop(self, name: str) -> None: ...

    @abstractmethod
    def _pages(self, **filters: Any) -> Iterator[Mapping[str, Any]]: ...

    @abstractmethod
    def _listed(self, page: Mapping[str, Any]) -> Iterator[tuple[str, str]]: ...

    @abstractmethod
    def _outcome(self, description: Mapping[str, Any]) -> Mapping[str, Any]: ...

    @abstractmethod
    def _stopped(self, description: Mapping[str, Any]) -> Look: ...

    @property
    def _sagemaker(self) -> Any:
        return self._clients.client("sagemaker")

    def _made(self, attempt: Attempt) -> dict[str, Any]:
        if self._request is None:
            raise InputError("these jobs are only looked at: there is no request to submit one with")
        request = dict(self._request(attempt))
        if request.get(self._name, attempt.name) != attempt.name:
            raise InputError(
                f"the job's name is {request[self._name]!r}, not {attempt.name!r}",
                place=Place(path=self._name),
                hint="write ${job_name}: a job is found again by the name of its attempt",
            )
        tags = owner_tags(attempt.owner)
        if self._topology:
            tags[TOPOLOGY] = self._topology
        if self._detached:
            tags[DETACHED] = "yes"
        if self._tried:
            tags[TRY] = str(self._tried)
        return {**request, self._name: attempt.name, "Tags": merged(request.get("Tags", ()), tags)}

    def _submission(self, attempt: Attempt) -> Submission:
        return Submission(self.kind, attempt.name, attempt.name, attempt)

    def _described(self, name: str) -> Mapping[str, Any] | None:
        try:
            return self._describe(name)
        except ClientError as error:
            # SageMaker answers a name it does not know with ValidationException ("Requested resource not found.",
            # "Could not find ..."), although its model says ResourceNotFound: github.com/aws/aws-sdk/issues/165.
            found = error.response["Error"]
            if found["Code"] == "ResourceNotFound":
                return None
            if found["Code"] == "ValidationException" and _NOT_FOUND.search(found.get("Message", "")):
                return None
            raise

    def _look(self, description: Mapping[str, Any]) -> Look:
        match description[self._status]:
            case "Completed":
                return Look(JobState.SUCCEEDED, outcome=self._outcome(description))
            case "Failed":
                return Look(JobState.FAILED, description.get("FailureReason") or "SageMaker gives no reason")
            case "Stopped":
                return self._stopped(description)
            case "Stopping":
                return Look(JobState.RUNNING, "stopping")
            case "Deleting":
                return Look(JobState.LOST, "the job is being deleted")
            case _:
                return Look(JobState.RUNNING)

    def _tags(self, arn: str) -> dict[str, str]:
        pages = self._sagemaker.get_paginator("list_tags").paginate(ResourceArn=arn)
        return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}
