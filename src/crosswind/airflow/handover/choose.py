"""Which handover a DAG run takes: the newest of its events, the one that a person names, else the latest published.

The newest is the one that was published last, by S3's clock. It tells the second; within one the events' own time
decides, and no more than that: a task that was tried again announces its handover later than it published it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from crosswind.airflow.handover.model import HANDOVER, Reference, run_of
from crosswind.airflow.handover.read import current
from crosswind.airflow.target import Clients
from crosswind.aws.translate import translated
from crosswind.errors import InputError, NotFoundError

__all__ = ["Chosen", "Take", "choose", "chosen", "latest", "named"]

Take = Literal["newest", "all"]
"""`newest` passes over the older ones; `all` takes each once."""

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Chosen:
    """What a run takes.

    Args:
        references: in order of publication; one but for `all`; none when the run was started by hand.
        superseded: the prefixes of what was passed over, in order of publication.
        prefix: that a person named in the run's parameters; empty otherwise.
    """

    references: tuple[Reference, ...]
    superseded: tuple[str, ...] = ()
    prefix: str = ""


def chosen(
    events: Sequence[tuple[datetime, Mapping[str, Any]]], params: Mapping[str, Any], take: Take = "newest"
) -> Chosen:
    """What a run takes, as far as its events and its parameters say. Pure.

    The order of the events does not matter, nor how often one comes.

    Args:
        events: time and extra of each Asset event that started the run.
        params: the run's parameters; a `prefix` in them goes before the events.
        take: of several, the newest or all.

    Raises:
        InputError: an event carries no reference to a handover; a prefix of another form; another `take`.
    """
    if take not in ("newest", "all"):
        raise InputError(f"take is {take!r}. Valid: newest, all")
    if prefix := params.get("prefix") or "":
        run_of(prefix)
        return Chosen((), prefix=prefix)
    first: dict[tuple[str, str, str], tuple[datetime, Reference]] = {}
    for time, extra in events:
        reference = Reference.of(extra, where="the Asset event's extra")
        same = (reference.bucket, reference.prefix, reference.digest)
        first[same] = min(first.get(same, (time, reference)), (time, reference), key=_order)
    ordered = [reference for _, reference in sorted(first.values(), key=_order)]
    if take == "all" or not ordered:
        return Chosen(tuple(ordered))
    return Chosen((ordered[-1],), tuple(reference.prefix for reference in ordered[:-1]))


def choose(
    clients: Clients,
    bucket: str,
    folder: str,
    events: Sequence[tuple[datetime, Mapping[str, Any]]],
    params: Mapping[str, Any],
    take: Take = "newest",
    *,
    before: datetime,
) -> Chosen:
    """What a run takes, read from S3 where its events do not say; always at least one reference.

    Args:
        clients: of the source's account.
        bucket: the source bucket.
        folder: where its runs lie, such as `transformed`.
        events: as in `chosen`.
        params: as in `chosen`.
        take: as in `chosen`.
        before: when the run was asked for; with it a second call takes the same one.

    Raises:
        NotFoundError: nothing was published, or not below the prefix that was named.
        InputError: as in `chosen`; a reference to another bucket or folder.
    """
    found = chosen(events, params, take)
    if not found.references:
        reference = named(clients, bucket, found.prefix) if found.prefix else latest(clients, bucket, folder, before)
        found = Chosen((reference,), prefix=found.prefix)
    for reference in found.references:
        if reference.bucket != bucket or not reference.prefix.startswith(f"{folder}/"):
            raise InputError(
                f"the handover s3://{reference.bucket}/{reference.prefix} is not one of s3://{bucket}/{folder}/",
                hint="take the events of the Asset that this replication's data is published to",
            )
    return found


def named(clients: Clients, bucket: str, prefix: str) -> Reference:
    """The handover below a prefix that a person named, as it is now.

    Raises:
        NotFoundError: none was published there, or a clean-up removed it.
    """
    found = current(clients, bucket, prefix)
    if found is None:
        raise NotFoundError(
            f"there is no handover s3://{bucket}/{prefix}{HANDOVER}",
            hint="name the prefix of a run that was published and not yet cleaned up, or none for the latest",
        )
    return found[1]


def latest(clients: Clients, bucket: str, folder: str, before: datetime) -> Reference:
    """The newest handover that was published before a moment; what a clean-up removed is not taken.

    S3 tells the time of a write to the second, so one that was published in that of the moment may have come after it,
    and is not taken. A second call with the same `before` gives the same, unless a clean-up came between. Cost: one
    list call for each 1,000 objects that are current below the folder, and at most two for each run, since the list
    jumps over the rest of a run's objects; then one read. 10,000 runs of four objects: 40 calls.

    Args:
        clients: of the source's account.
        bucket: the source bucket.
        folder: where its runs lie.
        before: a moment with a time zone.

    Raises:
        NotFoundError: there is none.
    """
    written = ((time, prefix) for prefix, time in _manifests(clients, bucket, f"{folder}/") if time + _SECOND <= before)
    for _, prefix in sorted(written, reverse=True):
        found = current(clients, bucket, prefix)
        if found is not None:  # None: removed since it was listed
            return found[1]
    raise NotFoundError(
        f"no handover was published below s3://{bucket}/{folder}/ before {before.isoformat()}",
        hint="run the DAG that publishes it first; what a clean-up removed is not taken",
    )


def _manifests(clients: Clients, bucket: str, folder: str) -> Iterator[tuple[str, datetime]]:
    """Prefix and time of each current handover.json directly below a run's folder."""
    after = folder
    while True:
        with translated(f"list the handovers below s3://{bucket}/{folder} in {clients.target.text}"):
            answer = clients.client("s3").list_objects_v2(Bucket=bucket, Prefix=folder, StartAfter=after)
        contents = answer.get("Contents", ())
        for each in contents:
            run, slash, rest = each["Key"].removeprefix(folder).partition("/")
            if slash and rest == HANDOVER:
                yield f"{folder}{run}/", each["LastModified"]
        if not answer.get("IsTruncated") or not contents:
            return
        after = _beyond(folder, contents[-1]["Key"])


def _beyond(folder: str, last: str) -> str:
    """Where to go on: before this run's manifest when it is still to come, else behind all of the run's objects."""
    run, slash, rest = last.removeprefix(folder).partition("/")
    if not slash:
        return last
    # "0" comes right after "/": `<run>0` lies behind all of `<run>/` and before whatever comes next.
    return f"{folder}{run}/{HANDOVER[:-1]}" if rest < HANDOVER[:-1] else f"{folder}{run}0"


def _order(item: tuple[datetime, Reference]) -> tuple[datetime, datetime, str, str, str]:
    time, reference = item
    published = datetime.fromisoformat(reference.published)
    return published, time, reference.prefix, reference.digest, reference.version_id
