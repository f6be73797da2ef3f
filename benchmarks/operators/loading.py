"""What the operators cost before anything runs: imports, and DAG files, in fresh processes of Airflow's own Python."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.operators.pairs import OURS, PLAIN
from benchmarks.operators.world import Interpreter, World
from crosswind.cli import wire

__all__ = ["Loaded", "forked", "imported", "parsed"]

_IMPORTS = {
    OURS.name: """
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from crosswind.airflow import (
    ArrivalSensor, CrossAccountGlueJobOperator, CrossAccountLambdaOperator, CrossAccountSageMakerTrainingOperator,
    PublishHandover, default_args, load_topology
)
""",
    PLAIN.name: """
from airflow.providers.amazon.aws.operators.glue import GlueJobOperator
from airflow.providers.amazon.aws.operators.lambda_function import LambdaInvokeFunctionOperator
from airflow.providers.amazon.aws.operators.sagemaker import SageMakerTrainingOperator
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
""",
}

_TIME_IMPORT = """
import json, time
from airflow.sdk import DAG, Asset
began, used = time.perf_counter(), time.process_time()
{imports}
print(json.dumps([time.perf_counter() - began, time.process_time() - used, time.process_time()]))
"""

# As the DAG processor reads files, but all in one process, and without writing to the database.
_TIME_PARSE = """
import json, pathlib, sys, time
from airflow.dag_processing.dagbag import DagBag
folder = pathlib.Path(sys.argv[1])
began, used = time.perf_counter(), time.process_time()
bag = DagBag(folder, bundle_path=folder, bundle_name="bench")
print(json.dumps([time.perf_counter() - began, time.process_time() - used, len(bag.dags), bag.import_errors]))
"""

# As the DAG processor does it: modules of Airflow that the file imports are there before the fork (its own setting
# `parsing_pre_import_modules`), all others are imported anew in each fork.
_TIME_FORK = """
import json, logging, os, pathlib, sys, time
from airflow.dag_processing.dagbag import DagBag
from airflow.dag_processing.processor import _pre_import_airflow_modules
folder = pathlib.Path(sys.argv[1])
file = folder / "dag_0.py"
for each in (file, folder / "first.txt"):
    _pre_import_airflow_modules(str(each), logging.getLogger())
here, there = os.pipe()
if not os.fork():
    began, used = time.perf_counter(), time.process_time()
    bag = DagBag(file, bundle_path=folder, bundle_name="bench")
    figures = [time.perf_counter() - began, time.process_time() - used, len(bag.dags), bag.import_errors]
    os.write(there, json.dumps(figures).encode())
    os._exit(0)
os.wait()
print(os.read(here, 65536).decode())
"""


@dataclass(frozen=True)
class Loaded:
    """Seconds of a fresh process.

    Args:
        passed: that passed.
        processor: of processors, which what else the machine does changes least.
        whole: of processors, Airflow's own import included; 0 where it is not told apart.
    """

    passed: float
    processor: float
    whole: float = 0.0


def imported(world: World, runs: int) -> Mapping[str, Loaded]:
    """The import of all operators of the two DAGs, with `airflow.sdk` there already; medians, by pair."""
    interpreter, found = world.interpreter(), {name: list[list[float]]() for name in _IMPORTS}
    for number in range(runs + 1):
        for name, imports in _IMPORTS.items():
            figures = _told(interpreter, _TIME_IMPORT.format(imports=imports))
            if number:  # the first one fills the file system's cache
                found[name].append(figures)
    return {name: Loaded(*map(median, zip(*figures, strict=True))) for name, figures in found.items()}


def parsed(world: World, counts: tuple[int, ...], runs: int) -> Mapping[int, Mapping[str, Loaded]]:
    """Folders of so many DAG files, each the second DAG under another id; medians, by count and by pair."""
    return {count: _parsed(world, _TIME_PARSE, count, runs) for count in counts}


def forked(world: World, runs: int) -> Mapping[str, Loaded]:
    """The second DAG's file in a process of its own, forked as the DAG processor does; medians, by pair."""
    return _parsed(world, _TIME_FORK, 1, runs)


def _parsed(world: World, code: str, count: int, runs: int) -> Mapping[str, Loaded]:
    interpreter, names = world.interpreter(), world.names_file()
    times = {OURS.name: list[list[float]](), PLAIN.name: list[list[float]]()}
    for number in range(runs + 1):
        for name, figures in times.items():
            with tempfile.TemporaryDirectory() as folder:
                _write(Path(folder), name, count)
                shutil.copy(names, folder)
                passed, processor, dags, errors = _told(interpreter, code, folder)
            if dags != count or errors:
                raise RuntimeError(f"{dags} DAGs of {count} files were read: {errors}")
            if number:  # the first one fills the file system's cache
                figures.append([passed, processor])
    return {name: Loaded(*map(median, zip(*figures, strict=True))) for name, figures in times.items()}


def _write(folder: Path, name: str, count: int) -> None:
    """So many files with the pair's second DAG, each under an id of its own, and beside them the file of its first."""
    if name == OURS.name:
        first, second = ((wire.example().parent / "dags" / f"{dag}.py").read_text() for dag in OURS.dags)
    else:
        first, second = (PLAIN.files(None)[f"{dag}.py"] for dag in PLAIN.dags)
    (folder / "first.txt").write_text(first)
    for number in range(count):
        text, found = re.subn(r'(with DAG\(\n    f?".*)(",\n)', rf"\g<1>_{number}\g<2>", second)
        if found != 1:
            raise RuntimeError(f"{found} DAGs in one file")
        (folder / f"dag_{number}.py").write_text(text)


def _told(interpreter: Interpreter, code: str, *arguments: str) -> list[Any]:
    """What a fresh process prints last."""
    run = subprocess.run(
        [interpreter.python, "-c", code, *arguments],
        env=dict(interpreter.environment),
        stdout=subprocess.PIPE,
        timeout=600,
        check=True,
    )
    figures: list[Any] = json.loads(run.stdout.splitlines()[-1])
    return figures
