"""Has exactly this handover arrived? A look at the destination that asks only for what is not yet proven.

A version is proven once: it is in the destination's list under the id that it must have, and HeadObject of that id
agrees on size and checksum. CRR keeps the source's ids; a copy has an id of its own, which `arrival.json` names.
A key that exists under any other id proves nothing, whatever its size.

What is proven is plain data (`progress`), which a caller may keep and give to the next check. Before a handover counts
as complete, one list shows all of it: what was proven and then removed is missing again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from datetime import datetime
from os.path import commonprefix
from typing import Any

from crosswind.airflow.handover.failures import FailedReplica, FailureQueue
from crosswind.airflow.handover.look import ArrivalLook
from crosswind.airflow.handover.model import Arrival, Handover, Reference, Version
from crosswind.airflow.handover.movers.copy import SOURCE_VERSION, Copy
from crosswind.airflow.handover.movers.model import Mover
from crosswind.airflow.handover.objects import Listed, contradiction, head, heads, listed, version_of
from crosswind.airflow.handover.outstanding import Outstanding
from crosswind.airflow.target import Clients

__all__ = ["ArrivalCheck"]

_PROOFS = 1000  # of one look
_NAMED = 5  # missing objects that a message names


class ArrivalCheck:
    """Looks for one handover at its destination.

    Calls of one look: what the mover does; one list call for each 1,000 versions below what the missing keys have in
    common; one for each version that is newly seen, 1,000 at most; for what is missing up to 20 at the source, and
    the queue's. What one look has listed and not proven, the next proves without a list. A look may be cut at any
    call: the next does again what is not in `progress`.

    Args:
        source: of the source's account.
        destination: of the destination's account.
        handover: what must arrive.
        reference: to it.
        mover: how it gets there; the copying one is driven from here.
        failures: S3's failure events, where the topology subscribes to them.
        repair: copy what S3 failed to replicate, with the destination's role.
        superseded: for the Arrival.
        progress: what an earlier check of the same handover knew; None for a new one. The attribute `progress` is
            what this one knows: JSON safe, and whole after every look, also after one that failed.
        now: the time, with a time zone.
    """

    def __init__(
        self,
        source: Clients,
        destination: Clients,
        handover: Handover,
        reference: Reference,
        mover: Mover,
        failures: FailureQueue | None = None,
        *,
        repair: bool = False,
        superseded: tuple[str, ...] = (),
        progress: Mapping[str, Any] | None = None,
        now: Callable[[], datetime],
    ) -> None:
        known = deepcopy(dict(progress or {}))
        self.progress: dict[str, Any] = {"proven": {}, "failed": {}, "untracked": {}, "asked": ""} | known
        self._destination = destination
        self._handover = handover
        self._reference = reference
        self._mover = mover
        self._copy = Copy(source, destination, mover.bucket) if repair and mover.replicates else None
        self._superseded = superseded
        self._now = now
        self._unproven: list[tuple[Version, Listed]] = []
        self._outstanding = Outstanding(source, destination, handover, mover.bucket, failures, self.progress)

    def look(self) -> ArrivalLook:
        """Look once.

        Raises:
            AwsError: a call failed; a later look may do.
            InputError: `arrival.json` is none, or a copy holds other bytes than its source.
            NotFoundError: an object that the mover should copy is gone.
        """
        moving = bool(self._open()) and not self._mover.move(self._handover)
        problems = self._prove()
        failed: list[FailedReplica] = []
        repaired: tuple[str, ...] = ()
        if self._missing() and self._mover.replicates:
            self._outstanding.ask(self._missing())
            failed = self._outstanding.failed(self._missing())
            if failed and self._copy is not None:
                repaired, repairing = _repair(self._copy, self._handover, failed)
                moving |= repairing
                problems = self._prove()
                copied = {version.key for version in self._copy.mapping(self._handover)}
                left = [] if repairing else [version for version in self._missing() if version.key not in copied]
                failed = self._outstanding.failed(left)
        return self._result(problems, failed, repaired, busy=moving or bool(self._unproven))

    def _open(self) -> list[Version]:
        return [version for version in self._handover.versions if version.key not in self.progress["proven"]]

    def _missing(self) -> list[Version]:
        there = {version.key for version, _ in self._unproven}
        return [version for version in self._open() if version.key not in there]

    def _prove(self) -> list[str]:
        """Prove what is newly there; the problems found."""
        problems: list[str] = []
        at_once = False
        if not self._unproven and (open_ones := self._open()):
            problems = self._list(open_ones)
            at_once = len(open_ones) == len(self._handover.versions)
        problems += self._prove_listed()
        if self._open() or at_once:
            return problems
        # Complete, but seen at different times: one list says whether all of it is there now.
        return self._list(self._handover.versions)

    def _list(self, versions: Sequence[Version]) -> list[str]:
        """Go through one list of the destination; keeps what it shows and is not proven, gives the problems."""
        there = self._listed(versions)
        expected = self._expected()
        proven = self.progress["proven"]
        problems: list[str] = []
        unproven: list[tuple[Version, Listed]] = []
        for version in versions:
            entries, ids = there.get(version.key, []), expected(version)
            hit = next((each for each in entries if each.version_id in ids and not each.marker), None)
            if hit is None:
                proven.pop(version.key, None)
                if not ids and entries and entries[0].marker:  # no mover copies over a clean-up's marker
                    problems.append(self._hidden(version, entries[0]))
                continue
            top = hit if hit.latest else self._copied_over(version, entries[0])
            if top is None:
                problems.append(self._hidden(version, entries[0]))
            hit = top or hit
            if proven.get(version.key, {}).get("version_id") == hit.version_id:
                continue
            proven.pop(version.key, None)
            unproven.append((version, hit))
        self._unproven = unproven
        return problems

    def _prove_listed(self) -> list[str]:
        """Prove some of what was listed; what is wrong with it."""
        some, rest = self._unproven[:_PROOFS], self._unproven[_PROOFS:]
        self._unproven = []  # when a call fails, the next look begins with a list
        answers = heads(self._destination, self._mover.bucket, [(hit.key, hit.version_id) for _, hit in some])
        problems = [self._proved(*each, answer) for each, answer in zip(some, answers, strict=True)]
        self._unproven = rest
        return [problem for problem in problems if problem]

    def _copied_over(self, version: Version, top: Listed) -> Listed | None:
        """What lies on top, if it is a copy of the very version: a repair that was cut before it could be recorded."""
        answer = None if top.marker else head(self._destination, self._mover.bucket, top.key, top.version_id)
        same = answer is not None and answer.get("Metadata", {}).get(SOURCE_VERSION) == version.version_id
        return top if same else None

    def _listed(self, versions: Sequence[Version]) -> dict[str, list[Listed]]:
        wanted = {version.key for version in versions}
        shared = commonprefix(sorted(wanted))  # noqa: RUF071 - a prefix of keys is of characters, not of folders
        there: dict[str, list[Listed]] = {}
        for each in listed(self._destination, self._mover.bucket, shared):
            if each.key in wanted:
                there.setdefault(each.key, []).append(each)
        # Versions and delete markers come in lists of their own; what lies on top goes first.
        return {key: sorted(entries, key=lambda each: not each.latest) for key, entries in there.items()}

    def _expected(self) -> Callable[[Version], set[str]]:
        """The ids at the destination that stand for a version: the source's own, a copy's, or either."""
        copies = self._mover.mapping(self._handover)
        kept = copies is None
        if self._copy is not None:
            copies = self._copy.mapping(self._handover)

        def ids(version: Version) -> set[str]:
            copy = (copies or {}).get(version)
            return ({version.version_id} if kept else set()) | ({copy.version_id} if copy else set())

        return ids

    def _proved(self, version: Version, hit: Listed, answer: Mapping[str, Any] | None) -> str:
        """Hold what S3 answers against a version; what is wrong with it, or nothing."""
        if answer is None:
            return ""  # removed since it was listed: missing
        found = version_of(hit.key, answer)
        if wrong := contradiction(version, found):
            return f"s3://{self._mover.bucket}/{hit.key} in version {hit.version_id} is not what was published: {wrong}"
        self.progress["proven"][hit.key] = dict(vars(found))
        return ""

    def _hidden(self, version: Version, top: Listed) -> str:
        what = "a delete marker" if top.marker else f"another version, {top.version_id},"
        return (
            f"on s3://{self._mover.bucket}/{version.key} lies {what} where version {version.version_id} of the source"
            " should be: a reader of the key would not get what was handed over"
        )

    def _result(
        self, problems: list[str], failed: list[FailedReplica], repaired: tuple[str, ...], *, busy: bool
    ) -> ArrivalLook:
        missing = self._missing()
        arrived = tuple(Version(**each) for _, each in sorted(self.progress["proven"].items()))
        lag = max(0.0, (self._now() - datetime.fromisoformat(self._reference.published)).total_seconds())
        target = self._destination.target
        arrival = Arrival(
            self._reference, self._mover.bucket, target.account, target.region, arrived, lag, self._superseded
        )
        return ArrivalLook(
            arrived=arrived,
            arrived_bytes=sum(version.size for version in arrived),
            missing=len(missing),
            missing_bytes=sum(version.size for version in missing),
            failed=tuple(failed),
            problems=tuple(problems),
            repaired=repaired,
            busy=bool(missing or self._unproven) and busy,
            lag_seconds=lag,
            arrival=None if missing or self._unproven or problems else arrival,
            unproven=len(self._unproven),
            named=tuple(missing[:_NAMED]),
        )


def _repair(copy: Copy, handover: Handover, failed: Sequence[FailedReplica]) -> tuple[tuple[str, ...], bool]:
    """Copy what S3 failed to; the keys that are done now, and whether there is more to copy."""
    before = copy.mapping(handover)
    done = copy.move(handover, [failure.key for failure in failed])
    return tuple(sorted(version.key for version in copy.mapping(handover) if version not in before)), not done
