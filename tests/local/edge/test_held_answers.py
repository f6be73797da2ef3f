"""An answer that is held back: its work is done, its client still waits."""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from crosswind.local.held_answers import HeldAnswers
from tests.local.conftest import LiveEdge


@pytest.fixture
def live(edge: LiveEdge) -> Iterator[LiveEdge]:
    ask(edge, {"release": True})
    yield edge
    ask(edge, {"release": True})


@pytest.fixture(scope="session")
def edge() -> Iterator[LiveEdge]:
    edge = LiveEdge()
    held = HeldAnswers()
    edge.edge.add_hook(held.after_call)
    for prefix, route in held.routes.items():
        edge.edge.mount(prefix, route)
    edge.start()
    yield edge
    edge.stop()


def ask(edge: LiveEdge, body: Any = None) -> dict[str, Any]:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(f"{edge.endpoint}/_crosswind/answers", data, timeout=10) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_work_is_done_while_the_answer_waits(live: LiveEdge) -> None:
    account = "300000000901"
    iam = live.client("iam", account)
    ask(live, {"service": "iam", "operation": "CreateUser", "seconds": 60, "principal": account})
    ended = threading.Event()

    def create() -> None:
        iam.create_user(UserName="one")
        ended.set()

    thread = threading.Thread(target=create)
    thread.start()
    until(lambda: bool(ask(live)["held"]))
    assert live.client("iam", account).get_user(UserName="one")["User"]["UserName"] == "one"
    assert not ended.is_set()
    (held,) = ask(live)["held"]
    assert (held["service"], held["operation"]) == ("iam", "CreateUser")

    ask(live, {"release": True})
    thread.join(timeout=10)
    assert ended.is_set()
    assert ask(live) == {"schema_version": 1, "held": [], "orders": 0}


def test_an_order_is_for_its_count_and_caller(live: LiveEdge) -> None:
    ask(live, {"service": "iam", "operation": "CreateUser", "seconds": 0.2, "principal": "300000000902", "count": 2})
    live.client("iam", "300000000903").create_user(UserName="x")
    assert ask(live)["orders"] == 1
    for name in ("a", "b", "c"):
        live.client("iam", "300000000902").create_user(UserName=name)
    assert ask(live)["orders"] == 0


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"service": "iam"},
        {"service": "iam", "operation": "CreateUser", "seconds": 0},
        {"service": "iam", "operation": "CreateUser", "seconds": 5, "other": 1},
        {"service": 1, "operation": "CreateUser", "seconds": 5},
    ],
)
def test_an_order_that_is_none_is_refused(live: LiveEdge, body: Any) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        ask(live, body)
    assert refused.value.code == 400
    assert "members" in json.load(refused.value)["message"]
