"""The output that the README shows is what a demo prints, but for what differs from run to run."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

from rich.console import Console as RichConsole

from crosswind.cli.console import Console
from crosswind.cli.summary import show_summary
from crosswind.report import Handed, StepRow, Summary
from tests.local.cli.conftest import Kept

README = (Path(__file__).parents[3] / "README.md").read_text()
PHASES = ("world", "bootstrap", "deploy", "pipelines", "destroy", "stop")
"""The last two are those of a demo that is not kept."""


def printed(document: dict[str, Any]) -> str:
    """What a demo prints of the document that it gives as JSON."""
    values = {name: document[name] for name in Summary.__dataclass_fields__}
    steps = tuple(StepRow(**step) for step in document["steps"])
    handed = Handed(**{**document["handed"], "versions": tuple(map(tuple, document["handed"]["versions"]))})
    out = io.StringIO()
    console = Console(out=RichConsole(file=out, soft_wrap=True, highlight=False, emoji=False))
    summary = Summary(**{**values, "steps": steps, "handed": handed})
    show_summary(console, summary, document["decisions"], {name: document["phases"].get(name, 1.0) for name in PHASES})
    return out.getvalue().strip()


def normal(text: str) -> list[str]:
    """The lines without ids, times and counts; steps that start at nearly one time may change places."""
    text = re.sub(r"\b(manual|train-asset-triggered)-[0-9A-Za-z-]+", r"\1-...", text)
    text = re.sub(r"[0-9A-Za-z]{16}_0\.csv", "part.csv", text)
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "id", text)
    text = re.sub(r" +", " ", re.sub(r"\b\d[\d.,]*\b", "0", text))
    return sorted(line.strip() for line in text.splitlines() if line.strip())


def test_the_summary_of_the_readme_is_that_of_a_demo(kept: Kept) -> None:
    blocks = re.findall(r"^```\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    (shown,) = [block for block in blocks if ": what happened" in block]
    assert normal(shown) == normal(printed(kept.summary))
