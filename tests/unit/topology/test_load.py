"""Reading a topology file: what is taken, what is refused, and where the fault is said to be."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest

from crosswind.errors import Place, TopologyError
from crosswind.topology import Topology, check, load, parse_topology, read
from crosswind.topology.forms import MEANING
from tests.generated import Size, written
from tests.golden.error_cases import ERRORS
from tests.golden.regenerate import TOPOLOGIES

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


def test_every_fault_is_an_error_of_its_own() -> None:
    text = SOUND.replace("type: glue", "type: gluee").replace("region: us-west-2", "region: nowhere")
    with pytest.raises(TopologyError) as raised:
        parse_topology(text)
    assert [fault.place.line for fault in raised.value.faults] == [12, 20]
    assert raised.value.exit_code == 2


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


def test_every_form_of_a_text_is_explained() -> None:
    """What a pattern means is told in words: a new one needs its words in `forms`."""
    schema = json.dumps(Topology.model_json_schema())
    patterns = re.findall(r'"pattern": ("(?:[^"\\]|\\.)*")', schema)
    patterns += re.findall(r'"patternProperties": \{("(?:[^"\\]|\\.)*")', schema)
    assert {json.loads(pattern) for pattern in patterns} == set(MEANING)


def test_a_hundred_faults_are_told_and_that_there_are_more() -> None:
    folders = ", ".join(["raw"] * 500)
    with pytest.raises(TopologyError) as raised:
        parse_topology(SOUND.replace("folders: [raw,", f"folders: [{folders.replace('raw', '0')},"))
    assert len(raised.value.faults) == 101
    assert "there are more faults; these are the first 100" in str(raised.value)


def test_many_names_are_not_all_told() -> None:
    buckets = "".join(f"  bucket_{n}: {{site: ml, folders: []}}\n" for n in range(300))
    text = SOUND.replace("replications:\n", f"{buckets}replications:\n", 1).replace("source/raw]", "bucket_1O/raw]")
    topology, places = parse_topology(text)
    (fault,) = check(topology, places, ERRORS)
    assert "bucket_115, and 282 more" in fault.message
    assert fault.hint.startswith('did you mean "bucket_1')


def test_faults_are_found_in_the_file_of_a_thousand_pipelines_at_once(tmp_path: Path) -> None:
    """Broken everywhere: guesses at names must not take minutes."""
    file = written(tmp_path, Size(50, 4, 1000))
    file.write_text(re.sub(r"- b(\d+)", r"- c\1", file.read_text()))
    began = time.perf_counter()
    with pytest.raises(TopologyError):
        load(file)
    assert time.perf_counter() - began < 10
