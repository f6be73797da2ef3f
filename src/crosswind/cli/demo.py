"""`crosswind demo`: the whole example on this machine, from nothing to nothing."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Annotated
from uuid import uuid4

import typer

from crosswind import deploy as engine
from crosswind.aws import Sessions
from crosswind.cli import wire
from crosswind.cli.chaos import Act, Chaos
from crosswind.cli.console import Console
from crosswind.cli.deploy import show_event
from crosswind.cli.invocation import show_targets
from crosswind.cli.options import Output, OutputOption, StateOption
from crosswind.cli.summary import show_summary
from crosswind.cli.why import point_to_why
from crosswind.errors import DeployError
from crosswind.local.process import WorldProcess
from crosswind.local.state import StateFolder
from crosswind.report import Summary, collect
from crosswind.topology import Intervals, Names, Topology

__all__ = ["demo"]

RUN_SECONDS = 600


def demo(
    keep: Annotated[
        bool, typer.Option("--keep/--no-keep", help="Leave the local world and the Airflow UI up.")
    ] = False,
    file: Annotated[
        Path | None, typer.Option("--file", "-f", help="Another topology file than the shipped example.")
    ] = None,
    chaos: Annotated[
        bool,
        typer.Option("--chaos", help="Run under faults: a killed task, a late replica, a task failed while deferred."),
    ] = False,
    patience: Annotated[
        int, typer.Option(help="Seconds that a sensor waits for its object before the run fails.", min=1)
    ] = 300,
    state: StateOption = Path(".crosswind"),
    output: OutputOption = Output.text,
) -> None:
    """Run the whole example on this machine: deploy, both pipelines, replication, clean-up."""
    console = Console(as_json=output is Output.json)
    topology, root = wire.topology(file or wire.example())
    folder = wire.state(state / "demo" / uuid4().hex[:8], cache=state / "cache")
    show = Demo(console, wire.world_process(folder), with_short_intervals(topology, patience), root)
    try:
        summary = show.run(keep, chaos)
    except KeyboardInterrupt:
        show.stop()
        _forget(folder)
        raise
    except BaseException:  # a fault of ours as well: the world may not outlive the demo
        point_to_why(console, show.process, file or wire.example(), _short_path(folder.root))
        show.stop()
        console.note(f"The world is stopped; its logs are kept in {_short_path(folder.root)}", style="yellow")
        raise
    kept = _kept(folder, topology, wire.sessions({}, show.endpoint)) if keep else {}
    if console.as_json:
        console.data(
            {
                "schema_version": 1,
                **asdict(summary),
                "decisions": show.decisions,
                "phases": show.phases,
                "chaos": [asdict(act) for act in show.acts],
                "kept": kept,
            }
        )
    if keep:
        _say_how_to_stop(console, kept, summary.model, file or wire.example())
        return
    _forget(folder)


def _forget(folder: StateFolder) -> None:
    """Remove a demo's state folder, and the folder of demos once it is empty."""
    shutil.rmtree(folder.root, ignore_errors=True)
    with suppress(OSError):  # another demo's folder is in it
        folder.root.parent.rmdir()


def with_short_intervals(topology: Topology, patience: int = 300) -> Topology:
    """The topology with the demo's intervals: the DAGs look every second instead of every minute."""
    short = Intervals(
        poke_seconds=1,
        timeout_seconds=patience,
        arrival_seconds=patience,
        job_seconds=1,
        retries=1,
        retry_seconds=2,
        reap_seconds=60,
    )
    return topology.model_copy(update={"intervals": short})


