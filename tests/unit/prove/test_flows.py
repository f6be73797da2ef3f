"""The tables: what they hold of topologies, and that nothing of synth's is in them."""

from __future__ import annotations

import ast
from pathlib import Path

import crosswind.prove
from crosswind.prove.flow import Flow, documented, pattern_of, sample_of
from tests.unit.prove.declared import Declared

PACKAGE = Path(crosswind.prove.__file__).parent


def actions(flows: list[Flow], role: str) -> set[str]:
    return {each.action for each in flows if each.who.endswith(role)}


def test_the_tables_know_nothing_of_how_synth_makes_statements() -> None:
    allowed = {"crosswind.synth", "crosswind.synth.registries"}  # what is proven, and where AWS's images lie
    names = {"OwnerDocument", "REPOSITORY", "Stack", "owner_documents", "registry"}
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("crosswind."):
                room = node.module.split(".")[1]
                assert room in {"errors", "iam", "prove", "synth", "topology"}, (file, node.module)
                if room == "synth":
                    assert node.module in allowed, (file, node.module)
                    assert {each.name for each in node.names} <= names


def test_every_flow_says_who_asks_and_how_it_is_known(example: Declared, movers: Declared) -> None:
    for declared in (example, movers):
        for flow in declared.flows():
            assert flow.does
            assert flow.evidence.observed or flow.evidence.page
            assert declared.places.of(*flow.asks.split(".")[:1]).line > 0, flow.asks


def test_placeholders_are_sampled_and_patterns() -> None:
    text = "arn:aws:s3:::b/folder/<run>/handover.json"
    assert sample_of(text) == "arn:aws:s3:::b/folder/run/handover.json"
    assert pattern_of(text) == "arn:aws:s3:::b/folder/*/handover.json"
    assert str(documented("a/b.html")) == "docs.aws.amazon.com/a/b.html"


def test_each_mover_has_its_flows(movers: Declared) -> None:
    every = movers.flows()
    copied = [each for each in every if "features" in each.resource and each.action == "s3:GetObjectVersionTagging"]
    assert {each.who.split(":")[4] for each in copied} == {"888888888888"}  # the destination's account copies
    assert {each.owner for each in copied} == {"777777777777"}
    assert {each.action for each in every if each.resource.endswith("-replication-failures")} >= {"sqs:ReceiveMessage"}
    in_place = [each for each in every if each.asks.startswith("jobs.tabulate.reads")]
    assert {each.owner for each in in_place} >= {"777777777777"}


def test_keys_come_with_the_objects_that_they_encrypt(customer_keys: Declared, example: Declared) -> None:
    assert not any(each.action.startswith("kms:") and "sqs." not in str(each.context) for each in example.flows())
    used = [each for each in customer_keys.flows() if each.action in ("kms:Decrypt", "kms:GenerateDataKey")]
    contexts = {
        dict(each.context).get("kms:EncryptionContext:aws:s3:arn") for each in used if "s3." in str(each.context)
    }
    assert len(contexts) == 4  # each bucket, and an object in each
