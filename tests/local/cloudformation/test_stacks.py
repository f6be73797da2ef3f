from __future__ import annotations

import io
import json
import urllib.parse
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from crosswind.local.requestlog import RequestLog
from tests.local.cloudformation.world import Account, body, trust

IAM = {"Capabilities": ["CAPABILITY_NAMED_IAM"]}


def site(**changes: Any) -> dict[str, Any]:
    """A small site: what the example's processing stack is made of."""
    timeout, statement = changes.get("timeout", 30), changes.get("action", "s3:GetObject")
    policy = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": statement, "Resource": {"Fn::Sub": "${Bucket.Arn}/*"}}],
    }
    deny = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [{"Fn::GetAtt": ["Bucket", "Arn"]}, {"Fn::Sub": "${Bucket.Arn}/*"}],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ],
    }
    resources: dict[str, Any] = {
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"VersioningConfiguration": {"Status": "Enabled"}}},
        "BucketPolicy": {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": deny},
        },
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": trust("glue.amazonaws.com"),
                "Policies": [{"PolicyName": "data", "PolicyDocument": policy}],
            },
        },
        "Job": {
            "Type": "AWS::Glue::Job",
            "Properties": {
                "Name": "job",
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "Command": {"Name": "glueetl", "ScriptLocation": {"Fn::Sub": "s3://${Bucket}/scripts/x.py"}},
                "DefaultArguments": {"--number": 5, "--flag": True},
                "GlueVersion": "5.0",
                "Timeout": timeout,
            },
        },
        "Function": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "FunctionName": "clean",
                "Handler": "index.handler",
                "Runtime": "python3.12",
                "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                "Timeout": str(timeout),
                "Environment": {"Variables": {"BUCKET": {"Ref": "Bucket"}}},
                "Code": {"ZipFile": changes.get("code", "def handler(event, context):\n    return event\n")},
            },
        },
        "Logs": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {"LogGroupName": "/aws/lambda/clean", "RetentionInDays": changes.get("days", 14)},
        },
        "Secret": {
            "Type": "AWS::SecretsManager::Secret",
            "Properties": {"Name": "airflow/connections/x", "SecretString": changes.get("secret", "{}")},
        },
    }
    return {
        "Resources": resources,
        "Outputs": {
            "SourceBucketName": {"Value": {"Ref": "Bucket"}},
            "RoleArn": {"Value": {"Fn::GetAtt": ["Role", "Arn"]}},
        },
    }


def test_create_update_delete_through_the_apis(account: Account, edge_log: RequestLog) -> None:
    made = account.create("site", site(), **IAM, Tags=[{"Key": "topology", "Value": "t"}])
    assert made["StackStatus"] == "CREATE_COMPLETE", account.events("site")
    assert made["StackId"].startswith(f"arn:aws:cloudformation:us-east-1:{account.id}:stack/site/")
    outputs = account.outputs("site")
    bucket = outputs["SourceBucketName"]
    assert bucket.startswith("site-bucket-")
    s3, iam = account.client("s3"), account.client("iam")
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert f"{bucket}/*" in s3.get_bucket_policy(Bucket=bucket)["Policy"]
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == [{"Key": "topology", "Value": "t"}]
    job = account.client("glue").get_job(JobName="job")["Job"]
    assert (job["Role"], job["Timeout"]) == (outputs["RoleArn"], 30)
    assert job["DefaultArguments"] == {"--number": "5", "--flag": "true"}
    function = account.client("lambda").get_function(FunctionName="clean")["Configuration"]
    assert function["Environment"] == {"Variables": {"BUCKET": bucket}}
    assert function["Timeout"] == 30

    changed = site(timeout=60, action="s3:PutObject", days=30, secret="{}2", code="def handler(e, c):\n    return 2\n")
    assert account.update("site", changed, **IAM)["StackStatus"] == "UPDATE_COMPLETE", account.events("site")
    assert account.outputs("site") == outputs
    role = outputs["RoleArn"].rsplit("/", 1)[1]
    statement = iam.get_role_policy(RoleName=role, PolicyName="data")["PolicyDocument"]["Statement"][0]
    assert statement["Action"] == "s3:PutObject"
    updated = account.client("glue").get_job(JobName="job")["Job"]
    assert updated["Timeout"] == 60
    assert updated["CreatedOn"] == job["CreatedOn"]  # the same job, not one made anew
    after = account.client("lambda").get_function(FunctionName="clean")["Configuration"]
    assert after["Timeout"] == 60
    assert after["CodeSha256"] != function["CodeSha256"]
    groups = account.client("logs").describe_log_groups()["logGroups"]
    assert [group["retentionInDays"] for group in groups] == [30]
    secret = account.client("secretsmanager").get_secret_value(SecretId="airflow/connections/x")
    assert secret["SecretString"] == "{}2"

    assert account.delete("site")["StackStatus"] == "DELETE_COMPLETE"
    assert account.bucket_names() == []
    assert iam.list_roles()["Roles"] == []
    assert account.client("glue").get_jobs()["Jobs"] == []
    assert account.client("lambda").list_functions()["Functions"] == []
    assert account.client("logs").describe_log_groups()["logGroups"] == []
    assert account.client("secretsmanager").list_secrets(IncludePlannedDeletion=True)["SecretList"] == []
    with pytest.raises(ClientError, match="Stack with id site does not exist"):
        account.stack("site")


def test_the_same_template_twice_is_no_update(account: Account) -> None:
    account.create("site", site(), **IAM)
    with pytest.raises(ClientError, match=r"ValidationError.*No updates are to be performed\."):
        account.update("site", site(), **IAM)


def test_a_failure_rolls_back_and_says_why(account: Account) -> None:
    template = site()
    template["Resources"]["Job"]["DependsOn"] = ["Other"]
    template["Resources"]["Other"] = {
        "Type": "AWS::IAM::Role",
        "DependsOn": ["BucketPolicy"],
        "Properties": {
            "AssumeRolePolicyDocument": trust("glue.amazonaws.com"),
            "ManagedPolicyArns": [f"arn:aws:iam::{account.id}:policy/missing"],
        },
    }
    made = account.create("site", template, **IAM)
    assert made["StackStatus"] == "ROLLBACK_COMPLETE"
    reason = account.reason("site", "Other")
    assert "NoSuchEntity" in reason
    assert "HandlerErrorCode: NotFound" in reason
    assert account.bucket_names() == []
    assert account.client("iam").list_roles()["Roles"] == []
    assert ("Bucket", "DELETE_COMPLETE") in account.story("site")


def test_a_bucket_with_objects_is_not_deleted(account: Account) -> None:
    template = {
        "Resources": {
            "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"VersioningConfiguration": {"Status": "Enabled"}}},
            "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": {"Ref": "Bucket"}}},
        }
    }
    account.create("b", template)
    bucket = account.bucket_names()[0]
    s3 = account.client("s3")
    version = s3.put_object(Bucket=bucket, Key="k", Body=b"x")["VersionId"]
    marker = s3.delete_object(Bucket=bucket, Key="k")["VersionId"]
    gone = account.delete("b")
    assert gone["StackStatus"] == "DELETE_FAILED"
    assert gone["StackStatusReason"] == "The following resource(s) failed to delete: [Bucket]. "
    assert "BucketNotEmpty" in account.reason("b", "Bucket")
    assert account.bucket_names() == [bucket]
    for item in (version, marker):
        s3.delete_object(Bucket=bucket, Key="k", VersionId=item)
    assert account.delete("b")["StackStatus"] == "DELETE_COMPLETE"


def test_a_bucket_that_exists_is_not_adopted(account: Account) -> None:
    account.client("s3").create_bucket(Bucket=f"mine-{account.id}")
    template = {"Resources": {"B": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": f"mine-{account.id}"}}}}
    assert account.create("b", template)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert f"mine-{account.id} already exists" in account.reason("b", "B")
    assert account.bucket_names() == [f"mine-{account.id}"]


def test_parameters_conditions_and_hidden_values(account: Account) -> None:
    template = {
        "Parameters": {
            "Days": {"Type": "Number", "Default": 0},
            "Password": {"Type": "String", "NoEcho": True, "Default": "x"},
        },
        "Conditions": {"Keeps": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Days"}, "0"]}]}},
        "Resources": {
            "Always": {
                "Type": "AWS::Logs::LogGroup",
                "Properties": {
                    "LogGroupName": "always",
                    "RetentionInDays": {"Fn::If": ["Keeps", {"Ref": "Days"}, {"Ref": "AWS::NoValue"}]},
                },
            },
            "Sometimes": {
                "Type": "AWS::Logs::LogGroup",
                "Condition": "Keeps",
                "Properties": {"LogGroupName": "sometimes"},
            },
        },
        "Outputs": {"Sometimes": {"Condition": "Keeps", "Value": {"Ref": "Sometimes"}}},
    }
    stack = account.create("p", template)
    assert {item["ParameterKey"]: item["ParameterValue"] for item in stack["Parameters"]} == {
        "Days": "0",
        "Password": "****",
    }
    assert account.outputs("p") == {}
    days = {"Parameters": [{"ParameterKey": "Days", "ParameterValue": "7"}]}
    assert account.update("p", template, **days)["StackStatus"] == "UPDATE_COMPLETE"
    assert account.outputs("p") == {"Sometimes": "sometimes"}
    groups = account.client("logs").describe_log_groups()["logGroups"]
    assert {group["logGroupName"]: group.get("retentionInDays") for group in groups} == {"always": 7, "sometimes": None}
    assert account.update("p", template)["StackStatus"] == "UPDATE_COMPLETE"
    assert [group["logGroupName"] for group in account.client("logs").describe_log_groups()["logGroups"]] == ["always"]


BUCKET = {"Type": "AWS::S3::Bucket"}


@pytest.mark.parametrize(
    ("template", "more", "code", "words"),
    [
        (
            {"Resources": {"A": {"Type": "AWS::Nope::Thing"}}},
            {},
            "ValidationError",
            "Unrecognized resource types: [AWS::Nope::Thing]",
        ),
        (
            {"Resources": {"A": {"Type": "AWS::SNS::Topic"}}},
            {},
            "UnsupportedOperation",
            "[AWS::SNS::Topic]; it offers: AWS::EC2::EIP",
        ),
        (
            {"Resources": {"A": {**BUCKET, "Properties": {"Nope": 1}}}},
            {},
            "ValidationError",
            "extraneous key [Nope] is not permitted",
        ),
        (
            {"Resources": {"A": {**BUCKET, "Properties": {"WebsiteConfiguration": {}}}}},
            {},
            "UnsupportedOperation",
            "[WebsiteConfiguration] of AWS::S3::Bucket",
        ),
        (
            {
                "Resources": {
                    "A": {
                        **BUCKET,
                        "Properties": {"LifecycleConfiguration": {"Rules": [{"Status": "Enabled", "TagFilters": []}]}},
                    }
                }
            },
            {},
            "UnsupportedOperation",
            "[LifecycleConfiguration/Rules/TagFilters]",
        ),
        (
            {"Resources": {"A": {"Type": "AWS::Glue::Job", "Properties": {}}}},
            {},
            "ValidationError",
            "required key [Role] not found",
        ),
        (site(), {}, "InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_IAM]"),
        (
            {"Resources": {"A": BUCKET}, "Outputs": {"O": {"Value": {"Fn::GetAtt": ["A", "Nope"]}}}},
            {},
            "ValidationError",
            "does not support attribute type Nope",
        ),
        ({"Resources": {"A": BUCKET}}, {"TimeoutInMinutes": 5}, "UnsupportedOperation", "TimeoutInMinutes"),
        (
            {"Resources": {"A": BUCKET}},
            {"Parameters": [{"ParameterKey": "X", "ParameterValue": "1"}]},
            "ValidationError",
            "Parameters: [X] do not exist",
        ),
        (
            {"Resources": {"A": BUCKET}, "Description": "x" * 51_200},
            {},
            "ValidationError",
            "less than or equal to 51200",
        ),
    ],
)
def test_refused_before_anything_is_made(
    account: Account, template: dict[str, Any], more: dict[str, Any], code: str, words: str
) -> None:
    with pytest.raises(ClientError) as refused:
        account.cfn.create_stack(StackName="x", TemplateBody=body(template), **more)
    assert refused.value.response["Error"]["Code"] == code
    assert words in refused.value.response["Error"]["Message"]
    assert account.cfn.list_stacks()["StackSummaries"] == []


def test_other_operations_are_refused_not_pretended(account: Account) -> None:
    for operation, parameters in [
        (
            "create_change_set",
            {"StackName": "x", "ChangeSetName": "c", "TemplateBody": body({"Resources": {"A": BUCKET}})},
        ),
        ("detect_stack_drift", {"StackName": "x"}),
        ("list_types", {}),
    ]:
        with pytest.raises(ClientError, match="UnsupportedOperation") as refused:
            getattr(account.cfn, operation)(**parameters)
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_a_large_template_comes_from_s3(account: Account) -> None:
    template = {"Description": "d", "Metadata": {"fill": "x" * 60_000}, "Resources": {"A": BUCKET}}
    s3 = account.client("s3")
    store = f"templates-{account.id}"
    s3.create_bucket(Bucket=store)
    s3.put_object(Bucket=store, Key="a b/t.json", Body=body(template).encode())
    key = urllib.parse.quote("a b/t.json")
    for number, url in enumerate(
        [
            f"https://{store}.s3.amazonaws.com/{key}",
            f"https://{store}.s3.us-east-1.amazonaws.com/{key}",
            f"https://s3.us-east-1.amazonaws.com/{store}/{key}",
            f"{account.endpoint}/{store}/{key}",
        ]
    ):
        account.cfn.create_stack(StackName=f"large{number}", TemplateURL=url)
        assert account.ended(f"large{number}")["StackStatus"] == "CREATE_COMPLETE"
    with pytest.raises(ClientError, match="S3 error: The specified key does not exist"):
        account.cfn.create_stack(StackName="none", TemplateURL=f"https://{store}.s3.amazonaws.com/none")
    with pytest.raises(ClientError, match="TemplateURL must be a supported URL"):
        account.cfn.create_stack(StackName="none", TemplateURL="https://example.com/x")


def test_a_template_is_read_back_and_described(account: Account) -> None:
    template = {
        "Description": "d",
        "Parameters": {"P": {"Type": "String", "Default": "v", "AllowedValues": ["v", "w"], "Description": "p"}},
        "Resources": {
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {"RoleName": {"Ref": "P"}, "AssumeRolePolicyDocument": trust("glue.amazonaws.com")},
            }
        },
    }
    text = body(template)
    account.create("t", text, **IAM)
    assert json.loads(json.dumps(account.cfn.get_template(StackName="t")["TemplateBody"])) == template
    valid = account.cfn.validate_template(TemplateBody=text)
    assert valid["Capabilities"] == ["CAPABILITY_NAMED_IAM"]
    assert valid["Parameters"] == [{"ParameterKey": "P", "DefaultValue": "v", "NoEcho": False, "Description": "p"}]
    summary = account.cfn.get_template_summary(StackName="t")
    assert summary["ResourceTypes"] == ["AWS::IAM::Role"]
    assert summary["Parameters"][0]["ParameterConstraints"] == {"AllowedValues": ["v", "w"]}
    with pytest.raises(ClientError, match="JSON not well-formed"):
        account.cfn.validate_template(TemplateBody="{")


def test_a_service_role_acts(account: Account, edge_log: RequestLog) -> None:
    role = account.client("iam").create_role(
        RoleName="deployer", AssumeRolePolicyDocument=json.dumps(trust("cloudformation.amazonaws.com"))
    )["Role"]["Arn"]
    account.cfn.create_stack(StackName="r", TemplateBody=body({"Resources": {"A": BUCKET}}), RoleARN=role)
    assert account.ended("r")["RoleARN"] == role
    bucket = account.bucket_names()[0]
    calls = [
        record
        for record in edge_log.since(0)[0]
        if record["operation"] == "CreateBucket" and bucket in record["resource"]
    ]
    assert [record["principal"] for record in calls] == [
        f"arn:aws:sts::{account.id}:assumed-role/deployer/AWSCloudFormation"
    ]


def test_stacks_are_of_one_account_and_region(new_account: Callable[[], Account]) -> None:
    first, second = new_account(), new_account()
    made = first.create("same", {"Resources": {"A": BUCKET}})
    west = first.at("us-west-2").create("same", {"Resources": {"A": BUCKET}})
    assert made["StackId"] != west["StackId"]
    with pytest.raises(ClientError, match="does not exist"):
        second.stack(made["StackId"])
    where = first.client("s3").get_bucket_location(
        Bucket=first.at("us-west-2").cfn.describe_stack_resource(StackName="same", LogicalResourceId="A")[
            "StackResourceDetail"
        ]["PhysicalResourceId"]
    )
    assert where["LocationConstraint"] == "us-west-2"


def test_inline_code_makes_the_same_zip_each_time(new_account: Callable[[], Account]) -> None:
    digests = []
    for account in (new_account(), new_account()):
        account.create("site", site(), **IAM)
        digests.append(account.client("lambda").get_function_configuration(FunctionName="clean")["CodeSha256"])
    assert digests[0] == digests[1]


def test_code_from_s3(account: Account) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("index.py", "def handler(event, context): return 1")
    s3 = account.client("s3")
    s3.create_bucket(Bucket=f"code-{account.id}")
    s3.put_object(Bucket=f"code-{account.id}", Key="f.zip", Body=packed.getvalue())
    template = site()
    template["Resources"]["Function"]["Properties"]["Code"] = {"S3Bucket": f"code-{account.id}", "S3Key": "f.zip"}
    assert account.create("site", template, **IAM)["StackStatus"] == "CREATE_COMPLETE"
    size = account.client("lambda").get_function_configuration(FunctionName="clean")["CodeSize"]
    assert size == len(packed.getvalue())
