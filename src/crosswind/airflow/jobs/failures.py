"""What an error means for the task that met it: wait, let Airflow try again, or give up. Pure.

| class | meaning | within the task | task retries |
|---|---|---|---|
| throttled | too many requests | again, soon and often | yes, after that |
| capacity | a quota, a concurrency limit, no instances | again, rarely and for long | yes, after that |
| access | the identity may not do it | no | no: nothing changes by itself |
| data | the request or the data is wrong, or something named is missing | no | no: the same again would fail |
| lost | an answer, a session or a job is gone, or failed for a reason that may pass | when only the answer is | yes |

A job that FAILED is tried again as the next ordinal, unless its own reason says data, access or capacity:

- SageMaker begins a reason with its class. `ClientError` is the caller's data or configuration. `AlgorithmError` is
  the container's exit: it may be a bug or bad data, but an instance that ran out of memory or a package index that was
  down look the same, so it is tried again.
- Glue puts `Error Category: ...` before what the script raised.
- A job that was stopped by its own time limit is tried again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own name, as in crosswind.aws.translate
    HTTPClientError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
)

from crosswind.airflow.denials import explanation_in
from crosswind.airflow.jobs.claims import ClaimHeldError
from crosswind.airflow.jobs.model import JobState, Look
from crosswind.errors import (
    AccessDeniedError,
    AwsError,
    CrosswindError,
    InputError,
    NotFoundError,
    ThrottledError,
    UnreachableError,
    WrongAccountError,
)

__all__ = ["Failure", "FailureClass", "classify", "classify_job"]


class FailureClass(StrEnum):
    """What kind of failure it is."""

    THROTTLED = "throttled"
    CAPACITY = "capacity"
    ACCESS = "access"
    DATA = "data"
    LOST = "lost"


@dataclass(frozen=True)
class Failure:
    """An error's class, and what to do about it.

    Args:
        kind: the class.
        message: what went wrong, with a denial's explanation where one came along.
        retry: whether Airflow may try the task again, once `attempts` are used up.
        attempts: how often to try again within the task, which costs no retry of it.
        first_seconds: the wait before the first of them; each further wait is twice as long.
        maximum_seconds: the longest wait.
        refresh: whether the session must be renewed first: its credentials have expired.
    """

    kind: FailureClass
    message: str
    retry: bool
    attempts: int = 0
    first_seconds: float = 0.0
    maximum_seconds: float = 0.0
    refresh: bool = False

    def wait_seconds(self, attempt: int) -> float:
        """How long to wait before attempt 1, 2, ... within the task."""
        return float(min(self.first_seconds * 2 ** (attempt - 1), self.maximum_seconds))


_THROTTLED = Failure(FailureClass.THROTTLED, "", retry=True, attempts=8, first_seconds=2, maximum_seconds=60)
# About 8 hours.
_CAPACITY = Failure(FailureClass.CAPACITY, "", retry=True, attempts=50, first_seconds=60, maximum_seconds=600)
_ACCESS = Failure(FailureClass.ACCESS, "", retry=False)
_DATA = Failure(FailureClass.DATA, "", retry=False)
_UNREACHABLE = Failure(FailureClass.LOST, "", retry=True, attempts=5, first_seconds=1, maximum_seconds=30)
_EXPIRED = Failure(FailureClass.LOST, "", retry=True, attempts=2, refresh=True)
_LOST = Failure(FailureClass.LOST, "", retry=True)

_CODES: Mapping[str, Failure] = {
    **dict.fromkeys(
        (
            "RequestLimitExceeded", "RequestThrottled", "RequestThrottledException", "SlowDown", "Throttling",
            "ThrottledException", "ThrottlingException", "TooManyRequestsException", "BandwidthLimitExceeded",
            "EC2ThrottledException", "ConcurrentModificationException", "ConditionalRequestConflict",
        ),
        _THROTTLED,
    ),
    **dict.fromkeys(
        (
            "ConcurrentRunsExceededException", "InsufficientCapacityException", "LimitExceededException",
            "ResourceLimitExceeded", "ResourceNumberLimitExceededException", "ServiceQuotaExceededException",
        ),
        _CAPACITY,
    ),
    **dict.fromkeys(
        (
            "403", "AccessDenied", "AccessDeniedException", "AuthorizationError", "EC2AccessDeniedException",
            "InvalidClientTokenId", "InvalidSignatureException", "KMSAccessDeniedException", "SignatureDoesNotMatch",
            "UnauthorizedOperation", "UnrecognizedClientException",
        ),
        _ACCESS,
    ),
    **dict.fromkeys(
        (
            "400", "404", "EntityNotFoundException", "InvalidArgument", "InvalidInputException",
            "InvalidParameterValueException", "InvalidRequest", "InvalidRequestContentException", "NoSuchBucket",
            "NoSuchKey", "NoSuchVersion", "NotFound", "RequestTooLargeException", "ResourceNotFound",
            "ResourceNotFoundException", "ValidationError", "ValidationException",
        ),
        _DATA,
    ),
    **dict.fromkeys(
        ("ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"),
        _EXPIRED,
    ),
    **dict.fromkeys(
        (
            "500", "502", "503", "504", "InternalError", "InternalFailure", "InternalServerError",
            "InternalServiceException", "OperationTimeoutException", "RequestTimeout", "ServiceException",
            "ServiceUnavailable", "ServiceUnavailableException",
        ),
        _UNREACHABLE,
    ),
}  # fmt: skip

# Words of a service that say more than the code beside them: SageMaker puts much into ValidationException.
_WORDS: tuple[tuple[re.Pattern[str], Failure], ...] = (
    (re.compile(r"could not assume role|not authorized to perform|access ?denied", re.IGNORECASE), _ACCESS),
    (re.compile(r"insufficient capacity|capacityerror|account-level service limit", re.IGNORECASE), _CAPACITY),
    (re.compile(r"rate exceeded|throttl", re.IGNORECASE), _THROTTLED),
)
_SAGEMAKER_DATA = re.compile(r"ClientError\b(?!: An error occurred)")
_GLUE_CATEGORY = re.compile(r"Error Category: (\w+)")
_GLUE_DATA = {
    "IMPORT_ERROR", "INVALID_ARGUMENT_ERROR", "QUERY_ERROR", "RESOURCE_NOT_FOUND_ERROR", "SYNTAX_ERROR",
}  # fmt: skip


def classify(error: BaseException) -> Failure:
    """The class of an error that a call raised, botocore's or ours, and its policy."""
    match error:
        case ClaimHeldError():
            longest = max(1.0, error.seconds)
            return replace(_LOST, message=str(error), attempts=10, first_seconds=longest, maximum_seconds=longest)
        case ClientError():
            found = error.response.get("Error", {})
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            why = explanation_in(error.response)
            message = f"{error}\n{why}" if why else str(error)
            return replace(_of_code(str(found.get("Code", "")), str(found.get("Message", "")), status), message=message)
        case CrosswindError():
            return replace(_of_ours(error), message=str(error))
        case NoCredentialsError() | PartialCredentialsError() | ProfileNotFound():
            return replace(_ACCESS, message=str(error))
        case ParamValidationError():
            return replace(_DATA, message=str(error))
        case ConnectionError() | HTTPClientError():
            return replace(_UNREACHABLE, message=str(error))
        case BotoCoreError():
            return replace(_LOST, message=str(error))
        case _:
            return replace(_LOST, message=f"{type(error).__name__}: {error}")


