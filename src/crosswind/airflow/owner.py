"""Whose a remote job is: a task of a DAG run, and the attempt group of that task. Pure.

Airflow tries a task again without being asked (a retry), or because a person cleared it. A retry goes on with the
job that the task has; a clear is the wish for a new one. Both are tries of the same task instance. What tells them
apart:

- `max_tries`: a clear sets it to the tries so far plus `retries`, a retry leaves it (Airflow's
  `clear_task_instances`). So it is the group. Taking `retries` off it, as one might, would make a new group whenever
  somebody changes `retries` in the DAG file while a job runs: a second job.
- the start of the DAG run: a run that has ended starts anew when a task of it is cleared, and one that is deleted and
  made again under its id is another run, though all names are the same. A retry leaves it.

A task that is cleared while it runs keeps both (it becomes RESTARTING). Its job is stopped by the kill, and a stopped
job is not adopted: the next try submits the next ordinal of the group. One case is left in which a clear looks like a
retry: the DAG run goes on, `retries` was lowered meanwhile, and the task has had just as many tries more. Then the
clear goes on with the job that the task has.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, replace

from crosswind.errors import InputError

__all__ = ["Attempt", "Owner"]

_JOB_LIMIT = 63
_FAMILY = 16
_TOKEN = re.compile(rf"([0-9a-f]{{{_FAMILY}}})-([0-9a-f]{{8,}})-(\d+)-(\d+)")
_TYPES = {"dag_id": str, "run_id": str, "task_id": str, "map_index": int, "group": int, "since": int}


@dataclass(frozen=True, order=True)
class Owner:
    """An attempt group of a task.

    Args:
        dag_id: the DAG.
        run_id: the DAG run.
        task_id: the task.
        map_index: of a mapped task; -1 for one that is not.
        group: the task instance's `max_tries`.
        since: when the DAG run started, in whole Unix seconds.
    """

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    group: int
    since: int = 0

    @property
    def family(self) -> str:
        """16 hexadecimal digits, the same for all groups of the task in its DAG run, and for all runs of that id."""
        parts = (self.dag_id, self.run_id, self.task_id, self.map_index)
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:_FAMILY]

    @property
    def stem(self) -> str:
        """`<family>-<since>-<group>`: how the tokens of the group's jobs begin."""
        return f"{self.family}-{self.since:08x}-{self.group}"

    def age(self, tried: int) -> tuple[int, int, int]:
        """Sorts the groups of one task by when they were: an earlier one is less.

        Args:
            tried: which try of the task the group has had; 0 when that is not known. It grows for ever, while
                `max_tries` falls when `retries` was lowered.
        """
        return self.since, tried, self.group

    @property
    def text(self) -> str:
        """The owner as one line, for a job's arguments and tags: JSON of its members."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"))

    @classmethod
    def of(cls, text: str) -> Owner:
        """The owner in a job's arguments or tags.

        Raises:
            InputError: it is none of ours.
        """
        try:
            found = json.loads(text)
            if {name: type(value) for name, value in found.items()} != _TYPES:
                raise TypeError("a member is missing, or of another type")
            return cls(**found)
        except (AttributeError, TypeError, ValueError) as error:
            raise InputError(f"not an owner: {text[:80]!r}") from error


@dataclass(frozen=True, order=True)
class Attempt:
    """One job of an owner.

    Args:
        owner: whose.
        ordinal: 1 for the group's first job, one more for each that failed or was stopped.
        fence: 1, and more for a job that was started under a claim taken over from somebody who may yet start one
            (`jobs.claims`). It is no part of the token, but of the folder: the two must not write to one place.
    """

    owner: Owner
    ordinal: int
    fence: int = 1

    @property
    def token(self) -> str:
        """`<family>-<since>-<group>-<ordinal>`: what names or marks the job."""
        return f"{self.owner.stem}-{self.ordinal}"

    @classmethod
    def of_token(cls, token: str, owner: Owner) -> Attempt | None:
        """The attempt of an owner's task, of whatever group, that a token is of; None for another's, or none."""
        found = _TOKEN.fullmatch(token)
        if not found or found[1] != owner.family:
            return None
        attempt = cls(replace(owner, since=int(found[2], 16), group=int(found[3])), int(found[4]))
        return attempt if attempt.token == token else None

    @property
    def name(self) -> str:
        """A job name for SageMaker, at most 63 of `[A-Za-z0-9-]`: `<task>-<run>-<token>`, its head cut when too long.

        It begins with the task's id, which IAM statements on training jobs rely on.

        Source: docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html (TrainingJobName).
        """
        return _word(f"{self.owner.task_id}-{self.owner.run_id}", self.token)

    @property
    def folder(self) -> str:
        """The name of the folder that this job alone writes, at most 63 of `[A-Za-z0-9-]`.

        `<run>-<token>`, or `<run>-<token>-f<fence>` for a fence above 1.
        """
        return _word(self.owner.run_id, self.token if self.fence <= 1 else f"{self.token}-f{self.fence}")


def _word(text: str, end: str) -> str:
    head = re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-")[: _JOB_LIMIT - len(end) - 1].rstrip("-")
    return f"{head}-{end}" if head else end
