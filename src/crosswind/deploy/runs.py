"""DAGs of an MWAA environment, through mwaa:InvokeRestApi: list, trigger, follow, read logs and XComs.

Paths and shapes are those of Airflow's public REST API v2
(airflow.apache.org/docs/apache-airflow/stable/stable-rest-api-ref.html); MWAA puts `/api/v2` before a path
(docs.aws.amazon.com/mwaa/latest/userguide/access-mwaa-apache-airflow-rest-api.html).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from crosswind.aws import Sessions, translated
from crosswind.deploy.waiting import Pace, Wait
from crosswind.errors import DeployError, NotFoundError, RunError, RunTimeoutError

__all__ = ["Airflow", "ENDED"]

ENDED = frozenset({"success", "failed"})
"""The states in which a DAG run stays."""

_PAGE = 100
# A mended file is copied from the bucket, found and read anew before Airflow forgets its fault.
_STALE_HERE, _STALE_ON_AWS = 15.0, 120.0


class Airflow:
    """One environment's Airflow.

    Args:
        sessions: makes the client.
        account: the hub's account.
        region: the hub's Region.
        environment: the MWAA environment's name.
        pace: how often to look, and for how long; suited to the endpoint when left out.
        stop: set to end every wait at once.
        stale_seconds: how long Airflow may show the fault of a DAG file that is mended already; suited to the
            endpoint when left out.
    """

    def __init__(
        self,
        sessions: Sessions,
        account: str,
        region: str,
        environment: str,
        *,
        pace: Pace | None = None,
        stop: threading.Event | None = None,
        stale_seconds: float | None = None,
    ) -> None:
        self._client = sessions.client("mwaa", account, region)
        self._logs = sessions.client("logs", account, region)
        self._where = f"environment {environment} in {account}, {region}"
        self._environment = environment
        self._pace = pace or Pace.of(sessions)
        self._stop = stop or threading.Event()
        default = _STALE_HERE if sessions.endpoint else _STALE_ON_AWS
        self._stale_seconds = default if stale_seconds is None else stale_seconds

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Any:
        """One call of Airflow's REST API.

        Args:
            method: GET, POST, PATCH or DELETE.
            path: after `/api/v2`, such as `/dags`.
            query: query parameters.
            body: the JSON body.

        Raises:
            AwsError: MWAA refused, or Airflow answered with an error status.
        """
        request: dict[str, Any] = {"Name": self._environment, "Method": method, "Path": path}
        if query:
            request["QueryParameters"] = dict(query)
        if body is not None:
            request["Body"] = dict(body)
        with translated(f"{method} {path} of Airflow in {self._where}"):
            return self._client.invoke_rest_api(**request).get("RestApiResponse", {})

    def dags(self) -> dict[str, dict[str, Any]]:
        """Every DAG, by id."""
        return {dag["dag_id"]: dag for dag in self._all("/dags", "dags")}

    def import_errors(self) -> list[dict[str, Any]]:
        """The DAG files that could not be read: `filename` and `stack_trace`."""
        return self._all("/importErrors", "import_errors")

    def wait_for_dags(self, dag_ids: Iterable[str], timeout: float = 300.0) -> None:
        """Wait until the DAGs are listed and no DAG file has an error.

        Args:
            dag_ids: the DAGs.
            timeout: seconds; MWAA looks for new DAG files every 30 seconds or so.

        Raises:
            NotFoundError: there is no such environment.
            RunError: a DAG file cannot be read; shows Airflow's own text.
            RunTimeoutError: a DAG was not listed in time.
        """
        wanted = set(dag_ids)
        missing = set(wanted)
        stale_until = time.monotonic() + min(self._stale_seconds, timeout)

        def probe() -> bool | None:
            if errors := self.import_errors():
                if time.monotonic() >= stale_until:
                    raise self._unreadable(errors)
                return None
            missing.clear()
            missing.update(wanted - {name for name, dag in self.dags().items() if not dag.get("is_stale")})
            return None if missing else True

        try:
            self._wait(timeout).until(probe, f"the DAGs of the {self._where}")
        except NotFoundError as error:
            raise NotFoundError(error.message, hint="has it been deployed? `crosswind deploy` makes it") from error
        except DeployError as error:
            raise RunTimeoutError(
                f"Airflow in {self._where} does not list {', '.join(sorted(missing))} after {timeout:.0f} s",
                hint="look at the log group airflow-<environment>-DAGProcessing for the reason",
            ) from error

    def check_dag_files(self) -> None:
        """Raise RunError when a DAG file cannot be read."""
        if errors := self.import_errors():
            raise self._unreadable(errors)

    def pause(self, dag_id: str, paused: bool = True) -> None:
        """Pause a DAG, or unpause it."""
        self.call("PATCH", f"/dags/{_in_path(dag_id)}", body={"is_paused": paused})

    def unpause(self, dag_id: str) -> None:
        """Let the scheduler start a DAG's runs."""
        self.pause(dag_id, paused=False)

    def trigger(self, dag_id: str, conf: Mapping[str, Any] | None = None, *, run_id: str = "") -> str:
        """Start a run by hand.

        Args:
            dag_id: the DAG.
            conf: the run's parameters.
            run_id: a name for the run; Airflow makes one when it is empty.

        Returns:
            The run's id.
        """
        # Airflow 3 asks for `logical_date` to be there; null means that the run stands for no interval.
        body: dict[str, Any] = {"logical_date": None, "conf": dict(conf or {})}
        if run_id:
            body["dag_run_id"] = run_id
        return str(self.call("POST", f"/dags/{_in_path(dag_id)}/dagRuns", body=body)["dag_run_id"])

    def dag_run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """One run: `state`, `start_date`, `end_date`, `conf`, ...; raises NotFoundError when there is none."""
        for run in self.runs_since(dag_id):
            if run["dag_run_id"] == run_id:
                return run
        raise NotFoundError(f"Airflow in {self._where} has no run {run_id} of {dag_id}")

    def runs_since(self, dag_id: str, since: str = "") -> list[dict[str, Any]]:
        """The runs of a DAG that should run at or after a time (ISO 8601, with offset), oldest first."""
        filters: dict[str, Any] = {"dag_ids": [dag_id], "order_by": "run_after"}
        if since:
            filters["run_after_gte"] = since
        return self._listed("/dags/~/dagRuns/list", "dag_runs", filters)

    def task_instances(self, dag_id: str, run: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The tasks of a run: `task_id`, `state`, `try_number`, `start_date`, `duration`, ...

        Args:
            dag_id: the DAG.
            run: as `dag_run` gives it.
        """
        # Not the route with filters in its body: Airflow writes each call of that one into its audit table, which
        # on SQLite can meet another writer and end as `database is locked`. The time is the filter that every
        # Airflow 3 has here; the run's id in the path would be longer than MWAA takes.
        after = run["run_after"]
        entries = self._all(
            "/dags/~/dagRuns/~/taskInstances", "task_instances", {"run_after_gte": after, "run_after_lte": after}
        )
        wanted = (dag_id, run["dag_run_id"])
        return [entry for entry in entries if (entry["dag_id"], entry["dag_run_id"]) == wanted]

    def mark(self, dag_id: str, run_id: str, task_id: str, state: str) -> None:
        """Set the state of a task instance, as a person does in Airflow's UI.

        Args:
            dag_id: the DAG.
            run_id: the run.
            task_id: the task, not a mapped one.
            state: `success`, `failed` or `skipped`.

        Raises:
            RunError: Airflow refused.
        """
        # The route for several at once, of Airflow 3.1 and later: the run's id in the path would be longer than MWAA
        # takes.
        entity = {"dag_id": dag_id, "dag_run_id": run_id, "task_id": task_id, "map_index": -1, "new_state": state}
        body = {"actions": [{"action": "update", "entities": [entity]}]}
        answer = self.call("PATCH", "/dags/~/dagRuns/~/taskInstances", body=body)
        if errors := answer.get("update", {}).get("errors"):
            raise RunError(f"Airflow did not mark {task_id} of {run_id} {state}: {errors}")

    def log(self, dag_id: str, run_id: str, task_id: str, attempt: int = 1) -> list[str]:
        """The lines of the log of one attempt (from 1) at a task, from the environment's log group.

        Returns an empty list when there is no such log.
        """
        stream = f"dag_id={dag_id}/run_id={run_id}/task_id={task_id}/attempt={attempt}.log".replace(":", "_")
        group = f"airflow-{self._environment}-Task"
        try:
            with translated(f"read {stream} of {group}"):
                events = self._logs.get_log_events(
                    logGroupName=group, logStreamName=stream, startFromHead=False, limit=1000
                )["events"]
        except NotFoundError:
            return []
        return [str(event["message"]) for event in events]

    def _unreadable(self, errors: Iterable[Mapping[str, Any]]) -> RunError:
        texts = [f"{error.get('filename')}:\n{error.get('stack_trace')}".rstrip() for error in errors]
        return RunError(
            f"Airflow in {self._where} cannot read {len(texts)} DAG file(s):\n" + "\n".join(texts),
            hint="mend the file, run `crosswind deploy` again",
        )

    def _all(self, path: str, key: str, filters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Every entry of a list, page by page."""
        return _pages(key, lambda n: self.call("GET", path, query={**(filters or {}), "limit": _PAGE, "offset": n}))

    def _listed(self, path: str, key: str, filters: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Every entry that a list route finds by filters in its body, page by page."""
        return _pages(
            key,
            lambda n: self.call("POST", path, body={**filters, "page_limit": _PAGE, "page_offset": n}),
        )

    def _wait(self, timeout: float) -> Wait:
        return Wait(Pace(self._pace.first, self._pace.limit, timeout, self._pace.tries), self._stop)


def _pages(key: str, page: Callable[[int], Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Every entry below `key` of the pages that `page` gives for a number of entries to skip."""
    found: list[dict[str, Any]] = []
    while True:
        answer = page(len(found))
        entries: Sequence[dict[str, Any]] = answer.get(key, [])
        found.extend(entries)
        if not entries or len(found) >= int(answer.get("total_entries") or 0):
            return found


def _in_path(name: str) -> str:
    """A name as a path segment; `:` and `+`, which run ids hold, are legal there as they are."""
    return quote(name, safe=":+~")
