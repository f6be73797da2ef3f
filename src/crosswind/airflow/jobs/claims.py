"""Claims: who may submit the job of an attempt, for the services whose API takes no token. One S3 object each.

S3 decides, by conditional writes (docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html): the object
`<prefix><token>` can be made by one submitter alone (`If-None-Match: *`), and each change of it names the state that
it replaces (`If-Match: <ETag>`). It holds

- `holder`: the submitter, a name that no other has; empty once it gave the claim up;
- `fence`: 1, and one more with each takeover. What a holder starts carries its fence, so that of two jobs of one
  token it can be told which belongs to the claim;
- `job`: the id of what was started, once the holder knows it.

A holder that crashed leaves its claim behind. After the lease another may take it over; until then it is told how
long to wait. The lease is longer than any call that a holder makes under its claim, so a holder that merely waits for
an answer does not lose it. Ages are taken from S3's own clock, the `Date` of its answer less `LastModified`: a worker
whose clock is wrong takes over no sooner.

What no lease can do: see a holder that is stopped between its last look at the claim and its call. `glue` says what
follows from that.
"""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from crosswind.airflow.owner import Attempt, Owner
from crosswind.airflow.target import Clients
from crosswind.errors import ConflictError, InputError

__all__ = ["LEASE_SECONDS", "Claim", "ClaimHeldError", "Claims"]

_log = logging.getLogger(__name__)

LEASE_SECONDS = 120.0
"""Longer than the longest call under a claim: `StartJobRun`, which is given 70 seconds."""

_LOST = ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey", "412", "409", "404")
_ROUNDS = 5


@dataclass(frozen=True)
class Claim:
    """A claim as it was read or written.

    Args:
        token: the attempt's.
        fence: how many have held it.
        holder: who holds it; empty for nobody.
        job: what was started under it; empty until that is known.
        beat: counts the writes, so that no two states have one ETag.
        etag: S3's, of this state.
        age_seconds: since the last write, by S3's clock.
        fresh: whether the claim was made, not found, by the call that gave it.
    """

    token: str
    fence: int = 1
    holder: str = ""
    job: str = ""
    beat: int = 0
    etag: str = ""
    age_seconds: float = 0.0
    fresh: bool = False


class ClaimHeldError(ConflictError):
    """Another submitter holds the claim.

    Args:
        claim: as it is now; None when it is gone.
        seconds: after which it may be taken over.
    """

    def __init__(self, claim: Claim | None, seconds: float) -> None:
        self.claim = claim
        self.seconds = max(0.0, seconds)
        super().__init__(
            f"another try is submitting the job of attempt {claim.token if claim else '?'}",
            hint=f"its claim may be taken over in {self.seconds:.0f} s; nothing to do",
        )