def classify_job(look: Look) -> Failure:
    """The class of a job that ended without success, and its policy.

    Args:
        look: FAILED, STOPPED or LOST, with the service's reason.
    """
    reason = look.reason or f"the job is {look.state}"
    if look.state is not JobState.FAILED:
        return replace(_LOST, message=reason)
    category = _GLUE_CATEGORY.search(reason)
    if category and category[1] == "PERMISSION_ERROR":
        return replace(_ACCESS, message=reason)
    for words, failure in _WORDS:
        if words.search(reason):
            # The job is over: waiting within the task would only put the next one off, except for capacity.
            within = failure.attempts if failure.kind is FailureClass.CAPACITY else 0
            return replace(failure, message=reason, attempts=within)
    if _SAGEMAKER_DATA.match(reason) or (category and category[1] in _GLUE_DATA):
        return replace(_DATA, message=reason)
    return replace(_LOST, message=reason)


def _of_code(code: str, text: str, status: int = 0) -> Failure:
    """By the service's words, then by its code, then by the kind of the HTTP status."""
    known = _CODES.get(code)
    if known is None or known is _DATA:
        for words, failure in _WORDS:
            if words.search(text):
                return failure
    if known:
        return known
    return _UNREACHABLE if status >= 500 else _LOST


def _of_ours(error: CrosswindError) -> Failure:
    match error:
        case InputError():
            return _DATA
        case AccessDeniedError() | WrongAccountError():
            return _ACCESS
        case ThrottledError():
            return _THROTTLED
        case NotFoundError():
            return _DATA
        case UnreachableError():
            return _UNREACHABLE
        case AwsError():
            return _of_code(error.aws_code, error.message)
        case _:
            return _LOST
