"""A denial's explanation in the task's log.

The local world sends it with each denial, in the header `x-crosswind-why`. AWS sends none, and there nothing
happens. Knows botocore, not Airflow: so that Airflow's own operators, sensors and hooks are covered too, each AWS
session that is made in the process tells of its denials.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

import botocore

__all__ = ["HEADER", "explanation_in", "show_denials"]

HEADER = "x-crosswind-why"

_log = logging.getLogger(__name__)


def show_denials() -> None:
    """From now on, log the explanation of each denial that a session made in this process meets; once a call.

    Calling it again changes nothing. Sessions that exist already stay as they are.
    """
    with suppress(ValueError):  # it was not registered
        botocore.unregister_initializer(_attach)
    botocore.register_initializer(_attach)


def explanation_in(answer: Mapping[str, Any]) -> str:
    """The explanation that came with an answer, lines and all; empty when none did.

    Args:
        answer: botocore's parsed answer, or the `response` of its ClientError.
    """
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return unquote(headers.get(HEADER, ""))


def _attach(session: Any) -> None:
    session.register("after-call", _show, unique_id=HEADER)


def _show(parsed: Mapping[str, Any], model: Any, **_: Any) -> None:
    why = explanation_in(parsed)
    if why:
        _log.warning("%s was denied:\n%s", f"{model.service_model.service_name}:{model.name}", why)
