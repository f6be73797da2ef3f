"""What the engine promises whatever the steps are: order, every result, interruption, deadlines."""

from __future__ import annotations

import signal
import threading

import pytest

from crosswind.aws.fake import FakeCall, client_error
from crosswind.deploy import Applier, Event, Pace, plan_deploy
from crosswind.deploy.steps import Plan, Upload
from crosswind.deploy.waiting import StoppedError, Wait
from crosswind.errors import DeployError, ThrottledError
from crosswind.topology import Topology
from tests.unit.deploy.conftest import EXAMPLE, FAST, HUB, Apply
from tests.unit.deploy.memory import MemoryAws


def upload(key: str, *after: str) -> Upload:
    return Upload(id=key, account=HUB, region="us-east-1", after=after, bucket="b", key=key, content=b"")


def test_steps_run_as_soon_as_those_before_are_done(aws: MemoryAws) -> None:
    """`slow` and `second` overlap: each waits for the other, which waves of whole layers would never allow."""
    both = threading.Barrier(2, timeout=10)

    def put(call: FakeCall) -> dict[str, str]:
        return {"VersionId": call.parameters["Key"]}

    aws.sessions.answer("s3", "put_object", put)

    def listen(event: Event) -> None:
        if event.kind == "started" and event.step.id in {"slow", "second"}:
            threading.Thread(target=both.wait, daemon=True).start()

    plan = Plan("t", "deploy", (upload("slow"), upload("first"), upload("second", "first")))
    outcome = Applier(aws.sessions, listen, pace=FAST).apply(plan)
    assert outcome.ok
    assert outcome.versions == {"slow": "slow", "first": "first", "second": "second"}
    assert not both.broken


def test_a_fault_of_ours_in_one_step_loses_no_other_result(aws: MemoryAws) -> None:
    aws.buckets["b"] = {}
    aws.owners["b"] = (HUB, "us-east-1")
    aws.sessions.script("s3", "put_object", RuntimeError("boom"))
    plan = Plan("t", "deploy", (upload("one"), upload("two", "one"), upload("three")))
    outcome = Applier(aws.sessions, pace=FAST, workers=1).apply(plan)
    assert {result.step.id: result.status for result in outcome.results} == {
        "one": "failed",
        "two": "skipped",
        "three": "done",
    }
    with pytest.raises(DeployError, match="RuntimeError: boom"):
        outcome.raise_first()


def test_a_listener_that_fails_does_not_end_the_work(aws: MemoryAws, caplog: pytest.LogCaptureFixture) -> None:
    aws.buckets["b"] = {}
    aws.owners["b"] = (HUB, "us-east-1")

    def broken(event: Event) -> None:
        raise BrokenPipeError(event.kind)

    outcome = Applier(aws.sessions, broken, pace=FAST).apply(Plan("t", "deploy", (upload("one"),)))
    assert outcome.ok
    assert "could not be shown" in caplog.text


def test_ctrl_c_stops_waiting_and_starts_nothing_new(topology: Topology, aws: MemoryAws) -> None:
    aws.stuck.add("unified-pipelines-stacksets-data")
    aws.stuck.add("unified-pipelines-site-processing")
    seen: list[Event] = []

    def listen(event: Event) -> None:
        seen.append(event)
        if len([one for one in seen if one.kind == "started"]) == 2 and event.kind == "started":
            threading.Timer(0.2, signal.raise_signal, [signal.SIGINT]).start()

    plan = plan_deploy(topology, EXAMPLE, aws.sessions)
    outcome = Applier(aws.sessions, listen, pace=FAST).apply(plan)
    assert outcome.interrupted
    assert not outcome.ok
    status = {result.step.id: result.status for result in outcome.results}
    assert status["stack/unified-pipelines-stacksets-data"] == "interrupted"
    assert status["stack/unified-pipelines-site-ml"] == "skipped"
    assert len(status) == len(plan.steps)
    with pytest.raises(KeyboardInterrupt):
        outcome.raise_first()


def test_the_next_run_goes_on_from_an_interrupted_one(topology: Topology, aws: MemoryAws, apply: Apply) -> None:
    aws.ticks = 5
    first = plan_deploy(topology, EXAMPLE, aws.sessions).steps[0]
    before = set(aws.stacks)
    Applier(aws.sessions, pace=Pace(0.001, 0.001, timeout=0, tries=3)).apply(Plan("t", "deploy", (first,)))
    (stack,) = (stack for key, stack in aws.stacks.items() if key not in before)
    assert stack.status == "CREATE_IN_PROGRESS"
    outcome, _ = apply(plan_deploy(topology, EXAMPLE, aws.sessions))
    assert outcome.ok, outcome.failures
    names = [call.parameters["StackName"] for call in aws.sessions.made("cloudformation", "create_stack")]
    assert names.count(stack.name) == 1


def test_a_deadline_says_that_it_may_still_end() -> None:
    wait = Wait(Pace(0.001, 0.001, timeout=0.01), threading.Event())
    with pytest.raises(DeployError, match=r"the thing did not end within 0 s") as error:
        wait.until(lambda: None, "the thing")
    assert "again" in error.value.hint


def test_stop_ends_a_pause_at_once() -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(StoppedError):
        Wait(Pace(first=60), stop).pause(60, "the thing")


def test_throttling_without_end_is_raised() -> None:
    calls = []

    def call() -> None:
        calls.append(1)
        raise ThrottledError("Rate exceeded")

    wait = Wait(Pace(0.001, 0.001, tries=3), threading.Event())
    for probing in (wait.until, wait.trying):
        calls.clear()
        with pytest.raises(ThrottledError):
            probing(call, "the thing")
        assert len(calls) == 3


def test_an_output_that_was_not_given_is_named(topology: Topology, aws: MemoryAws, apply: Apply) -> None:
    plan = plan_deploy(topology, EXAMPLE, aws.sessions)
    airflow = [step for step in plan.steps if step.id == "stack/unified-pipelines-airflow-hub"]
    outcome, _ = apply(Plan("t", "deploy", tuple(airflow)))
    assert "unified-pipelines-network-hub.BucketArn, which was not given" in outcome.failures[0].note


def test_unreachable_in_a_poll_is_waited_out(topology: Topology, aws: MemoryAws, apply: Apply) -> None:
    plan = plan_deploy(topology, EXAMPLE, aws.sessions)
    aws.sessions.script(
        "cloudformation", "describe_stacks", client_error("RestApiServerException", "", RestApiStatusCode=503)
    )
    outcome, _ = apply(plan)
    assert outcome.ok, outcome.failures
