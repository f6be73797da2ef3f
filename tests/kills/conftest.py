"""The options of this folder, and one world for all of its schedules."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.kills.stage import Stage, deployed


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("kills")
    group.addoption("--schedules", type=int, default=5, help="how many schedules of real kills; the first are fixed")
    group.addoption("--seed", type=int, action="append", default=[], help="only the schedule of this seed; repeatable")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        seeds = metafunc.config.getoption("--seed") or range(metafunc.config.getoption("--schedules"))
        metafunc.parametrize("seed", seeds, ids=lambda seed: f"seed {seed}")


@pytest.fixture(scope="session")
def say(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Prints at once, whatever pytest captures: a schedule takes half a minute."""
    capture = request.config.pluginmanager.getplugin("capturemanager")
    terminal = request.config.pluginmanager.getplugin("terminalreporter")

    def out(text: str) -> None:
        with capture.global_and_fixture_disabled():
            terminal.ensure_newline()
            terminal.write_line(text)

    return out


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory, say: Callable[[str], None]) -> Iterator[Stage]:
    say("deploying the example on a world of its own")
    with deployed(tmp_path_factory.mktemp("world")) as found:
        yield found
