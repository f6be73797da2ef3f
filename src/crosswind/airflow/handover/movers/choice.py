"""The mover of a declared name."""

from __future__ import annotations

from crosswind.airflow.handover.movers.copy import Copy
from crosswind.airflow.handover.movers.model import InPlace, Mover, Replicated
from crosswind.airflow.target import Clients
from crosswind.errors import InputError

__all__ = ["MOVERS", "mover_of"]

MOVERS = ("crr", "crr-rtc", "copy", "in-place")
"""The names that `replications.*.mover` of crosswind.yaml knows."""


def mover_of(name: str, source: Clients, destination: Clients, bucket: str) -> Mover:
    """The mover that a replication declares.

    Args:
        name: one of MOVERS.
        source: of the source's account.
        destination: of the destination's account.
        bucket: the destination; the source itself for `in-place`.

    Raises:
        InputError: another name.
    """
    match name:
        case "crr" | "crr-rtc":
            return Replicated(bucket)
        case "copy":
            return Copy(source, destination, bucket)
        case "in-place":
            return InPlace(bucket)
    raise InputError(f"mover is {name!r}. Valid: {', '.join(MOVERS)}")
