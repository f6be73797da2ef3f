"""Children of the world: what they inherit, how they end, and that nothing is left of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from crosswind.local.children import Children, Halt, clean_environment


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")


def until(done: Callable[[], object], seconds: float = 15) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end
        time.sleep(0.02)


def start(children: Children, folder: Path, source: str, **settings: object) -> object:
    return children.start(
        [sys.executable, "-c", textwrap.dedent(source)],
        environment=clean_environment({}, home=folder),
        folder=folder,
        **settings,  # type: ignore[arg-type]
    )


def test_nothing_of_aws_is_inherited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "mine")
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("PYTHONPATH", "/mine")
    environment = clean_environment({"OWN": "1"}, home=tmp_path, endpoint="http://127.0.0.1:4566", region="us-west-2")
    assert {name: value for name, value in environment.items() if name.startswith("AWS_")} == {
        "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:4566",
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "us-west-2",
        "AWS_DEFAULT_REGION": "us-west-2",
    }
    assert environment["HOME"] == str(tmp_path)
    assert environment["OWN"] == "1"
    assert "PYTHONPATH" not in environment


def test_lines_and_exit_code(tmp_path: Path) -> None:
    lines: list[str] = []
    children = Children()
    child = start(children, tmp_path, "print('one'); print('two'); raise SystemExit(3)", on_line=lines.append)
    assert child.wait(20) == 3
    assert lines == ["one", "two"]
    children.stop()


def test_stop_ends_the_whole_group_even_when_it_ignores_sigterm(tmp_path: Path) -> None:
    source = """
        import signal, subprocess, sys, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print(subprocess.Popen(["sleep", "300"]).pid, flush=True)
        time.sleep(300)
    """
    lines: list[str] = []
    children = Children()
    child = start(children, tmp_path, source, on_line=lines.append)
    until(lambda: lines)
    assert child.wait(0.1) is None
    assert child.stop(grace=0.3) == -signal.SIGKILL
    until(lambda: not alive(int(lines[0])))  # killed, but the system may need a moment
    assert not alive(child.pid)
    children.stop()


def test_what_a_child_leaves_behind_ends_with_it(tmp_path: Path) -> None:
    lines: list[str] = []
    children = Children()
    source = "import subprocess; print(subprocess.Popen(['sleep', '300']).pid, flush=True)"
    assert start(children, tmp_path, source, on_line=lines.append).wait(20) == 0
    until(lambda: not alive(int(lines[0])))
    children.stop()


def test_stop_ends_all_and_lets_none_start(tmp_path: Path) -> None:
    children = Children()
    started = [start(children, tmp_path, "import time; time.sleep(300)") for _ in range(3)]
    children.stop()
    assert [child.wait(0) for child in started] == [-signal.SIGTERM] * 3
    with pytest.raises(RuntimeError, match="the world is stopping"):
        start(children, tmp_path, "pass")


def test_a_halt_that_was_asked_for_ends_a_child_that_starts_later(tmp_path: Path) -> None:
    children, halt = Children(), Halt(grace=1)
    halt.ask()
    child = start(children, tmp_path, "import time; time.sleep(300)")
    halt.attach(child)
    assert child.wait(0) is not None
    children.stop()


def test_children_end_when_the_world_is_killed(tmp_path: Path) -> None:
    world = """
        import sys, time
        from pathlib import Path
        from crosswind.local.children import Children, clean_environment
        folder = Path(sys.argv[1])
        child = Children().start(["sleep", "300"], environment=clean_environment({}, home=folder), folder=folder)
        print(child.pid, flush=True)
        time.sleep(300)
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(world), str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    pid = int(process.stdout.readline())
    assert alive(pid)
    process.kill()
    process.wait()
    process.stdout.close()
    until(lambda: not alive(pid))
