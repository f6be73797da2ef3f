"""What `crosswind init` writes runs as it is: deployed, its pipelines run, destroyed, all on this machine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.local.demo.test_demo import processes_of, start


def test_a_new_project_runs_on_this_machine(tmp_path: Path) -> None:
    project = tmp_path / "project"
    sites = ("--site", "processing=222222222222:us-east-1", "--site", "ml=333333333333:us-west-2")
    answers = ("--name", "acme", "--hub", "111111111111:us-east-1", *sites)
    subprocess.run([sys.executable, "-m", "crosswind.cli", "init", str(project), *answers], check=True, timeout=60)
    demo = start(tmp_path / "state", "--output", "json", "--file", str(project / "crosswind.yaml"))
    out, progress = demo.communicate(timeout=400)
    assert demo.returncode == 0, out + progress
    summary = json.loads(out)
    ran = {(step["account"], step["region"]) for step in summary["steps"] if step["what"] == "Lambda runs"}
    assert ran == {("222222222222", "us-east-1"), ("333333333333", "us-west-2")}
    assert summary["decisions"]["denied"] == 0
    assert processes_of(tmp_path) == []
