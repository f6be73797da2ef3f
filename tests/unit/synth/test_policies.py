"""Our own rules for policies, in every template and every partition."""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from crosswind.errors import InputError
from crosswind.prove import UNBOUND
from crosswind.synth import deployer_stacks, owner_documents
from crosswind.topology import Names, Topology
from tests.unit.synth.conftest import deployed, moved, stacks_of
from tests.unit.synth.resolve import Resolved, statements

# Statements of the deployer about things whose ids nobody knows before, without a condition on a tag; with the reason.
UNTAGGED = {
    "DecryptRecords": "bound to our buckets by the encryption context",
    "EncryptUploads": "bound to our buckets by the encryption context",
    "LookAtKeys": "a new key's tags count late; reads, and the switching on of rotation",
    "MakeEndpoints": "MWAA makes these, without a tag of ours; inside of what bears it",
    "MakeRules": "a rule bears no tag; its group does",
    "ManageAliases": "the alias is ours",
    "SurveyKeyTags": "reads",
    "TagWhatIsMade": "in the making alone",
}
# Actions with a wildcard after the service, with the reason.
WIDE = {
    "cloudformation:*": "documented for StackSets; here on the stacks of our StackSets alone",
    "s3:GetBucket*": "documented by MWAA, on the hub's bucket",
    "s3:GetObject*": "documented by MWAA, on the hub's bucket",
    "s3:List*": "documented by MWAA, on the hub's bucket",
    "kms:GenerateDataKey*": "documented by MWAA, through SQS alone",
}


