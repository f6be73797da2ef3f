"""Reads `handover.json`: in the version that a reference names, or the current one."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC

from crosswind.airflow.handover.model import HANDOVER, Handover, Reference, run_of
from crosswind.airflow.handover.objects import body
from crosswind.airflow.target import Clients
from crosswind.errors import InputError, NotFoundError, Place

__all__ = ["current", "read"]


def read(clients: Clients, reference: Reference) -> Handover:
    """The handover that a reference names, from exactly that version of its manifest.

    Args:
        clients: of the source's account.
        reference: from an Asset event, a tag or XCom.

    Raises:
        NotFoundError: that version is gone.
        InputError: its bytes are not those that were published, or it is another's.
    """
    where = f"s3://{reference.bucket}/{reference.key}"
    found = body(clients, reference.bucket, reference.key, reference.version_id)
    if found is None:
        raise NotFoundError(
            f"the manifest {where} has no version {reference.version_id}",
            hint="its versions were removed; publish again by a new run of the DAG that makes the data",
        )
    digest = hashlib.sha256(found.data).hexdigest()
    if digest != reference.digest:
        raise InputError(
            f"the manifest's bytes have the SHA-256 {digest}, not {reference.digest} as published",
            place=Place(file=where),
            hint="take the reference from the Asset event or from the publishing task, unchanged",
        )
    return _own(Handover.decoded(found.data, where=where), reference.bucket, reference.prefix)


def current(clients: Clients, bucket: str, prefix: str) -> tuple[Handover, Reference] | None:
    """The handover below a prefix and the reference to it; None when none was published or a clean-up removed it.

    Args:
        clients: of the source's account.
        bucket: the source bucket.
        prefix: `<folder>/<run>/`.
    """
    run_of(prefix)
    found = body(clients, bucket, f"{prefix}{HANDOVER}")
    if found is None:
        return None
    handover = _own(Handover.decoded(found.data, where=f"s3://{bucket}/{prefix}{HANDOVER}"), bucket, prefix)
    reference = handover.reference(found.version_id, found.modified.astimezone(UTC).isoformat(timespec="seconds"))
    return handover, replace(reference, digest=hashlib.sha256(found.data).hexdigest())


def _own(handover: Handover, bucket: str, prefix: str) -> Handover:
    if (handover.bucket, handover.prefix) != (bucket, prefix):
        raise InputError(
            f"the manifest is that of s3://{handover.bucket}/{handover.prefix}",
            place=Place(file=f"s3://{bucket}/{prefix}{HANDOVER}"),
        )
    return handover
