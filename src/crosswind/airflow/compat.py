"""The only switches between the versions of Airflow that Crosswind supports (3.0.6 to 3.3)."""

from __future__ import annotations

from airflow.sdk import BaseOperator

try:
    from airflow.sdk.exceptions import AirflowFailException, AirflowSensorTimeout, AirflowSkipException
except ImportError:  # Remove when 3.0 is no longer supported.
    from airflow.exceptions import AirflowFailException, AirflowSensorTimeout, AirflowSkipException

__all__ = ["EXPONENTIAL_BACKOFF", "AirflowFailException", "AirflowSensorTimeout", "AirflowSkipException"]

# Up to 3.0, a flag; later, the multiplier between retries, of which True means 1: no back-off at all.
# Remove when 3.0 is no longer supported.
EXPONENTIAL_BACKOFF: bool | float = True if BaseOperator.retry_exponential_backoff is False else 2.0
