"""Handovers in templates: who may publish, move and confirm them; how S3 follows its rules; and nothing beyond."""

from __future__ import annotations

import json
from typing import Any

import pytest

from crosswind.synth import Stack, deployer_stacks, grants, names_file
from crosswind.topology import Names, Topology, load
from tests.golden.regenerate import TOPOLOGIES
from tests.unit.synth.conftest import deployed, moved, stacks_of
from tests.unit.synth.resolve import Resolved, policies, statements

DATA, SCIENCE = "777777777777", "888888888888"
World = dict[str, Resolved]


@pytest.fixture(scope="module")
def topology() -> Topology:
    return load(TOPOLOGIES["movers"])


@pytest.fixture(scope="module")
def world(topology: Topology) -> World:
    return deployed((*stacks_of(topology), *deployer_stacks(topology)))


def changed(topology: Topology, **replications: dict[str, Any]) -> Topology:
    """The same with other replications' keys."""
    data = topology.model_dump(mode="json", by_alias=True)
    for name, keys in replications.items():
        data["replications"][name] |= keys
    return Topology.model_validate_json(json.dumps(data))


def of_role(world: World, stack: str, role: str) -> dict[str, dict[str, Any]]:
    """A role's statements by Sid."""
    ((_, _, found),) = [each for each in policies(world[stack]) if each[:2] == (role, "identity")]
    return {statement["Sid"]: statement for statement in found}


def policy(world: World, stack: str, bucket: str) -> dict[str, dict[str, Any]]:
    """A bucket policy's statements by Sid."""
    found = world[stack].of("AWS::S3::BucketPolicy")[f"{bucket}BucketPolicy"]["PolicyDocument"]["Statement"]
    return {statement["Sid"]: statement for statement in found}


def destinations(world: World, stack: str, bucket: str) -> dict[str, dict[str, Any]]:
    """The destination of each replication rule of a bucket, by the rule's name."""
    rules = world[stack].of("AWS::S3::Bucket")[bucket]["ReplicationConfiguration"]["Rules"]
    return {rule["Id"]: rule["Destination"] for rule in rules}


# -- the rules of S3 ---------------------------------------------------------------------------------------------


def test_only_s3s_movers_have_rules(world: World) -> None:
    assert set(destinations(world, "movers-site-lake", "LakeBucket")) == {"to_edge"}
    assert set(destinations(world, "movers-site-edge", "EdgeBucket")) == {"to_lake"}
    assert "ReplicationConfiguration" not in world["movers-site-lab"].of("AWS::S3::Bucket")["LabBucket"]


def test_s3_follows_rules_as_declared(world: World, topology: Topology) -> None:
    (timed,) = destinations(world, "movers-site-lake", "LakeBucket").values()
    assert timed["ReplicationTime"] == {"Status": "Enabled", "Time": {"Minutes": 15}}
    assert timed["Metrics"] == {"Status": "Enabled", "EventThreshold": {"Minutes": 15}}
    (told,) = destinations(world, "movers-site-edge", "EdgeBucket").values()
    assert told["Metrics"] == {"Status": "Enabled"}
    assert "ReplicationTime" not in told
    silent = changed(topology, to_lake={"failure_events": False})
    (plain,) = destinations(deployed(stacks_of(silent)), "movers-site-edge", "EdgeBucket").values()
    assert not {"Metrics", "ReplicationTime"} & set(plain)


def test_a_bucket_tells_its_queue_of_failures(world: World, topology: Topology) -> None:
    edge = world["movers-site-edge"]
    (queue,) = edge.of("AWS::SQS::Queue").values()
    name = Names(topology).failures_queue("edge")
    assert queue == {"QueueName": name, "SqsManagedSseEnabled": True}
    (told,) = edge.of("AWS::S3::Bucket")["EdgeBucket"]["NotificationConfiguration"]["QueueConfigurations"]
    assert told["Event"] == "s3:Replication:OperationFailedReplication"
    assert told["Filter"] == {"S3Key": {"Rules": [{"Name": "prefix", "Value": "raw/"}]}}
    assert names_file(topology)["replications"]["to_lake"]["failures"] == {
        "queue": f"https://sqs.eu-north-1.amazonaws.com/{DATA}/{name}",
        "account": DATA,
        "region": "eu-north-1",
    }
    assert not world["movers-site-lake"].of("AWS::SQS::Queue")


