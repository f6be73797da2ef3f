"""Where remote jobs may be, and what Airflow says of their owners, asked from outside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from crosswind.airflow.jobs.reap import LiveState
from crosswind.airflow.owner import Owner
from crosswind.aws.fake import FakeCall, FakeSessions, client_error
from crosswind.cli import wire
from crosswind.errors import InputError
from crosswind.report.ancestry import lineage_of
from crosswind.report.jobs import reaches, site_clients, states_of
from tests.golden.regenerate import TOPOLOGIES

OWNER = Owner("dag", "run 1", "train", -1, 2)
RUN = {"dag_run_id": "run 1", "run_after": "2026-11-22T10:00:00Z"}


def asked(tasks: list[dict[str, Any]] | None, runs: list[dict[str, Any]] | None = None) -> LiveState:
    """What is said of OWNER by an Airflow with one run and these tasks; None for one that is away."""
    topology, _ = wire.topology(wire.example())
    sessions = FakeSessions()

    def answer(call: FakeCall) -> Mapping[str, Any]:
        if tasks is None:
            raise client_error("RestApiServerException", RestApiStatusCode=503)
        if call.parameters["Path"].endswith("/dagRuns/list"):
            found = [RUN] if runs is None else runs
            return {"RestApiResponse": {"dag_runs": found, "total_entries": len(found)}}
        return {"RestApiResponse": {"task_instances": tasks, "total_entries": len(tasks)}}

    sessions.answer("mwaa", "invoke_rest_api", answer)
    return states_of(wire.airflow(topology, sessions))(OWNER)


def task(state: str | None, *, group: int = 2, index: int = -1, name: str = "train") -> dict[str, Any]:
    place = {"dag_id": "dag", "dag_run_id": "run 1", "task_id": name, "map_index": index}
    return {**place, "state": state, "max_tries": group}


@pytest.mark.parametrize(
    ("tasks", "state"),
    [
        ([task("running")], LiveState.LIVE),
        ([task("deferred")], LiveState.LIVE),
        ([task("up_for_retry")], LiveState.LIVE),
        ([task("success")], LiveState.ENDED),
        ([task("failed")], LiveState.ENDED),
        ([task("running", group=3)], LiveState.SUPERSEDED),
        ([task("running", index=0)], LiveState.GONE),
        ([task("running", name="other")], LiveState.GONE),
        ([], LiveState.GONE),
        (None, LiveState.UNKNOWN),
    ],
)
def test_what_airflow_says_of_an_owner(tasks: list[dict[str, Any]] | None, state: LiveState) -> None:
    assert asked(tasks) is state


def test_the_owner_of_a_deleted_run_is_gone() -> None:
    assert asked([], runs=[]) is LiveState.GONE


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "AccessDeniedException"])
def test_an_environment_that_is_not_there_says_nothing_of_an_owner(code: str) -> None:
    topology, _ = wire.topology(wire.example())
    sessions = FakeSessions()

    def answer(call: FakeCall) -> Mapping[str, Any]:
        raise client_error(code)

    sessions.answer("mwaa", "invoke_rest_api", answer)
    assert states_of(wire.airflow(topology, sessions))(OWNER) is LiveState.UNKNOWN


def test_every_site_is_reached_with_the_jobs_declared_there() -> None:
    topology, _ = wire.topology(wire.example())
    ml, processing = reaches(topology, FakeSessions())
    assert (processing.clients.target.site, list(processing.glue), processing.named) == (
        "processing",
        ["mwaa_glue_raw_to_transform"],
        (),
    )
    assert (ml.clients.target.site, list(ml.glue), ml.named) == ("ml", [], ("training",))


def test_sites_are_asked_for_the_kinds_of_jobs_that_they_have() -> None:
    topology, _ = wire.topology(TOPOLOGIES["scoring"])
    found = {reach.clients.target.site: (list(reach.glue), reach.named) for reach in reaches(topology, FakeSessions())}
    assert found == {"desk": (["tidy"], ("processing",)), "vault": ([], ())}


def test_a_client_from_outside_takes_no_configuration_of_a_task() -> None:
    topology, _ = wire.topology(wire.example())
    with pytest.raises(InputError, match="a task's"):
        site_clients(topology, FakeSessions(), "ml").client("lambda", config=object())


@pytest.mark.parametrize("model", ["model.tar.gz", "s3://elsewhere/models/model.tar.gz", "s3://"])
def test_a_model_in_no_bucket_of_the_topology_is_refused_with_the_buckets(model: str) -> None:
    topology, _ = wire.topology(wire.example())
    with pytest.raises(InputError, match="unified-pipelines-destination-222222222222-us-west-2"):
        lineage_of(topology, FakeSessions(), model)
