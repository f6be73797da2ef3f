"""The rules of a connection to another account."""

from __future__ import annotations

from typing import Any

import pytest

from crosswind.airflow.accounts import account_of_role, require_account, require_connection, require_duration
from crosswind.errors import InputError, WrongAccountError

GOOD: dict[str, Any] = {"found": True, "role_arn": "arn:aws:iam::222222222222:role/x", "region": "us-west-2"}


def test_a_good_connection_says_where_it_acts() -> None:
    assert require_connection("c", **GOOD) == ("222222222222", "us-west-2")
    assert require_connection("c", **GOOD, account="222222222222") == ("222222222222", "us-west-2")


@pytest.mark.parametrize("partition", ["aws", "aws-us-gov", "aws-cn"])
def test_every_partition_has_roles(partition: str) -> None:
    assert account_of_role(f"arn:{partition}:iam::123456789012:role/path/name") == "123456789012"


@pytest.mark.parametrize(
    "arn", ["", "x", "arn:aws:iam::12345:role/x", "arn:aws:iam::123456789012:user/x", "arn:aws:iam::123456789012:role/"]
)
def test_what_is_no_role_is_refused(arn: str) -> None:
    with pytest.raises(InputError, match="not the ARN of an IAM role"):
        account_of_role(arn)


@pytest.mark.parametrize(
    ("conn_id", "changes", "says"),
    [
        (None, {}, "no aws_conn_id"),
        ("c", {"found": False}, "'c' is unknown"),
        ("c", {"role_arn": None}, "no role_arn"),
        ("c", {"region": None}, "no region_name"),
    ],
)
def test_each_gap_is_named(conn_id: str | None, changes: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says) as found:
        require_connection(conn_id, **(GOOD | changes))
    assert found.value.hint


def test_another_account_is_refused() -> None:
    with pytest.raises(WrongAccountError, match=r"acts in account 222222222222 as .*; expected account 333333333333"):
        require_connection("c", **GOOD, account="333333333333")
    with pytest.raises(WrongAccountError):
        require_account("c", actual="1", expected="2", who="arn")


@pytest.mark.parametrize("seconds", [None, 900, 3600, "3600"])
def test_a_session_that_chaining_gives_passes(seconds: object) -> None:
    require_duration("conn", seconds)


@pytest.mark.parametrize("seconds", [3601, "43200"])
def test_a_longer_session_is_refused_with_the_reason(seconds: object) -> None:
    with pytest.raises(
        InputError, match=f"'conn' asks for DurationSeconds {seconds}; a chained role lasts at most 3600"
    ):
        require_duration("conn", seconds)