def test_s3_alone_sends_and_for_this_bucket_alone(world: World, topology: Topology) -> None:
    (sends,) = world["movers-site-edge"].of("AWS::SQS::QueuePolicy").values()
    (statement,) = sends["PolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    assert statement["Action"] == "sqs:SendMessage"
    assert statement["Resource"] == f"arn:aws:sqs:eu-north-1:{DATA}:{Names(topology).failures_queue('edge')}"
    assert statement["Condition"] == {
        "ArnEquals": {"aws:SourceArn": f"arn:aws:s3:::{Names(topology).bucket('edge')}"},
        "StringEquals": {"aws:SourceAccount": DATA},
    }


def test_the_bucket_comes_after_the_queues_policy(topology: Topology) -> None:
    """S3 tries the queue when the bucket is told of it; and in deletion the bucket goes first."""
    edge = next(stack for stack in stacks_of(topology) if stack.site == "edge")
    assert edge.template["Resources"]["EdgeBucket"]["DependsOn"] == ["EdgeFailuresPolicy"]
    assert "DependsOn" not in edge.template["Resources"]["EdgeBucketPolicy"]


def test_folders_with_failure_events_have_a_filter_each_and_one_queue(topology: Topology) -> None:
    data = topology.model_dump(mode="json", by_alias=True)
    data["replications"]["back"] = {"from": "edge", "to": "lake", "folder": "scripts", "failure_events": True}
    data["replications"]["again"] = {"from": "edge", "to": "lab", "folder": "scripts", "failure_events": True}
    both = Topology.model_validate_json(json.dumps(data))
    edge = deployed(stacks_of(both))["movers-site-edge"]
    told = edge.of("AWS::S3::Bucket")["EdgeBucket"]["NotificationConfiguration"]["QueueConfigurations"]
    assert [each["Filter"]["S3Key"]["Rules"][0]["Value"] for each in told] == ["raw/", "scripts/"]
    assert len(edge.of("AWS::SQS::Queue")) == 1


def test_the_queues_url_is_of_the_partition(topology: Topology) -> None:
    china = names_file(moved(topology, "aws-cn"))["replications"]["to_lake"]["failures"]
    assert china["queue"].startswith("https://sqs.cn-northwest-1.amazonaws.com.cn/")


# -- handovers are written once ----------------------------------------------------------------------------------


def test_handovers_are_put_where_none_is(world: World, topology: Topology) -> None:
    names = Names(topology)
    for stack, bucket, folders in (
        ("movers-site-lake", "lake", ("clean", "features")),
        ("movers-site-edge", "edge", ("raw",)),
    ):
        statement = policy(world, stack, bucket.capitalize())["HandoversOnce"]
        assert statement["Effect"] == "Deny"
        assert statement["Principal"] == "*"
        assert statement["Action"] == "s3:PutObject"
        assert statement["Condition"] == {"Null": {"s3:if-none-match": "true"}}
        arns = [f"arn:aws:s3:::{names.bucket(bucket)}/{folder}/*/handover.json" for folder in folders]
        assert statement["Resource"] == arns
    assert "HandoversOnce" not in policy(world, "movers-site-lab", "Lab")


def test_airflow_alone_puts_handovers_and_nobody_removes_one_but_who_cleans_up(world: World) -> None:
    lake = policy(world, "movers-site-lake", "Lake")
    assert lake["HandoversByAirflow"]["Effect"] == "Deny"
    assert lake["HandoversByAirflow"]["Action"] == "s3:PutObject"
    assert lake["HandoversByAirflow"]["Condition"] == {
        "ArnNotEquals": {"aws:PrincipalArn": [f"arn:aws:iam::{DATA}:role/movers-site-lake"]}
    }
    assert lake["HandoversStay"]["Action"] == "s3:DeleteObject"
    assert "Condition" not in lake["HandoversStay"]  # no job of this topology deletes
    example = deployed(stacks_of(load(TOPOLOGIES["unified_pipelines"])))
    source = policy(example, "unified-pipelines-site-processing", "Source")
    cleaner = "arn:aws:iam::222222222222:role/unified-pipelines-lambda-dagcleanup"
    assert source["HandoversStay"]["Condition"] == {"ArnNotEquals": {"aws:PrincipalArn": [cleaner]}}


def test_who_publishes_is_who_runs_the_writer(topology: Topology) -> None:
    published = {(g.what, g.why) for g in grants(topology) if g.verb == "publish"}
    assert published == {
        ("edge/raw", "pipelines.collecting.steps[0].run"),
        ("lake/clean", "pipelines.cleaning.steps[1].run"),
        ("lake/features", "pipelines.cleaning.steps[1].run"),
    }


# -- Airflow -----------------------------------------------------------------------------------------------------

PUTS = {
    "edge": {
        "PublishEdge": ["raw/*/handover.json"],
        "ClaimEdge": ["_crosswind/claims/*"],
        "CarryEdge": ["clean/*"],
    },
    "lake": {
        "PublishLake": ["clean/*/handover.json", "features/*/handover.json"],
        "ClaimLake": ["_crosswind/claims/*"],
    },
    "lab": {
        "RecordLab": ["models/*/output/lineage.json"],
        "ClaimLab": ["_crosswind/claims/*"],
        "CarryLab": ["features/*"],
    },
}


@pytest.mark.parametrize("site", PUTS)
def test_what_airflow_writes_at_a_site_is_listed_here(world: World, topology: Topology, site: str) -> None:
    """Each site has a role of its own, which writes in the site's own bucket alone."""
    role = of_role(world, f"movers-site-{site}", "CrossAccountRole")
    writing = {sid: s["Resource"] for sid, s in role.items() if "s3:PutObject" in s["Action"]}
    bucket = f"arn:aws:s3:::{Names(topology).bucket(site)}"
    assert writing == {sid: [f"{bucket}/{pattern}" for pattern in patterns] for sid, patterns in PUTS[site].items()}


def test_a_record_names_its_model(world: World, topology: Topology) -> None:
    lab = of_role(world, "movers-site-lab", "CrossAccountRole")
    assert lab["NameModelsLab"]["Action"] == ["s3:GetObject"]
    model = f"arn:aws:s3:::{Names(topology).bucket('lab')}/models/*/output/model.tar.gz"
    assert lab["NameModelsLab"]["Resource"] == [model]


def test_versions_are_pinned_at_both_ends(world: World, topology: Topology) -> None:
    names = Names(topology)
    at_lake, at_edge = (of_role(world, f"movers-site-{site}", "CrossAccountRole") for site in ("lake", "edge"))
    lake, edge = (f"arn:aws:s3:::{names.bucket(name)}" for name in ("lake", "edge"))
    assert at_lake["PinLake"]["Action"] == ["s3:GetObjectVersion"]
    assert at_lake["PinLake"]["Resource"] == [f"{lake}/{folder}/*" for folder in ("clean", "features", "raw")]
    assert at_edge["PinEdge"]["Resource"] == [f"{edge}/{folder}/*" for folder in ("clean", "raw")]
    assert at_lake["ListVersionsLake"]["Action"] == ["s3:ListBucketVersions"]
    assert at_lake["ListVersionsLake"]["Resource"] == [lake]
    # Versions are listed where a handover arrives, or is read in place; a folder that is only handed on is none.
    prefixes = at_lake["ListVersionsLake"]["Condition"]["StringLike"]["s3:prefix"]
    assert prefixes == ["clean/*", "raw/*"]


def test_reasons_are_looked_up_where_s3_moves(world: World, topology: Topology) -> None:
    roles = {site: of_role(world, f"movers-site-{site}", "CrossAccountRole") for site in ("edge", "lake", "lab")}
    for site in ("edge", "lake"):
        bucket = f"arn:aws:s3:::{Names(topology).bucket(site)}"
        assert roles[site]["InspectRules"]["Action"] == ["s3:GetReplicationConfiguration"]
        assert roles[site]["InspectRules"]["Resource"] == [bucket]
        assert roles[site]["InspectVersioning"]["Action"] == ["s3:GetBucketVersioning"]
        assert roles[site]["InspectVersioning"]["Resource"] == [bucket]
    assert roles["edge"]["ReceiveFailures"]["Resource"] == [
        f"arn:aws:sqs:eu-north-1:{DATA}:{Names(topology).failures_queue('edge')}"
    ]
    assert not [sid for sid in roles["lab"] if sid.startswith(("Inspect", "Receive"))]


def test_results_are_read_by_airflow_and_put_by_the_function(world: World, topology: Topology) -> None:
    results = f"arn:aws:s3:::{Names(topology).bucket('edge')}/results/*"
    airflow = of_role(world, "movers-site-edge", "CrossAccountRole")
    assert results in airflow["ReadEdge"]["Resource"]
    assert "results/*" in airflow["ListEdge"]["Condition"]["StringLikeIfExists"]["s3:prefix"]
    function = of_role(world, "movers-site-edge", "WeighJobRole")
    assert function["AnswerEdge"]["Action"] == ["s3:PutObject"]
    assert function["AnswerEdge"]["Resource"] == [results]


def test_claims_can_be_looked_for(world: World) -> None:
    """Who may list gets 404 for a claim that is not there, and not 403."""
    for site, sid in (("edge", "ListEdge"), ("lake", "ListLake")):
        airflow = of_role(world, f"movers-site-{site}", "CrossAccountRole")
        assert "_crosswind/claims/*" in airflow[sid]["Condition"]["StringLikeIfExists"]["s3:prefix"]


def test_logs_of_every_kind_of_job_are_read(world: World) -> None:
    data, lab = (of_role(world, f"movers-site-{site}", "CrossAccountRole") for site in ("edge", "lab"))
    for role, sid, looks in (
        (data, "ReadGlueLogs", []),  # its streams are named after the run
        (data, "ReadFunctionLogs", ["logs:FilterLogEvents"]),
        (lab, "ReadTrainingLogs", ["logs:DescribeLogStreams"]),
    ):
        assert role[sid]["Action"] == [*looks, "logs:GetLogEvents"]
    assert "sagemaker:ListTags" in lab["RunTraining"]["Action"]


def test_a_pipeline_that_only_looks_for_a_key_moves_nothing() -> None:
    """`wait` for an object is the plain sensor's; only a whole folder waits for a handover."""
    found = grants(load(TOPOLOGIES["three_accounts"]))
    assert not [g for g in found if g.verb == "pin" and g.what == "lab/clean/ready.json"]
    assert not [g for g in found if g.verb == "inspect" and g.what.endswith("/clean")]
    assert [g for g in found if g.verb == "inspect" and g.what.endswith("/raw")]


# -- movers ------------------------------------------------------------------------------------------------------


def test_a_mover_fetches_in_one_account_and_carries_into_another(world: World, topology: Topology) -> None:
    names = Names(topology)
    lab = of_role(world, "movers-site-lab", "CrossAccountRole")
    fetched = f"arn:aws:s3:::{names.bucket('lake')}/features/*"
    assert lab["FetchLake"]["Action"] == ["s3:GetObjectVersion", "s3:GetObjectVersionTagging"]
    assert lab["FetchLake"]["Resource"] == [fetched]
    assert set(lab["CarryLab"]["Action"]) == {
        "s3:AbortMultipartUpload",
        "s3:GetObject",
        "s3:ListMultipartUploadParts",
        "s3:PutObject",
        "s3:PutObjectTagging",
    }
    assert lab["ListUploads"]["Action"] == ["s3:ListBucketMultipartUploads"]
    # The other side: the source's bucket policy, and its key's.
    grant = policy(world, "movers-site-lake", "Lake")["MoverLabFetchLake"]
    assert grant["Principal"] == {"AWS": f"arn:aws:iam::{SCIENCE}:root"}
    assert grant["Condition"] == {"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{SCIENCE}:role/movers-site-lab"}}
    assert (grant["Action"], grant["Resource"]) == (lab["FetchLake"]["Action"], lab["FetchLake"]["Resource"])
    (key,) = world["movers-site-lake"].of("AWS::KMS::Key").values()
    (use,) = [s for s in key["KeyPolicy"]["Statement"] if s["Sid"] == "MoverLabDecrypts"]
    assert use["Action"] == ["kms:Decrypt"]
    assert use["Condition"]["ArnEquals"] == grant["Condition"]["ArnEquals"]
    assert lab["DecryptLake"]["Resource"] == [f"arn:aws:kms:eu-west-1:{DATA}:key/LakeKey"]


