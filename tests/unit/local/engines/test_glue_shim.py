"""The awsglue shim's argument reader, held to the public documentation."""

from __future__ import annotations

import pytest

from crosswind.local.engines.shims.awsglue.utils import GlueArgumentError, getResolvedOptions


def test_values_by_blank_or_equals_and_the_last_wins() -> None:
    argv = ["script.py", "--JOB_NAME", "j", "--other", "x", "--a=1=2", "--b", "old", "--b", "new"]
    assert getResolvedOptions(argv, ["JOB_NAME", "a", "b"]) == {"JOB_NAME": "j", "a": "1=2", "b": "new"}


def test_names_match_whole() -> None:
    with pytest.raises(GlueArgumentError, match=r"required: --bucket$"):
        getResolvedOptions(["script.py", "--buck", "x", "--bucket-name", "y"], ["bucket"])


def test_all_missing_names_are_told() -> None:
    with pytest.raises(GlueArgumentError, match="required: --a, --c"):
        getResolvedOptions(["script.py", "--b", "1"], ["a", "b", "c"])


def test_a_name_without_a_value() -> None:
    with pytest.raises(GlueArgumentError, match="argument --a: expected one argument"):
        getResolvedOptions(["script.py", "--a", "--b", "1"], ["a"])
