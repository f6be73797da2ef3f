"""The files that a topology's buckets must hold, read from its folder and rendered; uploads nothing."""

from __future__ import annotations

import json
import mimetypes
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from crosswind.deploy.wheel import build_wheel, plugins_zip
from crosswind.errors import InputError, Place
from crosswind.synth import names_file, sagemaker_config
from crosswind.topology.model import GlueJob, LambdaJob, ProcessingJob, SageMakerJob, Topology
from crosswind.topology.names import Names

__all__ = ["AIRFLOW", "File", "files_of", "lambda_sources", "read"]

AIRFLOW = ""
"""The `bucket` of a file that goes into the hub's bucket, which has no declared name."""

_DAGS = "dags/"
_PIN = re.compile(r"^crosswind\s*==\s*(?P<version>[^\s;#]+)", re.MULTILINE)


@dataclass(frozen=True, order=True)
class File:
    """One object to be.

    Args:
        bucket: the declared bucket, or AIRFLOW.
        key: its key; ends in `/` for a folder marker.
        content: its bytes.
        content_type: its media type.
    """

    bucket: str
    key: str
    content: bytes = field(repr=False)
    content_type: str = "application/octet-stream"


def files_of(topology: Topology, root: Path) -> tuple[File, ...]:
    """Every file, sorted by bucket and key.

    Args:
        topology: the topology.
        root: the folder of the topology file; declared paths are relative to it.

    Raises:
        InputError: a declared file is missing, or is no text where text is needed.
    """
    found = [
        *_markers(topology),
        *_scripts(topology, root),
        *_data(topology, root),
        *_airflow(topology, root),
    ]
    return tuple(sorted(found))


def lambda_sources(topology: Topology, root: Path) -> dict[str, str]:
    """The source of each Lambda function, by declared path; it goes into its template."""
    jobs = [job for job in topology.jobs.values() if isinstance(job, LambdaJob)]
    return {job.source: read(root, job.source).decode() for job in jobs}


def read(root: Path, path: str) -> bytes:
    """A declared file.

    Raises:
        InputError: it is not there.
    """
    try:
        return (root / path).read_bytes()
    except OSError as error:
        raise InputError(
            f"the file {path} cannot be read: {error.strerror or error}",
            place=Place(file=str(root / path)),
            hint="mend the path in crosswind.yaml, or add the file",
        ) from error


def _markers(topology: Topology) -> Iterator[File]:
    """An empty object for each declared folder of a bucket that is made, as the S3 console makes one."""
    made = {name: bucket for name, bucket in topology.buckets.items() if bucket.is_made}
    for name, bucket in made.items():
        for folder in bucket.folders:
            yield File(name, f"{folder}/", b"", "application/x-directory")


def _scripts(topology: Topology, root: Path) -> Iterator[File]:
    names = Names(topology)
    for name, job in topology.jobs.items():
        if isinstance(job, GlueJob | ProcessingJob):
            bucket = job.scripts.partition("/")[0]
            yield File(bucket, names.script_key(name), read(root, job.script), "text/x-python")
        if isinstance(job, SageMakerJob):
            bucket = job.configs.partition("/")[0]
            text = sagemaker_config(topology, name, read(root, job.config).decode())
            yield File(bucket, names.config_key(name), text.encode(), "application/json")


def _data(topology: Topology, root: Path) -> Iterator[File]:
    for target, path in topology.data.items():
        bucket, _, key = target.partition("/")
        kind = mimetypes.guess_type(key)[0] or "application/octet-stream"
        yield File(bucket, key, read(root, path), kind)


def _airflow(topology: Topology, root: Path) -> Iterator[File]:
    declared = topology.hub.airflow
    folder = root / declared.dags
    if not folder.is_dir():
        raise InputError(
            f"the folder of DAGs {declared.dags} is not there",
            place=Place(file=str(folder)),
            hint="mend hub.airflow.dags in crosswind.yaml, or add the folder",
        )
    for file in sorted(folder.rglob("*")):
        inner = file.relative_to(folder)
        hidden = any(part.startswith(".") or part == "__pycache__" for part in inner.parts)
        if file.is_file() and (not hidden or file.name == ".airflowignore"):
            yield File(AIRFLOW, f"{_DAGS}{inner.as_posix()}", file.read_bytes(), "text/x-python")
    yield File(AIRFLOW, f"{_DAGS}{topology.name}.json", _json(names_file(topology)), "application/json")
    yield File(AIRFLOW, "plugins.zip", plugins_zip(), "application/zip")
    requirements = read(root, declared.requirements)
    _assert_pin(requirements.decode(), declared.requirements)
    yield File(AIRFLOW, "requirements.txt", requirements, "text/plain")


def _json(data: Any) -> bytes:
    return (json.dumps(data, indent=2, sort_keys=True) + "\n").encode()


def _assert_pin(requirements: str, path: str) -> None:
    """MWAA installs what requirements.txt pins, from the wheel that goes along: both must be one version."""
    pinned = _PIN.search(requirements)
    wheel = build_wheel()[0]
    if pinned and f"-{pinned['version']}-" not in wheel:
        raise InputError(
            f"{path} asks for crosswind=={pinned['version']}, but the wheel to be uploaded is {wheel}",
            place=Place(file=path, line=requirements[: pinned.start()].count("\n") + 1),
            hint=f"write crosswind=={wheel.split('-')[1]}",
        )