def test_repair_is_a_mover_where_it_is_declared(topology: Topology) -> None:
    def movers(found: Topology) -> set[tuple[str, str, str]]:
        return {(g.who, g.verb, g.what) for g in grants(found) if g.who.startswith("mover ")}

    repaired = {("mover to_edge", "fetch", "lake/clean"), ("mover to_edge", "carry", "edge/clean")}
    assert repaired <= movers(topology)
    assert not repaired & movers(changed(topology, to_edge={"repair": False}))
    (why,) = {g.why for g in grants(topology) if g.who == "mover to_edge"}
    assert why == "replications.to_edge.repair"


def test_nobody_copies_what_nobody_waits_for(topology: Topology) -> None:
    data = topology.model_dump(mode="json", by_alias=True)
    steps = data["pipelines"]["training"]["steps"]
    data["pipelines"]["training"]["steps"] = [step for step in steps if step["wait"] != "lab/features"]
    found = grants(Topology.model_validate_json(json.dumps(data)))
    assert not [g for g in found if g.who == "mover to_lab"]


# -- in place ----------------------------------------------------------------------------------------------------


def test_readers_in_place_stand_in_both_accounts(world: World, topology: Topology) -> None:
    """Everything that a reader's own role may do in the bucket, its owner allows too; and nothing else."""
    lake = f"arn:aws:s3:::{Names(topology).bucket('lake')}"
    granted = policy(world, "movers-site-lake", "Lake")
    for job, role in (("Tabulate", "TabulateJobRole"), ("Train", "TrainJobRole")):
        own = {
            (action, resource)
            for statement in of_role(world, "movers-site-lab", role).values()
            for action in statement["Action"]
            for resource in statement["Resource"]
            if resource.startswith(lake)
        }
        guests = [s for sid, s in granted.items() if sid.startswith(f"Job{job}")]
        assert own == {(a, r) for s in guests for a in s["Action"] for r in s["Resource"]}
        assert own
        for statement in guests:
            assert statement["Principal"] == {"AWS": f"arn:aws:iam::{SCIENCE}:root"}
            assert statement["Condition"]["ArnEquals"]["aws:PrincipalArn"].startswith(f"arn:aws:iam::{SCIENCE}:role/")
    assert not [sid for sid in granted if sid.startswith("JobWeigh")]  # of the bucket's own account


