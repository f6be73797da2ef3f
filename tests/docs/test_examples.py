"""What the README and the pages show is true: the YAML is the example's, the error is real, the snippets run."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from crosswind.cli import wire

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
PAGES = sorted((ROOT / "docs").rglob("*.md"))


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^ *```{language}\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE)


def test_the_yaml_of_the_readme_is_the_example() -> None:
    declared = wire.example().read_text().splitlines()
    shown = [line for block in blocks(README, "yaml") for line in block.splitlines() if line.strip()]
    assert shown
    assert [line for line in shown if line not in declared] == ["  # ... a training job and a Lambda function"]


def test_the_error_of_the_readme_is_real(tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(wire.example().parent, project)
    file = project / "crosswind.yaml"
    file.write_text(file.read_text().replace("site: ml\n    config", "site: mll\n    config"))
    done = subprocess.run(
        [sys.executable, "-m", "crosswind.cli", "validate"],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr.strip() in README


def test_every_make_target_that_is_named_exists() -> None:
    made = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    texts = [README, (ROOT / "CONTRIBUTING.md").read_text(), *(page.read_text() for page in PAGES)]
    named = {name for text in texts for name in re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE)}
    assert {"demo", "test", "check"} <= named
    assert named <= made


def test_every_link_to_a_file_leads_somewhere() -> None:
    broken = []
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *PAGES]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            if not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)} -> {target}")
    assert not broken


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_python_snippets_are_python(page: Path) -> None:
    for snippet in blocks(page.read_text(), "python"):
        compile(snippet, str(page), "exec")


def test_the_boto3_snippet_reaches_the_local_world(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "how-to" / "use-aws-tools-locally.md").read_text()
    (snippet,) = blocks(page, "python")
    process = wire.world_process(wire.state(tmp_path / "world"))
    endpoint = process.start(port=0).endpoint
    try:
        assert "http://127.0.0.1:4566" in snippet
        scope: dict[str, object] = {}
        exec(snippet.replace("http://127.0.0.1:4566", endpoint), scope)
        s3 = scope["s3"]
        assert s3.list_buckets()["Buckets"] == []  # type: ignore[attr-defined]  # whatever the snippet made
    finally:
        process.stop()