class Claims:
    """The claims below one prefix.

    Args:
        clients: of the bucket's account and Region.
        bucket: where they are.
        prefix: their folder, with a slash at its end.
        holder: the name of this submitter; by default one that no other has.
        lease_seconds: how long a claim protects a holder who is not heard of.
        now: the time, used when S3's answer bears no date.
    """

    def __init__(
        self,
        clients: Clients,
        bucket: str,
        prefix: str,
        *,
        holder: str = "",
        lease_seconds: float = LEASE_SECONDS,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._clients = clients
        self._bucket = bucket
        self._prefix = prefix
        self.holder = holder or secrets.token_hex(16)
        self._lease = lease_seconds
        self._now = now

    def make(self, token: str) -> Claim | None:
        """Make the claim of a token; None when it is there already."""
        return self._write(Claim(token, holder=self.holder, fresh=True), IfNoneMatch="*")

    def take(self, token: str) -> Claim:
        """Make the claim of a token, or take it over.

        Returns:
            A claim that is ours (`fresh`, or found: look for what its earlier holder has started), or one whose
            `job` is known.

        Raises:
            ClaimHeldError: another holds it, within the lease.
        """
        for _ in range(_ROUNDS):
            made = self.make(token)
            if made:
                return made
            found = self.read(token)
            if found is None:  # somebody removed it in between
                continue
            if found.job or found.holder == self.holder:
                return found
            left = self._lease - found.age_seconds
            if found.holder and left > 0:
                raise ClaimHeldError(found, left)
            with suppress(ClaimHeldError):  # it has just changed: look again
                return self.take_over(found)
        raise ClaimHeldError(None, self._lease)

    def take_over(self, claim: Claim) -> Claim:
        """Become the holder of a claim that was read, with the next fence.

        Raises:
            ClaimHeldError: it has changed since.
        """
        mine = replace(claim, fence=claim.fence + 1, holder=self.holder, job="", beat=claim.beat + 1)
        written = self._write(mine, IfMatch=claim.etag)
        if written:
            return written
        found = self.read(claim.token)
        if found and (found.fence, found.holder) == (mine.fence, mine.holder):
            return found  # botocore sent the write twice
        raise ClaimHeldError(found, self._lease - (found.age_seconds if found else 0.0))

    def renew(self, claim: Claim) -> Claim:
        """Begin the lease anew; raises ClaimHeldError when the claim is no longer ours."""
        return self._rewrite(claim)

    def record(self, claim: Claim, job: str) -> Claim:
        """Write down what was started; raises ClaimHeldError when the claim is no longer ours."""
        return self._rewrite(claim, job=job)

    def release(self, claim: Claim) -> None:
        """Give the claim up, since nothing was started under it, so that nobody waits for its lease."""
        try:
            self._rewrite(claim, holder="")
        except (ClientError, BotoCoreError, ClaimHeldError) as error:
            # Why nothing was started is what the caller must tell of. A claim that stays costs others its lease.
            _log.warning("The claim of attempt %s could not be given up: %s", claim.token, error)

    def read(self, token: str) -> Claim | None:
        """The claim of a token that is there; None when it is gone."""
        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=self._prefix + token)
        except ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
                return None
            raise
        try:
            found = json.loads(answer["Body"].read())
            return Claim(**found, etag=answer["ETag"], age_seconds=self._age(answer))
        except (TypeError, ValueError) as error:
            raise InputError(
                f"s3://{self._bucket}/{self._prefix}{token} is no claim: {error}",
                hint="see who wrote it; without it, the job of the attempt is submitted anew",
            ) from error

    def attempts(self, owner: Owner, beginning: str) -> list[Attempt]:
        """The attempts of an owner's task with a claim, sorted; other keys are passed over.

        Args:
            owner: of any group.
            beginning: how their tokens begin. A list, since reading an absent key would need wider rights.
        """
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._prefix + beginning)
        keys = [each["Key"].removeprefix(self._prefix) for page in pages for each in page.get("Contents", [])]
        return sorted(each for each in (Attempt.of_token(key, owner) for key in keys) if each)

    @property
    def _s3(self) -> Any:
        return self._clients.client("s3")

    def _rewrite(self, claim: Claim, **changes: str) -> Claim:
        for _ in range(_ROUNDS):
            wanted = replace(claim, beat=claim.beat + 1, fresh=False, **changes)  # type: ignore[arg-type]  # all text
            written = self._write(wanted, IfMatch=claim.etag)
            if written:
                return written
            found = self.read(claim.token)
            if found is None or (found.fence, found.holder) != (claim.fence, claim.holder):
                if found and (found.fence, found.holder) == (wanted.fence, wanted.holder):
                    return found  # botocore sent the write twice
                raise ClaimHeldError(found, self._lease - (found.age_seconds if found else 0.0))
            claim = found
        raise ClaimHeldError(claim, self._lease)

    def _write(self, claim: Claim, **condition: str) -> Claim | None:
        members = asdict(claim)
        kept = {name: members[name] for name in ("token", "fence", "holder", "job", "beat")}
        try:
            answer = self._s3.put_object(
                Bucket=self._bucket,
                Key=self._prefix + claim.token,
                Body=json.dumps(kept, sort_keys=True).encode(),
                ContentType="application/json",
                **condition,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in _LOST:
                return None
            raise
        return replace(claim, etag=answer["ETag"], age_seconds=0.0)

    def _age(self, answer: Any) -> float:
        date = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
        now = parsedate_to_datetime(date) if date else self._now()
        return float((now - answer["LastModified"]).total_seconds())
