"""A DAG that stops remote jobs which no live task owns, at every declared site, every `intervals.reap_seconds`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import DAG, BaseOperator
from airflow.sdk.exceptions import AirflowRuntimeError

from crosswind.airflow.context import announced, target_of
from crosswind.airflow.defaults import default_args
from crosswind.airflow.hooks.cross_account import clients_of
from crosswind.airflow.jobs.claims import Claims
from crosswind.airflow.jobs.orphans import states_in
from crosswind.airflow.jobs.reap import LiveState, Reach, Reaper, Survey
from crosswind.airflow.owner import Owner
from crosswind.airflow.settings import TopologyNames
from crosswind.errors import InputError, RunError

__all__ = ["ReapOperator", "reaper_dag"]


class ReapOperator(BaseOperator):
    """Stop remote jobs of this topology that no live task of this Airflow owns.

    What a kill, a time-out, a deleted DAG run or a stopped triggerer has left behind. An owner whose state cannot be
    asked keeps its job. Two Airflows must not share a topology: the jobs of one are unknown to the other.

    Returns (XCom) `{"stopped": [...], "kept": <how many live jobs are owned>}`.

    Args:
        names: the topology's names.
        kwargs: as for any operator.
    """

    def __init__(self, *, names: TopologyNames, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.names = names

    def execute(self, context: Any) -> dict[str, Any]:
        """Look at every site, show what was found, and stop it.

        Raises:
            RunError: a site could not be looked at, or a job not be stopped; after all others have been.
        """
        states = _States(context["ti"])
        reaper = Reaper(list(self._reaches(context)), states, topology=self.names.topology)
        survey = reaper.survey()
        for orphan in survey.orphans:
            self.log.warning("Stopping %s", orphan.text)
        left = reaper.stop(survey.orphans)
        self._require_all(survey, [f"{orphan.text}: {why}" for orphan, why in left])
        return {"stopped": [orphan.text for orphan in survey.orphans], "kept": len(survey.kept)}

    def _reaches(self, context: Any) -> Iterable[Reach]:
        for site in self.names.sites.values():
            clients = clients_of(target_of(self.names, site, context))
            jobs = [job for job in self.names.jobs.values() if job.site == site]
            glue = {
                job.name: Claims(clients, job.claims_bucket, job.claims_prefix) for job in jobs if job.kind == "glue"
            }
            # The site's role may list no other kinds.
            yield Reach(clients, glue, sorted({job.kind for job in jobs} & {"training", "processing"}))

    def _require_all(self, survey: Survey, left: list[str]) -> None:
        unseen = [f"{target.text} could not be looked at: {why}" for target, why in survey.failures]
        if unseen or left:
            raise RunError("; ".join([*unseen, *left]), hint="the next run of the reaper tries again")


class _States:
    """What Airflow says of an owner now, through the Task SDK.

    Args:
        ti: the reaper's own task instance.
    """

    def __init__(self, ti: Any) -> None:
        self._ti = ti

    def __call__(self, owner: Owner) -> LiveState:
        try:
            # First who the task says to be: what begins anew in between is another by its state.
            said = announced(self._ti, owner)
            answer = self._ti.get_task_states(dag_id=owner.dag_id, task_ids=[owner.task_id], run_ids=[owner.run_id])
        except (AirflowRuntimeError, InputError):
            return LiveState.UNKNOWN
        return states_in(answer, owner, said)


def reaper_dag(names: TopologyNames, dag_id: str = "") -> DAG:
    """The reaper's DAG; assign it to a variable of a DAG file.

    Example: `reaper = reaper_dag(load_topology(__file__))`.

    Args:
        names: the topology's.
        dag_id: by default `<topology>_reaper`.
    """
    with DAG(
        dag_id or f"{names.topology}_reaper",
        schedule=timedelta(seconds=names.intervals.reap_seconds),
        start_date=datetime(2025, 1, 1, tzinfo=UTC),
        catchup=False,
        max_active_runs=1,
        # Nobody else would: what it stops is what nobody looks at.
        is_paused_upon_creation=False,
        # The next run comes soon enough.
        default_args=default_args(names) | {"retries": 0},
        dagrun_timeout=timedelta(seconds=max(600.0, 2 * names.intervals.reap_seconds)),
        doc_md=__doc__,
        tags=["crosswind", names.topology],
    ) as dag:
        ReapOperator(task_id="reap", names=names)
    return dag
