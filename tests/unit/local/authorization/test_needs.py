"""What calls of the other services need, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from crosswind.local.authorization.facts import KeyFacts, SessionFacts
from crosswind.local.authorization.needs import Needs
from crosswind.local.edge.call import Principal, ServiceError
from tests.unit.local.authorization.world import CALLER, HUB, SITE, FakeFacts, asked, call, keyed, one

ROLE = f"arn:aws:iam::{HUB}:role/team/job"
FOREIGN = f"arn:aws:iam::{SITE}:role/etl"


def here(service: str, rest: str) -> str:
    return f"arn:aws:{service}:us-east-1:{HUB}:{rest}"


# --- STS -----------------------------------------------------------------------------------------------------------


def assume(**more: Any) -> dict[str, Any]:
    return {"RoleArn": FOREIGN, "RoleSessionName": "airflow", **more}


def test_assuming_a_role_asks_the_roles_account() -> None:
    facts = FakeFacts(tags={FOREIGN: {"team": "ml"}})
    need = one(facts, call("sts", "AssumeRole", assume(ExternalId="pipeline-7")))
    assert (need.action, need.resource, need.account) == ("sts:AssumeRole", FOREIGN, SITE)
    assert need.context == {
        "sts:RoleSessionName": "airflow",
        "sts:ExternalId": "pipeline-7",
        "aws:ResourceTag/team": "ml",
        "iam:ResourceTag/team": "ml",
    }


def test_tags_and_source_identity_are_rights_of_their_own() -> None:
    tags = {"Tags": [{"Key": "team", "Value": "ml"}], "TransitiveTagKeys": ["team"], "SourceIdentity": "ann"}
    needs = Needs(FakeFacts()).of(call("sts", "AssumeRole", assume(**tags)))
    assert [need.action for need in needs] == ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]
    for need in needs:
        assert need.context["aws:RequestTag/team"] == "ml"
        assert need.context["aws:TagKeys"] == ["team"]
        assert need.context["sts:TransitiveTagKeys"] == ["team"]
        assert need.context["sts:SourceIdentity"] == "ann"


def test_what_a_session_hands_on_needs_the_same_rights() -> None:
    facts = FakeFacts(sessions={CALLER.access_key: SessionFacts({"team": "ml"}, "ann")})
    needs = asked(facts, call("sts", "AssumeRole", assume()))
    assert [action for action, _ in needs] == ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]


def test_root_becomes_any_role_of_its_own_account_and_no_other() -> None:
    own, other = (Principal(account, f"arn:aws:iam::{account}:root", account, account) for account in (SITE, HUB))
    assert Needs(FakeFacts()).of(replace(call("sts", "AssumeRole", assume()), principal=own)) == ()
    (need,) = Needs(FakeFacts()).of(replace(call("sts", "AssumeRole", assume()), principal=other))
    assert (need.action, need.account) == ("sts:AssumeRole", SITE)


@pytest.mark.parametrize("operation", ["GetCallerIdentity", "GetSessionToken"])
def test_nobody_needs_a_right_to_know_who_they_are(operation: str) -> None:
    assert Needs(FakeFacts()).of(call("sts", operation, {})) == ()


# --- roles that are handed over ------------------------------------------------------------------------------------

TRAINING = {
    "TrainingJobName": "Train-One",
    "RoleArn": ROLE,
    "AlgorithmSpecification": {"TrainingInputMode": "File"},
    "OutputDataConfig": {"S3OutputPath": "s3://b/o", "KmsKeyId": "k"},
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
    "StoppingCondition": {"MaxRuntimeInSeconds": 60},
}

PROCESSING = {
    "ProcessingJobName": "Score-One",
    "RoleArn": ROLE,
    "AppSpecification": {"ImageUri": "i"},
    "ProcessingResources": {
        "ClusterConfig": {
            "InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5, "VolumeKmsKeyId": "v",
        }
    },
    "ProcessingOutputConfig": {"Outputs": [], "KmsKeyId": "k"},
    "NetworkConfig": {"EnableNetworkIsolation": True, "VpcConfig": {"SecurityGroupIds": ["sg"], "Subnets": ["sn"]}},
    "StoppingCondition": {"MaxRuntimeInSeconds": 60},
}  # fmt: skip


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "to"),
    [
        ("glue", "CreateJob", {"Name": "j", "Role": ROLE, "Command": {}}, "glue.amazonaws.com"),
        ("glue", "UpdateJob", {"JobName": "j", "JobUpdate": {"Role": ROLE}}, "glue.amazonaws.com"),
        ("glue", "CreateCrawler", {"Name": "c", "Role": ROLE, "Targets": {}}, "glue.amazonaws.com"),
        ("sagemaker", "CreateTrainingJob", TRAINING, "sagemaker.amazonaws.com"),
        ("sagemaker", "CreateProcessingJob", PROCESSING, "sagemaker.amazonaws.com"),
        ("sagemaker", "CreateModel", {"ModelName": "m", "ExecutionRoleArn": ROLE}, "sagemaker.amazonaws.com"),
        ("lambda", "CreateFunction", {"FunctionName": "f", "Role": ROLE, "Code": {}}, "lambda.amazonaws.com"),
        ("lambda", "UpdateFunctionConfiguration", {"FunctionName": "f", "Role": ROLE}, "lambda.amazonaws.com"),
        ("mwaa", "UpdateEnvironment", {"Name": "e", "ExecutionRoleArn": ROLE}, "airflow.amazonaws.com"),
        ("cloudformation", "CreateStack", {"StackName": "s", "RoleARN": ROLE}, "cloudformation.amazonaws.com"),
        ("cloudformation", "DeleteStack", {"StackName": "s", "RoleARN": ROLE}, "cloudformation.amazonaws.com"),
        (
            "cloudformation",
            "CreateStackSet",
            {"StackSetName": "s", "AdministrationRoleARN": ROLE},
            "cloudformation.amazonaws.com",
        ),
        (
            "events",
            "PutTargets",
            {"Rule": "r", "Targets": [{"Id": "1", "Arn": "arn:x", "RoleArn": ROLE}]},
            "events.amazonaws.com",
        ),
        (
            "stepfunctions",
            "CreateStateMachine",
            {"name": "m", "definition": "{}", "roleArn": ROLE},
            "states.amazonaws.com",
        ),
        ("iam", "AddRoleToInstanceProfile", {"InstanceProfileName": "p", "RoleName": "job"}, "ec2.amazonaws.com"),
    ],
)
def test_a_role_that_is_handed_over_is_passed(
    service: str, operation: str, parameters: dict[str, Any], to: str
) -> None:
    facts = FakeFacts(arns={"role/job": ROLE})
    passed = [need for need in Needs(facts).of(call(service, operation, parameters)) if need.action == "iam:PassRole"]
    assert [(need.resource, need.account) for need in passed] == [(ROLE, HUB)]
    assert passed[0].context["iam:PassedToService"] == to


def test_a_role_by_name_is_passed_with_its_path() -> None:
    facts = FakeFacts(arns={"role/job": ROLE})
    needs = asked(facts, call("glue", "CreateJob", {"Name": "j", "Role": "job", "Command": {}}))
    assert ("iam:PassRole", ROLE) in needs
    unheard = asked(FakeFacts(), call("glue", "CreateJob", {"Name": "j", "Role": "new", "Command": {}}))
    assert ("iam:PassRole", f"arn:aws:iam::{HUB}:role/new") in unheard


def test_a_role_of_another_account_belongs_to_that_account() -> None:
    made = call("glue", "CreateJob", {"Name": "j", "Role": FOREIGN, "Command": {}})
    need = Needs(FakeFacts()).of(made)[-1]
    assert (need.action, need.account) == ("iam:PassRole", SITE)


def test_a_job_run_passes_nothing() -> None:
    assert asked(FakeFacts(), call("glue", "StartJobRun", {"JobName": "j"})) == [
        ("glue:StartJobRun", here("glue", "job/j"))
    ]


def test_an_instance_passes_the_role_of_its_profile() -> None:
    facts = FakeFacts(arns={"web": ROLE})
    made = call("ec2", "RunInstances", {"IamInstanceProfile": {"Name": "web"}, "ImageId": "ami-1", "MaxCount": 1})
    assert ("iam:PassRole", ROLE) in asked(facts, made)


# --- tags ----------------------------------------------------------------------------------------------------------

LIST = [{"Key": "team", "Value": "ml"}]


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "need"),
    [
        ("sagemaker", "CreateTrainingJob", {**TRAINING, "Tags": LIST}, "sagemaker:AddTags"),
        ("sagemaker", "CreateProcessingJob", {**PROCESSING, "Tags": LIST}, "sagemaker:AddTags"),
        ("glue", "CreateJob", {"Name": "j", "Role": ROLE, "Command": {}, "Tags": {"team": "ml"}}, "glue:TagResource"),
        ("lambda", "CreateFunction", {"FunctionName": "f", "Role": ROLE, "Tags": {"team": "ml"}}, "lambda:TagResource"),
        ("secretsmanager", "CreateSecret", {"Name": "s", "Tags": LIST}, "secretsmanager:TagResource"),
        ("logs", "CreateLogGroup", {"logGroupName": "g", "tags": {"team": "ml"}}, "logs:TagResource"),
        ("iam", "CreateRole", {"RoleName": "r", "AssumeRolePolicyDocument": "{}", "Tags": LIST}, "iam:TagRole"),
        ("kms", "CreateKey", {"Tags": [{"TagKey": "team", "TagValue": "ml"}]}, "kms:TagResource"),
        ("sqs", "CreateQueue", {"QueueName": "q", "tags": {"team": "ml"}}, "sqs:TagQueue"),
        ("cloudformation", "CreateStack", {"StackName": "s", "Tags": LIST}, "cloudformation:TagResource"),
        (
            "ec2",
            "CreateSubnet",
            {"VpcId": "vpc-1", "TagSpecifications": [{"ResourceType": "subnet", "Tags": LIST}]},
            "ec2:CreateTags",
        ),
    ],
)
def test_tags_on_creation_are_a_right_of_their_own(
    service: str, operation: str, parameters: dict[str, Any], need: str
) -> None:
    tagging = [one for one in Needs(FakeFacts()).of(call(service, operation, parameters)) if one.action == need]
    assert len(tagging) == 1
    assert tagging[0].context["aws:RequestTag/team"] == "ml"
    assert tagging[0].context["aws:TagKeys"] == ["team"]
    parameters = {
        name: value for name, value in parameters.items() if name not in {"Tags", "tags", "TagSpecifications"}
    }
    assert need not in dict(asked(FakeFacts(), call(service, operation, parameters)))


def test_ec2_tells_which_creation_tags() -> None:
    parameters = {"VpcId": "vpc-1", "TagSpecifications": [{"ResourceType": "subnet", "Tags": LIST}]}
    facts = FakeFacts(tags={here("ec2", "vpc/vpc-1"): {"owner": "net"}})
    needs = {(need.action, need.resource): need for need in Needs(facts).of(call("ec2", "CreateSubnet", parameters))}
    assert needs.keys() == {
        ("ec2:CreateSubnet", here("ec2", "subnet/*")),
        ("ec2:CreateSubnet", here("ec2", "vpc/vpc-1")),
        ("ec2:CreateTags", here("ec2", "subnet/*")),
    }
    assert needs["ec2:CreateTags", here("ec2", "subnet/*")].context["ec2:CreateAction"] == "CreateSubnet"
    vpc = needs["ec2:CreateSubnet", here("ec2", "vpc/vpc-1")].context
    assert vpc["ec2:ResourceTag/owner"] == vpc["aws:ResourceTag/owner"] == "net"
    assert "aws:RequestTag/team" not in vpc


def test_tags_taken_away_are_named() -> None:
    arn = here("glue", "job/j")
    need = one(FakeFacts(), call("glue", "UntagResource", {"ResourceArn": arn, "TagsToRemove": ["a", "b"]}))
    assert (need.resource, need.context["aws:TagKeys"]) == (arn, ["a", "b"])


# --- resources -----------------------------------------------------------------------------------------------------

SECRET = here("secretsmanager", "secret:airflow/connections/x-AbCdEf")
STACK = here("cloudformation", "stack/one/11111111-2222")
SET = here("cloudformation", "stackset/far:33333333-4444")
ARNS = {
    "airflow/connections/x": SECRET,
    "one": STACK,
    "far": SET,
    "role/job": ROLE,
}


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "needs"),
    [
        (
            "secretsmanager",
            "GetSecretValue",
            {"SecretId": "airflow/connections/x"},
            [("secretsmanager:GetSecretValue", SECRET)],
        ),
        (
            "secretsmanager",
            "GetSecretValue",
            {"SecretId": "airflow/variables/v"},
            [("secretsmanager:GetSecretValue", here("secretsmanager", "secret:airflow/variables/v-??????"))],
        ),
        ("sagemaker", "DescribeTrainingJob", {"TrainingJobName": "Train-One"}, [
            ("sagemaker:DescribeTrainingJob", here("sagemaker", "training-job/train-one"))
        ]),
        ("sagemaker", "CreateProcessingJob", PROCESSING, [
            ("sagemaker:CreateProcessingJob", here("sagemaker", "processing-job/score-one")), ("iam:PassRole", ROLE),
        ]),
        *(
            ("sagemaker", f"{verb}ProcessingJob", {"ProcessingJobName": "Score-One"}, [
                (f"sagemaker:{verb}ProcessingJob", here("sagemaker", "processing-job/score-one"))
            ])
            for verb in ("Describe", "Stop")
        ),
        ("sagemaker", "ListProcessingJobs", {}, [("sagemaker:ListProcessingJobs", "*")]),
        ("lambda", "Invoke", {"FunctionName": "f"}, [("lambda:InvokeFunction", here("lambda", "function:f"))]),
        (
            "lambda",
            "Invoke",
            {"FunctionName": f"{SITE}:function:f", "Qualifier": "live"},
            [("lambda:InvokeFunction", f"arn:aws:lambda:us-east-1:{SITE}:function:f:live")],
        ),
        (
            "lambda",
            "AddPermission",
            {"FunctionName": "f", "StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "s3"},
            [("lambda:AddPermission", here("lambda", "function:f"))],
        ),
        ("cloudformation", "UpdateStack", {"StackName": "one"}, [("cloudformation:UpdateStack", STACK)]),
        ("cloudformation", "CreateStack", {"StackName": "new"}, [
            ("cloudformation:CreateStack", here("cloudformation", "stack/new/*"))
        ]),
        ("cloudformation", "DescribeStacks", {}, [("cloudformation:DescribeStacks", "*")]),
        ("cloudformation", "DescribeStacks", {"StackName": STACK}, [("cloudformation:DescribeStacks", STACK)]),
        (
            "cloudformation",
            "CreateStackInstances",
            {"StackSetName": "far", "Accounts": [SITE], "Regions": ["us-west-2"]},
            [
                ("cloudformation:CreateStackInstances", SET),
                (
                    "cloudformation:CreateStackInstances",
                    here("cloudformation", f"stackset-target/far:33333333-4444/{SITE}"),
                ),
            ],
        ),
        ("logs", "CreateLogStream", {"logGroupName": "g", "logStreamName": "s"}, [
            ("logs:CreateLogStream", here("logs", "log-group:g:log-stream:s"))
        ]),
        ("logs", "DescribeLogStreams", {"logGroupName": "g"}, [
            ("logs:DescribeLogStreams", here("logs", "log-group:g:log-stream:"))
        ]),
        ("logs", "TagResource", {"resourceArn": here("logs", "log-group:g"), "tags": {}}, [
            ("logs:TagResource", here("logs", "log-group:g"))
        ]),
        ("iam", "GetRole", {"RoleName": "job"}, [("iam:GetRole", ROLE)]),
        ("iam", "CreateRole", {"RoleName": "r", "Path": "/a/b/", "AssumeRolePolicyDocument": "{}"}, [
            ("iam:CreateRole", f"arn:aws:iam::{HUB}:role/a/b/r")
        ]),
        ("iam", "ListRoles", {}, [("iam:ListRoles", "*")]),
        ("sqs", "SendMessageBatch", {"QueueUrl": f"http://127.0.0.1:4566/{SITE}/q", "Entries": []}, [
            ("sqs:SendMessage", f"arn:aws:sqs:us-east-1:{SITE}:q")
        ]),
        ("sns", "CreateTopic", {"Name": "t"}, [("sns:CreateTopic", here("sns", "t"))]),
        ("sns", "PublishBatch", {"TopicArn": here("sns", "t"), "PublishBatchRequestEntries": []}, [
            ("sns:Publish", here("sns", "t"))
        ]),
        ("dynamodb", "Query", {"TableName": "t", "IndexName": "i"}, [
            ("dynamodb:Query", here("dynamodb", "table/t/index/i"))
        ]),
        (
            "dynamodb",
            "TransactWriteItems",
            {"TransactItems": [{"Put": {"TableName": "a", "Item": {}}}, {"Delete": {"TableName": "b", "Key": {}}}]},
            [
                ("dynamodb:PutItem", here("dynamodb", "table/a")),
                ("dynamodb:DeleteItem", here("dynamodb", "table/b")),
            ],
        ),
        ("glue", "GetTable", {"DatabaseName": "d", "Name": "t"}, [
            ("glue:GetTable", here("glue", "catalog")),
            ("glue:GetTable", here("glue", "database/d")),
            ("glue:GetTable", here("glue", "table/d/t")),
        ]),
        ("ecr", "GetAuthorizationToken", {}, [("ecr:GetAuthorizationToken", "*")]),
        ("ec2", "DescribeVpcs", {}, [("ec2:DescribeVpcs", "*")]),
        ("ec2", "CreateTags", {"Resources": ["vpc-1", "rtb-2"], "Tags": LIST}, [
            ("ec2:CreateTags", here("ec2", "vpc/vpc-1")),
            ("ec2:CreateTags", here("ec2", "route-table/rtb-2")),
        ]),
        ("ec2", "DisassociateRouteTable", {"AssociationId": "rtbassoc-1"}, [
            ("ec2:DisassociateRouteTable", here("ec2", "route-table/rtb-2")),
            ("ec2:DisassociateRouteTable", here("ec2", "subnet/subnet-1")),
        ]),
        ("ssm", "GetParameter", {"Name": "/a/b"}, [("ssm:GetParameter", here("ssm", "parameter/a/b"))]),
        ("events", "PutRule", {"Name": "r"}, [("events:PutRule", here("events", "rule/r"))]),
        ("events", "PutRule", {"Name": "r", "EventBusName": "b"}, [("events:PutRule", here("events", "rule/b/r"))]),
        ("mwaa", "CreateCliToken", {"Name": "e"}, [("airflow:CreateCliToken", here("airflow", "environment/e"))]),
        ("stepfunctions", "StartExecution", {"stateMachineArn": here("states", "stateMachine:m")}, [
            ("states:StartExecution", here("states", "stateMachine:m"))
        ]),
        ("kinesis", "PutRecord", {"StreamName": "s", "Data": b"x", "PartitionKey": "p"}, [
            ("kinesis:PutRecord", here("kinesis", "stream/s"))
        ]),
        ("cloudwatch", "PutMetricData", {"Namespace": "n", "MetricData": []}, [("cloudwatch:PutMetricData", "*")]),
    ],
)  # fmt: skip
def test_resources(service: str, operation: str, parameters: dict[str, Any], needs: list[tuple[str, str]]) -> None:
    pair = (here("ec2", "route-table/rtb-2"), here("ec2", "subnet/subnet-1"))
    facts = FakeFacts(arns=ARNS, associations={"rtbassoc-1": pair})
    assert asked(facts, call(service, operation, parameters)) == needs


def test_any_of_airflows_roles_lets_a_caller_in() -> None:
    need = one(FakeFacts(), call("mwaa", "InvokeRestApi", {"Name": "e", "Path": "/dags", "Method": "GET"}))
    assert need.resource == here("airflow", "role/e/Admin")
    assert here("airflow", "role/e/User") in need.instead


def test_a_resource_of_another_account_is_that_accounts() -> None:
    arn = f"arn:aws:secretsmanager:us-east-1:{SITE}:secret:x-AbCdEf"
    need = one(FakeFacts(), call("secretsmanager", "GetSecretValue", {"SecretId": arn}))
    assert (need.resource, need.account) == (arn, SITE)
    table = call("glue", "GetTable", {"CatalogId": SITE, "DatabaseName": "d", "Name": "t"})
    assert {need.account for need in Needs(FakeFacts()).of(table)} == {SITE}


def test_conditions_of_services() -> None:
    training = Needs(FakeFacts()).of(call("sagemaker", "CreateTrainingJob", TRAINING))[0].context
    assert training["sagemaker:InstanceTypes"] == ["ml.m5.large"]
    assert training["sagemaker:MaxRuntimeInSeconds"] == "60"
    processing = (
        Needs(FakeFacts()).of(call("sagemaker", "CreateProcessingJob", {**PROCESSING, "Tags": LIST}))[0].context
    )
    assert processing["sagemaker:InstanceTypes"] == ["ml.m5.large"]
    assert processing["sagemaker:MaxRuntimeInSeconds"] == "60"
    assert (processing["sagemaker:OutputKmsKey"], processing["sagemaker:VolumeKmsKey"]) == ("k", "v")
    assert (processing["sagemaker:VpcSubnets"], processing["sagemaker:VpcSecurityGroupIds"]) == (["sn"], ["sg"])
    assert processing["sagemaker:NetworkIsolation"] == "true"
    assert processing["aws:RequestTag/team"] == "ml"
    policy = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    attach = one(FakeFacts(), call("iam", "AttachRolePolicy", {"RoleName": "r", "PolicyArn": policy}))
    assert attach.context["iam:PolicyARN"] == policy
    metric = one(FakeFacts(), call("cloudwatch", "PutMetricData", {"Namespace": "n", "MetricData": []}))
    assert metric.context["cloudwatch:namespace"] == "n"


def test_a_boundary_that_is_there_is_told() -> None:
    facts = FakeFacts(arns={"role/job": ROLE, f"boundary of {ROLE}": "arn:aws:iam::aws:policy/Edge"})
    put = call("iam", "PutRolePolicy", {"RoleName": "job", "PolicyName": "p", "PolicyDocument": "{}"})
    assert one(facts, put).context["iam:PermissionsBoundary"] == "arn:aws:iam::aws:policy/Edge"


def test_a_package_in_s3_is_read_with_the_callers_rights() -> None:
    parameters = {"FunctionName": "f", "Role": ROLE, "Code": {"S3Bucket": "b", "S3Key": "f.zip"}}
    needs = {need.action: need for need in Needs(FakeFacts()).of(call("lambda", "CreateFunction", parameters))}
    assert needs["s3:GetObject"].resource == "arn:aws:s3:::b/f.zip"
    assert needs["s3:GetObject"].forwarded_by == "lambda.amazonaws.com"


# --- KMS -----------------------------------------------------------------------------------------------------------


def keys() -> FakeFacts:
    facts = FakeFacts(keys={"k1": KeyFacts(keyed(HUB)), "alias/a": KeyFacts(keyed(HUB), ("alias/a",))})
    facts.keys[keyed()] = KeyFacts(keyed())
    return facts


def test_a_key_by_any_name_is_its_arn() -> None:
    need = one(keys(), call("kms", "Encrypt", {"KeyId": "alias/a", "Plaintext": b"x", "EncryptionContext": {"a": "1"}}))
    assert (need.action, need.resource, need.account) == ("kms:Encrypt", keyed(HUB), HUB)
    assert need.context["kms:EncryptionContext:a"] == "1"
    assert need.context["kms:EncryptionContextKeys"] == ["a"]
    assert need.context["kms:RequestAlias"] == "alias/a"
    assert need.context["kms:CallerAccount"] == HUB


def test_a_ciphertext_names_its_key() -> None:
    facts = keys()
    facts.arns["blob"] = keyed()
    assert asked(facts, call("kms", "Decrypt", {"CiphertextBlob": b"blob"})) == [("kms:Decrypt", keyed())]
    again = call("kms", "ReEncrypt", {"CiphertextBlob": b"blob", "DestinationKeyId": "k1"})
    assert asked(facts, again) == [("kms:ReEncryptFrom", keyed()), ("kms:ReEncryptTo", keyed(HUB))]


def test_an_alias_is_a_resource_beside_its_key() -> None:
    made = call("kms", "CreateAlias", {"AliasName": "alias/new", "TargetKeyId": "k1"})
    assert asked(keys(), made) == [("kms:CreateAlias", here("kms", "alias/new")), ("kms:CreateAlias", keyed(HUB))]


def test_a_key_that_is_not_there_is_not_found_in_ones_own_account_alone() -> None:
    with pytest.raises(ServiceError, match="does not exist") as missing:
        Needs(keys()).of(call("kms", "DescribeKey", {"KeyId": "nowhere"}))
    assert missing.value.code == "NotFoundException"
    foreign = keyed(SITE, name="nowhere")
    assert asked(keys(), call("kms", "DescribeKey", {"KeyId": foreign})) == [("kms:DescribeKey", foreign)]


# --- refusals ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("service", "operation"),
    [("dynamodb", "ExecuteStatement"), ("glue", "PutAsset"), ("resourcegroupstaggingapi", "TagResources")],
)
def test_an_unknown_operation_is_refused_by_name(service: str, operation: str) -> None:
    made = replace(call("glue", "GetJob", {"JobName": "j"}), service=service, operation=operation)
    with pytest.raises(ServiceError) as refused:
        Needs(FakeFacts()).of(made)
    assert refused.value.code == "NotImplemented"
    assert refused.value.status == 501
    assert refused.value.message == (
        f"The local world does not know which rights {service}:{operation} needs, so it refuses it."
    )


def test_a_service_without_a_table_is_refused() -> None:
    made = replace(call("glue", "GetJob", {"JobName": "j"}), service="codebuild", operation="CreateProject")
    with pytest.raises(ServiceError, match="codebuild:CreateProject"):
        Needs(FakeFacts()).of(made)


def test_a_call_that_names_nothing_is_no_call_on_everything() -> None:
    made = call("glue", "StartJobRun", {})
    with pytest.raises(ServiceError) as missing:
        Needs(FakeFacts()).of(made)
    assert missing.value.code == "ValidationException"


def test_an_arn_of_another_service_names_nothing_here() -> None:
    made = call("lambda", "ListTags", {"Resource": "arn:aws:s3:::bucket"})
    with pytest.raises(ServiceError, match="is not an ARN of lambda"):
        Needs(FakeFacts()).of(made)
