"""Whose a SageMaker job is, in its tags: for people, and for the reaper. Pure.

A tag's value holds at most 256 letters, digits, blanks and `_.:/=+-@`
(docs.aws.amazon.com/sagemaker/latest/APIReference/API_Tag.html), so JSON does not fit. The owner's members are
written between slashes, other characters as `=` and two hexadecimal digits, and cut over as many tags as it takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import quote, unquote

from crosswind.airflow.naming import tag_value
from crosswind.airflow.owner import Owner

__all__ = ["DETACHED", "TOPOLOGY", "TRY", "merged", "owner_in", "owner_tags", "tried_in"]

TOPOLOGY = "crosswind:topology"
"""The tag that names the topology whose Airflow started the job."""

DETACHED = "crosswind:detached"
"""The tag, `yes`, of a job that its task does not wait for."""

TRY = "crosswind:try"
"""The tag with the number of the try of its task that has submitted the job."""

_OWNER = "crosswind:owner"
_LIMIT = 256


def owner_tags(owner: Owner) -> dict[str, str]:
    """The tags of an owner's job.

    `crosswind:dag`, `crosswind:run` and `crosswind:task` are there to read and to search for; `crosswind:owner` (and
    `crosswind:owner-2` and so on, when it is long) to find the owner by.
    """
    members = (owner.dag_id, owner.run_id, owner.task_id, str(owner.map_index), str(owner.group), str(owner.since))
    text = "/".join(_quoted(member) for member in members)
    pieces = [text[start : start + _LIMIT] for start in range(0, len(text), _LIMIT)]
    return {
        "crosswind:dag": tag_value(owner.dag_id),
        "crosswind:run": tag_value(owner.run_id),
        "crosswind:task": tag_value(owner.task_id),
        **{_piece(number): piece for number, piece in enumerate(pieces, start=1)},
    }


def owner_in(tags: Mapping[str, str]) -> Owner | None:
    """The owner that a job's tags name; None when they name none."""
    text, number = "", 1
    while _piece(number) in tags:
        text += tags[_piece(number)]
        number += 1
    members = [unquote(member.replace("=", "%")) for member in text.split("/")]
    try:
        dag_id, run_id, task_id, map_index, group, since = members
        return Owner(dag_id, run_id, task_id, int(map_index), int(group), int(since))
    except ValueError:
        return None


def tried_in(tags: Mapping[str, str]) -> int:
    """The try that has submitted a job; 0 when its tags do not say."""
    text = tags.get(TRY, "")
    return int(text) if text.isdecimal() else 0


def merged(theirs: Iterable[Mapping[str, str]], ours: Mapping[str, str]) -> list[dict[str, str]]:
    """A request's tags with ours; where both have a key, ours."""
    tags = {tag["Key"]: tag["Value"] for tag in theirs} | dict(ours)
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _piece(number: int) -> str:
    return _OWNER if number == 1 else f"{_OWNER}-{number}"


def _quoted(text: str) -> str:
    # urllib leaves "~" as it is; a tag may not hold it.
    return quote(text, safe=":+@").replace("~", "%7E").replace("%", "=")
