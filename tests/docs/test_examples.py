"""What the README and the pages show is true: the YAML is the example's, the error is real, the snippets run."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import textwrap
import urllib.request
from pathlib import Path

import pytest
import yaml

from crosswind.airflow.handover.movers.choice import MOVERS
from crosswind.cli import wire
from crosswind.local.replication.holds import Effect
from crosswind.topology import check, parse_topology

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
    assert done.stderr.strip() in (ROOT / "docs" / "reference" / "errors.md").read_text()


def test_every_make_target_that_is_named_exists() -> None:
    made = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    texts = [README, (ROOT / "CONTRIBUTING.md").read_text(), *(page.read_text() for page in PAGES)]
    named = {name for text in texts for name in re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE)}
    assert {"demo", "test", "check"} <= named
    assert named <= made


def test_the_index_leads_to_every_page() -> None:
    index = ROOT / "docs" / "README.md"
    linked = {(index.parent / target).resolve() for target in re.findall(r"\]\(([^)#]+)", index.read_text())}
    pages = {page for page in PAGES if page != index and page.parent.name != "decisions"}
    assert pages <= linked


def test_the_dags_of_the_page_on_handovers_are_those_that_ran() -> None:
    ran = [*wire.example().parent.glob("dags/*.py"), ROOT / "tests" / "local" / "first_light" / "dags" / "fixed_key.py"]
    declared = {line.strip() for file in ran for line in file.read_text().splitlines()}
    page = (ROOT / "docs" / "explanation" / "handover.md").read_text()
    shown = [line for block in blocks(page, "python") for line in block.splitlines()]
    assert shown
    assert [line for line in shown if line.strip() not in declared] == []


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


def yaml_blocks() -> list[tuple[str, str]]:
    """The YAML of the pages below docs/, each with its page."""
    return [(page.stem, block) for page in PAGES for block in blocks(page.read_text(), "yaml")]


@pytest.mark.parametrize(("page", "block"), yaml_blocks(), ids=[page for page, _ in yaml_blocks()])
def test_yaml_snippets_are_valid_in_the_example(page: str, block: str) -> None:
    """Each is put over the example: what it names by name replaces what the example has under that name."""
    document = yaml.safe_load(wire.example().read_text())
    for part, given in yaml.safe_load(textwrap.dedent(block)).items():
        document[part] = {**document.get(part, {}), **given}
    topology, places = parse_topology(yaml.safe_dump(document, sort_keys=False), page)
    assert [str(fault) for fault in check(topology, places, wire.example().parent)] == []


def test_the_movers_are_compared_and_shown() -> None:
    page = (ROOT / "docs" / "how-to" / "choose-a-mover.md").read_text()
    header = next(line for line in page.splitlines() if line.startswith("| |"))
    assert tuple(re.findall(r"`([a-z-]+)`", header)) == MOVERS
    assert set(re.findall(r"^## `([a-z-]+)`", page, re.MULTILINE)) == set(MOVERS)


def test_the_faults_on_demand_are_what_the_world_takes(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "explanation" / "local-world.md").read_text()
    told = page.split("## Faults on demand", 1)[1].split("\n## ", 1)[0]
    assert re.findall(r"^\| `([a-z]+)` \|", told, re.MULTILINE) == [str(effect) for effect in Effect]
    failed = (ROOT / "docs" / "how-to" / "replication-failed.md").read_text()
    orders = re.findall(r"`(/_crosswind/\w+)` with `(\{.+?\})`", told)
    orders += re.findall(r"http://127.0.0.1:4566(/_crosswind/\w+) -d '(\{.+?\})'", failed)
    assert {path for path, _ in orders} == {"/_crosswind/answers", "/_crosswind/replication"}
    process = wire.world_process(wire.state(tmp_path / "world"))
    endpoint = process.start(port=0).endpoint
    try:
        for path, body in [*orders, ("/_crosswind/answers", '{"release": true}')]:
            with urllib.request.urlopen(f"{endpoint}{path}", body.encode(), timeout=10) as answer:
                assert answer.status == 200
        assert process.airflows() == []
    finally:
        process.stop()
