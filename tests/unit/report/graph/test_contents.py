"""What a picture shows of a topology: things, arrows, words; and that no word of it is taken for markup."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from crosswind.report.graph import Contents, contents, mermaid, svg
from crosswind.report.graph.nets import nets
from crosswind.report.graph.text import broken
from crosswind.report.graph.things import Arrow, Port, Row, Thing, within
from crosswind.topology import Topology, load, read
from tests.golden.regenerate import TOPOLOGIES
from tests.unit.report.graph.topologies import topologies

SVG = "{http://www.w3.org/2000/svg}"


def example(name: str = "unified_pipelines") -> Topology:
    return load(TOPOLOGIES[name])


def arrows(topology: Topology) -> set[tuple[str, str, str]]:
    return {(arrow.kind, arrow.source.key, arrow.target.key) for arrow in contents(topology).arrows}


def test_the_example() -> None:
    shown = contents(example())
    assert [thing.key for thing in within(shown.accounts)] == [
        "account:hub",
        "region:hub/us-east-1",
        "airflow:Airflow",
        "account:data",
        "region:data/us-east-1",
        "site:processing",
        "bucket:source",
        "job:mwaa_glue_raw_to_transform",
        "region:data/us-west-2",
        "site:ml",
        "bucket:destination",
        "job:penguins_training",
        "job:dagcleanup",
    ]
    assert shown.facts == "2 accounts, 2 Regions, 2 sites, 2 buckets, 3 jobs, 2 pipelines"
    assert arrows(example()) == {
        ("assume", "airflow:Airflow", "account:data"),
        ("crr", "bucket:source", "bucket:destination"),
    }


def test_a_pipeline_stands_below_the_one_that_starts_it() -> None:
    (airflow,) = (thing for thing in within(contents(example()).accounts) if thing.kind == "airflow")
    assert [(row.name, row.depth) for row in airflow.rows] == [
        ("cross_account_data_processing_dag", 0),
        ("cross_account_machine_learning_dag", 1),
    ]
    assert "after cross_account_data_processing_dag" in airflow.rows[1].tip


def test_with_a_role_a_site_airflow_points_at_sites() -> None:
    topology = example().model_copy(update={"roles": "site"})
    assert {("assume", "airflow:Airflow", f"site:{name}") for name in ("processing", "ml")} <= arrows(topology)


def test_every_mover_has_its_arrow_and_reading_in_place_points_at_jobs() -> None:
    found = {arrow for arrow in arrows(example("movers")) if arrow[0] != "assume"}
    assert found == {
        ("crr-rtc", "bucket:lake", "bucket:edge"),
        ("crr", "bucket:edge", "bucket:lake"),
        ("copy", "bucket:lake", "bucket:lab"),
        ("in-place", "bucket:lake", "job:weigh"),
        ("in-place", "bucket:lake", "job:tabulate"),
        ("in-place", "bucket:lake", "job:train"),
    }


def test_the_legend_names_the_kinds_that_are_shown_and_no_other() -> None:
    assert "Airflow copies" in svg(contents(example("movers")))
    assert "Airflow copies" not in svg(contents(example()))


def test_jobs_and_buckets_tell_what_they_do_when_pointed_at() -> None:
    root = ET.fromstring(svg(contents(example())))
    tips = {title.text for title in root.iter(f"{SVG}title")}
    assert "Lambda job dagcleanup; deletes from source/transformed, destination/transformed" in tips
    assert "replication transformed: transformed from source to destination, mover crr" in tips
    assert "site ml, Airflow connection aws_crossaccount_role_conn_west2" in tips


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(4, 7)), max_size=12, unique=True))
def test_every_arrow_is_in_one_net(pairs: list[tuple[int, int]]) -> None:
    found = [Arrow("crr", Port(str(a)), Port(str(b)), "") for a, b in pairs]
    joined = nets(found)
    assert sorted((arrow for net in joined for arrow in net.arrows), key=repr) == sorted(found, key=repr)
    for net in joined:
        assert len({a.source for a in net.arrows}) == 1 or len({a.target for a in net.arrows}) == 1


@given(st.from_regex(r"[A-Za-z][A-Za-z0-9_.-]{0,80}", fullmatch=True), st.integers(4, 30))
def test_broken_names_are_whole_and_short(name: str, letters: int) -> None:
    lines = broken(name, letters)
    assert "".join(lines) == name
    assert all(0 < len(line) <= letters for line in lines)


WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20)


def named(word: str) -> Contents:
    """Contents in which every word is one of the reader's making."""
    bucket = Thing("bucket", f"b{word}", word, word, "s3", (Row(f"f{word}", 0, word),))
    job = Thing("job", f"j{word}", word, word, "lambda")
    airflow = Thing("airflow", "Airflow", word, word, "airflow", (Row(f"p{word}", 1, word),))
    site = Thing("site", f"s{word}", tip=word, parts=(bucket, job))
    region = Thing("region", f"r{word}", parts=(airflow, site), owner=word)
    account = Thing("account", f"a{word}", word, word, parts=(region,))
    move = Arrow("crr", Port(bucket.key, f"f{word}"), Port(job.key), word)
    return Contents(word, (account,), (Arrow("assume", Port(airflow.key), Port(site.key), word), move))


@given(WORDS)
@settings(deadline=None)
def test_words_are_never_markup(word: str) -> None:
    root = ET.fromstring(svg(named(word)))
    texts = {"".join(text.itertext()) for text in root.iter(f"{SVG}text")}
    assert {f"{kind}{word}" for kind in "abjspr"} <= texts
    tags = {each.tag.removeprefix(SVG) for each in root.iter()}
    assert tags <= {"svg", "title", "desc", "style", "rect", "g", "path", "text", "tspan"}


@given(WORDS)
@settings(deadline=None)
def test_words_are_never_mermaid(word: str) -> None:
    for line in mermaid(named(word)).splitlines():
        assert line.count('"') in (0, 2)
        inner = re.sub(r"#\d+;|<br>", "", line.partition('"')[2].rpartition('"')[0])
        assert not re.search(r"[<>&#;|\[\]{}`]", inner), line


@given(topologies())
@settings(deadline=None, max_examples=25)
def test_a_flowchart_names_everything_once_and_closes_what_it_opens(topology: Topology) -> None:
    lines = mermaid(contents(topology)).splitlines()
    opened = [line for line in lines if line.lstrip().startswith("subgraph")]
    assert len(opened) == sum(line.strip() == "end" for line in lines)
    ids = re.findall(r"^ +(?:subgraph )?([a-z]+\d+)[\[(]", "\n".join(lines), re.MULTILINE)
    assert len(ids) == len(set(ids))
    kinds = {kind: sum(each.startswith(kind) for each in ids) for kind in ("site", "bucket", "job")}
    assert kinds == {"site": len(topology.sites), "bucket": len(topology.buckets), "job": len(topology.jobs)}
    drawn = sum(bool(re.search(r"\|\".*\"\|", line)) for line in lines)
    assert drawn == len(contents(topology).arrows)


def test_a_topology_that_was_only_read_can_be_drawn(tmp_path: Path) -> None:
    """Its files need not be there: the picture is of what is declared."""
    file = tmp_path / "crosswind.yaml"
    file.write_text(TOPOLOGIES["movers"].read_text())
    assert svg(contents(read(file).topology)).startswith("<svg ")
