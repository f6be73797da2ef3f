"""What a job wrote becomes a handover: every object's version, size and checksum, in a manifest that is made once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from crosswind.airflow.handover.model import ARRIVAL, HANDOVER, MANIFEST, Handover, Reference, Version, run_of
from crosswind.airflow.handover.objects import TAKEN, body, code_of, head, heads, version_of
from crosswind.airflow.handover.read import current
from crosswind.airflow.target import Clients
from crosswind.aws.translate import translated
from crosswind.errors import ConflictError, InputError, NotFoundError, Place

__all__ = ["publish"]

_BUSY = {"409", "ConditionalRequestConflict", "OperationAborted"}
_TRIES = 3


def publish(clients: Clients, bucket: str, prefix: str, producer: Mapping[str, Any]) -> tuple[Handover, Reference]:
    """Publish what a job wrote below its prefix.

    Reads the job's manifest, looks at each object that it names, and writes `handover.json` on the condition that
    there is none (`If-None-Match: *`). May be cut at any call and called again: the second call finds the first
    one's manifest and gives that, as long as the objects are still the same. What was written is read back: its time
    is S3's, the same for all who read it, whatever their own clocks say. Calls: one for each object, one for each
    input, and three more.

    Args:
        clients: of the bucket's account.
        bucket: the source bucket.
        prefix: `<folder>/<run>/`, unique to run and attempt.
        producer: as `Handover.producer`. Its `inputs` are looked at again: `exact` is false where the current
            version is no longer the one that was given to the job.

    Returns:
        The handover and the reference to it, for the Asset event.

    Raises:
        NotFoundError: no manifest: the job did not finish, or never ran.
        InputError: the manifest is none, names what is not there, or the objects have changed since they were
            published.
        ConflictError: another writer is at work on the same manifest.

    Source: docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html.
    """
    run_of(prefix)
    handover = Handover(
        bucket=bucket,
        account=clients.target.account,
        region=clients.target.region,
        prefix=prefix,
        versions=_versions(clients, bucket, _keys(clients, bucket, prefix)),
        producer={**producer, "inputs": [_looked_at(clients, given) for given in producer.get("inputs", ())]},
    )
    return _written_once(clients, handover)


def _keys(clients: Clients, bucket: str, prefix: str) -> list[str]:
    where = Place(file=f"s3://{bucket}/{prefix}{MANIFEST}")
    found = body(clients, bucket, f"{prefix}{MANIFEST}")
    if found is None:
        raise NotFoundError(
            f"there is no manifest {where}",
            hint="the job writes it last: see whether it ended well, and wrote below this prefix",
        )
    try:
        document = json.loads(found.data)
    except ValueError as error:
        raise InputError(f"not JSON: {error}", place=where) from error
    if not isinstance(document, Mapping) or document.get("schema_version") != 1:
        raise InputError("not a manifest of schema_version 1", place=where)
    keys = document.get("keys")
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise InputError(f'"keys" must be a list of keys, not {type(keys).__name__}', place=where)
    if document.get("prefix") != prefix:
        raise InputError(f"the manifest is that of {document.get('prefix')!r}", place=where)
    ours = sorted({f"{prefix}{name}" for name in (MANIFEST, HANDOVER, ARRIVAL)} & set(keys))
    if ours:
        raise InputError(f"names of Crosswind's own stand among the keys: {ours}", place=where)
    return sorted(keys)


def _versions(clients: Clients, bucket: str, keys: Sequence[str]) -> tuple[Version, ...]:
    found: list[Version] = []
    for key, answer in zip(keys, heads(clients, bucket, [(key, "") for key in keys]), strict=True):
        if answer is None:
            raise InputError(
                f"the manifest names s3://{bucket}/{key}, which is not there",
                hint="the job must list what it wrote, after it was written; was it removed meanwhile?",
            )
        found.append(version_of(key, answer))
    return tuple(found)


def _looked_at(clients: Clients, given: Mapping[str, Any]) -> dict[str, Any]:
    answer = head(clients, given["bucket"], given["key"]) or {}
    same = bool(given["version_id"]) and answer.get("VersionId") == given["version_id"]
    return {**given, "exact": same and given.get("exact", True)}


def _written_once(clients: Clients, handover: Handover) -> tuple[Handover, Reference]:
    key = f"{handover.prefix}{HANDOVER}"
    where = f"s3://{handover.bucket}/{key}"
    for _ in range(_TRIES):
        with translated(f"publish {where} in {clients.target.text}"):
            try:
                clients.client("s3").put_object(
                    Bucket=handover.bucket,
                    Key=key,
                    Body=handover.encoded(),
                    ContentType="application/json",
                    IfNoneMatch="*",
                )
            except ClientError as error:
                if code_of(error) not in TAKEN | _BUSY:
                    raise
        # Or another try of this task has published, or does so now. After a 409 there may be nothing yet: once more.
        published = current(clients, handover.bucket, handover.prefix)
        if published is not None:
            _must_agree(handover, published[0], where)
            return published
    raise ConflictError(f"{where} is being written by another task", hint="the next try finds it")


def _must_agree(handover: Handover, earlier: Handover, where: str) -> None:
    """The same objects in the same versions; when and by which try may differ."""
    before, after = ({version.key: version for version in each.versions} for each in (earlier, handover))
    changed = [
        f"{key} is {after[key].version_id if key in after else 'gone'}, was published as "
        f"{before[key].version_id if key in before else 'nothing'}"
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    ]
    if changed:
        raise InputError(
            f"published before with other objects, {len(changed)} of them: {'; '.join(changed[:5])}",
            place=Place(file=where),
            hint="a prefix is written by one attempt and never again: run the job anew, below a prefix of its own",
        )
