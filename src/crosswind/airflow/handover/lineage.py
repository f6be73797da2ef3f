"""What a model was made from, as a record beside it: model, training job, handover, replication, Glue run, raw data."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from crosswind.airflow.handover.channels import other_channels
from crosswind.airflow.handover.marks import doubt, tags
from crosswind.airflow.handover.model import Arrival, Handover, Version
from crosswind.airflow.handover.objects import body, head, version_of
from crosswind.airflow.jobs.model import Submission
from crosswind.airflow.target import Clients
from crosswind.aws.translate import translated
from crosswind.errors import InputError, NotFoundError, Place

__all__ = ["Lineage", "Step", "put", "record", "tags", "walk"]

_SCHEMA_VERSION = 1
_NAME = "lineage.json"


@dataclass(frozen=True)
class Step:
    """One thing that a model was made from, or by.

    Args:
        kind: `model`, `training job`, `handover`, `replication`, `Glue run` or `raw object`.
        name: what it is called: a URI, an ARN, an id.
        facts: label and value, in the order of telling.
        exact: false when this need not be what was used: an input that changed while the job ran, a model that was
            written over since, what the training job does not bear out.
        reason: why it is not exact, where that is not a change.
    """

    kind: str
    name: str
    facts: tuple[tuple[str, str], ...] = ()
    exact: bool = True
    reason: str = ""


@dataclass(frozen=True)
class Lineage:
    """The way back from a model.

    Args:
        steps: from the model to the raw objects; each was made from the next.
        document: the record, as it lies beside the model.
    """

    steps: tuple[Step, ...]
    document: Mapping[str, Any]


def record(
    arrival: Arrival,
    handover: Handover,
    training: Mapping[str, Any],
    submission: Submission,
    model: Version,
    mover: str = "",
) -> dict[str, Any]:
    """The record of a model. Pure.

    Args:
        arrival: what was verified before the job and after it.
        handover: what it is the arrival of.
        training: DescribeTrainingJob's answer.
        submission: of the training job.
        model: the artifact's version.
        mover: as declared; empty to tell it from the versions.
    """
    artifact = training["ModelArtifacts"]["S3ModelArtifacts"]
    return {
        "schema_version": _SCHEMA_VERSION,
        "model": {"uri": artifact, **asdict(model)},
        "training": {
            "arn": training["TrainingJobArn"],
            "name": training["TrainingJobName"],
            "token": submission.attempt.token,
            "owner": asdict(submission.attempt.owner),
            "image": training.get("AlgorithmSpecification", {}).get("TrainingImage", ""),
            "started": _time(training.get("TrainingStartTime")),
            "ended": _time(training.get("TrainingEndTime")),
            "other_channels": other_channels(training, arrival),
        },
        "handover": {
            "reference": arrival.reference.document(),
            "account": handover.account,
            "region": handover.region,
            "versions": [asdict(version) for version in handover.versions],
        },
        "replication": {
            "mover": mover or _mover(arrival, handover),
            "bucket": arrival.bucket,
            "account": arrival.account,
            "region": arrival.region,
            "versions": [asdict(version) for version in arrival.versions],
            "seconds": arrival.seconds,
            "superseded": list(arrival.superseded),
        },
        "producer": dict(handover.producer),
    }


def put(
    clients: Clients,
    arrival: Arrival,
    handover: Handover,
    training: Mapping[str, Any],
    submission: Submission,
    mover: str = "",
) -> dict[str, Any]:
    """Write a model's record beside it, as `lineage.json`; again is the same.

    Args:
        clients: of the account that the model is in.
        arrival: as in `record`, and so the others.
        handover: what was published.
        training: DescribeTrainingJob's answer.
        submission: of the job.
        mover: as declared.

    Returns:
        The record.

    Raises:
        NotFoundError: the job left no model.
        InputError: the model's bucket keeps no versions.
    """
    uri = training["ModelArtifacts"]["S3ModelArtifacts"]
    bucket, key = _place(uri)
    answer = head(clients, bucket, key)
    if answer is None:
        raise NotFoundError(f"there is no model {uri}", hint="see the training job's log")
    document = record(arrival, handover, training, submission, version_of(key, answer), mover)
    with translated(f"write the record beside {uri} in {clients.target.text}"):
        clients.client("s3").put_object(
            Bucket=bucket,
            Key=_beside(key),
            Body=json.dumps(document, indent=1, sort_keys=True).encode(),
            ContentType="application/json",
        )
    return document


def walk(clients: Clients, model_uri: str) -> Lineage:
    """Walk back from a model, by the record beside it, as far as its training job bears that out.

    Args:
        clients: of the account that the model is in.
        model_uri: `s3://<bucket>/<...>/model.tar.gz`.

    Raises:
        NotFoundError: the model has no record.
        InputError: no S3 URI; a record of another form, or of another model.
    """
    bucket, key = _place(model_uri)
    where = f"s3://{bucket}/{_beside(key)}"
    found = body(clients, bucket, _beside(key))
    if found is None:
        raise NotFoundError(
            f"the model {model_uri} has no record {where}",
            hint="the training operator writes it when the versions were verified after the job: see the task's log;"
            " models that were made otherwise have none",
        )
    try:
        document = json.loads(found.data)
        if document["schema_version"] != _SCHEMA_VERSION:
            raise InputError(f"not a record of schema_version {_SCHEMA_VERSION}", place=Place(file=where))
        if document["model"]["uri"] != model_uri:
            raise InputError(f"the record is that of {document['model']['uri']}", place=Place(file=where))
        now = head(clients, bucket, key)
        current = bool(now) and version_of(key, now or {}).version_id == document["model"]["version_id"]
        return Lineage(tuple(_held_against(doubt(clients, document), _steps(document, current))), document)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"not a record of a model: {error!r}", place=Place(file=where)) from error


def _held_against(doubtful: tuple[str, str] | None, steps: Iterator[Step]) -> Iterator[Step]:
    """The steps; none is certain from the one on that something speaks against."""
    reason = ""
    for step in steps:
        if doubtful and step.kind == doubtful[0]:
            reason = doubtful[1]
        yield replace(step, exact=False, reason=reason) if reason else step


def _steps(document: Mapping[str, Any], current: bool) -> Iterator[Step]:
    model, training, producer = document["model"], document["training"], document["producer"]
    handover, replication = document["handover"], document["replication"]
    yield Step("model", model["uri"], _facts(model, "version_id", "size", "checksum"), current)
    yield Step(
        "training job",
        training["arn"],
        (
            *_facts({**training, **training["owner"]}, "dag_id", "run_id", "task_id", "started", "ended"),
            *((f"channel {name}", uri) for name, uri in training.get("other_channels", {}).items()),
        ),
    )
    reference = handover["reference"]
    yield Step(
        "handover",
        f"s3://{reference['bucket']}/{reference['prefix']}",
        (*_facts(reference, "version_id", "published", "objects", "size"), *_versions(handover["versions"])),
    )
    yield Step(
        "replication",
        f"s3://{replication['bucket']}/{reference['prefix']}",
        (*_facts(replication, "mover", "account", "region", "seconds"), *_versions(replication["versions"])),
    )
    yield Step("Glue run", str(producer.get("job_run", "")), _facts(producer, "job", "dag_id", "run_id", "task_id"))
    for given in producer.get("inputs", ()):
        exact = bool(given.get("exact", False))
        yield Step("raw object", f"s3://{given['bucket']}/{given['key']}", _facts(given, "version_id"), exact)


def _facts(values: Mapping[str, Any], *names: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, str(values[name])) for name in names if values.get(name) not in (None, ""))


def _versions(versions: list[Mapping[str, Any]]) -> tuple[tuple[str, str], ...]:
    return tuple((each["key"], each["version_id"]) for each in versions)


def _mover(arrival: Arrival, handover: Handover) -> str:
    """What the versions tell of the mover; RTC leaves no trace in them."""
    if arrival.in_place:
        return "in-place"
    kept = {version.version_id for version in handover.versions} & {version.version_id for version in arrival.versions}
    if len(kept) == len(handover.versions):
        return "crr"
    return "crr, repaired by copy" if kept else "copy"


def _place(uri: str) -> tuple[str, str]:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not uri.startswith("s3://") or not bucket or not key or key.endswith("/"):
        raise InputError(f"{uri!r} is no model", hint="give s3://<bucket>/<path>/output/model.tar.gz")
    return bucket, key


def _beside(key: str) -> str:
    folder, slash, _ = key.rpartition("/")
    return f"{folder}{slash}{_NAME}"


def _time(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value or "")
