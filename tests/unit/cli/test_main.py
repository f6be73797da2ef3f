"""What holds for every verb: the process's environment."""

from __future__ import annotations

import pytest

from crosswind.cli import main


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {}),
        ({"http_proxy": "http://p:1"}, "127.0.0.1,localhost"),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "corp.example"}, "corp.example,127.0.0.1,localhost"),
        ({"http_proxy": "http://p:1", "no_proxy": "*", "NO_PROXY": "*"}, "*"),
    ],
)
def test_no_proxy_stands_before_the_local_world(before: dict[str, str], after: str | dict[str, str]) -> None:
    environment = dict(before)
    main.loopback_without_proxy(environment)
    found = {name: environment[name] for name in ("no_proxy", "NO_PROXY") if name in environment}
    assert found == ({"no_proxy": after, "NO_PROXY": after} if after else {})
