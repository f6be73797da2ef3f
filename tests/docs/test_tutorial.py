"""The tutorial runs as it is written: every command of its step-by-step part, in its order, in one shell."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SLOW = "{poke_seconds: 60, timeout_seconds: 3600, job_seconds: 30,"
PAGE = ROOT / "docs" / "tutorial" / "first-run.md"


def commands() -> list[str]:
    """The code blocks below "Step by step"."""
    steps = PAGE.read_text().split("## Step by step", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"```\n(.*?)```", steps, re.DOTALL)


def test_every_command_of_the_tutorial_works(tmp_path: Path) -> None:
    """In a copy of the example whose world has a port and a state folder of its own, and that looks more often."""
    project = tmp_path / "examples" / "unified_pipelines"
    shutil.copytree(ROOT / "examples" / "unified_pipelines", project)
    file = project / "crosswind.yaml"
    assert SLOW in file.read_text()
    file.write_text(file.read_text().replace(SLOW, "{poke_seconds: 1, timeout_seconds: 300, job_seconds: 1,"))
    (project / ".crosswind").mkdir()
    cache = ROOT / ".crosswind" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    (project / ".crosswind" / "cache").symlink_to(cache)
    activate = f"source {Path(sys.executable).parent}/activate"
    script = "".join(commands())
    for old, new in (
        ("source .venv/bin/activate\n", f"{activate}\n"),
        ("crosswind local up\n", "crosswind local up --port 0\n"),
        ("/tmp/templates", str(tmp_path / "templates")),
    ):
        assert old in script
        script = script.replace(old, new)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CROSSWIND_"))}
    try:
        done = subprocess.run(
            ["/bin/bash", "-eu", "-o", "pipefail", "-c", script],
            cwd=tmp_path,
            env={**clean, "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
    finally:
        subprocess.run(
            [sys.executable, "-m", "crosswind.cli", "local", "down"], cwd=project, capture_output=True, check=False
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "cross_account_machine_learning_dag: run" in done.stdout
    assert "raw/ml_train_data.csv" in done.stdout
    assert '"JobRunState": "SUCCEEDED"' in done.stdout
    assert "<- raw object  ml_train_data.csv" in done.stdout
    assert "Nothing is left." in done.stdout
