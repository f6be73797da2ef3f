"""The errors of the simulated AWS: real ones of botocore, with AWS's codes."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

__all__ = ["expired", "lost", "refused", "throttled"]

_THROTTLED = {
    "s3": ("SlowDown", 503),
    "lambda": ("TooManyRequestsException", 429),
}
_ENDPOINT = "https://aws.invalid"


def refused(code: str, operation: str, message: str = "", status: int = 400, **headers: str) -> ClientError:
    """A refusal, as boto3 raises it; `headers` with `_` for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    metadata: dict[str, Any] = {"HTTPStatusCode": status, "HTTPHeaders": named, "RetryAttempts": 0}
    return ClientError({"Error": {"Code": code, "Message": message or code}, "ResponseMetadata": metadata}, operation)


def throttled(service: str, operation: str) -> ClientError:
    """What is left of a throttle after botocore's own tries."""
    code, status = _THROTTLED.get(service, ("ThrottlingException", 400))
    return refused(code, operation, "Rate exceeded", status)


def expired(service: str, operation: str) -> ClientError:
    """The session has ended."""
    code = "ExpiredToken" if service in {"s3", "sts"} else "ExpiredTokenException"
    return refused(code, operation, "The security token included in the request is expired", 400)


def lost(operation: str) -> ReadTimeoutError | ConnectionClosedError:
    """The answer did not arrive; whether the call did anything the caller cannot know."""
    return ReadTimeoutError(endpoint_url=f"{_ENDPOINT}/{operation}")
