"""Rules of the files that a topology names. They are looked at, never changed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from crosswind.topology.model import GlueJob, LambdaJob, ProcessingJob, SageMakerJob
from crosswind.topology.places import Loc, dotted
from crosswind.topology.view import Faults, View

__all__ = [
    "INLINE_SOURCE_BYTES",
    "configs_are_json",
    "dags_are_in_their_folder",
    "data_goes_to_objects",
    "files_exist",
    "inline_sources_fit",
    "uploads_differ",
]

# CloudFormation takes 51,200 bytes in a call (docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/
# cloudformation-limits.html), and a StackSet takes its template in no other way; the rest is for the site
# itself.
INLINE_SOURCE_BYTES = 30_000


def files_exist(view: View) -> Faults:
    """Every file that the topology names is there and can be read."""
    for loc, name in _files(view):
        path = view.root / name
        if "\0" in name:
            yield view.fault(loc, "a file name with a NUL character", "correct the path")
        elif not _is_file(path):
            what = "is a folder" if _is_folder(path) else "is not there"
            yield view.fault(
                loc,
                f"file {name} {what}{_neighbours(view.root, path)}",
                _elsewhere(view, loc, name)
                or "make the file, or correct the path; paths are relative to the topology file",
            )
        elif not os.access(path, os.R_OK):
            yield view.fault(loc, f"file {name} cannot be read", f"chmod u+r {name}")


def dags_are_in_their_folder(view: View) -> Faults:
    """Deploy uploads the folder of DAGs; a DAG elsewhere would never reach Airflow."""
    folder = PurePosixPath(view.topology.hub.airflow.dags)
    if "\0" not in str(folder) and not _is_folder(view.root / folder):
        yield view.fault(
            ("hub", "airflow", "dags"),
            f"folder {folder} is {'a file' if _is_file(view.root / folder) else 'not there'}",
            "make the folder, or correct the path; paths are relative to the topology file",
        )
        return
    for name, pipeline in view.topology.pipelines.items():
        dag = PurePosixPath(pipeline.dag)
        if dag.parent != folder or dag.suffix != ".py":
            yield view.fault(
                ("pipelines", name, "dag"),
                f"{dag} is no Python file in the folder {folder}",
                f"move it to {folder / dag.stem}.py",
            )


def data_goes_to_objects(view: View) -> Faults:
    """A data file becomes an object in a declared folder."""
    for ref in view.topology.data:
        loc = ("data", ref)
        key = view.split(ref)[1]
        if "/" not in key or key.endswith("/"):
            yield view.fault(loc, f'"{ref}" names no object in a folder', "write `bucket/folder/object: file`")
            continue
        yield from view.folder_faults(loc, ref)
        if {"", ".", ".."} & set(key.split("/")):
            yield view.fault(
                loc,
                f'"{ref}" has an empty part, `.` or `..`, which S3 takes as they are',
                "write `bucket/folder/object: file`, with one slash between the parts",
            )


def uploads_differ(view: View) -> Faults:
    """An object is one file's: the second to be uploaded there would replace the first."""
    first: dict[str, tuple[str, Loc]] = {}
    for loc, target, file in _uploads(view):
        before, where = first.setdefault(target, (os.path.normpath(file), loc))
        if before != os.path.normpath(file):
            yield view.fault(
                loc,
                f"{file} would be uploaded as {target}, where {before} of {dotted(where)} goes already",
                "rename one of the two files, or name another folder for it",
            )


def _uploads(view: View) -> Iterator[tuple[Loc, str, str]]:
    """Every file that becomes an object of its own: its key path, the object, the file."""
    for name, job in view.topology.jobs.items():
        if isinstance(job, GlueJob | ProcessingJob):
            yield ("jobs", name, "script"), f"{job.scripts.rstrip('/')}/{PurePosixPath(job.script).name}", job.script
        if isinstance(job, SageMakerJob):
            yield ("jobs", name, "config"), f"{job.configs.rstrip('/')}/{PurePosixPath(job.config).name}", job.config
    for ref, file in view.topology.data.items():
        yield ("data", ref), ref, file


def inline_sources_fit(view: View) -> Faults:
    """A function's source fits into its site's template, and is text."""
    for name, job in view.topology.jobs.items():
        if not isinstance(job, LambdaJob) or "\0" in job.source or not _is_file(view.root / job.source):
            continue
        loc = ("jobs", name, "source")
        size = (view.root / job.source).stat().st_size
        if size > INLINE_SOURCE_BYTES:
            yield view.fault(
                loc,
                f"{job.source} has {size:,} bytes; at most {INLINE_SOURCE_BYTES:,} fit into a template",
                "shorten it, or split the function in two",
            )
        elif not _is_text(view.root / job.source):
            yield view.fault(loc, f"{job.source} is no UTF-8 text", "save it as UTF-8")


def configs_are_json(view: View) -> Faults:
    """A configuration of SageMaker's is one JSON object; its `${...}` stand inside strings."""
    for name, job in view.topology.jobs.items():
        if not isinstance(job, SageMakerJob) or "\0" in job.config or not _is_file(view.root / job.config):
            continue
        why = ""
        try:
            if not isinstance(json.loads((view.root / job.config).read_text("utf-8")), dict):
                why = "it is no object"
        except OSError:
            continue  # `files_exist` says it
        except (ValueError, RecursionError) as error:  # UnicodeDecodeError and JSONDecodeError are ValueErrors
            why = str(error)
        if why:
            yield view.fault(
                ("jobs", name, "config"),
                f"{job.config} is not the JSON of a request: {why}",
                'correct it; placeholders are text: "${DestinationBucketName}"',
            )


def _files(view: View) -> Iterator[tuple[Loc, str]]:
    """Every file that the topology names, with its key path."""
    topology = view.topology
    yield ("hub", "airflow", "requirements"), topology.hub.airflow.requirements
    for name, job in topology.jobs.items():
        if isinstance(job, GlueJob | ProcessingJob):
            yield ("jobs", name, "script"), job.script
        if isinstance(job, SageMakerJob):
            yield ("jobs", name, "config"), job.config
        if isinstance(job, LambdaJob):
            yield ("jobs", name, "source"), job.source
    for name, pipeline in topology.pipelines.items():
        yield ("pipelines", name, "dag"), pipeline.dag
    for ref, file in topology.data.items():
        yield ("data", ref), file


def _elsewhere(view: View, loc: Loc, name: str) -> str:
    """What to write where a path is meant from an included file that names it; empty where it is not."""
    top, file = PurePosixPath(view.places.file), PurePosixPath(view.places.of(*loc).file)
    if file == top or not file.is_relative_to(top.parent):
        return ""
    meant = os.path.normpath(file.parent.relative_to(top.parent) / name)
    told = f"write {meant}: paths are relative to {top}, whichever file names them"
    return told if _is_file(view.root / meant) else ""


def _neighbours(root: Path, path: Path) -> str:
    """The files of the same ending beside a missing one, at most five; none outside the topology's folder."""
    try:
        if not path.parent.resolve().is_relative_to(root):
            return ""
        found = sorted(p.name for p in path.parent.iterdir() if p.suffix == path.suffix and p.is_file())
    except OSError:
        return ""
    return f"; there are: {', '.join(found[:5])}" if found else ""


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name longer than the file system takes
        return False


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


def _is_text(path: Path) -> bool:
    try:
        path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    return True
