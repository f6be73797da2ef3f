"""What is told of a lineage and of an orphan: paragraphs, keys without what they have in common."""

from __future__ import annotations

from crosswind.airflow.handover.lineage import Lineage, Step
from crosswind.airflow.jobs.model import Submission
from crosswind.airflow.jobs.orphans import Orphan
from crosswind.airflow.owner import Attempt, Owner
from crosswind.airflow.target import AwsTarget
from crosswind.report.ancestry import told
from crosswind.report.jobs import told as told_of
from crosswind.report.paragraph import Paragraph

FOLDER = "transformed/run-1/"


def objects(count: int, version: str = "v") -> tuple[tuple[str, str], ...]:
    return tuple((f"{FOLDER}train/{number:03}.csv", f"{version}{number}") for number in range(count))


def step(kind: str, bucket: str, *facts: tuple[str, str], exact: bool = True) -> Step:
    return Step(kind, f"s3://{bucket}/{FOLDER}", facts, exact)


def lines(*steps: Step) -> list[str]:
    return [line for paragraph in told(Lineage(steps, {})) for line in paragraph.lines()]


def test_a_paragraph_aligns_its_facts_and_its_rows_each_by_themselves() -> None:
    paragraph = Paragraph("head", (("a", "1"), ("long", "2")), (("first", "x"), ("b", "y")))
    assert list(paragraph.lines()) == ["head", "    a     1", "    long  2", "    first  x", "    b      y"]
    assert list(Paragraph("alone").lines()) == ["alone"]


def test_a_key_is_told_below_its_folder() -> None:
    shown = lines(step("handover", "source", ("objects", "1"), *objects(1)))
    assert shown == [
        "handover",
        "    bucket   source",
        "    folder   transformed/run-1/",
        "    objects  1",
        "    v0  train/000.csv",
    ]


def test_replicas_with_the_versions_of_the_source_are_not_listed_again() -> None:
    handover = step("handover", "source", *objects(2))
    assert "    versions  those of the handover" in lines(handover, step("replication", "there", *objects(2)))
    copied = lines(handover, step("replication", "there", *objects(2, "w")))
    assert [line for line in copied if "csv" in line][2:] == ["    w0  train/000.csv", "    w1  train/001.csv"]
    assert "those of" not in "\n".join(copied)


def test_of_many_objects_some_are_shown() -> None:
    shown = lines(step("handover", "source", *objects(500)))
    assert len([line for line in shown if "csv" in line]) == 20
    assert "    shown   20 objects; 480 more are in --output json" in shown


def test_an_arn_is_told_by_its_name_and_place_and_an_id_as_it_is() -> None:
    job = Step("training job", "arn:aws:sagemaker:us-west-2:222222222222:training-job/train-1")
    assert lines(job, Step("Glue run", "jr_1"), Step("Glue run", "")) == [
        "training job  train-1",
        "    account  222222222222",
        "    region   us-west-2",
        "<- Glue run  jr_1",
        "<- Glue run",
    ]


def test_doubt_is_told_and_seconds_are_rounded() -> None:
    shown = lines(step("replication", "there", ("seconds", "1.377553"), exact=False))
    assert shown[0] == "replication  (not certain: it was changed meanwhile)"
    assert "    seconds  1.4" in shown


def test_an_orphan_is_told_with_its_mapped_task() -> None:
    attempt = Attempt(Owner("dag", "run", "train", 3, 1), 1)
    target = AwsTarget("222222222222", "us-east-1", "connection", site="processing")
    shown = list(told_of(Orphan(Submission("glue", "job", "jr_1", attempt), target, "its task has ended")).lines())
    assert shown[0] == "Glue run  jr_1"
    assert {"    job      job", "    task_id  train[3]", "    why      its task has ended"} <= set(shown)
