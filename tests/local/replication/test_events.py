"""S3's event of a failed replica in a queue, with IAM enforced: who may send it, and the reason that it gives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from crosswind.local.edge.call import Credentials
from tests.local.iam.arena import Arena
from tests.local.iam.stage import Statements, document

EVENT = "s3:Replication:OperationFailedReplication"
KEY = "transformed/r 1/ä+b.csv"


@pytest.fixture(scope="module")
def arena() -> Iterator[Arena]:
    arena = Arena()
    yield arena
    arena.stop()


class Site:
    """A source with a queue in us-east-1, a destination in us-west-2, and a replication role with all its rights."""

    def __init__(self, arena: Arena, *, metrics: bool = True) -> None:
        self.arena = arena
        self.account = arena.account()
        self.source, self.destination = f"src-{self.account}", f"dst-{self.account}"
        self.east, self.west = (arena.root("s3", self.account, region) for region in ("us-east-1", "us-west-2"))
        self.east.create_bucket(Bucket=self.source)
        self.west.create_bucket(Bucket=self.destination, CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
        for bucket in (self.source, self.destination):
            self.east.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        self.iam, self.sqs = arena.root("iam", self.account), arena.root("sqs", self.account)
        trust: Any = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "s3.amazonaws.com"}}
        self.iam.create_role(RoleName="replication", AssumeRolePolicyDocument=document([trust]))
        self.grant("s3:*", "kms:*")
        self.url = self.sqs.create_queue(QueueName="failures")["QueueUrl"]
        self.queue = f"arn:aws:sqs:us-east-1:{self.account}:failures"
        self.rule(metrics=metrics)

    def rule(self, *, metrics: bool = True, **destination: Any) -> None:
        rule: dict[str, Any] = {
            "ID": "transformed",
            "Status": "Enabled",
            "Priority": 1,
            "Filter": {"Prefix": "transformed/"},
            "DeleteMarkerReplication": {"Status": "Enabled"},
            "Destination": {"Bucket": f"arn:aws:s3:::{self.destination}", **destination},
        }
        if metrics:
            rule["Destination"]["Metrics"] = {"Status": "Enabled"}
        if "EncryptionConfiguration" in destination:
            rule["SourceSelectionCriteria"] = {"SseKmsEncryptedObjects": {"Status": "Enabled"}}
        role = f"arn:aws:iam::{self.account}:role/replication"
        self.east.put_bucket_replication(Bucket=self.source, ReplicationConfiguration={"Role": role, "Rules": [rule]})

    def grant(self, *actions: str, denied: str = "") -> None:
        """Give the replication role these rights."""
        statements: Statements = [{"Effect": "Allow", "Action": list(actions), "Resource": "*"}]
        if denied:
            statements.append({"Effect": "Deny", "Action": denied, "Resource": "*"})
        self.iam.put_role_policy(RoleName="replication", PolicyName="own", PolicyDocument=document(statements))

    def let_send(self, **condition: Any) -> None:
        """Let S3 send to the queue; conditions as operator={key: value}."""
        statement: dict[str, Any] = {
            "Effect": "Allow",
            "Principal": {"Service": "s3.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": self.queue,
            "Condition": condition,
        }
        self.sqs.set_queue_attributes(QueueUrl=self.url, Attributes={"Policy": document([statement])})

    def let_source_send(self) -> None:
        """As a topology does: this bucket of this account."""
        arn = {"aws:SourceArn": f"arn:aws:s3:::{self.source}"}
        self.let_send(ArnLike=arn, StringEquals={"aws:SourceAccount": self.account})

    def notify(self, queue: str = "", **more: Any) -> None:
        one = {"QueueArn": queue or self.queue, "Events": [EVENT], **more}
        self.east.put_bucket_notification_configuration(
            Bucket=self.source, NotificationConfiguration={"QueueConfigurations": [one]}
        )

    def received(self) -> list[Any]:
        """All messages, taken."""
        found = []
        while page := self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages"):
            for message in page:
                found.append(json.loads(message["Body"]))
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return found

    def subscribed(self) -> None:
        """A queue that hears of failures, the test message taken."""
        self.let_source_send()
        self.notify()
        (test,) = self.received()
        assert test["Event"] == "s3:TestEvent"

    def put(self, key: str = KEY, **more: Any) -> Any:
        made = self.east.put_object(Bucket=self.source, Key=key, Body=b"1,2\n", **more)
        assert self.arena.replication.wait_idle(20)
        return made

    def reasons(self) -> list[str]:
        messages = self.received()
        return [one["Records"][0]["replicationEventData"]["failureReason"] for one in messages]


@pytest.fixture
def site(arena: Arena) -> Site:
    return Site(arena)


def refusal(call: Any, *args: Any, **kwargs: Any) -> Any:
    with pytest.raises(ClientError) as error:
        call(*args, **kwargs)
    return error.value.response["Error"]


def test_the_message_has_s3s_form(site: Site) -> None:
    site.subscribed()
    site.grant("s3:*", denied="s3:ReplicateObject")
    made = site.put()
    (message,) = site.received()
    (record,) = message["Records"]
    fields = ("eventVersion", "eventSource", "awsRegion", "eventName")
    expected = ("2.2", "aws:s3", "us-east-1", "Replication:OperationFailedReplication")
    assert tuple(record[name] for name in fields) == expected
    bucket, found = record["s3"]["bucket"], record["s3"]["object"]
    assert (bucket["name"], bucket["arn"]) == (site.source, f"arn:aws:s3:::{site.source}")
    assert found["key"] == "transformed/r+1/%C3%A4%2Bb.csv"
    assert (found["versionId"], found["size"], found["eTag"]) == (made["VersionId"], 4, made["ETag"].strip('"'))
    told = dict(record["replicationEventData"])
    assert told.pop("requestTime").endswith("Z")
    assert told == {
        "replicationRuleId": "transformed",
        "destinationBucket": f"arn:aws:s3:::{site.destination}",
        "s3Operation": "OBJECT_PUT",
        "failureReason": "DstPutObjectNotPermitted",
    }


@pytest.mark.parametrize(
    ("denied", "reason"),
    [
        ("s3:GetReplicationConfiguration", "SrcGetObjectNotPermitted"),
        ("s3:GetObjectVersionForReplication", "SrcGetObjectNotPermitted"),
        ("s3:GetObjectVersionTagging", "SrcGetTaggingNotPermitted"),
        ("s3:ReplicateTags", "DstPutTaggingNotPermitted"),
        ("s3:ReplicateObject", "DstPutObjectNotPermitted"),
    ],
)
def test_the_reason_follows_from_what_was_denied(site: Site, denied: str, reason: str) -> None:
    site.subscribed()
    site.grant("s3:*", denied=denied)
    site.put(Tagging="a=b")
    assert site.reasons() == [reason]
    assert site.east.head_object(Bucket=site.source, Key=KEY)["ReplicationStatus"] == "FAILED"


@pytest.mark.parametrize(
    ("breakage", "reason"),
    [
        ("role", "AssumeRoleNotPermitted"),
        ("trust", "AssumeRoleNotPermitted"),
        ("bucket", "DstBucketNotFound"),
        ("versioning", "DstBucketUnversioned"),
    ],
)
def test_the_reason_follows_from_what_is_not_there(site: Site, breakage: str, reason: str) -> None:
    site.subscribed()
    match breakage:
        case "role":
            site.iam.delete_role_policy(RoleName="replication", PolicyName="own")
            site.iam.delete_role(RoleName="replication")
        case "trust":
            other: Any = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "glue.amazonaws.com"}}
            site.iam.update_assume_role_policy(RoleName="replication", PolicyDocument=document([other]))
        case "bucket":
            site.west.delete_bucket(Bucket=site.destination)
        case "versioning":
            suspended = {"Status": "Suspended"}
            site.west.put_bucket_versioning(Bucket=site.destination, VersioningConfiguration=suspended)
    site.put()
    assert site.reasons() == [reason]


def test_the_reasons_of_keys(site: Site) -> None:
    here, there = (site.arena.root("kms", site.account, region) for region in ("us-east-1", "us-west-2"))
    own, replica = (kms.create_key()["KeyMetadata"]["Arn"] for kms in (here, there))
    site.rule(EncryptionConfiguration={"ReplicaKmsKeyID": replica})
    site.subscribed()
    encrypted = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": own}
    site.put(**encrypted)
    assert site.reasons() == []
    site.grant("s3:*", "kms:*", denied="kms:Encrypt")
    site.put(**encrypted)
    site.grant("s3:*", "kms:*", denied="kms:Decrypt")
    site.put(**encrypted)
    site.grant("s3:*", "kms:*")
    there.disable_key(KeyId=replica.rpartition("/")[2])
    site.put(**encrypted)
    there.enable_key(KeyId=replica.rpartition("/")[2])
    site.rule(EncryptionConfiguration={"ReplicaKmsKeyID": replica[:-12] + "0" * 12})
    site.put(**encrypted)
    assert site.reasons() == [
        "DstPutObjectNotPermitted",
        "SrcGetObjectNotPermitted",
        "DstKmsKeyInvalidState",
        "DstKmsKeyNotFound",
    ]


def test_nothing_is_sent_without_metrics_or_of_what_arrives(arena: Arena) -> None:
    plain = Site(arena, metrics=False)
    plain.subscribed()
    plain.put()
    plain.grant("s3:*", denied="s3:ReplicateObject")
    plain.put("transformed/other")
    assert plain.reasons() == []
    plain.rule()
    plain.put()
    assert plain.reasons() == ["DstPutObjectNotPermitted"]


def test_a_filter_chooses(site: Site) -> None:
    site.let_source_send()
    rules = [{"Name": "Prefix", "Value": "transformed/"}, {"Name": "suffix", "Value": ".csv"}]
    site.notify(Id="mine", Filter={"Key": {"FilterRules": rules}})
    site.received()
    site.grant("s3:*", denied="s3:ReplicateObject")
    site.put("transformed/a.csv")
    site.put("transformed/a.json")
    (message,) = site.received()
    assert message["Records"][0]["s3"]["object"]["key"] == "transformed/a.csv"
    assert message["Records"][0]["s3"]["configurationId"] == "mine"


@pytest.mark.parametrize("wrong", ["nobody", "another bucket", "another account"])
def test_the_queues_policy_decides(site: Site, wrong: str) -> None:
    """When it is set up, and at every message."""
    site.subscribed()
    if wrong == "nobody":
        site.sqs.set_queue_attributes(QueueUrl=site.url, Attributes={"Policy": ""})
    elif wrong == "another bucket":
        site.let_send(ArnLike={"aws:SourceArn": "arn:aws:s3:::other"})
    else:
        site.let_send(StringEquals={"aws:SourceAccount": "000000000000"})
    site.grant("s3:*", denied="s3:ReplicateObject")
    site.put()
    assert site.received() == []
    requests = site.arena.get("/_crosswind/requests?since=0")["requests"]
    sent = [one for one in requests if one["operation"] == "SendMessage" and site.account in one["resource"]]
    assert [(one["principal"], one["via"], one["decision"]) for one in sent] == [
        ("s3.amazonaws.com", "s3", "allowed"),
        ("s3.amazonaws.com", "s3", "denied"),
    ]
    error = refusal(site.notify)
    assert (error["Code"], error["Message"]) == (
        "InvalidArgument",
        "Unable to validate the following destination configurations",
    )
    assert error["ArgumentName"] == site.queue
    assert "do not allow S3 to publish" in error["ArgumentValue"]


def test_no_client_can_say_that_it_is_s3(site: Site) -> None:
    site.let_source_send()
    who = site.iam.create_user(UserName="somebody")["User"]["UserName"]
    key = site.iam.create_access_key(UserName=who)["AccessKey"]
    theirs = site.arena.clients.client("sqs", "us-east-1", Credentials(key["AccessKeyId"], key["SecretAccessKey"]))
    error = refusal(theirs.send_message, QueueUrl=site.url, MessageBody="{}")
    assert error["Code"] == "AccessDenied"


def test_destinations_that_cannot_be(site: Site) -> None:
    error = refusal(site.notify, f"arn:aws:sqs:us-east-1:{site.account}:nobody")
    assert (error["Code"], error["ArgumentValue"]) == ("InvalidArgument", "The destination queue does not exist")
    west = site.arena.root("sqs", site.account, "us-west-2")
    west.create_queue(QueueName="failures")
    assert "region is not valid" in refusal(site.notify, site.queue.replace("east-1", "west-2"))["Message"]
    site.sqs.create_queue(QueueName="failures.fifo", Attributes={"FifoQueue": "true"})
    assert "FIFO" in refusal(site.notify, f"{site.queue}.fifo")["ArgumentValue"]
    assert refusal(site.notify, "failures")["Code"] == "InvalidArgument"
    site.east.put_bucket_notification_configuration(
        Bucket=site.source,
        NotificationConfiguration={"QueueConfigurations": [{"QueueArn": site.queue, "Events": [EVENT]}]},
        SkipDestinationValidation=True,
    )
    assert site.received() == []


@pytest.mark.parametrize(
    "configuration",
    [
        {"TopicConfigurations": [{"TopicArn": "arn:aws:sns:us-east-1:1:t", "Events": [EVENT]}]},
        {"LambdaFunctionConfigurations": [{"LambdaFunctionArn": "arn:aws:lambda:::f", "Events": [EVENT]}]},
        {"EventBridgeConfiguration": {}},
        {"QueueConfigurations": [{"QueueArn": "{queue}", "Events": ["s3:ObjectCreated:*"]}]},
        {"QueueConfigurations": [{"QueueArn": "{queue}", "Events": [EVENT, "s3:ObjectRemoved:Delete"]}]},
        {"QueueConfigurations": [{"QueueArn": "{queue}", "Events": ["s3:Replication:OperationMissedThreshold"]}]},
    ],
)
def test_other_notifications_are_refused(site: Site, configuration: dict[str, Any]) -> None:
    site.let_source_send()
    wanted = json.loads(json.dumps(configuration).replace("{queue}", site.queue))
    put = site.east.put_bucket_notification_configuration
    assert refusal(put, Bucket=site.source, NotificationConfiguration=wanted)["Code"] == "NotImplemented"
    assert site.received() == []


def test_the_configuration_is_kept_whole(site: Site) -> None:
    site.let_source_send()
    filters = {"Key": {"FilterRules": [{"Name": "prefix", "Value": "transformed/"}]}}
    site.notify(Id="mine", Filter=filters)
    get = site.east.get_bucket_notification_configuration
    (held,) = get(Bucket=site.source)["QueueConfigurations"]
    assert held == {"Id": "mine", "QueueArn": site.queue, "Events": [EVENT], "Filter": filters}
    put = site.east.put_bucket_notification_configuration
    two = [{"QueueArn": site.queue, "Events": [EVENT]}, held]
    error = refusal(put, Bucket=site.source, NotificationConfiguration={"QueueConfigurations": two})
    assert error["Message"].startswith("Configurations overlap")
    twice = [held, {**held, "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "raw/"}]}}}]
    error = refusal(put, Bucket=site.source, NotificationConfiguration={"QueueConfigurations": twice})
    assert "unique" in error["Message"]
    put(Bucket=site.source, NotificationConfiguration={})
    assert "QueueConfigurations" not in get(Bucket=site.source)
    site.grant("s3:*", denied="s3:ReplicateObject")
    site.received()
    site.put()
    assert site.reasons() == []


def test_a_new_bucket_of_the_same_name_tells_nobody(site: Site) -> None:
    site.subscribed()
    site.east.delete_bucket(Bucket=site.source)
    site.east.create_bucket(Bucket=site.source)
    assert "QueueConfigurations" not in site.east.get_bucket_notification_configuration(Bucket=site.source)


def test_each_destination_is_tried_whatever_became_of_the_others(site: Site) -> None:
    third = f"third-{site.account}"
    site.east.create_bucket(Bucket=third)
    site.east.put_bucket_versioning(Bucket=third, VersioningConfiguration={"Status": "Enabled"})
    held = site.east.get_bucket_replication(Bucket=site.source)["ReplicationConfiguration"]
    (rule,) = held["Rules"]
    more = {"Bucket": f"arn:aws:s3:::{third}", "Metrics": {"Status": "Enabled"}}
    held["Rules"] = [rule | {"Priority": 9}, rule | {"ID": "third", "Destination": more}]
    site.east.put_bucket_replication(Bucket=site.source, ReplicationConfiguration=held)
    site.subscribed()
    site.west.delete_bucket(Bucket=site.destination)
    site.put()
    assert site.east.head_object(Bucket=site.source, Key=KEY)["ReplicationStatus"] == "FAILED"
    assert site.east.head_object(Bucket=third, Key=KEY)["ReplicationStatus"] == "REPLICA"
    (message,) = site.received()
    assert message["Records"][0]["replicationEventData"]["replicationRuleId"] == "transformed"


def test_replication_time_is_taken_with_its_metrics(site: Site) -> None:
    minutes = {"Minutes": 15}
    time = {"Status": "Enabled", "Time": minutes}
    site.rule(metrics=False, ReplicationTime=time, Metrics={"Status": "Enabled", "EventThreshold": minutes})
    held = site.east.get_bucket_replication(Bucket=site.source)["ReplicationConfiguration"]["Rules"][0]["Destination"]
    assert (held["ReplicationTime"], held["Metrics"]["EventThreshold"]) == (time, minutes)
    site.put()
    assert site.west.head_object(Bucket=site.destination, Key=KEY)["ReplicationStatus"] == "REPLICA"
    assert refusal(site.rule, metrics=False, ReplicationTime=time)["Code"] == "InvalidRequest"
    late = {"Status": "Enabled", "Time": {"Minutes": 30}}
    assert refusal(site.rule, ReplicationTime=late)["Code"] == "InvalidRequest"


def test_a_queue_keeps_its_policy_when_another_setting_changes(site: Site) -> None:
    site.subscribed()
    site.sqs.set_queue_attributes(QueueUrl=site.url, Attributes={"VisibilityTimeout": "5"})
    held = site.sqs.get_queue_attributes(QueueUrl=site.url, AttributeNames=["All"])["Attributes"]
    assert (held["VisibilityTimeout"], "s3.amazonaws.com" in held["Policy"]) == ("5", True)