@pytest.fixture(scope="module", params=["aws", "aws-cn", "aws-us-gov"])
def world(topology: Topology, request: pytest.FixtureRequest) -> dict[str, Resolved]:
    there = moved(topology, request.param)
    return deployed((*stacks_of(there), *deployer_stacks(there)), request.param)


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def allowed(world: dict[str, Resolved], kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for template in world.values():
        for where, statement in statements(template, kind):
            if statement["Effect"] == "Allow":
                yield where, statement


def test_no_action_is_everything(world: dict[str, Resolved]) -> None:
    wide = {
        (where, action)
        for kind in ("identity", "resource")
        for where, statement in allowed(world, kind)
        for action in listed(statement["Action"])
        if "*" in action and action not in WIDE
    }
    assert wide == set()


def test_no_resource_is_everything(world: dict[str, Resolved]) -> None:
    """But for the actions of the one list, which docs/reference/roles.md prints with the reasons."""
    for where, statement in allowed(world, "identity"):
        if "*" in listed(statement.get("Resource", [])):
            sid = where.split()[-1]
            known = {each.action for each in UNBOUND if each.sid in ("", sid)}
            assert set(listed(statement["Action"])) <= known, where
            if sid == "TellState":  # buckets of StackSets' own, of which AWS tells no names
                account = world[where.split()[0]].stack.account
                assert statement["Condition"] == {"StringNotEquals": {"aws:ResourceAccount": account}}
        for resource in listed(statement.get("Resource", [])):
            assert resource == "*" or resource.split(":", 5)[5].strip("*"), f"{where}: {resource}"


def test_every_passed_role_says_to_which_service(world: dict[str, Resolved]) -> None:
    found = 0
    for where, statement in allowed(world, "identity"):
        if "iam:PassRole" in listed(statement["Action"]):
            found += 1
            assert statement["Condition"]["StringEquals"]["iam:PassedToService"], where
            assert all(":role/" in r and "*" not in r for r in statement["Resource"]), where
    assert found


def test_every_trust_across_accounts_asks_for_the_external_id(world: dict[str, Resolved]) -> None:
    found = 0
    for template in world.values():
        for where, statement in statements(template, "trust"):
            principal = statement["Principal"].get("AWS", "")
            if not principal or "StackSet" in where or "ExecutionRole" in where or "DeployerRole" in where:
                continue
            found += 1
            assert statement["Condition"]["ArnEquals"]["aws:PrincipalArn"].endswith("-execution"), where
            if "sts:AssumeRole" in listed(statement["Action"]):
                assert statement["Condition"]["StringEquals"]["sts:ExternalId"], where
            else:
                assert statement["Action"] == ["sts:SetSourceIdentity", "sts:TagSession"], where
                assert statement["Condition"]["ForAllValues:StringEquals"] == {
                    "aws:TagKeys": ["crosswind:dag", "crosswind:run"]
                }, where
    assert found


def test_the_hub_may_say_what_the_trusts_let_it_say(world: dict[str, Resolved]) -> None:
    """STS asks the trust and the caller's own policy for each of its three rights."""
    trusted: dict[str, set[str]] = {}
    for template in world.values():
        for name, role in template.of("AWS::IAM::Role").items():
            if name == "CrossAccountRole":
                arn = f"arn:{_partition(world)}:iam::{template.stack.account}:role/{role['RoleName']}"
                statements_ = role["AssumeRolePolicyDocument"]["Statement"]
                trusted[arn] = {action for statement in statements_ for action in listed(statement["Action"])}
    (hub,) = [template for template in world.values() if template.stack.part == "network"]
    held: dict[str, set[str]] = {}
    for where, statement in statements(hub, "identity"):
        if " ExecutionRole " in where:
            for arn in listed(statement.get("Resource", [])):
                held.setdefault(arn, set()).update(listed(statement["Action"]))
    assert trusted
    for arn, actions in trusted.items():
        assert held[arn] == actions == {"sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"}


def test_every_trust_of_an_account_names_one_role(world: dict[str, Resolved]) -> None:
    for template in world.values():
        for where, statement in statements(template, "trust"):
            if "AWS" in statement["Principal"] and "DeployerRole" not in where:
                arn = statement["Condition"]["ArnEquals"]["aws:PrincipalArn"]
                assert ":role/" in arn, where
                assert "*" not in arn, where


# Services that AWS shows with `aws:SourceAccount` in a role's trust. With others a role could not be assumed at all.
NAMING_THE_ACCOUNT = {"airflow", "airflow-env", "cloudformation", "lambda", "sagemaker"}
SILENT = {"glue", "s3"}


def test_service_trusts_name_our_account_where_the_service_does(world: dict[str, Resolved]) -> None:
    seen: set[str] = set()
    for template in world.values():
        for where, statement in statements(template, "trust"):
            services = {name.split(".")[0] for name in statement["Principal"].get("Service", [])}
            seen |= services
            if services & NAMING_THE_ACCOUNT:
                account = statement["Condition"]["StringEquals"]["aws:SourceAccount"]
                assert account == template.stack.account, where
            elif services:
                assert services <= SILENT, where
                assert "Condition" not in statement, where
    # A topology without StackSets, or with roles that are there already, has no role for each of them.
    assert {"airflow", "lambda", "s3"} <= seen <= NAMING_THE_ACCOUNT | SILENT


def test_spark_may_look_for_and_mark_folders(example: Topology) -> None:
    """Outside `transformed/` lie the keys that Hadoop asks for before it makes a folder there."""
    bucket = f"arn:aws:s3:::{Names(example).bucket('source')}"
    template = deployed(stacks_of(example))["unified-pipelines-site-processing"]
    granted = {
        where.split()[-1]: listed(statement["Resource"])
        for where, statement in statements(template, "identity")
        if "MwaaGlueRawToTransformJobRole" in where
    }
    assert granted["MarkFolders"] == [f"{bucket}/transformed_$folder$"]
    assert {f"{bucket}/{key}" for key in ("transformed", "transformed_$folder$")} <= set(granted["FindFolders"])
    assert granted["FindBuckets"] == [bucket]


def test_training_jobs_are_named_in_both_cases(example: Topology) -> None:
    """SageMaker may write a name in lower case in an ARN, and IAM compares letters as they are."""
    data = example.model_dump(mode="json", by_alias=True)
    data["pipelines"]["cross_account_machine_learning_dag"]["steps"][1]["task"] = "Train"
    stacks = stacks_of(Topology.model_validate_json(json.dumps(data)))
    (jobs,) = [
        statement["Resource"]
        for where, statement in statements(deployed(stacks)["unified-pipelines-site-ml"], "identity")
        if where.endswith(" RunTraining")
    ]
    assert [arn.rpartition("/")[2] for arn in jobs] == ["Train-*", "train-*"]


def test_a_region_that_is_disabled_by_default_has_its_own_administrator(example: Topology) -> None:
    data = example.model_dump(mode="json", by_alias=True)
    data["sites"]["ml"]["region"] = "eu-south-1"
    stacks = stacks_of(Topology.model_validate_json(json.dumps(data)))
    (trust,) = [
        statement
        for where, statement in statements(deployed(stacks)["unified-pipelines-stacksets-data"], "trust")
        if " AdministrationRole " in where
    ]
    assert trust["Principal"]["Service"] == ["cloudformation.amazonaws.com", "cloudformation.eu-south-1.amazonaws.com"]


def test_every_bucket_refuses_plain_http(world: dict[str, Resolved]) -> None:
    for template in world.values():
        denied = {
            tuple(statement["Resource"])
            for _, statement in statements(template, "resource")
            if statement["Effect"] == "Deny"
            and statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
        }
        for bucket in template.of("AWS::S3::Bucket").values():
            assert any(arns[0].endswith(f":{bucket['BucketName']}") for arns in denied), bucket["BucketName"]
            assert all(bucket["PublicAccessBlockConfiguration"].values())


def test_every_arn_is_of_the_partition(topology: Topology) -> None:
    for stack in stacks_of(topology):
        assert '"arn:aws:' not in json.dumps(stack.template)
    for template in deployed(stacks_of(moved(topology, "aws-cn")), "aws-cn").values():
        assert "arn:aws:" not in json.dumps(template.resources, default=str)


def test_a_condition_on_the_namespace_or_mwaa(world: dict[str, Resolved]) -> None:
    for where, statement in allowed(world, "identity"):
        if "cloudwatch:PutMetricData" in listed(statement["Action"]) and "network-hub" not in where:
            assert statement["Condition"]["StringLike"]["cloudwatch:namespace"], where


def roles(world: dict[str, Resolved]) -> set[str]:
    return {
        f"{template.stack.account} {role['RoleName']}"
        for template in world.values()
        for role in template.of("AWS::IAM::Role").values()
    }


def there_already(topology: Topology, kind: str) -> set[str]:
    """The names of what is there already, of a role with its account."""
    found = [each for each in owner_documents(topology) if each.kind == kind]
    return {f"{each.account} {each.name}" if kind == "role" else each.name for each in found}


def test_every_role_that_is_named_exists(topology: Topology, world: dict[str, Resolved]) -> None:
    known = roles(world) | there_already(topology, "role")
    for kind in ("identity", "trust", "resource"):
        for where, statement in allowed(world, kind):
            named = [
                *listed(statement.get("Resource", [])),
                *listed(statement.get("Condition", {}).get("ArnEquals", {}).get("aws:PrincipalArn", [])),
            ]
            for arn in named:
                if ":role/" in arn and ":role/aws-service-role/" not in arn and ":airflow:" not in arn:
                    assert f"{arn.split(':')[4]} {arn.rpartition('/')[2]}" in known, f"{where}: {arn}"


def test_every_bucket_that_is_named_exists(topology: Topology, world: dict[str, Resolved]) -> None:
    known = {b["BucketName"] for t in world.values() for b in t.of("AWS::S3::Bucket").values()}
    known |= there_already(topology, "bucket")
    for kind in ("identity", "resource"):
        for where, statement in allowed(world, kind):
            for arn in listed(statement.get("Resource", [])):
                if ":s3:::" in arn:
                    assert arn.split(":::")[1].split("/")[0] in known, f"{where}: {arn}"


def test_role_names_are_unique_in_an_account(world: dict[str, Resolved]) -> None:
    named = [
        f"{template.stack.account} {role['RoleName']}"
        for template in world.values()
        for role in template.of("AWS::IAM::Role").values()
    ]
    assert len(named) == len(set(named))


def test_what_has_no_name_is_known_by_its_tag(topology: Topology, world: dict[str, Resolved]) -> None:
    """Ids that AWS gives: of EC2 and KMS. A wildcard for them needs a condition that says which are ours."""
    seen: set[str] = set()
    for where, statement in allowed(world, "identity"):
        if not any(
            re.search(r":(ec2|kms):[^:]*:\d+:[a-z-]+/\*$", arn) for arn in listed(statement.get("Resource", []))
        ):
            continue
        sid = re.sub(r"(DecryptRecords|EncryptUploads).*", r"\1", statement["Sid"])
        seen.add(sid)
        keys = {key for block in statement.get("Condition", {}).values() for key in block}
        if sid in {"DecryptRecords", "EncryptUploads"}:
            assert keys == {"kms:EncryptionContext:aws:s3:arn", "kms:ViaService"}, where
        elif sid == "TagWhatIsMade":
            assert keys == {"ec2:CreateAction"}, where
        elif sid not in UNTAGGED and sid != "UseQueueKey":
            assert keys & {"aws:RequestTag/crosswind:topology", "aws:ResourceTag/crosswind:topology"}, where
    made = {"ChangeNetwork", "MakeSubnets", "TagWhatIsMade"}
    assert seen & made == (made if topology.hub.network.is_made else set())


def test_the_deployers_policies_fit(world: dict[str, Resolved]) -> None:
    """docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html."""
    seen = 0
    for template in world.values():
        policies = template.of("AWS::IAM::ManagedPolicy")
        assert all(len(role.get("ManagedPolicyArns", [])) <= 10 for role in template.of("AWS::IAM::Role").values())
        for policy in policies.values():
            seen += 1
            assert len(json.dumps(policy["PolicyDocument"], separators=(",", ":"))) <= 6144
    assert seen


def test_a_long_noun_becomes_several_policies(example: Topology) -> None:
    data = example.model_dump(mode="json", by_alias=True)
    for number in range(40):
        data["buckets"][f"bucket{number}"] = {"site": "processing", "folders": ["one", "two"]}
    grown = Topology.model_validate_json(json.dumps(data))
    (stack,) = [stack for stack in deployer_stacks(grown) if stack.site == "data"]
    policies = [name for name in stack.template["Resources"] if name.startswith("Storage")]
    assert policies == [f"Storage{number}Policy" for number in ("", 2, 3, 4, 5)]
    for number in range(40, 400):
        data["buckets"][f"bucket{number}"] = {"site": "processing", "folders": ["one", "two"]}
    with pytest.raises(InputError, match="IAM lets a role have 10 of 6,144 characters") as caught:
        deployer_stacks(Topology.model_validate_json(json.dumps(data)))
    assert "The longest statement is UploadFiles, with 8" in caught.value.message
    assert caught.value.place.path == "accounts.data"
    assert "spread them over several accounts" in caught.value.hint


def test_a_hub_with_too_many_connections_says_what_helps(example: Topology) -> None:
    data = example.model_dump(mode="json", by_alias=True)
    for number in range(600):
        account = f"account{number % 60}"
        data["accounts"][account] = {"id": f"3{number % 60:011}"}
        data["sites"][f"site{number}"] = {"account": account, "region": "us-east-1", "connection": f"site-{number}"}
    with pytest.raises(InputError, match="The longest statement is ManageConnections") as caught:
        deployer_stacks(Topology.model_validate_json(json.dumps(data)))
    assert "`roles: site`" in caught.value.hint


NAMED = {
    "AWS::IAM::Role": ("iam:CreateRole", "arn:{p}:iam::{a}:role/{n}", "RoleName"),
    "AWS::S3::Bucket": ("s3:CreateBucket", "arn:{p}:s3:::{n}", "BucketName"),
    "AWS::S3::BucketPolicy": ("s3:PutBucketPolicy", "arn:{p}:s3:::{n}", "Bucket"),
    "AWS::Glue::Job": ("glue:CreateJob", "arn:{p}:glue:{r}:{a}:job/{n}", "Name"),
    "AWS::Lambda::Function": ("lambda:CreateFunction", "arn:{p}:lambda:{r}:{a}:function:{n}", "FunctionName"),
    "AWS::SQS::Queue": ("sqs:CreateQueue", "arn:{p}:sqs:{r}:{a}:{n}", "QueueName"),
    "AWS::KMS::Alias": ("kms:CreateAlias", "arn:{p}:kms:{r}:{a}:{n}", "AliasName"),
    "AWS::MWAA::Environment": ("airflow:CreateEnvironment", "arn:{p}:airflow:{r}:{a}:environment/{n}", "Name"),
    "AWS::SecretsManager::Secret": (
        "secretsmanager:CreateSecret",
        "arn:{p}:secretsmanager:{r}:{a}:secret:{n}-AbCdEf",
        "Name",
    ),
    "AWS::Logs::LogGroup": ("logs:CreateLogGroup", "arn:{p}:logs:{r}:{a}:log-group:{n}", "LogGroupName"),
}


def test_stackset_roles_may_make_what_stacksets_hold(world: dict[str, Resolved]) -> None:
    """And only there: nothing that another stack holds."""
    granted = [
        (where.split()[0], action, resource)
        for where, statement in allowed(world, "identity")
        if "stacksets" in where and " ExecutionRole " in where
        for action in statement["Action"]
        for resource in statement["Resource"]
    ]
    assert granted or all(template.stack.kind == "stack" for template in world.values())
    for template in world.values():
        stack = template.stack
        partition = _partition(world)
        for name, resource in template.resources.items():
            if resource["Type"] not in NAMED:
                continue
            action, arn, key = NAMED[resource["Type"]]
            target = arn.format(p=partition, r=stack.region, a=stack.account, n=resource["Properties"][key])
            may = any(a == action and fnmatch.fnmatchcase(target, r) for _, a, r in granted)
            assert may == (stack.kind == "stackset"), f"{stack.name} {name}"


def test_deployers_may_make_what_plain_stacks_hold(world: dict[str, Resolved]) -> None:
    """And only there: what StackSets hold is the execution role's, the deployer itself an administrator's."""
    partition = _partition(world)
    for template in world.values():
        stack = template.stack
        granted = [
            (action, resource)
            for where, statement in allowed(world, "identity")
            if where.split()[0].endswith(f"-deployer-{_account(world, stack.account)}")
            for action in statement["Action"]
            for resource in statement["Resource"]
        ]
        for name, resource in template.resources.items():
            if resource["Type"] not in NAMED:
                continue
            action, arn, key = NAMED[resource["Type"]]
            target = arn.format(p=partition, r=stack.region, a=stack.account, n=resource["Properties"][key])
            may = any(a == action and fnmatch.fnmatchcase(target, r) for a, r in granted)
            assert may == (stack.kind == "stack" and stack.part != "deployer"), f"{stack.name} {name}"


def _account(world: dict[str, Resolved], identity: str) -> str:
    return next(t.stack.site for t in world.values() if t.stack.part == "deployer" and t.stack.account == identity)


def _partition(world: dict[str, Resolved]) -> str:
    return next(
        arn.split(":")[1]
        for template in world.values()
        for _, statement in statements(template, "identity")
        for arn in listed(statement.get("Resource", []))
        if arn.startswith("arn:")
    )
