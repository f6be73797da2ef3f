"""Single values between text and Python, as a shape asks."""

from __future__ import annotations

import base64
import binascii
import calendar
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from botocore.utils import parse_timestamp

from crosswind.local.edge.call import ServiceError

__all__ = ["malformed", "scalar_from_text", "scalar_to_text", "timestamp_from", "timestamp_to"]


def malformed(message: str) -> ServiceError:
    """A request body or parameter that cannot be read."""
    return ServiceError("SerializationException", message, 400)


def scalar_from_text(shape: Any, text: str) -> Any:
    """The value of a scalar shape, from a header, a query, a form or XML text."""
    kind = shape.type_name
    try:
        if kind in ("integer", "long"):
            return int(text)
        if kind in ("float", "double"):
            return float(text)
        if kind == "boolean":
            return _boolean(text)
        if kind == "timestamp":
            return timestamp_from(text)
        if kind == "blob":
            return base64.b64decode(text, validate=False)
    except (ValueError, binascii.Error):
        raise malformed(f"{text!r} is not a value of {shape.name} ({kind}).") from None
    return text


def scalar_to_text(shape: Any, value: Any, timestamp_format: str) -> str:
    """The text of a scalar, for a header or XML.

    Args:
        shape: botocore's shape.
        value: in Python.
        timestamp_format: the default of the place: `iso8601`, `rfc822` or `unixtimestamp`.
    """
    kind = shape.type_name
    if kind == "timestamp":
        return str(timestamp_to(value, shape.serialization.get("timestampFormat", timestamp_format)))
    if kind == "boolean":
        return "true" if value else "false"
    if kind == "blob":
        raw = value if isinstance(value, bytes) else str(value).encode()
        return base64.b64encode(raw).decode()
    return str(value)


def timestamp_from(value: Any) -> datetime:
    """A time with a time zone, from a Unix time, ISO 8601 or RFC 822."""
    parsed: datetime = parse_timestamp(value)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def timestamp_to(value: Any, form: str) -> str | float | int:
    """A time in one of the three forms that AWS uses; a naive time is taken as UTC."""
    moment = value if isinstance(value, datetime) else timestamp_from(value)
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    if form == "unixtimestamp":
        whole = calendar.timegm(moment.utctimetuple())
        return whole if not moment.microsecond else round(whole + moment.microsecond / 1e6, 3)
    if form == "rfc822":
        return format_datetime(moment, usegmt=True)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"
