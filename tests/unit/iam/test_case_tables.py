"""Decisions held against tables of cases: the project's own, and those of other projects."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crosswind.iam import decide
from crosswind.iam.cases import Case, read_cases, request_and_policies

OWN = Path(__file__).parent / "cases"
SHARED = Path(__file__).parents[4] / "shared" / "cases" / "iam"


def cases_in(folder: Path) -> list[Case]:
    return [case for file in sorted(folder.glob("*.json")) for case in read_cases(file.read_text(), file.name)]


def check(case: Case) -> None:
    decision = decide(*request_and_policies(case))
    said = [(layer.layer.value, layer.verdict.value, layer.required) for layer in decision.layers]
    assert case.agrees(decision.effect), f"{case.data.get('name')}: {decision.effect}, expected {case.expected}: {said}"


@pytest.mark.parametrize("case", cases_in(OWN), ids=lambda case: case.id)
def test_own_case(case: Case) -> None:
    check(case)


def test_own_cases_each_have_a_page_and_an_id_of_their_own() -> None:
    cases = cases_in(OWN)
    assert len(cases) >= 120
    assert len({case.id for case in cases}) == len(cases)
    for case in cases:
        assert case.data["source"]["page"].startswith("docs.aws.amazon.com/"), case.id
        assert case.expected in ("Allow", "ExplicitDeny", "ImplicitDeny"), case.id


@pytest.mark.skipif(not SHARED.is_dir(), reason="no shared cases beside this repository")
def test_the_shared_folder_holds_cases() -> None:
    """A run that found nothing to check is a failure, not a success."""
    assert len(cases_in(SHARED)) > 0


@pytest.mark.parametrize("case", cases_in(SHARED), ids=lambda case: case.id)
def test_shared_case(case: Case) -> None:
    if case.disputed:
        pytest.skip(case.disputed)
    check(case)


def test_a_wrong_expectation_is_seen() -> None:
    """The check itself can fail."""
    whole = json.loads((OWN / "same-account.json").read_text())[0]
    assert whole["expected"] == "ImplicitDeny"
    (case,) = read_cases(json.dumps([{**whole, "expected": "Allow"}]))
    with pytest.raises(AssertionError, match="ImplicitDeny, expected Allow"):
        check(case)
