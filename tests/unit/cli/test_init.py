"""`crosswind init`: what it asks, what it writes, and what it never overwrites."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from crosswind import __version__
from crosswind.cli import wire
from crosswind.cli.main import app
from crosswind.cli.scaffold import Answers, hub_of, name_of, site_of
from crosswind.errors import InputError, TopologyError, UsageError
from crosswind.report.schema import json_schema
from crosswind.synth import synth
from crosswind.topology import load

ANSWERS = ("--name", "acme", "--hub", "111111111111:us-east-1")
SITES = ("--site", "processing=222222222222:us-east-1", "--site", "ml=222222222222:us-west-2")
WRITTEN = {
    ".gitignore",
    "crosswind.schema.json",
    "crosswind.yaml",
    "dags/crosswind_reaper_dag.py",
    "dags/ml_report.py",
    "dags/processing_report.py",
    "data/example.csv",
    "jobs/ml_count_rows.py",
    "jobs/processing_count_rows.py",
    "requirements.txt",
}


def run(*arguments: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["init", *arguments])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_project_is_written_and_is_valid(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    code, out, notes = run(str(folder), *ANSWERS, *SITES)
    assert code == 0
    assert files(folder) == WRITTEN
    assert out.splitlines() == [f"wrote {folder / name}" for name in sorted(WRITTEN)]
    assert f"next: cd {folder} && crosswind validate" in notes
    topology = load(folder / "crosswind.yaml")
    assert (topology.name, topology.hub_account, set(topology.sites)) == ("acme", "111111111111", {"processing", "ml"})
    assert topology.account_of("ml") == "222222222222"
    assert ".crosswind/" in (folder / ".gitignore").read_text().splitlines()
    assert f"crosswind=={__version__}" in (folder / "requirements.txt").read_text()
    assert json.loads((folder / "crosswind.schema.json").read_text()) == json_schema()
    assert (folder / "crosswind.yaml").read_text().startswith("# yaml-language-server: $schema=crosswind.schema.json\n")


def test_its_templates_can_be_made(tmp_path: Path) -> None:
    run(str(tmp_path), *ANSWERS, *SITES)
    topology = load(tmp_path / "crosswind.yaml")
    sources = {
        job.source: (tmp_path / job.source).read_text() for job in topology.jobs.values() if job.type == "lambda"
    }
    assert len(sources) == 2
    assert {stack.region for stack in synth(topology, sources)} == {"us-east-1", "us-west-2"}


def test_no_word_of_a_template_is_left(tmp_path: Path) -> None:
    run(str(tmp_path), *ANSWERS, *SITES)
    for name in WRITTEN - {"dags/ml_report.py", "dags/processing_report.py"}:
        assert "{{" not in (tmp_path / name).read_text().replace("{{ ", ""), name
    for site in ("ml", "processing"):
        assert "{{SITE}}" not in (tmp_path / "dags" / f"{site}_report.py").read_text()
        compile((tmp_path / "dags" / f"{site}_report.py").read_text(), "dag", "exec")
        compile((tmp_path / "jobs" / f"{site}_count_rows.py").read_text(), "job", "exec")


@pytest.mark.parametrize(
    ("hub", "sites"),
    [
        ("111111111111:us-east-1", ["all=111111111111:us-east-1"]),
        (
            "111111111111:cn-north-1",
            ["yes=222222222222:cn-north-1", "No=333333333333:cn-northwest-1", "null=111111111111:cn-north-1"],
        ),
        ("111111111111:us-gov-west-1", [f"{'s' * 40}=222222222222:us-gov-east-1"]),
    ],
    ids=["one account", "words of YAML's, China", "a long name, GovCloud"],
)  # fmt: skip
def test_other_projects_are_valid(tmp_path: Path, hub: str, sites: list[str]) -> None:
    run(str(tmp_path), "--name", "other-one", "--hub", hub, *(word for site in sites for word in ("--site", site)))
    topology = load(tmp_path / "crosswind.yaml")
    assert [f"{n}={topology.account_of(n)}:{s.region}" for n, s in topology.sites.items()] == sites


def test_as_data(tmp_path: Path) -> None:
    _, out, _ = run(str(tmp_path), *ANSWERS, *SITES, "--output", "json")
    told = json.loads(out)
    assert told["schema_version"] == 1
    assert told["written"] == [str(tmp_path / name) for name in sorted(WRITTEN)]
    assert told["next"].endswith("crosswind validate && crosswind demo -f crosswind.yaml")


def test_in_the_current_folder_there_is_no_folder_to_enter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    _, _, notes = run(*ANSWERS, *SITES)
    assert "next: crosswind validate" in notes


def test_an_example_is_copied(tmp_path: Path) -> None:
    example = wire.example().parent
    run(str(tmp_path), "--example", "unified-pipelines")
    assert files(tmp_path) - {".gitignore"} == {name for name in files(example) if "__pycache__" not in name}
    assert (tmp_path / "crosswind.yaml").read_text() == (example / "crosswind.yaml").read_text()
    load(tmp_path / "crosswind.yaml")


def test_an_example_takes_no_answers(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="copied as it is"):
        run(str(tmp_path), "--example", "unified-pipelines", "--name", "acme")
    assert files(tmp_path) == set()


@pytest.mark.parametrize("name", ["crosswind.yaml", "jobs/ml_count_rows.py", "jobs", ".gitignore"])
def test_nothing_is_overwritten(tmp_path: Path, name: str) -> None:
    """Not a file, and not a file where a folder should be; and nothing else is written then."""
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("mine")
    with pytest.raises(UsageError, match="is there already; nothing was written") as raised:
        run(str(tmp_path), *ANSWERS, *SITES)
    assert str(path) in raised.value.message
    assert files(tmp_path) == {name}
    assert path.read_text() == "mine"


def test_a_link_that_leads_nowhere_is_in_the_way_as_well(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match=r"requirements\.txt is there already"):
        run(str(tmp_path), *ANSWERS, *SITES)
    assert not (tmp_path / "elsewhere").exists()


def test_what_is_there_besides_stays(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    (tmp_path / "dags").mkdir()
    run(str(tmp_path), *ANSWERS, *SITES)
    assert files(tmp_path) == WRITTEN | {"README.md"}


@pytest.mark.parametrize(
    ("given", "missing"),
    [((), "--name, --hub, --site"), (ANSWERS, "--site"), (("--name", "acme", *SITES), "--hub")],
)
def test_without_a_terminal_nobody_is_asked(tmp_path: Path, given: tuple[str, ...], missing: str) -> None:
    with pytest.raises(UsageError) as raised:
        run(str(tmp_path), *given)
    assert raised.value.message.startswith(f"{missing} must be given")
    assert files(tmp_path) == set()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--name", "Acme", "--hub", "111111111111:us-east-1", *SITES), "is no name of a topology"),
        (("--name", "acme", "--hub", "1111:us-east-1", *SITES), "is no ACCOUNT:REGION"),
        (("--name", "acme", "--hub", "111111111111:useast1", *SITES), "is no ACCOUNT:REGION"),
        ((*ANSWERS, "--site", "ml"), "is no NAME=ACCOUNT:REGION"),
        ((*ANSWERS, "--site", "1=222222222222:us-east-1"), "is no NAME=ACCOUNT:REGION"),
        ((*ANSWERS, "--site", f"ml={chr(0xFF12) * 12}:us-east-1"), "is no NAME=ACCOUNT:REGION"),
        ((*ANSWERS, "--site", f"{'s' * 41}=222222222222:us-east-1"), "at most 40"),
    ],
)
def test_answers_that_are_none(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(UsageError) as raised:
        run(str(tmp_path), *arguments)
    assert message in raised.value.message
    assert raised.value.hint
    assert files(tmp_path) == set()


@pytest.mark.parametrize(
    ("sites", "messages"),
    [
        (("ml=222222222222:us-east-1", "ml=222222222222:us-west-2"), ["sites.ml: key \"ml\" is there twice"]),
        (("m-l=222222222222:us-east-1", "m_l=222222222222:us-west-2"), ["differ in punctuation or case alone"]),
        (("ml=222222222222:cn-north-1",), ["Region cn-north-1 belongs to partition aws-cn"]),
    ],
)  # fmt: skip
def test_answers_that_contradict_each_other(tmp_path: Path, sites: tuple[str, ...], messages: list[str]) -> None:
    """They are told as the topology's faults are, without lines of a file that was never written."""
    with pytest.raises(TopologyError) as raised:
        run(str(tmp_path), *ANSWERS, *(word for site in sites for word in ("--site", site)))
    faults = raised.value.faults or (raised.value,)
    assert len(faults) == len(messages)
    assert all(message in str(fault) for fault, message in zip(faults, messages, strict=True))
    assert all((fault.place.file, fault.place.line) == ("", 0) for fault in faults)
    assert files(tmp_path) == set()


