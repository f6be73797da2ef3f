"""The decision log: what was asked of IAM, request by request, and the world's own paths that show it.

`/_crosswind/decisions?since=N[&denied=1]` gives rows, `/_crosswind/decisions/<request id>` one request with every
explanation, `/_crosswind/decisions/last` the last one denied. To keep a decision costs an append; it is explained
when somebody asks. Of what was allowed only the question and the policies are kept, which together say the same:
`decide` is pure, and whole decisions by the thousand would keep Python's garbage collector busy.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple

from crosswind.iam import Decision, Explanation, PolicySet, Request, decide, explain
from crosswind.local.authorization.need import Need
from crosswind.local.bounded import BoundedLines
from crosswind.local.edge.call import Call, HttpRequest, HttpResponse
from crosswind.local.edge.routes import PREFIX, LocalRoute, json_response

__all__ = ["Decided", "DecidedRequest", "DecisionLog"]

_AT = f"{PREFIX}decisions"


class Decided(NamedTuple):
    """One right, judged.

    Args:
        need: the right.
        decision: the judgement.
        policies: those that it was judged by.
    """

    need: Need
    decision: Decision
    policies: PolicySet


@dataclass(slots=True)
class DecidedRequest:
    """One request and every right that was decided for it.

    Args:
        first: number of its first decision; decisions are numbered from 1.
        id: the request id.
        time: Unix time in seconds.
        principal: the ARN of who asked; a service's name; empty for anonymous.
        account: the account whose state the call works on.
        region: the Region.
        service: botocore's name of the service.
        operation: such as `PutObject`.
        via: the AWS service that acted, else empty.
        asked: the rights, in the order in which they were decided.
        effects: `Allow`, `ExplicitDeny` or `ImplicitDeny`, one a right.
        kept: one a right: the decision of a denial, the policies that allowed, or why nothing could be decided.
    """

    first: int
    id: str
    time: float
    principal: str
    account: str
    region: str
    service: str
    operation: str
    via: str
    asked: tuple[Request, ...]
    effects: tuple[str, ...]
    kept: tuple[Decision | PolicySet | Explanation, ...] = field(repr=False)

    @property
    def allowed(self) -> bool:
        """Whether every right was allowed."""
        return self.effects.count("Allow") == len(self.effects)

    @property
    def explanations(self) -> tuple[Explanation, ...]:
        """One a right."""
        return tuple(_explained(*each) for each in zip(self.asked, self.kept, strict=True))

    def request(self) -> dict[str, Any]:
        """The request, for JSON."""
        names = ("id", "time", "principal", "account", "region", "service", "operation", "via")
        return {name: getattr(self, name) for name in names}

    def rows(self) -> list[dict[str, Any]]:
        """One row a decision, for JSON."""
        asked = self.request()
        asked["request_id"] = asked.pop("id")
        return [
            {
                "number": self.first + index,
                **asked,
                "action": right.action,
                "resource": right.resource,
                "resource_account": right.resource_account,
                "effect": effect,
            }
            for index, (right, effect) in enumerate(zip(self.asked, self.effects, strict=True))
        ]

    def explained(self) -> dict[str, Any]:
        """The request with an explanation a decision, for JSON."""
        told = [
            {
                "action": right.action,
                "resource": right.resource,
                "account": right.resource_account,
                "effect": effect,
                "explanation": explanation.as_dict(),
            }
            for right, effect, explanation in zip(self.asked, self.effects, self.explanations, strict=True)
        ]
        return {"schema_version": 1, "request": self.request(), "allowed": self.allowed, "decisions": told}


def _explained(right: Request, kept: Decision | PolicySet | Explanation) -> Explanation:
    if isinstance(kept, Explanation):
        return kept
    return explain(kept if isinstance(kept, Decision) else decide(right, kept))


class DecisionLog:
    """Keeps the last decided requests. Thread-safe.

    Args:
        path: file of JSON lines, made anew, for every denial with its explanation; None for none.
        keep: how many requests are kept.
        largest: bytes of the file; one that grows over it keeps its newer half.
    """

    def __init__(self, path: Path | None = None, keep: int = 10_000, largest: int = 16 * 1024**2) -> None:
        self._lock = threading.Lock()
        self._keep = keep
        self._requests: deque[DecidedRequest] = deque()
        self._by_id: dict[str, DecidedRequest] = {}
        self._last: DecidedRequest | None = None
        self._number = 0
        self._counts = {"requests": 0, "allowed": 0, "denied": 0}
        self._file = BoundedLines(path, largest) if path is not None else None

    def append(
        self, call: Call, time: float, decided: Sequence[Decided], undecided: tuple[Request, Explanation] | None = None
    ) -> None:
        """Keep what was decided for a call.

        Args:
            call: the call.
            time: Unix time.
            decided: every right.
            undecided: the right that could not be decided, and so was denied; it follows those that were.
        """
        asked = [one.decision.request for one in decided]
        effects = [one.decision.effect.value for one in decided]
        kept: list[Decision | PolicySet | Explanation] = [
            one.policies if one.decision.allowed else one.decision for one in decided
        ]
        if undecided is not None:
            asked.append(undecided[0])
            effects.append(undecided[1].effect)
            kept.append(undecided[1])
        request = DecidedRequest(
            0,
            call.id,
            time,
            call.principal.arn,
            call.account,
            call.region,
            call.service,
            call.operation,
            call.via,
            tuple(asked),
            tuple(effects),
            tuple(kept),
        )
        allowed = request.allowed
        with self._lock:
            request.first = self._number + 1
            self._number += len(effects)
            self._counts["requests"] += 1
            self._counts["allowed" if allowed else "denied"] += 1
            self._requests.append(request)
            self._by_id[request.id] = request
            if not allowed:
                self._last = request
            while len(self._requests) > self._keep:
                del self._by_id[self._requests.popleft().id]
        if not allowed:
            self._write(request)

    def of(self, request_id: str) -> DecidedRequest | None:
        """A request by its id; None when nothing was decided for it, or it is forgotten."""
        return self._by_id.get(request_id)

    @property
    def last(self) -> DecidedRequest | None:
        """The last request that was denied."""
        return self._last

    @property
    def counts(self) -> Mapping[str, int]:
        """How many requests were decided (`requests`), `allowed` and `denied`, forgotten ones included."""
        with self._lock:
            return dict(self._counts)

    def since(self, number: int = 0, *, denied: bool = False) -> tuple[list[dict[str, Any]], int]:
        """The rows after a number, and the number to ask with next.

        Args:
            number: of the last decision that the asker has.
            denied: denials alone.
        """
        with self._lock:
            newer = list(takewhile(lambda one: one.first + len(one.asked) > number + 1, reversed(self._requests)))
            following = self._number
        rows = [row for request in reversed(newer) for row in request.rows() if row["number"] > number]
        return [row for row in rows if not denied or row["effect"] != "Allow"], following

    @property
    def routes(self) -> Mapping[str, LocalRoute]:
        """The world's own paths, by prefix, for `Edge.mount`."""
        return {_AT: self._list, f"{_AT}/": self._show}

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None

    def _write(self, request: DecidedRequest) -> None:
        if self._file is None:
            return
        line = json.dumps(request.explained(), separators=(",", ":"), default=str) + "\n"
        with self._lock:
            if self._file is not None:
                self._file.append(line)

    def _list(self, http: HttpRequest) -> HttpResponse:
        text = http.query.get("since", "0") or "0"
        if not text.isdigit():
            return json_response({"message": f"since must be a number, not {text!r}"}, 400)
        rows, following = self.since(int(text), denied=http.query.get("denied", "") in ("1", "true"))
        return json_response({"schema_version": 1, "decisions": rows, "next": following, "counts": dict(self.counts)})

    def _show(self, http: HttpRequest) -> HttpResponse:
        name = http.path.removeprefix(f"{_AT}/")
        request = self.last if name == "last" else self.of(name)
        if request is None:
            text = "nothing was denied so far" if name == "last" else f"no decision is kept for the request {name}"
            return json_response({"message": text}, 404)
        return json_response(request.explained())