def test_readers_in_place_use_the_key_of_the_bucket(world: World) -> None:
    key = f"arn:aws:kms:eu-west-1:{DATA}:key/LakeKey"
    for stack, role in (
        ("movers-site-edge", "WeighJobRole"),
        ("movers-site-lab", "TabulateJobRole"),
        ("movers-site-lab", "TrainJobRole"),
    ):
        assert of_role(world, stack, role)["DecryptLake"]["Resource"] == [key]


def test_a_key_of_another_stack_comes_late(topology: Topology) -> None:
    for stack in stacks_of(topology):
        if stack.site in {"edge", "lab"} and stack.part == "site":
            (need,) = [need for need in stack.needs if need.parameter == "LakeKeyArn"]
            assert need.late
            alone = deployed((stack,))[stack.name]
            assert "DecryptLake" not in json.dumps(alone.resources, default=str)


# -- functions that answer by a result -----------------------------------------------------------------------------


def test_lambda_neither_retries_nor_waits_long(world: World, topology: Topology) -> None:
    (settings,) = world["movers-site-edge"].of("AWS::Lambda::EventInvokeConfig").values()
    assert settings["MaximumRetryAttempts"] == 0
    assert settings["MaximumEventAgeInSeconds"] == 60
    assert settings["Qualifier"] == "$LATEST"
    data = topology.model_dump(mode="json", by_alias=True)
    data["jobs"]["weigh"]["results"] = None
    synchronous = Topology.model_validate_json(json.dumps(data))
    assert not deployed(stacks_of(synchronous))["movers-site-edge"].of("AWS::Lambda::EventInvokeConfig")
    weigh = names_file(synchronous)["jobs"]["weigh"]
    assert (weigh["results"], weigh["claims"]) == (None, None)


