"""Tables against runs: what differs is told, in both directions."""

from __future__ import annotations

from crosswind.prove.flow import OBSERVED, SOMETIMES, Evidence, Flow, documented
from crosswind.prove.observed import Call, differences

ROLE, SESSION = "arn:aws:iam::123456789012:role/path/r", "arn:aws:sts::123456789012:assumed-role/r/s"


def flow(action: str, evidence: Evidence, resource: str = "arn:aws:s3:::b/<run>/x") -> Flow:
    return Flow("does", ROLE, action, resource, "123456789012", "hub", evidence)


def call(action: str, resource: str = "arn:aws:s3:::b/run-1/x") -> Call:
    return Call(SESSION, action, resource)


def test_what_agrees_is_no_difference() -> None:
    found = differences([flow("s3:GetObject", OBSERVED)], [call("s3:GetObject"), call("s3:getobject")])
    assert found.none
    assert found.text == "no difference"


def test_a_call_in_no_table() -> None:
    for strange in (call("s3:PutObject"), call("s3:GetObject", "arn:aws:s3:::b/run-1/y")):
        found = differences([flow("s3:GetObject", SOMETIMES)], [strange])
        assert found.unknown == (strange,)
        assert "in no table" in found.text


def test_a_call_that_is_marked_as_documented() -> None:
    found = differences([flow("s3:GetObject", documented("a/page.html"))], [call("s3:GetObject")])
    assert found.marked_wrong == (call("s3:GetObject"),)
    assert not found.unknown


def test_a_row_that_was_not_called() -> None:
    missing = flow("s3:GetObject", OBSERVED)
    found = differences([missing, flow("s3:PutObject", SOMETIMES), flow("s3:X", documented("p"))], [])
    assert found.unseen == (missing,)
    assert "not called" in found.text


def test_calls_that_differ_in_ids_alone_are_told_once() -> None:
    calls = [call("s3:PutObject", f"arn:aws:s3:::b/folder/{number}") for number in range(5)]
    assert len(differences([], calls).unknown) == 1
