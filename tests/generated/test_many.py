"""Twenty generated topologies: cfn-lint has nothing to say of their templates, and they are proven."""

from __future__ import annotations

from pathlib import Path

import pytest

from crosswind.prove import prove
from tests.generated.many import One, linted, many

TWENTY = list(many(20))


@pytest.mark.parametrize("one", TWENTY, ids=lambda one: str(one.seed))
def test_it_is_clean_and_proven(one: One, tmp_path: Path) -> None:
    declared, stacks = one.made(tmp_path)
    assert linted(stacks) == [], one
    assert [
        f"{each.kind.value}: {each.says}" for each in prove(declared.topology, declared.places, stacks).findings
    ] == []


def test_they_differ_in_all_that_matters(tmp_path: Path) -> None:
    made = [one.made(tmp_path / str(one.seed))[0].topology for one in TWENTY]
    assert {each.partition for each in made} == {"aws", "aws-cn", "aws-us-gov"}
    assert {(each.partition, each.roles) for each in made} >= {
        (partition, roles) for partition in ("aws", "aws-cn", "aws-us-gov") for roles in ("single", "site", "pipeline")
    }
    assert {job.type for each in made for job in each.jobs.values()} == {
        "glue",
        "glue_python_shell",
        "lambda",
        "sagemaker",
        "sagemaker_processing",
    }
    movers = {each.mover for one in made for each in one.replications.values()}
    assert movers >= {"crr", "copy"}
    assert {bucket.makes_key for each in made for bucket in each.buckets.values()} == {True, False}