class Demo:
    """One showing of a topology in a world of its own.

    Args:
        console: prints.
        process: the world to start and stop.
        topology: the declared topology, with the intervals to use.
        root: the folder of its files.
    """

    def __init__(self, console: Console, process: WorldProcess, topology: Topology, root: Path) -> None:
        self._console = console
        self.process = process
        self._topology = topology
        self._root = root
        self.endpoint = ""
        self.phases: dict[str, float] = {}
        self.decisions: dict[str, int] = {}
        self.waiting = 0
        self.acts: list[Act] = []

    def run(self, keep: bool, chaos: bool = False) -> Summary:
        """Show it all; with `keep`, leave it deployed and the world up; with `chaos`, under faults."""
        with self._timed("world", "start the local world"):
            self.endpoint = self.process.start(port=0).endpoint
        administrator = wire.sessions({}, self.endpoint)
        with self._timed("bootstrap", "make the deployer's roles"):
            self._apply(administrator, engine.plan_bootstrap(self._topology, administrator))
        sessions = wire.deployer_sessions(self._topology, self.endpoint)
        show_targets(self._console, self._topology, sessions)
        with self._timed("deploy", "deploy (Airflow's environment is built and started in here)"):
            self._apply(sessions, engine.plan_deploy(self._topology, self._root, sessions))
        with self._timed("pipelines", "run both pipelines"):
            runs = self._run_pipelines(sessions, chaos)
        summary = collect(self._topology, sessions, runs, self.process.requests())
        if not keep:
            self._destroy(sessions, administrator)
        self.decisions = self.process.decisions()["counts"]
        if not keep:
            with self._timed("stop", "stop the local world"):
                self.stop()
        show_summary(self._console, summary, self.decisions, self.phases, self.waiting)
        for act in self.acts:
            self._console.line(f"fault        {act.fault}")
            self._console.line(f"             -> {act.outcome}")
        return summary

    def _run_pipelines(self, sessions: Sessions, chaos: bool) -> Sequence[engine.PipelineRun]:
        runs = wire.pipeline_runs(self._topology, sessions, self._console.task)
        if not chaos:
            return runs.run(RUN_SECONDS)
        airflow = wire.airflow(self._topology, sessions)
        faults = Chaos(self._console, self.process, self._topology, airflow, runs)
        ended = faults.run(RUN_SECONDS)
        self.acts = faults.acts
        return ended

    def stop(self) -> None:
        """Stop the world and all that it started."""
        self.process.stop()

    def _apply(self, sessions: Sessions, plan: engine.Plan) -> None:
        engine.Applier(sessions, show_event(self._console)).apply(plan).raise_first()

    def _destroy(self, sessions: Sessions, administrator: Sessions) -> None:
        with self._timed("destroy", "destroy, and look for what is left"):
            self._apply(sessions, engine.plan_destroy(self._topology, sessions))
            self._apply(administrator, engine.plan_bootstrap_removal(self._topology, administrator))
            found = engine.leftovers(self._topology, administrator, bootstrap=True)
            left = [each for each in found if not each.reason]
            for each in found:
                if each.reason:
                    self.waiting += 1
                    self._console.note(f"{each.kind} {each.name} in {each.account}, {each.region}: {each.reason}")
        if left:
            names = ", ".join(f"{each.kind} {each.name}" for each in left)
            raise DeployError(f"the clean-up left {len(left)} resources: {names}")

    @contextmanager
    def _timed(self, name: str, title: str) -> Iterator[None]:
        began = time.monotonic()
        with self._console.phase(title):
            yield
        self.phases[name] = round(time.monotonic() - began, 1)


def _kept(folder: StateFolder, topology: Topology, sessions: Sessions) -> dict[str, str]:
    """How to reach what was left up."""
    client = sessions.client("mwaa", topology.hub_account, topology.hub.region)
    host = client.create_web_login_token(Name=Names(topology).environment)["WebServerHostname"]
    return {"airflow": f"http://{host}", "endpoint": sessions.endpoint, "state": str(_short_path(folder.root))}


def _say_how_to_stop(console: Console, kept: Mapping[str, str], model: str, file: Path) -> None:
    """Say how to reach what was left up, and how to stop it."""
    state = f"--state {kept['state']}"
    there = f"--local {state} -f {_short_path(file)}"
    console.line()
    console.line(f"Airflow UI   {kept['airflow']}  (no login: it listens on this machine only)")
    console.line(f"AWS calls    {kept['endpoint']}")
    console.line(f'             eval "$(crosswind local env {state} -f {_short_path(file)} --account data)"')
    console.line(f"run again    crosswind run {there}")
    if model:
        console.line(f"lineage      crosswind lineage {there} {model}")
    console.line(f"decisions    crosswind local decisions {state}")
    console.line(f"stop         crosswind local down {state}")


def _short_path(path: Path) -> Path:
    """A path as seen from here, where it is below."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