# -- who deploys it ------------------------------------------------------------------------------------------------


def managed(world: World, stack: str) -> dict[str, list[str]]:
    """The resources of the statements about messages, by Sid."""
    kinds = ("ManageQueues", "ManageNotifications", "ManageInvocations")
    found = [s for _, s in statements(world[stack], "identity")]
    return {s["Sid"]: s["Resource"] for s in found if s.get("Sid") in kinds}


def test_queues_are_made_by_whoever_makes_their_stack(world: World, topology: Topology) -> None:
    far = managed(world, "movers-stacksets-data")
    assert far["ManageQueues"] == [f"arn:aws:sqs:eu-north-1:{DATA}:{Names(topology).failures_queue('edge')}"]
    assert far["ManageNotifications"] == [f"arn:aws:s3:::{Names(topology).bucket('edge')}"]
    function = f"arn:aws:lambda:eu-north-1:{DATA}:function:weigh"
    assert far["ManageInvocations"] == [function, f"{function}:$LATEST"]
    assert managed(world, "movers-deployer-data") == {}
    example = load(TOPOLOGIES["unified_pipelines"])
    home = deployed(deployer_stacks(example))
    assert set(managed(home, "unified-pipelines-deployer-data")) == {"ManageQueues", "ManageNotifications"}


