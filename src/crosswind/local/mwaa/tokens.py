"""Tokens of CreateWebLoginToken and CreateCliToken: signed, and good for a minute, as on MWAA."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable

__all__ = ["TOKEN_SECONDS", "sign"]

TOKEN_SECONDS = 60
"""How long MWAA's tokens hold (user guide, "Creating an Apache Airflow CLI token")."""


def sign(key: str, purpose: str, subject: str, clock: Callable[[], float] = time.time) -> str:
    """A token that the plugin inside Airflow verifies.

    Args:
        key: the environment's own key, known to the world and to its Airflow only.
        purpose: `cli` or `web`; a token for one is refused for the other.
        subject: who asked for it.
        clock: the time, in Unix seconds.
    """
    claims = {"sub": subject, "use": purpose, "exp": int(clock()) + TOKEN_SECONDS}
    payload = base64.urlsafe_b64encode(json.dumps(claims, sort_keys=True).encode()).decode().rstrip("=")
    signature = hmac.new(key.encode(), payload.encode(), hashlib.sha256).hexdigest()
    return f"{payload}.{signature}"
