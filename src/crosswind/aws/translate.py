"""botocore's errors into ours, at one border."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own name: no connection, a closed one, a timeout while connecting
    EndpointConnectionError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
)

from crosswind.errors import (
    AccessDeniedError,
    AwsError,
    ConflictError,
    NotFoundError,
    ThrottledError,
    UnreachableError,
)

__all__ = ["error_of", "translated"]

_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "403"}
_THROTTLED = {
    "RequestLimitExceeded",
    "RequestThrottled",
    "SlowDown",
    "Throttling",
    "ThrottledException",
    "ThrottlingException",
    "TooManyRequestsException",
}
_NOT_FOUND = {
    "404",
    "EntityNotFoundException",
    "NoSuchBucket",
    "NoSuchEntity",
    "NoSuchKey",
    "NotFound",
    "ReplicationConfigurationNotFoundError",
    "ResourceNotFoundException",
    "StackInstanceNotFoundException",
    "StackSetNotFoundException",
}
_CONFLICT = {
    "AlreadyExistsException",
    "BucketAlreadyExists",
    "BucketAlreadyOwnedByYou",
    "BucketNotEmpty",
    "EntityAlreadyExists",
    "NameAlreadyExistsException",
    "OperationInProgressException",
    "ResourceConflictException",
}


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Turn botocore's errors inside the block into ours.

    Args:
        doing: what was being done, for the message: `read the stack x in 1..., us-east-1`.
    """
    try:
        yield
    except ClientError as error:
        raise error_of(error, doing) from error
    except (EndpointConnectionError, ConnectionError, HTTPClientError) as error:
        raise UnreachableError(f"{doing}: {error}", hint="is the endpoint up? `crosswind local status`") from error
    except (NoCredentialsError, PartialCredentialsError, ProfileNotFound) as error:
        raise AccessDeniedError(
            f"{doing}: {error}",
            hint="set accounts.*.profile in crosswind.yaml to a profile of ~/.aws/config, and sign in to it;"
            " for the local world add --local",
        ) from error
    except BotoCoreError as error:
        raise AwsError(f"{doing}: {error}") from error


def error_of(error: ClientError, doing: str) -> AwsError:
    """The error of ours for one of botocore's."""
    code = str(error.response.get("Error", {}).get("Code", ""))
    text = str(error.response.get("Error", {}).get("Message", ""))
    kind: type[AwsError] = AwsError
    if code in _DENIED:
        kind = AccessDeniedError
    elif code in _THROTTLED:
        kind = ThrottledError
    elif code in _NOT_FOUND:
        kind = NotFoundError
    elif code in _CONFLICT:
        kind = ConflictError
    elif code == "ValidationError" and "does not exist" in text:  # cloudformation:DescribeStacks
        kind = NotFoundError
    elif code in {"RestApiClientException", "RestApiServerException"}:  # mwaa:InvokeRestApi
        kind, text = _of_airflow(error, text)
    return kind(f"{doing}: {code}: {text or error}", aws_code=code, operation=error.operation_name)


def _of_airflow(error: ClientError, text: str) -> tuple[type[AwsError], str]:
    """The kind of error that Airflow's own status stands for, and Airflow's own words."""
    status = int(error.response.get("RestApiStatusCode", 0))
    answer = error.response.get("RestApiResponse", {})
    detail = answer.get("detail", "") if isinstance(answer, dict) else answer
    kinds: dict[int, type[AwsError]] = {
        401: AccessDeniedError,
        403: AccessDeniedError,
        404: NotFoundError,
        409: ConflictError,
        429: ThrottledError,
        500: UnreachableError,
        502: UnreachableError,
        503: UnreachableError,
        504: UnreachableError,
    }
    return kinds.get(status, AwsError), f"Airflow answered {status}: {detail or text}"
