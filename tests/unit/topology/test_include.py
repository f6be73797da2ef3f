"""A topology split over files is the topology of one file."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from crosswind.errors import TopologyError
from crosswind.synth import deployer_stacks, inline_sources, names_file, pretty, synth
from crosswind.topology import Topology, load, read
from crosswind.topology.model import GROUPS
from tests.generated import Size, written
from tests.golden.error_cases import ERRORS
from tests.golden.regenerate import TOPOLOGIES


def templates(topology: Topology, root: Path) -> dict[str, str]:
    """Every template, and the names beside the DAGs, as text."""
    sources = {source: (root / source).read_text() for source in inline_sources(topology)}
    stacks = (*synth(topology, sources), *deployer_stacks(topology))
    found = {f"{stack.account}/{stack.region}/{stack.name}": pretty(stack.template) for stack in stacks}
    return found | {"names": pretty(names_file(topology))}


def split(file: Path, folder: Path) -> Path:
    """A copy of a topology with every object in a file by its group and turn, three to a group."""
    shutil.copytree(file.parent, folder, dirs_exist_ok=True)
    document = yaml.safe_load(file.read_text())
    parts: dict[str, dict[str, dict[str, object]]] = {}
    for group in GROUPS:
        for turn, (name, declared) in enumerate(document.pop(group, {}).items()):
            parts.setdefault(f"{group}{turn % 3}", {}).setdefault(group, {})[name] = declared
    (folder / "teams").mkdir()
    for name, part in parts.items():
        (folder / "teams" / f"{name}.yaml").write_text(yaml.safe_dump(part))
    path = folder / "crosswind.yaml"
    path.write_text(yaml.safe_dump({**document, "include": ["teams/*0.yaml", "teams/*[12].yaml"]}))
    return path


@pytest.mark.parametrize("name", sorted(TOPOLOGIES))
def test_templates_are_those_of_one_file(name: str, tmp_path: Path) -> None:
    whole = TOPOLOGIES[name]
    parts = read(
        split(whole, tmp_path / "split")
    ).topology  # its files are elsewhere: some topologies name those of others
    assert templates(parts, whole.parent) == templates(load(whole), whole.parent)


def test_templates_of_a_large_topology_are_those_of_one_file(tmp_path: Path) -> None:
    whole = written(tmp_path / "whole", Size(4, 2, 30))
    parts = split(whole, tmp_path / "split")
    assert templates(load(parts), parts.parent) == templates(load(whole), whole.parent)


def test_the_golden_split_is_the_golden_whole() -> None:
    whole = read(ERRORS / "sound.yml").topology
    parts = read(ERRORS / "split" / "crosswind.yaml").topology
    assert parts.model_copy(update={"include": ()}) == whole


def test_places_are_those_of_the_files() -> None:
    folder = ERRORS / "split"
    places = read(folder / "crosswind.yaml").places
    assert str(places.of("jobs", "train", "reads", 0)) == f"{folder}/teams/ml.yaml:13 jobs.train.reads[0]"
    assert places.of("jobs", "clean", "none").line == 8
    assert places.of("accounts", "hub").file == f"{folder}/crosswind.yaml"
    assert places.of("accounts", "data").file == f"{folder}/teams/processing.yaml"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The golden split, to be changed."""
    shutil.copytree(ERRORS, tmp_path / "project", ignore=shutil.ignore_patterns("*.md", "*.y*ml", "split"))
    shutil.copytree(ERRORS / "split", tmp_path / "project", dirs_exist_ok=True)
    return tmp_path / "project"


def told(project: Path) -> str:
    with pytest.raises(TopologyError) as raised:
        load(project / "crosswind.yaml")
    return str(raised.value).replace(f"{project}/", "")


def include(project: Path, *patterns: str) -> None:
    file = project / "crosswind.yaml"
    file.write_text(file.read_text().replace("[teams/*.yaml]", str(list(patterns))))


def test_it_is_sound(project: Path) -> None:
    assert sorted(load(project / "crosswind.yaml").jobs) == ["clean", "cleanup", "train"]


def test_a_file_may_be_matched_by_several_patterns(project: Path) -> None:
    include(project, "teams/ml.yaml", "teams/*.yaml", "./teams/[mp]*.yaml")
    assert len(load(project / "crosswind.yaml").sites) == 2


def test_hidden_files_are_no_teams(project: Path) -> None:
    (project / "teams" / ".ml.yaml").write_text("not: ours")
    load(project / "crosswind.yaml")


def test_a_topology_reached_by_a_link_includes_what_is_beside_the_file_itself(project: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    link = tmp_path / "other" / "link.yaml"
    link.symlink_to(project / "crosswind.yaml")
    assert len(load(link).sites) == 2


def test_a_link_out_of_the_folder(project: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("sites: {}")
    (project / "teams" / "more.yaml").symlink_to(tmp_path / "secret.yaml")
    assert "teams/more.yaml is a link that leads out of the folder of crosswind.yaml" in told(project)


def test_a_link_to_another_team_is_that_team_once(project: Path) -> None:
    (project / "teams" / "again.yaml").symlink_to(project / "teams" / "ml.yaml")
    load(project / "crosswind.yaml")


def test_a_link_to_the_topology_itself(project: Path) -> None:
    (project / "teams" / "more.yaml").symlink_to(project / "crosswind.yaml")
    assert 'crosswind.yaml:2 include[0]: "teams/*.yaml" includes crosswind.yaml itself' in told(project)


def test_a_team_that_is_a_pipe_or_gone(project: Path) -> None:
    (project / "teams" / "gone.yaml").symlink_to(project / "none")
    assert "teams/gone.yaml: the file cannot be read" in told(project)


def test_a_team_with_a_name_that_fools_the_terminal(project: Path) -> None:
    (project / "teams" / "a\u202elmay.yaml").write_text("x: 1")
    assert r"teams/a\u202elmay.yaml:1 x: key" in told(project)


def test_every_file_that_is_no_yaml_is_told_and_nothing_else(project: Path) -> None:
    for name in ("ml", "processing"):
        (project / "teams" / f"{name}.yaml").write_text("a: 'b")
    assert [line.partition(": ")[0] for line in told(project).splitlines()[::2]] == [
        "teams/ml.yaml:1",
        "teams/processing.yaml:1",
    ]


def test_a_path_from_a_teams_own_folder_is_mended(project: Path) -> None:
    (project / "teams" / "sweep.py").write_text("")
    file = project / "teams" / "ml.yaml"
    file.write_text(file.read_text().replace("jobs/cleanup.py", "sweep.py"))
    assert "next: write teams/sweep.py: paths are relative to crosswind.yaml" in told(project)
