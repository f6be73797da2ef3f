"""What runs the scripts of each kind of Glue job: the child's program, what it is told, and where its lines go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["RUNTIMES", "Runtime"]

_LAUNCHERS = Path(__file__).parent / "launchers"


@dataclass(frozen=True)
class Runtime:
    """What runs scripts.

    Args:
        launcher: the child's program.
        log_group: Glue's, without `/output` and `/error`.
        words: Glue's own arguments of a run, before the job's: of its name and its id.
        environment: variables beside those of every child.
    """

    launcher: Path
    log_group: str
    words: Callable[[str, str], list[str]]
    environment: Mapping[str, str] = field(default_factory=dict)


RUNTIMES: Mapping[str, Runtime] = {
    "glueetl": Runtime(
        _LAUNCHERS / "spark_launcher.py",
        "/aws-glue/jobs",
        lambda name, run_id: ["--JOB_NAME", name, "--JOB_ID", f"j_{name}", "--JOB_RUN_ID", run_id],
        {
            # One partition: else Sail writes several files where Spark writes one, and drops a global order.
            "SAIL_EXECUTION__DEFAULT_PARALLELISM": "1",
            "RUST_LOG": "error",
            "GLUE_VERSION": "5.0",
        },
    ),
    # A Python shell is not told its own name: docs.aws.amazon.com/glue/latest/dg/add-job-python.html knows of the
    # job's own arguments alone.
    "pythonshell": Runtime(_LAUNCHERS / "python_shell_launcher.py", "/aws-glue/python-jobs", lambda _name, _id: []),
}
"""By the command's name."""
