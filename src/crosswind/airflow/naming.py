"""Names made from a DAG run: legal for AWS, unique to the run, the same however often they are made.

Each keeps a readable head and, where anything was cut or replaced, ends in a hash of what it was made from,
so that two runs never share a name.
"""

from __future__ import annotations

import hashlib
import json
import re

__all__ = ["job_name", "run_name", "session_name"]

_SESSION_LIMIT = 64
_JOB_LIMIT = 63
_RUN_LIMIT = 63


def session_name(dag_id: str, run_id: str) -> str:
    """The RoleSessionName of a DAG run: at most 64 characters of `[A-Za-z0-9_+=,.@-]`.

    It stands in CloudTrail and in the assumed-role ARN, and reads `<DAG>@<run>`, cut when too long.

    Source: docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html (RoleSessionName, 2 to 64).
    """
    plain = f"{dag_id}@{run_id}"
    legal = re.sub(r"[^A-Za-z0-9_+=,.@-]", "-", plain)
    if legal == plain and "@" not in dag_id and len(legal) <= _SESSION_LIMIT:
        return legal
    digest = _digest(dag_id, run_id)
    return f"{legal[: _SESSION_LIMIT - len(digest) - 1]}-{digest}"


def run_name(run_id: str, attempt: int) -> str:
    """A DAG run and an attempt as one word of `[A-Za-z0-9-]`, at most 63 characters.

    Args:
        run_id: Airflow's run id.
        attempt: the task's try number, from 1.
    """
    return _word(run_id, digest=_digest(run_id), attempt=attempt, limit=_RUN_LIMIT)


def job_name(dag_id: str, task_id: str, run_id: str, attempt: int, map_index: int = -1) -> str:
    """A SageMaker job name, unique to a task of a run and its attempt: `<task>-<run>-<hash>-<attempt>`.

    It begins with the task's id, which IAM statements on training jobs rely on.

    Source: docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html (TrainingJobName:
    `[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}`, unique in an account and Region).
    """
    digest = _digest(dag_id, task_id, run_id, map_index)
    return _word(f"{task_id}-{run_id}", digest=digest, attempt=attempt, limit=_JOB_LIMIT)


def _word(text: str, *, digest: str, attempt: int, limit: int) -> str:
    tail = f"{digest}-{attempt}"
    head = re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-")[: limit - len(tail) - 1].rstrip("-")
    return f"{head}-{tail}" if head else tail


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:8]
