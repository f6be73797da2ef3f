"""`arrival.json` at the destination: which version there is the copy of which version at the source."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from crosswind.airflow.handover.model import ARRIVAL, Handover, Version
from crosswind.airflow.handover.objects import body
from crosswind.airflow.target import Clients
from crosswind.aws.translate import translated
from crosswind.errors import InputError, Place

__all__ = ["read_record", "write_record"]

_SCHEMA_VERSION = 1


def read_record(clients: Clients, bucket: str, handover: Handover) -> dict[Version, Version]:
    """The copies that the arrival manifest names, by source version; empty when it is another handover's or none.

    Args:
        clients: of the destination's account.
        bucket: the destination.
        handover: whose copies.

    Raises:
        InputError: something else lies there.
    """
    key = f"{handover.prefix}{ARRIVAL}"
    found = body(clients, bucket, key)
    if found is None:
        return {}
    try:
        document = json.loads(found.data)
        if document["schema_version"] != _SCHEMA_VERSION:
            raise InputError(
                f"not an arrival of schema_version {_SCHEMA_VERSION}", place=Place(file=f"s3://{bucket}/{key}")
            )
        copies = {each["source"]: Version(**each["copy"]) for each in document["objects"]}
        same = document["handover"] == _identity(handover)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"not an arrival manifest: {error}", place=Place(file=f"s3://{bucket}/{key}")) from error
    return {v: copies[v.version_id] for v in handover.versions if v.version_id in copies} if same else {}


def write_record(clients: Clients, bucket: str, handover: Handover, copies: Mapping[Version, Version]) -> None:
    """Write the arrival manifest anew, with all copies so far."""
    document = {
        "schema_version": _SCHEMA_VERSION,
        "handover": _identity(handover),
        "complete": len(copies) == len(handover.versions),
        "objects": [
            {"source": source.version_id, "copy": vars(copies[source])} for source in sorted(copies, key=_by_key)
        ],
    }
    key = f"{handover.prefix}{ARRIVAL}"
    with translated(f"write s3://{bucket}/{key} in {clients.target.text}"):
        clients.client("s3").put_object(
            Bucket=bucket,
            Key=key,
            Body=json.dumps(document, indent=1, sort_keys=True).encode(),
            ContentType="application/json",
        )


def _identity(handover: Handover) -> dict[str, str]:
    digest = hashlib.sha256(handover.encoded()).hexdigest()
    return {"bucket": handover.bucket, "prefix": handover.prefix, "digest": digest}


def _by_key(version: Version) -> str:
    return version.key