def asked(folder: Path, *arguments: str, answers: list[str]) -> tuple[int, str, str]:
    """Run it at a terminal and type the answers."""
    master, slave = pty.openpty()
    try:
        os.write(master, "".join(f"{answer}\n" for answer in answers).encode())
        done = subprocess.run(
            [sys.executable, "-m", "crosswind.cli", "init", *arguments],
            cwd=folder,
            stdin=slave,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        os.close(slave)
        os.close(master)
    return done.returncode, done.stdout, done.stderr


def test_at_a_terminal_it_asks_with_defaults(tmp_path: Path) -> None:
    folder = tmp_path / "My Pipelines"
    folder.mkdir()
    code, out, questions = asked(folder, answers=["", "", "", ""])
    assert code == 0, questions
    topology = load(folder / "crosswind.yaml")
    assert (topology.name, topology.hub.region) == ("my-pipelines", "us-east-1")
    assert list(topology.sites) == ["processing"]
    assert "wrote crosswind.yaml" in out
    assert "Name of the topology [my-pipelines]" in questions


def test_at_a_terminal_it_asks_again_and_asks_only_what_is_open(tmp_path: Path) -> None:
    answers = ["nonsense", "lab=222222222222:eu-west-1", "lake=333333333333:eu-north-1", ""]
    code, out, questions = asked(tmp_path, "--name", "acme", "--hub", "111111111111:eu-west-1", answers=answers)
    assert code == 0, questions
    assert "is no NAME=ACCOUNT:REGION" in questions
    assert "Name of the topology" not in questions
    assert set(load(tmp_path / "crosswind.yaml").sites) == {"lab", "lake"}
    assert "First site" not in out


def test_accounts_get_names() -> None:
    sites = tuple(site_of(f"s{number}={account * 12}:us-east-1") for number, account in enumerate("1232"))
    answers = Answers(name_of("acme"), hub_of("111111111111:us-east-1"), sites)
    assert answers.accounts() == {"1" * 12: "hub", "2" * 12: "data1", "3" * 12: "data2"}


def test_every_refusal_is_bad_input() -> None:
    for parse in (name_of, hub_of, site_of):
        with pytest.raises(InputError):
            parse("")
