"""Errors that no other try would change end the task for good."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from crosswind.airflow.compat import AirflowFailException
from crosswind.airflow.jobs.failures import classify
from crosswind.errors import CrosswindError

__all__ = ["final_errors", "raise_if_final"]


@contextmanager
def final_errors() -> Iterator[None]:
    """Inside the block, errors of access and data become AirflowFailException, which Airflow does not try again.

    All others pass, and are tried again as the task's `retries` say. The classes: `crosswind.airflow.jobs.failures`.
    """
    try:
        yield
    except (BotoCoreError, ClientError, CrosswindError) as error:
        raise_if_final(error)
        raise


def raise_if_final(error: Exception) -> None:
    """Raise AirflowFailException for an error that no other try would change; do nothing for any other."""
    failure = classify(error)
    if not failure.retry:
        raise AirflowFailException(f"{failure.kind}, so no other try is made: {failure.message}") from error
