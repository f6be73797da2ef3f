"""The files of a new project, by path."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path, PurePosixPath

from crosswind.cli.scaffold.answers import Answers, Site

__all__ = ["example_files", "project_files"]

_IGNORED = "# Crosswind's local world.\n.crosswind/\n__pycache__/\n"
_DATA = "day,orders\n2026-01-01,12\n2026-01-02,7\n2026-01-03,31\n"
# What a project takes from the example as it is.
_SHARED = ("requirements.txt", "dags/crosswind_reaper_dag.py")
_SKIPPED = ("__pycache__", ".crosswind")


def project_files(answers: Answers, example: Path, schema: str) -> dict[PurePosixPath, str]:
    """The files of a new project.

    Args:
        answers: what it is to be.
        example: the folder of an example, for what every project has alike.
        schema: the JSON Schema of the topology file.

    Returns:
        The text of each file, by its path within the project.
    """
    files = {
        "crosswind.yaml": _topology(answers),
        "crosswind.schema.json": schema,
        ".gitignore": _IGNORED,
        "data/example.csv": _DATA,
        **{name: (example / name).read_text(encoding="utf-8") for name in _SHARED},
    }
    for site in answers.sites:
        files[f"dags/{site.name}_report.py"] = _filled("dag.py", {"SITE": site.name})
        files[f"jobs/{site.name}_count_rows.py"] = _filled("job.py", {})
    return {PurePosixPath(name): text for name, text in sorted(files.items())}


def example_files(example: Path) -> dict[PurePosixPath, str]:
    """The files of an example, by path, with what keeps its state out of git."""
    found = (path for path in example.rglob("*") if path.is_file() and not set(_SKIPPED) & set(path.parts))
    files = {PurePosixPath(path.relative_to(example).as_posix()): path.read_text(encoding="utf-8") for path in found}
    return dict(sorted({PurePosixPath(".gitignore"): _IGNORED, **files}.items()))


def _topology(answers: Answers) -> str:
    """The topology file. Every answer is quoted, as JSON does it: YAML reads `no` and `1e3` as no texts otherwise."""
    accounts = answers.accounts()
    return _filled(
        "crosswind.yaml",
        {
            "NAME": answers.name,
            "PARTITION": answers.hub.partition,
            "HUB_REGION": answers.hub.region,
            "ACCOUNTS": _lines(f"{name}: {{id: {json.dumps(id_)}}}" for id_, name in accounts.items()),
            "SITES": _lines(
                f"{_key(site.name)}: {{account: {accounts[site.account]}, region: {site.region},"
                f" connection: {_connection(site)}}}"
                for site in answers.sites
            ),
            "BUCKETS": _lines(
                f"{_key(site.name)}: {{site: {_key(site.name)}, folders: [incoming, reports]}}"
                for site in answers.sites
            ),
            "JOBS": _lines(line for site in answers.sites for line in _job(site)),
            "PIPELINES": _lines(line for site in answers.sites for line in _pipeline(site)),
            "DATA": _lines(f"{site.name}/incoming/example.csv: data/example.csv" for site in answers.sites),
        },
    )


def _job(site: Site) -> tuple[str, ...]:
    return (
        f"{site.name}_count_rows:",
        "  type: lambda",
        f"  site: {_key(site.name)}",
        f"  source: jobs/{site.name}_count_rows.py",
        f"  reads: [{site.name}/incoming]",
        f"  writes: [{site.name}/reports]",
    )


def _pipeline(site: Site) -> tuple[str, ...]:
    return (
        f"{site.name}_report:",
        f"  dag: dags/{site.name}_report.py",
        "  steps:",
        f"    - {{wait: {site.name}/incoming/example.csv, task: wait_for_file}}",
        f"    - {{run: {site.name}_count_rows, task: count_rows}}",
    )


def _connection(site: Site) -> str:
    return f"crosswind_{site.name}"


def _key(name: str) -> str:
    """A name that YAML reads as text: in quotes where it may be another thing's word."""
    return json.dumps(name) if name.lower() in ("y", "n", "yes", "no", "on", "off", "true", "false", "null") else name


def _lines(lines: Iterator[str]) -> str:
    return "\n".join(f"  {line}" for line in lines)


def _filled(template: str, words: Mapping[str, str]) -> str:
    """A template with its words filled in; each of them must be known."""
    text = (resources.files(__package__) / "templates" / f"{template}.in").read_text(encoding="utf-8")
    return re.sub(r"\{\{([A-Z_]+)\}\}", lambda found: words[found[1]], text)
