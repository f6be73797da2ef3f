"""Starts Airflow's components from one import. Run by an environment's Python; imports nothing of ours.

    launcher.py HOME LOGS

HOME is AIRFLOW_HOME: `keys.json` in it holds the environment's secrets; settings come as `AIRFLOW__*`
variables. LOGS takes one file a component. Standard input is a pipe whose other end the world holds: when it
closes, the world is gone, and so is Airflow a moment later. On SIGTERM all components stop; the exit code is
0 when that was asked for. A component that is killed starts again, as MWAA's containers do; one that ends by
itself ends all. `pids.json` in HOME says which process is which.

Importing Airflow costs three seconds of CPU; the four components share one import by fork.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import select
import signal
import sys
import time
import traceback
from typing import Any, NoReturn

COMPONENTS = {
    "api-server": ["api-server"],
    # Logs are read from the folder itself: no log servers, and no ports for them.
    "scheduler": ["scheduler", "--skip-serve-logs"],
    "dag-processor": ["dag-processor"],
    "triggerer": ["triggerer", "--skip-serve-logs"],
}
INSIST_SECONDS = 1.0  # before the second signal
GRACE_SECONDS = 2.0  # before the third, which nothing outlives
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


def main() -> None:
    home, logs = sys.argv[1:3]
    with open(os.path.join(home, "keys.json")) as handle:
        keys = json.load(handle)
    # From a file, and set here: a process's initial environment can be read from outside.
    os.environ["AIRFLOW__CORE__FERNET_KEY"] = keys["fernet"]
    os.environ["AIRFLOW__API_AUTH__JWT_SECRET"] = keys["jwt"]
    os.environ["AIRFLOW__API__SECRET_KEY"] = keys["secret"]
    os.environ["CROSSWIND_MWAA_TOKEN_KEY"] = keys["tokens"]
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    started = time.monotonic()
    airflow = imported()
    prepare_database()
    say(f"database ready after {time.monotonic() - started:.1f} s")
    supervisor = Supervisor(airflow, home, logs)
    gc.collect()
    gc.freeze()
    for name in COMPONENTS:
        supervisor.start(name)
    say(f"components started after {time.monotonic() - started:.1f} s")
    sys.exit(supervisor.run())


def imported() -> Any:
    """Import what the components need, all before the first fork.

    Measured: to fork the API server first, with imports of its own, costs three to four seconds of CPU
    more in all and is no faster, since its imports are what everything waits for.
    """
    import airflow.__main__ as airflow_main
    from airflow import settings

    settings.initialize()
    import airflow.api_fastapi.core_api.app
    import airflow.api_fastapi.core_api.routes.public
    import airflow.api_fastapi.core_api.routes.ui
    import airflow.api_fastapi.execution_api.app
    import airflow.dag_processing.manager
    import airflow.executors.local_executor
    import airflow.jobs.dag_processor_job_runner
    import airflow.jobs.scheduler_job_runner
    import airflow.jobs.triggerer_job_runner
    import airflow.sdk.execution_time.supervisor  # noqa: F401

    return airflow_main


def prepare_database() -> None:
    """Make the metadata database, or bring an older one up to date."""
    import sqlite3

    from airflow import settings
    from airflow.utils import db

    db.initdb()
    settings.dispose_orm(do_log=False)
    # Kept in the file: with a write-ahead log, readers do not wait for the writer, nor it for them.
    connection = sqlite3.connect(os.path.join(os.environ["AIRFLOW_HOME"], "airflow.db"))
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()


class Supervisor:
    """Holds the components: all live, or all stop. No threads: it forks as long as it lives."""

    def __init__(self, airflow: Any, home: str, logs: str) -> None:
        self._airflow = airflow
        self._home = home
        self._logs = logs
        self._pids: dict[int, str] = {}
        self._asked = False
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)

    def start(self, name: str) -> None:
        """Fork a component."""
        pid = os.fork()
        if pid == 0:
            self._component(name)
        self._pids[pid] = name
        self._tell()

    def run(self) -> int:
        """Wait until something ends by itself; then stop the rest. Returns the exit code."""
        ended = None
        while not self._asked and ended is None:
            ended = self._reap()
            if ended and ended[1] < 0 and ended[0] in COMPONENTS:
                say(f"{ended[0]} was killed by signal {-ended[1]}; it starts again")
                self.start(ended[0])
                ended = None
            elif ended is None:
                self._watch_parent()
        if ended:
            say(f"{ended[0]} ended with {ended[1]}; stopping the others")
        self._stop_all()
        return 0 if self._asked else 1

    def _tell(self) -> None:
        """Write which process is which; a reader never sees half of it."""
        path = os.path.join(self._home, "pids.json")
        document = {"launcher": os.getpid(), "components": {name: pid for pid, name in self._pids.items()}}
        with open(f"{path}.new", "w") as file:
            json.dump(document, file)
        os.replace(f"{path}.new", path)

    def _component(self, name: str) -> NoReturn:
        code = 1
        try:
            prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            null = os.open(os.devnull, os.O_RDONLY)
            os.dup2(null, 0)
            log = os.open(os.path.join(self._logs, f"{name}.log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            os.dup2(log, 1)
            os.dup2(log, 2)
            from airflow import settings

            settings.configure_orm()
            sys.argv = ["airflow", *COMPONENTS[name]]
            self._airflow.main()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(bool(end.code))
        except BaseException:  # noqa: BLE001 - whatever it was, this process must end here, after a fork
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _reap(self) -> tuple[str, int] | None:
        """One ended component as (name, status), if any; orphans of components are reaped silently."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return ("everything", 0)
            if pid == 0:
                return None
            if pid in self._pids:
                return (self._pids.pop(pid), os.waitstatus_to_exitcode(status))

    def _stop_all(self) -> None:
        import psutil  # type: ignore[import-untyped]  # a dependency of Airflow, not of Crosswind

        family = psutil.Process().children(recursive=True)
        # The scheduler takes the first signal as a wish, and waits for tasks; the second one it obeys.
        for seconds in (INSIST_SECONDS, GRACE_SECONDS - INSIST_SECONDS):
            for pid in list(self._pids):
                kill(pid, signal.SIGTERM)
            deadline = time.monotonic() + seconds
            while self._pids and time.monotonic() < deadline:
                self._reap()
                time.sleep(0.05)
        family += psutil.Process().children(recursive=True)
        for process in {process.pid: process for process in family}.values():
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline and psutil.Process().children():
            self._reap()
            time.sleep(0.02)

    def _watch_parent(self) -> None:
        """Wait a moment for the pipe that the world holds."""
        readable, _, _ = select.select([0], [], [], 0.1)
        if readable and not os.read(0, 1024):
            say("the world is gone; stopping")
            self._asked = True

    def _on_signal(self, *_: Any) -> None:
        self._asked = True


def kill(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def prctl(option: int, value: int) -> None:
    """Linux's prctl; other systems go without."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, int(value), 0, 0, 0)


def say(text: str) -> None:
    sys.stdout.write(f"launcher: {text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