def types_named(stack: Stack) -> set[str]:
    text = json.dumps(stack.template)
    known = ("AWS-SQS-Queue", "AWS-SQS-QueuePolicy", "AWS-Lambda-EventInvokeConfig")
    return {kind for kind in known if f'type/resource/{kind}"' in text}


def test_the_types_of_far_stacks_are_named(topology: Topology) -> None:
    (stack,) = [stack for stack in deployer_stacks(topology) if stack.site == "data"]
    assert types_named(stack) == {"AWS-SQS-Queue", "AWS-SQS-QueuePolicy", "AWS-Lambda-EventInvokeConfig"}
    (plain,) = [s for s in deployer_stacks(load(TOPOLOGIES["three_accounts"])) if s.site == "data"]
    assert types_named(plain) == set()


def test_the_deployer_walks_back_from_a_model(world: World, topology: Topology) -> None:
    names = Names(topology)
    found = {s["Sid"]: s for _, s in statements(world["movers-deployer-data"], "identity")}
    assert found["ReadClaims"]["Action"] == ["s3:GetObject"]
    claims = [f"arn:aws:s3:::{names.bucket(bucket)}/_crosswind/claims/*" for bucket in ("edge", "lake")]
    assert found["ReadClaims"]["Resource"] == claims
    assert found["DecryptRecordsEuWest1"]["Action"] == ["kms:Decrypt"]
    lab = {s["Sid"]: s for _, s in statements(world["movers-deployer-science"], "identity")}
    assert lab["ReadLineage"]["Resource"] == [
        f"arn:aws:s3:::{names.bucket('lab')}/models/*/output/{name}" for name in ("lineage.json", "model.tar.gz")
    ]
    assert "sagemaker:ListTags" in lab["StopTraining"]["Action"]
    assert "DecryptRecordsEuWest1" not in lab  # no key there
