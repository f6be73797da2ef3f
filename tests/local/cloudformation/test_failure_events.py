"""What tells of failed replicas, from templates: queues, their policies, notifications, replication time."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from tests.local.cloudformation.test_resources import IAM, done, one
from tests.local.cloudformation.world import Account, trust

EVENT = "s3:Replication:OperationFailedReplication"
FUNCTION = "def handler(event, context):\n    return 1\n"


def policy(queue: Any, bucket: str, account: str) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "s3.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue,
                "Condition": {
                    "ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{bucket}"},
                    "StringEquals": {"aws:SourceAccount": account},
                },
            }
        ],
    }


def test_queue(account: Account) -> None:
    sqs = account.client("sqs")
    first = {"QueueName": "failures", "SqsManagedSseEnabled": True, "MessageRetentionPeriod": 1209600}
    template = one("SQS::Queue", **first, Tags=[{"Key": "a", "Value": "b"}])
    names = ("Arn", "QueueName", "QueueUrl")
    template["Outputs"] = {name: {"Value": {"Fn::GetAtt": ["It", name]}} for name in names}
    url = done(account, account.create("q", template))
    outputs = account.outputs("q")
    assert outputs["Arn"] == f"arn:aws:sqs:us-east-1:{account.id}:failures"
    assert (outputs["QueueName"], outputs["QueueUrl"]) == ("failures", url)
    assert url.endswith(f"/{account.id}/failures")

    def kept(name: str) -> Any:
        return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"][name]

    assert (kept("MessageRetentionPeriod"), sqs.list_queue_tags(QueueUrl=url)["Tags"]) == ("1209600", {"a": "b"})
    changed = one("SQS::Queue", QueueName="failures", VisibilityTimeout=60, Tags=[{"Key": "c", "Value": "d"}])
    assert done(account, account.update("q", changed)) == url
    assert (kept("MessageRetentionPeriod"), kept("VisibilityTimeout")) == ("345600", "60")
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"c": "d"}
    again = account.create("again", one("SQS::Queue", QueueName="failures"))
    assert again["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "already exists" in account.reason("again", "It")
    account.delete("q")
    assert "QueueUrls" not in sqs.list_queues()


def test_queue_policy(account: Account) -> None:
    sqs = account.client("sqs")
    urls = [sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("one", "two")]

    def kept(url: str) -> Any:
        held = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"]).get("Attributes", {})
        return json.loads(held["Policy"])["Statement"][0]["Resource"] if held.get("Policy") else None

    done(account, account.create("p", one("SQS::QueuePolicy", Queues=urls, PolicyDocument=policy("a", "b", "c"))))
    assert [kept(url) for url in urls] == ["a", "a"]
    fewer = one("SQS::QueuePolicy", Queues=urls[1:], PolicyDocument=policy("x", "b", "c"))
    done(account, account.update("p", fewer))
    assert [kept(url) for url in urls] == [None, "x"]
    account.delete("p")
    assert [kept(url) for url in urls] == [None, None]


def system(account: Account, *, minutes: int = 15) -> dict[str, Any]:
    """A source bucket with replication time, and a queue that hears of its failures."""
    source, target = f"src-{account.id}", f"dst-{account.id}"
    arn = {"Fn::GetAtt": ["Queue", "Arn"]}
    destination = {
        "Bucket": f"arn:aws:s3:::{target}",
        "Metrics": {"Status": "Enabled", "EventThreshold": {"Minutes": minutes}},
        "ReplicationTime": {"Status": "Enabled", "Time": {"Minutes": 15}},
    }
    rule = {
        "Id": "transformed",
        "Status": "Enabled",
        "Priority": 1,
        "Filter": {"Prefix": "transformed/"},
        "DeleteMarkerReplication": {"Status": "Disabled"},
        "Destination": destination,
    }
    notified = {
        "Event": EVENT,
        "Queue": arn,
        "Filter": {"S3Key": {"Rules": [{"Name": "prefix", "Value": "transformed/"}]}},
    }
    versioned = {"VersioningConfiguration": {"Status": "Enabled"}}
    role = {"Fn::GetAtt": ["Role", "Arn"]}
    return {
        "Resources": {
            "Queue": {"Type": "AWS::SQS::Queue"},
            "Policy": {
                "Type": "AWS::SQS::QueuePolicy",
                "Properties": {"Queues": [{"Ref": "Queue"}], "PolicyDocument": policy(arn, source, account.id)},
            },
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {"AssumeRolePolicyDocument": trust("s3.amazonaws.com")},
            },
            "Target": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": target, **versioned}},
            "It": {
                "Type": "AWS::S3::Bucket",
                "DependsOn": ["Policy", "Target"],
                "Properties": {
                    "BucketName": source,
                    **versioned,
                    "NotificationConfiguration": {"QueueConfigurations": [notified]},
                    "ReplicationConfiguration": {"Role": role, "Rules": [rule]},
                },
            },
        }
    }


def test_a_bucket_that_tells_of_failures(account: Account) -> None:
    s3, template = account.client("s3"), system(account)
    bucket = done(account, account.create("s", template, **IAM))
    (held,) = s3.get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"]
    assert held["Events"] == [EVENT]
    assert held["QueueArn"].startswith(f"arn:aws:sqs:us-east-1:{account.id}:s-Queue-")
    assert held["Filter"] == {"Key": {"FilterRules": [{"Name": "prefix", "Value": "transformed/"}]}}
    rule = s3.get_bucket_replication(Bucket=bucket)["ReplicationConfiguration"]["Rules"][0]
    assert rule["Destination"]["ReplicationTime"] == {"Status": "Enabled", "Time": {"Minutes": 15}}
    assert rule["Destination"]["Metrics"] == {"Status": "Enabled", "EventThreshold": {"Minutes": 15}}
    quiet = copy.deepcopy(template)
    del quiet["Resources"]["It"]["Properties"]["NotificationConfiguration"]
    done(account, account.update("s", quiet, **IAM))
    assert "QueueConfigurations" not in s3.get_bucket_notification_configuration(Bucket=bucket)
    account.delete("s")
    assert account.bucket_names() == []


@pytest.mark.parametrize("wrong", ["minutes", "queue", "event"])
def test_what_s3_refuses_rolls_the_stack_back(account: Account, wrong: str) -> None:
    template = system(account, minutes=20 if wrong == "minutes" else 15)
    notified = template["Resources"]["It"]["Properties"]["NotificationConfiguration"]["QueueConfigurations"][0]
    if wrong == "queue":
        notified["Queue"] = f"arn:aws:sqs:us-east-1:{account.id}:nobody"
    elif wrong == "event":
        notified["Event"] = "s3:Replication:OperationMissedThreshold"
    stack = account.create("s", template, **IAM)
    assert stack["StackStatus"] == "ROLLBACK_COMPLETE"
    expected = {
        "minutes": "Minutes must be 15",
        "queue": "Unable to validate the following destination configurations",
        "event": "sends s3:Replication:OperationFailedReplication alone",
    }
    assert expected[wrong] in account.reason("s", "It")
    assert account.bucket_names() == []


def test_event_invoke_config(account: Account) -> None:
    client = account.client("lambda")
    role = account.client("iam").create_role(
        RoleName="f", AssumeRolePolicyDocument=json.dumps(trust("lambda.amazonaws.com"))
    )["Role"]["Arn"]
    function = {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "FunctionName": "f",
            "Role": role,
            "Runtime": "python3.12",
            "Handler": "index.handler",
            "Code": {"ZipFile": FUNCTION},
        },
    }

    def template(**settings: Any) -> dict[str, Any]:
        properties = {"FunctionName": {"Ref": "F"}, "Qualifier": "$LATEST", **settings}
        return {
            "Resources": {"F": function, "It": {"Type": "AWS::Lambda::EventInvokeConfig", "Properties": properties}}
        }

    def kept() -> tuple[Any, Any]:
        found = client.get_function_event_invoke_config(FunctionName="f")
        return found.get("MaximumRetryAttempts"), found.get("MaximumEventAgeInSeconds")

    stack = account.create("f", template(MaximumRetryAttempts=0, MaximumEventAgeInSeconds=60))
    assert done(account, stack) == "f|$LATEST"
    assert kept() == (0, 60)
    done(account, account.update("f", template(MaximumRetryAttempts="1")))
    assert kept() == (1, None)
    account.update("f", {"Resources": {"F": function}})
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        kept()
