"""The first step of a DAG that takes data: which handover, and the wait until exactly that one is here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import BaseSensorOperator, PokeReturnValue

from crosswind.airflow.arrivals import ArrivalStep, ArrivalWatch, Awaited, End
from crosswind.airflow.compat import AirflowFailException, AirflowSensorTimeout, AirflowSkipException
from crosswind.airflow.context import target_of
from crosswind.airflow.final import final_errors, raise_if_final
from crosswind.airflow.handover.choose import Chosen, Take, choose
from crosswind.airflow.hooks.cross_account import clients_of, forget
from crosswind.airflow.settings import TopologyNames
from crosswind.airflow.triggers.arrival import ArrivalTrigger
from crosswind.errors import InputError, RunError, RunTimeoutError

__all__ = ["ArrivalSensor"]


class ArrivalSensor(BaseSensorOperator):
    """Wait until every object of one handover is at its destination, in the version that was published.

    Which one: the newest of the Asset events that started the run; the older ones are superseded, and named in the
    log. Started by hand: the one whose prefix the run's parameter names, else the latest that was published before the
    run was asked for (its `run_after`), so that each try takes the same.

    A key that exists proves nothing here: the version that was published must answer at the destination, with its
    size and checksum. When S3 has given an object up, the task fails at once and for good, with the reason. When the
    time budget is over it fails too, and names what is missing. Looks that fail are tried again.

    Returns (XCom) the proof, `Arrival.document()`, for `arrival=` of the training operator; `output["prefix"]` and
    `output["run"]` are there for other tasks. With take="all" a list of proofs, in order of publication, for
    `.expand(arrival=...)`.

    Args:
        replication: the declared replication.
        take: of several events, the `newest` or `all`.
        prefix_param: the name of the run's parameter that names a handover by hand.
        poke_interval: seconds between two looks at most, the first ones come sooner; by default
            `intervals.poke_seconds`.
        timeout: seconds of the time budget, from the start of each try; by default `intervals.arrival_seconds`.
        deferrable: wait in the triggerer, default True; else on the worker.
        names: the topology's names; `default_args(names)` gives them to every operator of a DAG.
        kwargs: as for any sensor.

    Raises:
        InputError: a name that is not declared, or another `take`.
    """

    template_fields: Sequence[str] = ()
    ui_color = "#d8f0d8"

    def __init__(
        self,
        *,
        replication: str,
        names: TopologyNames,
        take: Take = "newest",
        prefix_param: str = "prefix",
        poke_interval: timedelta | float | None = None,
        timeout: timedelta | float | None = None,
        deferrable: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            poke_interval=names.intervals.poke_seconds if poke_interval is None else poke_interval,
            timeout=names.intervals.arrival_seconds if timeout is None else timeout,
            **kwargs,
        )
        if take not in ("newest", "all"):
            raise InputError(f"task {self.task_id!r}: take is {take!r}. Valid: newest, all")
        self.names = names
        self.replication = replication
        self.take = take
        self.prefix_param = prefix_param
        self.deferrable = deferrable
        self._replication = names.replication(replication)
        self._watch: ArrivalWatch | None = None

    def execute(self, context: Any) -> Any:
        """Choose, move what is to be moved from here, look, and wait."""
        with final_errors():
            awaited = self._awaited(context)
        self._watch = ArrivalWatch(awaited, connect=clients_of, renew=forget, log=self.log)
        step = self._step()
        if step.error is not None:
            raise_if_final(step.error)
        if step.end is not None:
            return self._ended(context, step)
        if self.deferrable:
            self.defer(
                trigger=ArrivalTrigger(awaited=awaited.document()),
                method_name="execute_complete",
                timeout=self.execution_timeout,
            )
        return super().execute(context)

    def execute_complete(self, context: Any, event: dict[str, Any] | None = None) -> Any:
        """The wait in the triggerer has ended."""
        if not event:
            raise RunError("the trigger came back without an event")
        return self._ended(context, ArrivalStep.of(event))

    def poke(self, context: Any) -> PokeReturnValue | bool:
        """One look on the worker."""
        step = self._step()
        return False if step.end is None else PokeReturnValue(is_done=True, xcom_value=self._ended(context, step))

    # -- which one -----------------------------------------------------------------------------------------

    def _awaited(self, context: Any) -> Awaited:
        replication = self._replication
        source, destination = (
            target_of(self.names, self.names.site_at(bucket.account, bucket.region), context)
            for bucket in (replication.source, replication.destination)
        )
        queue, queue_target = "", source
        if replication.failures:
            queue = replication.failures.queue
            site = self.names.site_at(replication.failures.account, replication.failures.region)
            queue_target = target_of(self.names, site, context)
        before = context["dag_run"].run_after
        events = self._events(context["triggering_asset_events"])
        params = {"prefix": context["params"].get(self.prefix_param, "")}
        found = choose(
            clients_of(source), replication.source.name, replication.folder, events, params, self.take, before=before
        )
        self._tell(found, len(events), before)
        return Awaited(
            source=source,
            destination=destination,
            bucket=replication.destination.name,
            mover=replication.mover,
            repair=replication.repair,
            queue=queue,
            queue_target=queue_target,
            references=found.references,
            superseded=found.superseded,
            deadline=(datetime.now(UTC) + timedelta(seconds=self.timeout)).isoformat(),
            every=self.poke_interval,
        )

    def _events(self, triggering: Any) -> list[tuple[datetime, Any]]:
        """Time and extra of the events that started the run; none when it was started by hand.

        A DAG may be started by several Assets, each with a sensor of its own. When no event is of this replication,
        all are given: then the choice says what is wrong with them, instead of taking the latest by itself.
        """
        every = [(event.timestamp, event.extra) for asset in triggering or () for event in triggering[asset]]
        bucket, folder = self._replication.source.name, f"{self._replication.folder}/"
        ours = [
            (time, extra)
            for time, extra in every
            if extra.get("bucket") == bucket and str(extra.get("prefix")).startswith(folder)
        ]
        return ours or every

    def _tell(self, found: Chosen, events: int, before: datetime) -> None:
        if found.prefix:
            why = f"named by hand in the parameter {self.prefix_param!r}"
        elif events:
            why = f"the newest of {events} Asset events" if self.take == "newest" else f"of {events} Asset events"
        else:
            why = f"the latest that was published before this run was asked for, {before.isoformat()}"
        for each in found.references:
            self.log.info(
                "Handover s3://%s/%s: %d objects, %d bytes, published %s, manifest version %s; %s.",
                each.bucket,
                each.prefix,
                each.objects,
                each.size,
                each.published,
                each.version_id,
                why,
            )
        for prefix in found.superseded:
            self.log.warning("Superseded by it, and not taken: %s", prefix)

    # -- what became of it ---------------------------------------------------------------------------------

    def _step(self) -> ArrivalStep:
        """Look; where the worker waits itself, go on as long as there is more to do than to wait.

        What one more look does not finish (thousands of proofs, copies) is the triggerer's.
        """
        if self._watch is None:
            raise RunError("a look before the handover was chosen: poke is called by execute alone")
        step = self._watch.step()
        looks = 1
        while step.busy and (looks == 1 or not self.deferrable):
            step = self._watch.step()
            looks += 1
        return step

    def _ended(self, context: Any, step: ArrivalStep) -> Any:
        where = f"s3://{self._replication.destination.name}"
        match step.end:
            case End.ARRIVED:
                for each in step.arrivals:
                    self.log.info(
                        "Arrived: %s/%s, %d objects, %.0f s after publication.",
                        where,
                        each.prefix,
                        len(each.versions),
                        each.seconds,
                    )
                documents = step.documents()
                if self.take == "all":
                    return documents
                for key in ("prefix", "run"):
                    context["ti"].xcom_push(key=key, value=documents[0][key])
                return documents[0]
            case End.FAILED:
                raise self._final(
                    RunError(
                        f"the handover does not arrive at {where}:\n{step.message}",
                        hint="mend the cause and let S3 replicate again (Batch Replication), run the DAG that makes"
                        " the data again, or declare `repair: true` for the replication",
                    )
                )
            case End.LATE:
                raise self._final(
                    RunTimeoutError(
                        f"the handover has not arrived at {where} within {self.timeout:.0f} s:\n{step.message}",
                        hint="clear this task to wait again; raise intervals.arrival_seconds, or take mover: crr-rtc",
                    )
                )
            case End.BLIND | None:
                raise RunError(f"the destination {where} could not be looked at: {step.message}")

    def _final(self, error: RunError) -> Exception:
        """What Airflow takes as the end without another try; a skip where the task is declared to be soft."""
        kind: type[Exception] = AirflowSensorTimeout if isinstance(error, RunTimeoutError) else AirflowFailException
        if self.soft_fail or self.never_fail:
            kind = AirflowSkipException
        return kind(str(error))
