"""Every class of failure, by what AWS and our own code raise, and by what ended jobs say."""

from __future__ import annotations

import pytest
from botocore.exceptions import (
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
    ReadTimeoutError,
)

from crosswind.airflow.jobs.claims import ClaimHeldError
from crosswind.airflow.jobs.failures import FailureClass, classify, classify_job
from crosswind.airflow.jobs.model import JobState, Look
from crosswind.aws.translate import error_of
from crosswind.errors import (
    AwsError,
    InputError,
    NotFoundError,
    RunError,
    ThrottledError,
    UnreachableError,
    WrongAccountError,
)
from tests.simulator.aws.errors import expired, refused, throttled

THROTTLED, CAPACITY, ACCESS, DATA, LOST = FailureClass


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (throttled("s3", "GetObject"), THROTTLED),
        (throttled("lambda", "Invoke"), THROTTLED),
        (throttled("glue", "GetJobRun"), THROTTLED),
        (refused("ConditionalRequestConflict", "PutObject", status=409), THROTTLED),
        (refused("ConcurrentRunsExceededException", "StartJobRun"), CAPACITY),
        (refused("ResourceLimitExceeded", "CreateTrainingJob"), CAPACITY),
        (refused("ResourceNumberLimitExceededException", "StartJobRun"), CAPACITY),
        (refused("ValidationException", "CreateTrainingJob", "insufficient capacity for ml.p5"), CAPACITY),
        (refused("AccessDenied", "GetObject", status=403), ACCESS),
        (refused("AccessDeniedException", "CreateTrainingJob"), ACCESS),
        (refused("ValidationException", "CreateTrainingJob", "Could not assume role arn:..."), ACCESS),
        (refused("UnrecognizedClientException", "GetJobRun"), ACCESS),
        (refused("ValidationException", "CreateTrainingJob", "No S3 objects found under S3 URL"), DATA),
        (refused("InvalidInputException", "StartJobRun"), DATA),
        (refused("EntityNotFoundException", "StartJobRun"), DATA),
        (refused("NoSuchKey", "GetObject", status=404), DATA),
        (refused("InternalServiceException", "StartJobRun", status=500), LOST),
        (refused("SomethingNew", "StartJobRun", status=503), LOST),
        (refused("SomethingNew", "StartJobRun", status=400), LOST),
        (ReadTimeoutError(endpoint_url="x"), LOST),
        (EndpointConnectionError(endpoint_url="x"), LOST),
        (CredentialRetrievalError(provider="x", error_msg="y"), LOST),
        (NoCredentialsError(), ACCESS),
        (ParamValidationError(report="x"), DATA),
        (InputError("a placeholder is not filled"), DATA),
        (WrongAccountError("x"), ACCESS),
        (ThrottledError("x"), THROTTLED),
        (NotFoundError("x"), DATA),
        (UnreachableError("x"), LOST),
        (AwsError("x", aws_code="ConcurrentRunsExceededException"), CAPACITY),
        (error_of(refused("AccessDenied", "GetObject"), "read"), ACCESS),
        (RunError("x"), LOST),
        (KeyError("a fault of ours"), LOST),
    ],
)
def test_the_class_of_an_error(error: Exception, kind: FailureClass) -> None:
    failure = classify(error)
    assert failure.kind is kind
    assert failure.message
    assert failure.retry == (kind not in (ACCESS, DATA))
    assert (failure.attempts == 0) or failure.retry


def test_an_expired_session_is_renewed_and_the_call_made_at_once() -> None:
    for service in ("s3", "glue"):
        failure = classify(expired(service, "Get"))
        assert failure.refresh
        assert failure.attempts
        assert failure.wait_seconds(1) == 0
    assert not classify(throttled("s3", "Get")).refresh


def test_waits_double_up_to_a_bound() -> None:
    throttle, capacity = classify(throttled("s3", "Get")), classify(refused("ResourceLimitExceeded", "Create"))
    assert [throttle.wait_seconds(attempt) for attempt in range(1, 7)] == [2, 4, 8, 16, 32, 60]
    assert capacity.wait_seconds(1) == 60
    assert capacity.wait_seconds(capacity.attempts) == 600
    assert classify(ClaimHeldError(None, 90)).wait_seconds(3) == 90


def test_a_denial_brings_its_explanation() -> None:
    error = refused("AccessDenied", "GetObject", status=403, x_crosswind_why="no statement allows s3%3AGetObject")
    assert classify(error).message.endswith("\nno statement allows s3:GetObject")


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("ClientError: Data download failed: no object below s3://b/p", DATA),
        ("ClientError: Please use an instance type with more memory", DATA),
        ("AlgorithmError: ExecuteUserScriptError: exit code 1", LOST),
        ("InternalServerError: We encountered an internal error. Please try again.", LOST),
        ("CapacityError: Unable to provision requested ML compute capacity.", CAPACITY),
        ("MaxRuntimeExceeded: it ran for too long", LOST),
        ("FAILED: Error Category: QUERY_ERROR; AnalysisException: column x", DATA),
        ("FAILED: Error Category: IMPORT_ERROR; ModuleNotFoundError", DATA),
        ("FAILED: Error Category: PERMISSION_ERROR; User is not allowed", ACCESS),
        ("FAILED: Error Category: OUT_OF_MEMORY_ERROR; x", LOST),
        ("FAILED: ClientError: An error occurred (AccessDenied) when calling GetObject: Access Denied", ACCESS),
        ("ClientError: An error occurred (InternalError) when calling GetObject", LOST),
        ("FAILED: An error occurred (SlowDown): rate exceeded", THROTTLED),
        ("TIMEOUT: Glue gives no reason", LOST),
        ("Error: the function failed", LOST),
    ],
)
def test_the_class_of_a_failed_job(reason: str, kind: FailureClass) -> None:
    failure = classify_job(Look(JobState.FAILED, reason))
    assert failure.kind is kind
    assert failure.message == reason
    assert failure.retry == (kind not in (ACCESS, DATA))
    assert bool(failure.attempts) == (kind is CAPACITY)


@pytest.mark.parametrize("state", [JobState.STOPPED, JobState.LOST])
def test_a_stopped_or_lost_job_is_tried_again(state: JobState) -> None:
    failure = classify_job(Look(state))
    assert (failure.kind, failure.retry) == (LOST, True)
    assert str(state) in failure.message
