"""The request log: one record a call, in memory for `/_crosswind/requests` and as JSON lines on disk."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

__all__ = ["RequestLog", "RequestRecord"]


@dataclass(frozen=True)
class RequestRecord:
    """What is kept of one call.

    Args:
        id: the request id that the client got.
        time: Unix time at which it began, in seconds.
        principal: the ARN of who acted, empty when not known.
        principal_account: that principal's account.
        access_key: the key that signed.
        account: the account whose state the call worked on.
        region: the Region signed for.
        service: botocore's name.
        operation: such as `PutObject`.
        resource: short text such as `bucket/key`.
        status: the HTTP status.
        error: the error code, empty for a success.
        message: the error's text, empty for a success.
        duration_ms: milliseconds.
        via: the AWS service that acted for the principal, else empty.
        parameters: a few telling parameters.
        decision: `allowed` or `denied` by IAM, empty for a call that needed no right, or got no so far.
        source_identity: of the session that signed, empty when it has none.
        number: position in the log, from 1; set by the log.
    """

    id: str
    time: float
    principal: str
    principal_account: str
    access_key: str
    account: str
    region: str
    service: str
    operation: str
    resource: str
    status: int
    error: str
    duration_ms: float
    via: str = ""
    message: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    decision: str = ""
    source_identity: str = ""
    number: int = 0

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return dict(vars(self))


class RequestLog:
    """Append-only; safe to use from many threads.

    Args:
        path: file of JSON lines, made anew; None for memory alone.
        keep: how many records memory holds.
    """

    def __init__(self, path: Path | None = None, keep: int = 50_000) -> None:
        self._lock = threading.Lock()
        self._records: deque[dict[str, Any]] = deque(maxlen=keep)
        self._count = 0
        self._file: TextIO | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = path.open("w", encoding="utf-8")
            path.chmod(0o600)

    def append(self, record: RequestRecord) -> None:
        """Keep one record; its number is given here."""
        entry = record.as_dict()
        with self._lock:
            self._count += 1
            entry["number"] = self._count
            self._records.append(entry)
            if self._file is not None:
                self._file.write(json.dumps(entry, separators=(",", ":"), default=str) + "\n")
                self._file.flush()

    def since(self, number: int = 0) -> tuple[Sequence[Mapping[str, Any]], int]:
        """The records after `number` that memory still has, and the number to ask with next."""
        with self._lock:
            held = len(self._records)
            first = self._count - held
            skip = max(0, min(held, number - first))
            return list(self._records)[skip:], self._count

    @property
    def count(self) -> int:
        """How many calls there were."""
        return self._count

    def close(self) -> None:
        """Close the file; later records stay in memory."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None
