"""How long `crosswind demo` takes, phase by phase.

Usage: python benchmarks/demo.py [RUNS]        (default: 1)

The state lies in a temporary folder; the cache of the checkout is shared, so that Airflow is not installed
anew. The first run ever on a machine installs it, which this does not tell apart.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

PHASES = ("world", "deploy", "pipelines", "destroy", "stop")
CACHE = Path(__file__).resolve().parents[1] / ".crosswind" / "cache"
SECONDS = 900


def main(runs: int) -> None:
    """Run the demo some times, and print a table."""
    load = os.getloadavg()[0]
    demos = [one_demo() for _ in range(runs)]
    rows = {name: [demo[name] for demo in demos] for name in PHASES}
    rows["all"] = [sum(demo.values()) for demo in demos]
    print(f"crosswind demo, {runs} run(s), seconds; {os.cpu_count()} cores, load average {load:.1f} before")
    print(f"{'phase':12}{'min':>8}{'median':>8}{'max':>8}")
    for name, seconds in rows.items():
        print(f"{name:12}{min(seconds):8.1f}{statistics.median(seconds):8.1f}{max(seconds):8.1f}")


def one_demo() -> dict[str, float]:
    """The seconds of each phase."""
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        CACHE.mkdir(parents=True, exist_ok=True)
        (state / "cache").symlink_to(CACHE)
        command = [sys.executable, "-m", "crosswind.cli", "demo", "--state", folder, "--output", "json"]
        run = subprocess.run(command, stdout=subprocess.PIPE, timeout=SECONDS, check=False)
        if run.returncode:
            sys.exit(f"the demo failed:\n{run.stdout.decode()}")
        return dict(json.loads(run.stdout)["phases"])


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
