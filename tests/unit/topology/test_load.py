"""Reading a topology file: what is taken, what is refused, and where the fault is said to be."""

from __future__ import annotations

from pathlib import Path

import pytest

from crosswind.errors import Place, TopologyError
from crosswind.topology import check, load, parse_topology, read
from crosswind.topology.places import MAX_BYTES, parse
from tests.golden.regenerate import ERRORS, TOPOLOGIES

SOUND = (ERRORS / "sound.yml").read_text()


@pytest.mark.parametrize("name", sorted(TOPOLOGIES))
def test_sound_topologies_have_no_faults(name: str) -> None:
    declared = read(TOPOLOGIES[name])
    assert check(declared.topology, declared.places, declared.root) == []
    assert load(TOPOLOGIES[name]) == declared.topology


def test_values_arrive_as_declared() -> None:
    topology, places = parse_topology(SOUND)
    assert topology.account_of("ml") == "222222222222"
    assert topology.region_of("ml") == "us-west-2"
    assert topology.hub_account == "111111111111"
    assert topology.replications["transformed"].source == "source"
    assert topology.pipelines["learning"].steps[0].wait == "destination/transformed"
    assert places.of("jobs", "train", "site") == Place("crosswind.yaml", 28, "jobs.train.site")
    assert places.of("jobs", "clean", "reads", 0).line == 24


def test_a_place_that_is_not_there_is_that_of_what_holds_it() -> None:
    _, places = parse_topology(SOUND)
    assert places.of("hub", "airflow", "version") == Place("crosswind.yaml", 7, "hub.airflow.version")


def test_topologies_are_frozen() -> None:
    topology, _ = parse_topology(SOUND)
    with pytest.raises(ValueError, match="frozen"):
        topology.name = "other"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TopologyError, match=r"none.yaml: the file cannot be read: No such file"):
        load(tmp_path / "none.yaml")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(TopologyError, match="Is a directory"):
        load(tmp_path)


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "crosswind.yaml"
    path.write_bytes(b"# " + b"x" * MAX_BYTES)
    with pytest.raises(TopologyError, match="1,000,002 bytes; at most 1,000,000"):
        load(path)


def test_a_file_that_is_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "crosswind.yaml"
    path.write_bytes(b"version: 1\nname: caf\xe9\n")
    with pytest.raises(TopologyError, match=r"crosswind.yaml:2: the file is not UTF-8"):
        load(path)


def test_a_byte_order_mark_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "crosswind.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + SOUND.encode())
    assert read(path).topology.name == "demo"


def test_every_fault_is_an_error_of_its_own() -> None:
    text = SOUND.replace("type: glue", "type: gluee").replace("region: us-west-2", "region: nowhere")
    with pytest.raises(TopologyError) as raised:
        parse_topology(text)
    assert [fault.place.line for fault in raised.value.faults] == [12, 20]
    assert raised.value.exit_code == 2


def test_aliases_are_taken_within_limits() -> None:
    data, _, faults = parse("a: &x [1, 2]\nb: *x\n", "f")
    assert data == {"a": [1, 2], "b": [1, 2]}
    assert faults == []


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [*a]",
        "&a {k: *a}",
        "? [a, b]\n: c",
        "a: !!binary aGVsbG8=",
        "a: !!set {x, y}",
        "a: !mine b",
        'a: "\\ud800"',
        'a: "\\Uffffffff"',
        "a: !!int abc",
        "a: !!float ''",
        "a: !!bool maybe",
        "a: .nan",
        "a: 0x" + "f" * 6000,
        "a: " + "9" * 6000,
        "a: \x07",
        "%YAML 9.9\n---\na: b",
        "a: b\n---\nc: d",
        "a: 2026-11-22",
        "<<: {a: b}",
        "=: a",
        "'",
        "{" * 5000,
        "- " * 5000,
        "\ufeff\ufeff",
    ],
)
def test_odd_yaml_is_a_topology_error(text: str) -> None:
    with pytest.raises(TopologyError):
        parse_topology(text)
