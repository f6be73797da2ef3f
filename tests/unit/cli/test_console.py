"""What is printed is what was meant: rich may not read markup or emoji into AWS's names."""

from __future__ import annotations

import pytest

from crosswind.cli.console import Console

ARN = "arn:aws:secretsmanager:us-east-1:111111111111:secret:airflow/[red]x"


def test_a_secrets_arn_is_printed_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console()
    console.line(ARN)
    console.table("", ("arn",), [(ARN,)])
    console.note(ARN)
    printed = capsys.readouterr()
    assert printed.out.count(ARN) == 2
    assert ARN in printed.err
