"""The main job, as a user runs it: two at once, interrupted, and with data that never comes."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from crosswind.cli import wire

WITH_KEYS = Path(__file__).parents[2] / "golden" / "topologies" / "customer_keys.yaml"
CACHE = Path(__file__).parents[3] / ".crosswind" / "cache"


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start a demo whose state lies in `folder`, with the checkout's cache."""
    state = folder / ".crosswind"
    state.mkdir(parents=True)
    (state / "cache").symlink_to(CACHE)
    CACHE.mkdir(parents=True, exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-m", "crosswind.cli", "demo", "--state", str(state), *arguments],
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def processes_of(folder: Path) -> list[str]:
    """The command lines and working folders of the processes that have to do with a folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            where = os.readlink(entry / "cwd")
        except OSError:  # it ended while we looked
            continue
        if str(folder) in line or where.startswith(str(folder)):
            found.append(f"{entry.name} {line}")
    return found


def left_on_disk(folder: Path) -> list[str]:
    """What a demo left in its state folder, the shared cache aside."""
    state = folder / ".crosswind"
    return sorted(str(path.relative_to(state)) for path in state.rglob("*") if path.name != "cache" and path.is_file())


def test_two_demos_at_once_succeed_and_leave_nothing(tmp_path: Path) -> None:
    """The example, and the same with a KMS key of its own for each bucket."""
    names = ["unified-pipelines", "customer-keys"]
    folders = [tmp_path / name for name in names]
    demos = [start(folders[0], "--output", "json"), start(folders[1], "--output", "json", "--file", str(WITH_KEYS))]
    for name, folder, demo in zip(names, folders, demos, strict=True):
        out, progress = demo.communicate(timeout=400)
        assert demo.returncode == 0, out + progress
        summary = json.loads(out)
        assert summary["metrics"]["validation:auc"] > 0.8
        assert summary["replicated_objects"] >= 3
        assert summary["removed"]
        assert summary["model"].startswith(f"s3://{name}-destination-222222222222-us-west-2/models/")
        assert summary["decisions"]["allowed"] > 500
        assert summary["decisions"]["denied"] == 0
        assert set(summary["phases"]) == {"world", "bootstrap", "deploy", "pipelines", "destroy", "stop"}
        assert processes_of(folder) == []
        assert left_on_disk(folder) == []


def test_ctrl_c_cleans_up(tmp_path: Path) -> None:
    demo = start(tmp_path)
    assert demo.stderr is not None
    seen: list[str] = []
    reached = threading.Event()

    def read() -> None:
        for line in demo.stderr or ():
            seen.append(line)
            if "network-hub" in line:
                reached.set()

    reader = threading.Thread(target=read)
    reader.start()
    assert reached.wait(120), seen
    demo.send_signal(signal.SIGINT)
    assert demo.wait(60) == 130
    reader.join(10)
    assert processes_of(tmp_path) == []
    assert left_on_disk(tmp_path) == []


def test_data_that_never_comes_is_a_clear_failure(tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(wire.example().parent, project)
    file = project / "crosswind.yaml"
    text = file.read_text()
    data = text[text.index("data:\n  source/raw") :].split("\n\n", 1)[0]
    file.write_text(text.replace(data, ""))
    began = time.monotonic()
    demo = start(tmp_path / "state", "--file", str(file), "--patience", "8")
    _, progress = demo.communicate(timeout=300)
    assert demo.returncode == 1
    assert "task wait_for_raw_data" in progress
    assert "account 222222222222, us-east-1" in progress
    assert "logs are kept in" in progress
    assert time.monotonic() - began < 200
    assert processes_of(tmp_path) == []


def test_an_airflow_that_cannot_be_built_is_a_clear_failure(tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(wire.example().parent, project)
    with (project / "requirements.txt").open("a") as requirements:
        requirements.write("crosswind-no-such-package==9.9.9\n")
    demo = start(tmp_path / "state", "--file", str(project / "crosswind.yaml"))
    _, progress = demo.communicate(timeout=300)
    assert demo.returncode == 1
    assert "[CW301]" in progress
    assert "unified-pipelines-airflow-hub" in progress
    assert "111111111111, us-east-1" in progress
    assert "crosswind-no-such-package" in progress
    assert processes_of(tmp_path) == []
