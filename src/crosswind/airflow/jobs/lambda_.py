"""Lambda functions, invoked once as far as Lambda allows it: synchronously, or with a result object.

What a function gets: the payload's own members, and beside them `crosswind`:

    {"crosswind": {"token": "<family>-<since>-<group>-<ordinal>", the attempt: an idempotency key
                   "owner": "<JSON>",                           whose it is
                   "result": {"bucket": "...", "key": "..."}},  only when there is a results place
     ...}

What a function owes:

- **synchronous** (no results place): its answer is the outcome. When the answer gets lost the function may still be
  running, and the next try invokes it again with the same token. Lambda keeps no list of invocations, so a function
  that must not act twice has to remember tokens it has finished.
- **asynchronous** (results place): last of all it writes its answer, as JSON, to `crosswind.result`. The object is the
  proof that it succeeded. Ending without one is a failure, whatever it returned.

How an asynchronous invocation is submitted once: the claim of its attempt is made, then it is invoked, then the
request's id is written into the claim. A claim without a request id may have been invoked or not; it counts as
invoked. So a try never invokes what an earlier one may have invoked; the job ends by its result, by the log's REPORT
line, or LOST when its time is over, after which the next ordinal is safe. The race that remains is Glue's: a submitter
that pauses between its claim and its call until the job counts as lost.

A function cannot be stopped; its time-out bounds it. Its event invoke configuration must say MaximumRetryAttempts 0,
or Lambda invokes it up to two times more, and MaximumEventAgeInSeconds 60, or a throttled event waits for up to 6
hours (docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from crosswind.airflow.jobs.claims import Claim, ClaimHeldError, Claims
from crosswind.airflow.jobs.lambda_log import LambdaLog
from crosswind.airflow.jobs.model import JobState, Look, Submission, Submitter
from crosswind.airflow.owner import Attempt, Owner
from crosswind.airflow.target import AwsTarget, Clients
from crosswind.errors import InputError, Place, RunError, RunTimeoutError

__all__ = ["LambdaJobs"]

_log = logging.getLogger(__name__)
# An event may wait for so long (MaximumEventAgeInSeconds), and clocks and the log may be late by so much.
_QUEUE_SECONDS = 60
_MARGIN_SECONDS = 60
# The client waits for so much longer than the function may take.
_ANSWER_SECONDS = 30


class LambdaJobs(Submitter):
    """The invocations of one function at one target. See the module for what a function gets and owes.

    The outcome of one that succeeded: `answer`, its JSON.

    Args:
        clients: of the function's account and Region.
        function_name: the function.
        payload: gives the members of an attempt's event; `crosswind` is added.
        timeout_seconds: the function's own time-out.
        claims: asynchronous: the claims of its submitters.
        results: asynchronous: (bucket, prefix) of the result objects, `<prefix><token>.json`; None for synchronous.
        log_group: the function's; by default `/aws/lambda/<function>`.
        now: the time.

    Raises:
        InputError: results without claims.
    """

    kind = "lambda"

    def __init__(
        self,
        clients: Clients,
        function_name: str,
        payload: Callable[[Attempt], Mapping[str, Any]],
        timeout_seconds: float,
        claims: Claims | None = None,
        results: tuple[str, str] | None = None,
        *,
        log_group: str = "",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        if results and not claims:
            raise InputError(
                f"function {function_name} has a results place and no claims place",
                hint="deploy again: the names file gives both to a function with `results`",
            )
        self._clients = clients
        self._function = function_name
        self._payload = payload
        self._timeout = timeout_seconds
        self._claims = claims if results else None
        self._results = results
        self._log = LambdaLog(clients, log_group or f"/aws/lambda/{function_name}")
        self._now = now
        self._answers: dict[str, Look] = {}
        self._sent: set[str] = set()

    @property
    def target(self) -> AwsTarget:
        """Where the function is."""
        return self._clients.target

    def find(self, owner: Owner) -> Sequence[tuple[Submission, Look]]:
        """The invocations of an owner's attempt group that have a claim, by ordinal; none when synchronous."""
        if self._claims is None:
            return []
        found = []
        for attempt in self._claims.attempts(owner, f"{owner.stem}-"):
            claim = self._claims.read(attempt.token)
            if claim and claim.holder:  # one given up was refused by Lambda: nothing was invoked
                submission = self._submission(attempt, claim)
                found.append((submission, self.look(submission)))
        return found

    def submit(self, attempt: Attempt) -> Submission:
        """Invoke the function for an attempt; synchronous: and wait for its answer.

        Raises:
            RunTimeoutError: synchronous: no answer came; the function may still be running.
        """
        event = self._event(attempt)
        if self._claims is None:
            return self._call(attempt, event)
        claim, mine = self._held(self._claims, attempt.token)
        if not mine:
            return self._submission(attempt, claim)
        once = self._clients.client("lambda", config=_config(_ANSWER_SECONDS))
        try:
            self.require_wanted(attempt)
            self._sent.add(attempt.token)
            answer = once.invoke(FunctionName=self._function, InvocationType="Event", Payload=event)
        except RunError:
            self._claims.release(claim)
            raise
        except ClientError as error:
            if 400 <= error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) < 500:
                self._sent.discard(attempt.token)
                self._claims.release(claim)
            raise
        return self._submission(attempt, self._claims.record(claim, _request_id(answer)))

    def look(self, submission: Submission) -> Look:
        """Where an invocation is: one S3 list and one log search while it runs."""
        if "ended" in submission.details:
            return self._answers.get(submission.id, Look(JobState.LOST, "its answer went with the process that had it"))
        result = self._result(submission)
        if result:
            return result
        if self._log.over(submission.details["request"], _since(submission)):
            # The result is written before the REPORT line: look again, now that nothing can come after.
            return self._result(submission) or Look(JobState.FAILED, self._why(submission))
        waited = self._now() - _since(submission)
        if waited > timedelta(seconds=self._timeout + _QUEUE_SECONDS + _MARGIN_SECONDS):
            return Look(JobState.LOST, f"no result and no end in its log after {waited.total_seconds():.0f} s")
        return Look(JobState.RUNNING)

    def stop(self, submission: Submission) -> None:
        """A function cannot be stopped: say so, and until when it may run."""
        if "ended" not in submission.details:
            _log.warning(
                "Function %s (attempt %s) cannot be stopped; it ends by its time-out of %g s.",
                self._function, submission.attempt.token, self._timeout,
            )  # fmt: skip

    def stale(self, owner: Owner) -> Sequence[Submission]:
        """None: what cannot be stopped is not asked to."""
        return []

    def log_lines(self, submission: Submission, position: Mapping[str, str]) -> tuple[list[str], Mapping[str, str]]:
        """What an invocation has logged since a position, and the position after it."""
        return self._log.lines(submission.details["request"], _since(submission), position)

    def _event(self, attempt: Attempt) -> bytes:
        payload = self._payload(attempt)
        if "crosswind" in payload:
            raise InputError(
                "the payload has a member crosswind, which is ours", place=Place(path="payload.crosswind"),
                hint="name it otherwise",
            )  # fmt: skip
        ours: dict[str, Any] = {"token": attempt.token, "owner": attempt.owner.text}
        if self._results:
            ours["result"] = {"bucket": self._results[0], "key": self._key(attempt)}
        return json.dumps({"crosswind": ours, **payload}).encode()

    def _call(self, attempt: Attempt, event: bytes) -> Submission:
        once = self._clients.client("lambda", config=_config(self._timeout + _ANSWER_SECONDS))
        since = self._now()
        self.require_wanted(attempt)
        try:
            answer = once.invoke(FunctionName=self._function, InvocationType="RequestResponse", Payload=event)
            body = answer["Payload"].read()
        except (ReadTimeoutError, ConnectionClosedError) as error:
            raise RunTimeoutError(
                f"function {self._function} in {self.target.text} did not answer ({error}); it may still be running",
                hint=f"the next try invokes it again with the token {attempt.token}; for longer work declare `results`",
            ) from error
        document = json.loads(body or b"null")
        if answer.get("FunctionError"):
            self._answers[attempt.token] = Look(JobState.FAILED, _error_text(document))
        else:
            self._answers[attempt.token] = Look(JobState.SUCCEEDED, outcome={"answer": document})
        details = {"ended": "yes", "request": _request_id(answer), "since": since.isoformat()}
        return Submission(self.kind, self._function, attempt.token, attempt, details)

    def _held(self, claims: Claims, token: str) -> tuple[Claim, bool]:
        """The claim of a token, and whether it is ours to invoke under: nobody can have done so yet."""
        made = claims.make(token)
        if made:
            return made, True
        found = claims.read(token)
        if found is None:
            raise ClaimHeldError(None, 0.0)
        if not found.holder:  # given up, since Lambda refused
            return claims.take_over(found), True
        # Ours all the same when the answer to our write was lost, and botocore sent it again.
        return found, found.holder == claims.holder and token not in self._sent

    def _submission(self, attempt: Attempt, claim: Claim) -> Submission:
        bucket, _ = self._results or ("", "")
        since = self._now() - timedelta(seconds=claim.age_seconds)
        details = {"bucket": bucket, "key": self._key(attempt), "request": claim.job, "since": since.isoformat()}
        return Submission(self.kind, self._function, attempt.token, attempt, details)

    def _key(self, attempt: Attempt) -> str:
        return f"{self._results[1] if self._results else ''}{attempt.token}.json"

    def _result(self, submission: Submission) -> Look | None:
        bucket, key = submission.details["bucket"], submission.details["key"]
        s3 = self._clients.client("s3")
        # A list, since reading an absent key would need wider rights.
        if not s3.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1).get("Contents"):
            return None
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        try:
            return Look(JobState.SUCCEEDED, outcome={"answer": json.loads(body)})
        except ValueError as error:
            return Look(JobState.FAILED, f"its result s3://{bucket}/{key} is not JSON: {error}")

    def _why(self, submission: Submission) -> str:
        said = self._log.said(submission.details["request"], _since(submission))
        return "it ended without its result object" + (f": {' | '.join(said)}" if said else "")


def _config(seconds: float) -> Config:
    """Sent once, and waited for: botocore's own time-out, and its retry, would invoke the function again."""
    return Config(retries={"total_max_attempts": 1}, connect_timeout=10, read_timeout=seconds, tcp_keepalive=True)


def _since(submission: Submission) -> datetime:
    return datetime.fromisoformat(submission.details["since"])


def _request_id(answer: Mapping[str, Any]) -> str:
    return str(answer.get("ResponseMetadata", {}).get("RequestId", ""))


def _error_text(document: Any) -> str:
    if not isinstance(document, Mapping):
        return str(document)
    parts = (document.get("errorType"), document.get("errorMessage"))
    return ": ".join(str(part) for part in parts if part) or "the function gives no reason"
