"""What a training job's channels read, held against what was handed over. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from crosswind.airflow.handover.model import Arrival
from crosswind.airflow.handover.verify import MismatchError
from crosswind.errors import InputError

__all__ = ["other_channels", "prefixes_read"]

_CHECKPOINTS = "checkpoints"


def prefixes_read(job: Mapping[str, Any], arrival: Arrival, others: Collection[str] = ()) -> tuple[str, ...]:
    """The key prefixes that a job's channels read below an arrival's own.

    Every channel must read there, by a prefix, and none the whole of it: the manifests lie there too, and would be
    trained on. SageMaker gives a job the checkpoints that lie at their place when it starts, so that place must have
    the job's name in its path; another counts as a channel `checkpoints`. A job may have been submitted for an earlier
    arrival, so its description is asked as its request is.

    Source: docs.aws.amazon.com/sagemaker/latest/APIReference/API_S3DataSource.html.

    Args:
        job: a CreateTrainingJob request, or what DescribeTrainingJob answers.
        arrival: what it trains on.
        others: the names of channels that are meant to read something else.

    Returns:
        The prefixes, sorted; for `verify`.

    Raises:
        InputError: a name in `others` is no channel's.
        MismatchError: a channel reads something else, or all of them are others.
    """
    channels = _channels(job)
    if unknown := sorted(set(others) - set(channels)):
        raise InputError(
            f"other_channels names {', '.join(unknown)}; the job's channels are {', '.join(channels) or 'none'}"
        )
    own = _own(arrival)
    wrong: list[str] = []
    read: set[str] = set()
    for name in sorted(set(channels) - set(others)):
        kind, uri = _source(channels[name])
        if kind == "S3Prefix" and uri.startswith(own) and uri != own:
            read.add(uri.removeprefix(f"s3://{arrival.bucket}/"))
        else:
            wrong.append(f"channel {name} reads {uri} ({kind})")
    if wrong or not read:
        raise MismatchError(
            f"job {job.get('TrainingJobName', '')}: {'; '.join(wrong) or 'no channel reads what was handed over'};"
            f" the arrival is {own}",
            hint="write s3://<bucket>/${prefix}<folder>/ into each channel, with S3DataType S3Prefix; name in"
            " other_channels what is meant to read something else; if the arrival has changed, clear this task too",
        )
    return tuple(sorted(read))


def other_channels(job: Mapping[str, Any], arrival: Arrival) -> dict[str, str]:
    """The channels of a job that read something else than the arrival: URI by name."""
    found = {name: _source(channel)[1] for name, channel in sorted(_channels(job).items())}
    return {name: uri for name, uri in found.items() if not uri.startswith(_own(arrival))}


def _channels(job: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The channels by name; among them the place of checkpoints, unless it is the job's own."""
    found = {str(channel["ChannelName"]): channel for channel in job.get("InputDataConfig", ())}
    uri = str(job.get("CheckpointConfig", {}).get("S3Uri", ""))
    if uri and f"/{job['TrainingJobName']}/" not in f"{uri}/":
        found[_CHECKPOINTS] = {"DataSource": {"S3DataSource": {"S3DataType": "checkpoints", "S3Uri": uri}}}
    return found


def _own(arrival: Arrival) -> str:
    return f"s3://{arrival.bucket}/{arrival.prefix}"


def _source(channel: Mapping[str, Any]) -> tuple[str, str]:
    """How a channel reads, and from where."""
    source = channel["DataSource"]
    if "S3DataSource" in source:
        return str(source["S3DataSource"]["S3DataType"]), str(source["S3DataSource"]["S3Uri"])
    return next(iter(source), "nothing"), "a file system"
