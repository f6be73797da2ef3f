"""What a demo prints of its run: narrow enough for a terminal, but for the model's URI."""

from __future__ import annotations

import io

from rich.console import Console as RichConsole

from crosswind.cli.console import Console
from crosswind.cli.summary import show_summary
from crosswind.report import Handed, StepRow, Summary

SESSION = "arn:aws:sts::222222222222:assumed-role/unified-pipelines-cross-account/cross_account_dag@manual__2026-11-22"
PREFIX = "transformed/manual-2026-11-22T16-39-08-727824-00-00-54dadc5da9-2-1/"
VERSION = "3sL4kqtJlcpXroDTDmJ.rmSpXd3dIbrH"
COUNTS = {"requests": 970, "allowed": 969, "denied": 1}


def shown(**changes: object) -> list[str]:
    values: dict[str, object] = {
        "topology": "unified-pipelines",
        "steps": (
            StepRow("mwaa_glue_raw_to_transform", "222222222222", "us-east-1", SESSION, 1.0, 5.2),
            StepRow("select", "111111111111", "us-east-1", "(Airflow itself)", 2.0, 0.4),
        ),
        "replicated_objects": 4,
        "replicated_bytes": 19_671,
        "metrics": {"train:auc": 0.99964},
        "model": "s3://bucket/models/job/output/model.tar.gz",
        "removed": (f"source/{PREFIX}train/a.csv", f"destination/{PREFIX}train/a.csv"),
        "requests": {"222222222222": 314, "111111111111": 394},
        "handed": Handed(PREFIX, "crr", 1.9, 1, 14_410, ((f"{PREFIX}train/a.csv", VERSION, VERSION),)),
        **changes,
    }
    out = io.StringIO()
    console = Console(out=RichConsole(file=out, soft_wrap=True, highlight=False, emoji=False))
    show_summary(console, Summary(**values), COUNTS, {"world": 2.0, "destroy": 4.5})  # type: ignore[arg-type]
    return out.getvalue().splitlines()


def test_it_fits_a_terminal() -> None:
    lines = shown()
    assert max(len(line) for line in lines) <= 100
    table = [line.split() for line in lines if "us-east-1" in line]
    assert table == [
        ["mwaa_glue_raw_to_transform", "222222222222", "us-east-1", "unified-pipelines-cross-account", "5.2", "s"],
        ["select", "111111111111", "us-east-1", "(Airflow", "itself)", "0.4", "s"],
    ]


def test_what_was_handed_over_and_cleaned_up_is_told_once_a_prefix() -> None:
    text = "\n".join(shown())
    assert f"arrived by crr 1.9 s after publication, below\n             {PREFIX}\n" in text
    assert f"             train/a.csv  version {VERSION} at both ends\n" in text
    assert f"cleaned up   2 intermediate objects in 2 buckets, below\n             {PREFIX}\nAWS calls" in text
    assert "AWS calls    111111111111 394, 222222222222 314\n" in text
    assert "IAM          970 requests decided: 969 allowed, 1 denied" in text


def test_a_copy_has_an_id_of_its_own_and_nothing_may_be_cleaned_up() -> None:
    handed = Handed(PREFIX, "copy", 1.9, 1, 3, ((f"{PREFIX}train/a.csv", "here", "there"),))
    text = "\n".join(shown(handed=handed, removed=()))
    assert "train/a.csv  version here -> there\n" in text
    assert "cleaned up   nothing\n" in text
    assert "handed over" not in "\n".join(shown(handed=None))
