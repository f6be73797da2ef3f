"""The versions again: what a reader of the keys gets now must be exactly what has arrived.

SageMaker takes keys, not versions. So the same check is made before the job is submitted and after it ended: what
was on top at both moments, and was not replaced in between, is what the job read. A version that was put on top and
removed for good between the two leaves no trace; the bucket's policy is what forbids that.

One other version may lie on top: the same version of the source, brought once more. A copier that paused and goes on
when the arrival is long handed on makes one, and so does S3 when it replicates late what a repair has copied. It must
name the same version of the source, and its size and checksum must prove the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from crosswind.airflow.handover.model import ARRIVAL, HANDOVER, MANIFEST, Arrival, Version
from crosswind.airflow.handover.movers.copy import SOURCE_VERSION
from crosswind.airflow.handover.objects import Listed, alike, head, listed, version_of
from crosswind.airflow.target import Clients
from crosswind.errors import InputError

__all__ = ["MismatchError", "verify"]

_SHOWN = 5


class MismatchError(InputError):
    """What a job would read, or has read, is not what was handed over. Trying again changes nothing."""


def verify(clients: Clients, arrival: Arrival, read: Sequence[str] = ()) -> Arrival:
    """Check that below the arrival's prefix lies what has arrived, in exactly those versions, and no other data.

    Other data is any current object in the folders that the handover's objects are in, and any that a reader's prefix
    holds. An empty one is none: Spark leaves `_SUCCESS` behind, and consoles make folders. Cost: one list call for each
    1,000 versions, and two looks at each object that was brought again.

    Args:
        clients: of the account where the data is read.
        arrival: what the sensor has proven.
        read: the key prefixes that its reader reads, below the arrival's own (`channels.prefixes_read`).

    Returns:
        The arrival, in the versions that lie on top: its own, or of an object that was brought again that one.

    Raises:
        MismatchError: another version, a delete marker or nothing is on top of a key, or there is more.
        AwsError: the list or a look failed.
    """
    on_top = {each.key: each for each in listed(clients, arrival.bucket, arrival.prefix) if each.latest}
    verified: list[Version] = []
    wrong: list[str] = []
    for version in arrival.versions:
        top = on_top.get(version.key)
        if top and not top.marker and top.version_id == version.version_id:
            verified.append(version)
        # One difference decides; what comes after it is named without a closer look.
        elif top and not wrong and (again := _brought_again(clients, arrival.bucket, version, top)):
            verified.append(again)
        else:
            found = "nothing" if top is None else f"{'the delete marker ' if top.marker else ''}{top.version_id}"
            wrong.append(f"{version.key}: expected {version.version_id}, found {found}")
    wrong += _strangers(arrival, on_top, tuple(read))
    if wrong:
        more = f"; and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise MismatchError(
            f"s3://{arrival.bucket}/{arrival.prefix} does not hold what was handed over:"
            f" {'; '.join(wrong[:_SHOWN])}{more}",
            hint="do not use a model that was trained on it. See who wrote there (CloudTrail), then run the publishing"
            " DAG anew: its data gets a prefix of its own",
        )
    return replace(arrival, versions=tuple(verified))


def _brought_again(clients: Clients, bucket: str, version: Version, top: Listed) -> Version | None:
    """The version on top, if it is proven to be the same one of the source as that which has arrived."""
    now = None if top.marker else head(clients, bucket, top.key, top.version_id)
    then = head(clients, bucket, version.key, version.version_id) if now else None
    if now is None or then is None:  # removed: nothing to compare
        return None
    found = version_of(top.key, now)
    return found if _origins(now) & _origins(then) and alike(version, found) else None


def _origins(answer: Mapping[str, Any]) -> set[str]:
    """The ids that a version's source may have: its own, since replication keeps ids, and the one that a copy names."""
    return {answer["VersionId"], answer.get("Metadata", {}).get(SOURCE_VERSION, answer["VersionId"])}


def _strangers(arrival: Arrival, on_top: Mapping[str, Listed], read: tuple[str, ...]) -> list[str]:
    """Data beside what has arrived."""
    expected = {version.key for version in arrival.versions}
    folders = tuple({key.rpartition("/")[0] + "/" for key in expected})
    ours = {f"{arrival.prefix}{name}" for name in (MANIFEST, HANDOVER, ARRIVAL)}
    return [
        f"{key}: expected nothing, found {top.version_id}"
        for key, top in sorted(on_top.items())
        if (key.startswith(read) or (key.startswith(folders) and key not in ours))
        and key not in expected
        and not top.marker
        and top.size
    ]
