"""Names made from a DAG run, as CloudTrail shows them: legal for AWS, the same however often they are made.

Session names and source identities keep a readable head and, where anything was cut or replaced, end in a hash of
what they were made from, so that two runs, or two DAGs, never share one. The names of jobs are `owner.Attempt`'s.
"""

from __future__ import annotations

import hashlib
import json
import re

__all__ = ["session_name", "source_identity", "tag_value"]

_SESSION_LIMIT = 64
_TAG_LIMIT = 256


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


def source_identity(dag_id: str) -> str:
    """The SourceIdentity of a DAG: 2 to 64 characters of `[A-Za-z0-9_+=,.@-]`, which no later role can change.

    Source: docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html (SourceIdentity; not `aws:` in front).
    """
    legal = re.sub(r"[^A-Za-z0-9_+=,.@-]", "-", dag_id)
    if legal == dag_id and 2 <= len(legal) <= _SESSION_LIMIT:
        return legal
    digest = _digest(dag_id)
    return f"{legal[: _SESSION_LIMIT - len(digest) - 1]}-{digest}"


def tag_value(text: str) -> str:
    """A session tag's value: at most 256 letters, digits, blanks and `_.:/=+-@`; anything else becomes `-`.

    Source: docs.aws.amazon.com/STS/latest/APIReference/API_Tag.html.
    """
    return re.sub(r"[^\w .:/=+@-]", "-", text)[:_TAG_LIMIT]


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:8]
