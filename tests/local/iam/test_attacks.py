"""Ways around the edge that an attacker found once: each is refused, and what it was after stays untouched."""

from __future__ import annotations

import base64
import http.client
import io
import itertools
import json
import threading
import time
import zipfile
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from botocore.auth import HmacV1QueryAuth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Held
from botocore.exceptions import ClientError

from crosswind.local.edge.call import Credentials
from tests.local.iam.arena import Arena
from tests.local.iam.people import EVERYTHING, Account, allow, outcome, trust
from tests.local.iam.stage import document
from tests.local.iam.test_confusion import FORM, Asked, send

SECRET = "the-secret-text"
EAST, WEST = "us-east-1", "us-west-2"
DENIED, REFUSED = "AccessDenied", "NotImplemented"
_NAMES = (f"attacker-{number}" for number in itertools.count())


@pytest.fixture(scope="module")
def mine(arena: Arena) -> Account:
    """The account in which the attacker has a few rights."""
    return Account(arena, arena.account())


@pytest.fixture(scope="module")
def other(arena: Arena) -> Account:
    """An account in which the attacker has none."""
    return Account(arena, arena.account())


def only(account: Account, action: str, *resources: str) -> Credentials:
    """Somebody who may do this alone."""
    return account.acting(next(_NAMES), [{"Effect": "Allow", "Action": action, "Resource": list(resources)}])


def but(account: Account, action: str, *resources: str) -> Credentials:
    """Somebody who may do everything but this."""
    deny = {"Effect": "Deny", "Action": action, "Resource": list(resources)}
    return account.acting(next(_NAMES), [*EVERYTHING, deny])


def asked_json(account: Account, keys: Credentials, service: str, target: str, body: Any, **more: str) -> str:
    """The answer to a call of a JSON protocol, its body an object or the text itself."""
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target} | more
    text = body if isinstance(body, str) else json.dumps(body)
    return send(account, keys, Asked(service, headers=headers, body=text))[1]


# -- S3: an operation in a header, and URLs in the place of paths ----------------------------------------------------


@pytest.fixture(scope="module")
def boxes(mine: Account, other: Account) -> tuple[str, str, str]:
    """A bucket with something open and something secret, and two with secrets alone, one of another account."""
    found = (f"atk-box-{mine.id}", f"atk-hidden-{mine.id}", f"atk-theirs-{other.id}")
    mine.bucket(found[0], "open/x")
    for owner, bucket, key in ((mine, found[0], "secret/x"), (mine, found[1], "k"), (other, found[2], "ListBuckets")):
        if bucket != found[0]:
            owner.bucket(bucket)
        owner.root("s3").put_object(Bucket=bucket, Key=key, Body=SECRET.encode())
    return found


@pytest.mark.parametrize("header", [{"X-Amz-Target": "a.ListBuckets"}, {"Smithy-Protocol": "rpc-v2-cbor"}])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_an_operation_of_s3_in_a_header(
    mine: Account, other: Account, boxes: tuple[str, str, str], header: Mapping[str, str], method: str
) -> None:
    """moto looks at method and path: who may list buckets could read and write everybody's objects."""
    keys = only(mine, "s3:ListAllMyBuckets", "*")
    status, body = send(mine, keys, Asked("s3", method, f"/{boxes[2]}/ListBuckets", header))
    assert status >= 400
    assert SECRET not in body
    left = other.root("s3").get_object(Bucket=boxes[2], Key="ListBuckets")["Body"].read()
    assert left == SECRET.encode()


COPY_SOURCES = (
    "//evil/{hidden}/k",
    "//{box}/{hidden}/k",
    "//{box}@open/{hidden}/k",
    "https://evil/{hidden}/k",
    "s3:{hidden}/k",
    "a:/{hidden}/k",
    "{hidden}\t/k",
    "{hidden}/k;x",
    "{hidden}/k#x",
    "{box}/open/x?versionId=null&versionId=null",
)


@pytest.mark.parametrize("source", COPY_SOURCES)
@pytest.mark.parametrize("part", [False, True])
def test_a_copy_source_that_is_a_url(mine: Account, boxes: tuple[str, str, str], source: str, part: bool) -> None:
    box, hidden, _ = boxes
    keys = but(mine, "s3:*", f"arn:aws:s3:::{hidden}", f"arn:aws:s3:::{hidden}/*")
    s3, query = mine.root("s3"), ""
    if part:
        upload = s3.create_multipart_upload(Bucket=box, Key="open/copy")["UploadId"]
        query = f"?partNumber=1&uploadId={upload}"
    headers = {"x-amz-copy-source": source.format(box=box, hidden=hidden)}
    status, _ = send(mine, keys, Asked("s3", "PUT", f"/{box}/open/copy{query}", headers))
    assert status in (400, 403)


PATHS = (
    "/{0}//secret/x",
    "//{0}/secret/x",
    "/{0}/open/../secret/x",
    "/./{0}/secret/x",
    "/{0}/%2e%2e/{0}/secret/x",
    "/{0}/%73ecret/x",
    "/{0}/%2573ecret/x",
    "/{0}%2Fsecret%2Fx",
    "/{0}/%2Fsecret/x",
    "/{0}/x/..%2Fsecret%2Fx",
    "/{0};a/secret/x",
    "/{0}/%23/../secret/x",
    "/{0}./secret/x",
    "/{0}/secret/x?partNumber=1",
    "/{0}/secret/x?versionId=null",
)


@pytest.mark.parametrize("path", PATHS)
def test_a_denied_key_written_otherwise(mine: Account, boxes: tuple[str, str, str], path: str) -> None:
    keys = but(mine, "s3:*", f"arn:aws:s3:::{boxes[0]}/secret/*")
    assert SECRET not in send(mine, keys, Asked("s3", "GET", path.format(boxes[0])))[1]


def test_an_upload_of_another_object(mine: Account, boxes: tuple[str, str, str]) -> None:
    """The id of an upload leads to its own object alone."""
    box = boxes[0]
    s3 = mine.client("s3", only(mine, "s3:*", f"arn:aws:s3:::{box}/open/*"))
    upload = mine.root("s3").create_multipart_upload(Bucket=box, Key="secret/up")["UploadId"]
    there = {"Bucket": box, "Key": "open/y", "UploadId": upload}
    assert outcome(s3.upload_part, **there, PartNumber=1, Body=b"1") == "NoSuchUpload"
    parts = {"Parts": [{"PartNumber": 1, "ETag": "x"}]}
    assert outcome(s3.complete_multipart_upload, **there, MultipartUpload=parts) == "NoSuchUpload"
    assert outcome(s3.list_parts, **there) == "NoSuchUpload"
    assert outcome(s3.abort_multipart_upload, **there) == "NoSuchUpload"
    assert outcome(mine.root("s3").list_parts, Bucket=box, Key="secret/up", UploadId=upload) == "allowed"


def test_the_owner_that_a_request_expects(mine: Account, other: Account, boxes: tuple[str, str, str]) -> None:
    s3, box = mine.root("s3"), boxes[0]
    for owner, expected in ((mine.id, "allowed"), (other.id, DENIED)):
        asked = {"Bucket": box, "ExpectedBucketOwner": owner}
        assert outcome(s3.get_object, **asked, Key="open/x") == expected
        assert outcome(s3.put_object, **asked, Key="open/y", Body=b"") == expected
        assert outcome(s3.list_objects_v2, **asked) == expected
        copied = {"Bucket": box, "Key": "open/z", "CopySource": f"{box}/open/x", "ExpectedSourceBucketOwner": owner}
        assert outcome(s3.copy_object, **copied) == expected


# -- one body, two protocols -----------------------------------------------------------------------------------------


def test_a_body_that_is_json_and_a_form_to_iam(mine: Account) -> None:
    mine.role("atk-open"), mine.role("atk-secret")
    keys = only(mine, "iam:*", f"arn:aws:iam::{mine.id}:role/atk-open")
    body = '{"RoleName":"atk-open","x":"&RoleName=atk-secret&y="}'
    headers = {"Content-Type": FORM, "X-Amz-Target": "a.DeleteRole"}
    assert send(mine, keys, Asked("iam", headers=headers, body=body))[0] >= 400
    assert outcome(mine.root("iam").get_role, RoleName="atk-secret") == "allowed"


@pytest.fixture(scope="module")
def queues(mine: Account) -> tuple[str, str]:
    sqs = mine.root("sqs")
    opened, secret = (sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("atk-open", "atk-secret"))
    sqs.send_message(QueueUrl=secret, MessageBody=SECRET)
    return opened, secret


def reading_queues(mine: Account) -> Credentials:
    return only(mine, "sqs:*", f"arn:aws:sqs:{EAST}:{mine.id}:atk-open")


def test_a_body_that_is_json_and_a_form_to_sqs(mine: Account, queues: tuple[str, str]) -> None:
    body = f'{{"QueueUrl":"{queues[0]}","x":"&QueueUrl={queues[1]}&VisibilityTimeout=0&y="}}'
    for kind in (FORM, "Application/X-WWW-form-urlencoded", "multipart/form-data; boundary=x"):
        more = {"Content-Type": kind}
        answer = asked_json(mine, reading_queues(mine), "sqs", "AmazonSQS.ReceiveMessage", body, **more)
        assert SECRET not in answer


@pytest.mark.parametrize("tail", ["#/atk-secret", "?/atk-secret", "?a=/atk-secret", ";/atk-secret", "/../atk-secret"])
def test_a_queue_behind_the_path_of_its_url(mine: Account, queues: tuple[str, str], tail: str) -> None:
    body = {"QueueUrl": queues[0] + tail, "VisibilityTimeout": 0}
    assert SECRET not in asked_json(mine, reading_queues(mine), "sqs", "AmazonSQS.ReceiveMessage", body)


# -- one call, two resources -----------------------------------------------------------------------------------------


def test_a_topic_and_a_target(mine: Account, other: Account) -> None:
    """moto publishes to the target, also to one of another account."""
    topic = mine.root("sns").create_topic(Name="atk-open")["TopicArn"]
    theirs = other.root("sns").create_topic(Name="atk-theirs")["TopicArn"]
    sns = mine.client("sns", only(mine, "sns:*", topic))
    assert outcome(sns.publish, TopicArn=topic, Message="m") == "allowed"
    assert outcome(sns.publish, TopicArn=topic, TargetArn=theirs, Message="m") == "ValidationException"


def test_a_stream_by_name_and_another_by_arn(mine: Account) -> None:
    root = mine.root("kinesis")
    for name in ("atk-open", "atk-secret"):
        root.create_stream(StreamName=name, ShardCount=1)
    arn = f"arn:aws:kinesis:{EAST}:{mine.id}:stream/atk-open"
    kinesis = mine.client("kinesis", only(mine, "kinesis:*", arn))
    assert outcome(kinesis.list_shards, StreamARN=arn, StreamName="atk-open") == "allowed"
    assert outcome(kinesis.delete_stream, StreamARN=arn, StreamName="atk-secret") == "ValidationException"
    assert "atk-secret" in root.list_streams()["StreamNames"]


@pytest.fixture(scope="module")
def groups(mine: Account) -> Credentials:
    """Somebody who may do all with the log group `atk-open`, and nothing with `atk-secret`."""
    logs = mine.root("logs")
    for name in ("atk-open", "atk-secret"):
        logs.create_log_group(logGroupName=name)
        logs.create_log_stream(logGroupName=name, logStreamName="s")
    event = {"timestamp": int(time.time() * 1000), "message": SECRET}
    logs.put_log_events(logGroupName="atk-secret", logStreamName="s", logEvents=[event])
    arn = f"arn:aws:logs:{EAST}:{mine.id}:log-group:atk-open"
    return only(mine, "logs:*", arn, f"{arn}:*")


@pytest.mark.parametrize("identifier", ["atk-open", "arn:aws:logs:us-east-1:{}:log-group:atk-open"])
@pytest.mark.parametrize("operation", ["FilterLogEvents", "GetLogEvents", "DescribeLogStreams"])
def test_a_log_group_by_name_and_another_by_identifier(
    mine: Account, groups: Credentials, identifier: str, operation: str
) -> None:
    asked = {"logGroupName": "atk-secret", "logGroupIdentifier": identifier.format(mine.id)}
    if operation == "GetLogEvents":
        asked["logStreamName"] = "s"
    answer = asked_json(mine, groups, "logs", f"Logs_20140328.{operation}", asked)
    assert SECRET not in answer
    assert "atk-secret:log-stream" not in answer


def test_an_arn_in_the_place_of_a_name(mine: Account, groups: Credentials) -> None:
    """It would be judged in the place of the group that is written to."""
    logs = mine.client("logs", groups)
    stream = f"arn:aws:logs:{EAST}:{mine.id}:log-group:atk-open:log-stream:x"
    code = outcome(logs.create_log_stream, logGroupName="atk-secret", logStreamName=stream)
    assert code in ("ValidationException", "InvalidParameterException", "ParamValidationError")
    streams = mine.root("logs").describe_log_streams(logGroupName="atk-secret")["logStreams"]
    assert [one["logStreamName"] for one in streams] == ["s"]


def test_names_beside_an_arn_in_one_list(mine: Account) -> None:
    glue, ssm = mine.root("glue"), mine.root("ssm")
    role = mine.role("atk-glue")
    for name in ("atk-open", "atk-secret"):
        glue.create_job(Name=name, Role=role, Command={"Name": "glueetl", "ScriptLocation": f"s3://b/{name}"})
        ssm.put_parameter(Name=f"/{name}", Value=name, Type="String")
    job = f"arn:aws:glue:{EAST}:{mine.id}:job/atk-open"
    parameter = f"arn:aws:ssm:{EAST}:{mine.id}:parameter/atk-open"
    jobs = mine.client("glue", only(mine, "glue:*", job)).batch_get_jobs
    assert outcome(jobs, JobNames=[job, "atk-secret"]) == "AccessDeniedException"
    parameters = mine.client("ssm", only(mine, "ssm:*", parameter)).get_parameters
    assert outcome(parameters, Names=[parameter, "/atk-secret"]) == "AccessDeniedException"


@pytest.mark.parametrize("name", ["/atk-p", "atk-p", "/atk-p:1", "atk-p:1"])
def test_a_denied_parameter_with_its_version(mine: Account, name: str) -> None:
    root = mine.root("ssm")
    if not root.describe_parameters(ParameterFilters=[{"Key": "Name", "Values": ["/atk-p"]}])["Parameters"]:
        root.put_parameter(Name="/atk-p", Value=SECRET, Type="String")
    keys = but(mine, "ssm:*", f"arn:aws:ssm:{EAST}:{mine.id}:parameter/atk-p")
    assert outcome(mine.client("ssm", keys).get_parameter, Name=name) == "AccessDeniedException"


def test_events_for_two_accounts(mine: Account, other: Account) -> None:
    """moto has one account a call: the second entry would go to the other account's default bus."""
    other.root("events").put_permission(
        EventBusName="default", Action="events:PutEvents", Principal=mine.id, StatementId="s"
    )
    entry = {"Source": "a", "DetailType": "d", "Detail": "{}"}
    theirs = {**entry, "EventBusName": f"arn:aws:events:{EAST}:{other.id}:event-bus/default"}
    events = mine.client("events", mine.acting(next(_NAMES), EVERYTHING))
    assert outcome(events.put_events, Entries=[theirs]) == "allowed"
    assert outcome(events.put_events, Entries=[theirs, entry]) == "ValidationException"


# -- a resource by a name of another Region or partition -------------------------------------------------------------


def package() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("h.py", "def f(event, context): pass")
    return made.getvalue()


@pytest.fixture(scope="module")
def function(mine: Account) -> str:
    service = [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}]
    mine.root("lambda").create_function(
        FunctionName="atk-secret",
        Role=mine.role("atk-lambda", trusted=service),
        Runtime="python3.12",
        Handler="h.f",
        Code={"ZipFile": package()},
        Environment={"Variables": {"P": SECRET}},
    )
    return "atk-secret"


FUNCTIONS = (
    "atk-secret",
    "atk-secret:$LATEST",
    "{0}:function:atk-secret",
    "arn:aws:lambda:us-east-1:{0}:function:atk-secret",
    "arn:aws:lambda:us-west-2:{0}:function:atk-secret",
    "arn:aws-cn:lambda:us-east-1:{0}:function:atk-secret",
    "arn:aws:lambda:us-east-1:{0}:function:open:function:atk-secret",
    "{0}:function:open:function:atk-secret",
    "open:function:atk-secret",
)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_denied_function_by_another_name(mine: Account, function: str, name: str) -> None:
    arn = f"arn:aws:lambda:{EAST}:{mine.id}:function:{function}"
    keys = but(mine, "lambda:*", arn, f"{arn}:*")
    for end in ("", "/configuration"):
        path = f"/2015-03-31/functions/{quote(name.format(mine.id), safe='')}{end}"
        status, body = send(mine, keys, Asked("lambda", "GET", path))
        assert status >= 400
        assert SECRET not in body


@pytest.fixture(scope="module")
def secret(mine: Account) -> str:
    return str(mine.root("secretsmanager").create_secret(Name="atk-secret", SecretString=SECRET)["ARN"])


SECRETS: Mapping[str, Callable[[str], str]] = {
    "its name": lambda _: "atk-secret",
    "its ARN": lambda arn: arn,
    "its ARN without the suffix": lambda arn: arn[:-7],
    "another Region": lambda arn: arn[:-7].replace(EAST, WEST),
    "another partition": lambda arn: arn[:-7].replace("arn:aws:", "arn:aws-us-gov:"),
    "one more segment": lambda arn: arn[:-7].replace(":atk-secret", ":x:atk-secret"),
}


@pytest.mark.parametrize("case", SECRETS)
def test_a_denied_secret_by_another_name(mine: Account, secret: str, case: str) -> None:
    keys = but(mine, "secretsmanager:*", secret)
    asked = {"SecretId": SECRETS[case](secret)}
    assert SECRET not in asked_json(mine, keys, "secretsmanager", "secretsmanager.GetSecretValue", asked)


# -- keys ------------------------------------------------------------------------------------------------------------


def test_a_ciphertext_under_the_name_of_another_key(mine: Account) -> None:
    """ReEncrypt would hand over what the caller may not decrypt."""
    root = mine.root("kms")
    opened, closed = (root.create_key()["KeyMetadata"] for _ in range(2))
    blob = root.encrypt(KeyId=closed["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    kms = mine.client("kms", only(mine, "kms:*", opened["Arn"]))
    wrong = "IncorrectKeyException"
    assert outcome(kms.decrypt, KeyId=opened["KeyId"], CiphertextBlob=blob) == wrong
    named = {"SourceKeyId": opened["KeyId"], "DestinationKeyId": opened["KeyId"]}
    assert outcome(kms.re_encrypt, **named, CiphertextBlob=blob) == wrong
    named.pop("SourceKeyId")
    assert outcome(kms.re_encrypt, **named, CiphertextBlob=blob) == "AccessDeniedException"


def test_a_grant_that_a_token_names(mine: Account) -> None:
    """The token is followed, whatever key the call names beside it."""
    root = mine.root("kms")
    opened, closed = (root.create_key()["KeyMetadata"] for _ in range(2))
    reader = mine.role("atk-grantee", allow("kms:Nothing"))
    grant = root.create_grant(KeyId=closed["KeyId"], GranteePrincipal=reader, Operations=["Decrypt"])
    blob = root.encrypt(KeyId=closed["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    kms = mine.client("kms", only(mine, "kms:*", opened["Arn"]))
    asked = {"GrantToken": grant["GrantToken"], "KeyId": opened["Arn"]}
    assert outcome(kms.retire_grant, **asked) == "InvalidGrantTokenException"
    assert outcome(mine.client("kms", mine.session(reader)).decrypt, CiphertextBlob=blob) == "allowed"


def test_an_alias_of_another_account(mine: Account, other: Account) -> None:
    """moto would take the caller's own alias of that name."""
    shared = [{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]
    shared[0]["Principal"] = {"AWS": [mine.root_arn, other.root_arn]}  # type: ignore[assignment]
    theirs = other.root("kms").create_key(Policy=document(shared))["KeyMetadata"]
    other.root("kms").create_alias(AliasName="alias/atk", TargetKeyId=theirs["KeyId"])
    root = mine.root("kms")
    opened, closed = (root.create_key()["KeyMetadata"] for _ in range(2))
    root.create_alias(AliasName="alias/atk", TargetKeyId=closed["KeyId"])
    blob = root.encrypt(KeyId=opened["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    kms = mine.client("kms", but(mine, "kms:*", closed["Arn"]))
    alias = f"arn:aws:kms:{EAST}:{other.id}:alias/atk"
    assert outcome(kms.re_encrypt, CiphertextBlob=blob, DestinationKeyId=alias) == REFUSED


# -- names that hold paths -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "name"), [("/", "secret/atk-open1"), ("/atk-op", "en2"), ("atk-op/", "en3")])
def test_a_role_that_lands_elsewhere(mine: Account, path: str, name: str) -> None:
    keys = only(mine, "iam:*", f"arn:aws:iam::{mine.id}:role/*")
    made = {"Action": "CreateRole", "Version": "2010-05-08", "Path": path, "RoleName": name}
    made["AssumeRolePolicyDocument"] = document(trust(mine.root_arn))
    body = "&".join(f"{one}={quote(value, safe='')}" for one, value in made.items())
    status, answer = send(mine, keys, Asked("iam", headers={"Content-Type": FORM}, body=body))
    assert (status, "ValidationError" in answer) == (400, True)


# -- what moto would deliver unasked ---------------------------------------------------------------------------------


def firehose(mine: Account, theirs: str) -> str:
    service = [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "firehose.amazonaws.com"}}]
    target = {"RoleARN": mine.role(next(_NAMES), trusted=service), "BucketARN": f"arn:aws:s3:::{theirs}"}
    create = mine.root("firehose").create_delivery_stream
    return outcome(create, DeliveryStreamName="atk", ExtendedS3DestinationConfiguration=target)


def export(mine: Account, theirs: str) -> str:
    logs = mine.root("logs")
    logs.create_log_group(logGroupName=next(_NAMES))
    asked = {"logGroupName": "attacker", "fromTime": 0, "to": 1}
    return outcome(logs.create_export_task, **asked, destination=theirs)


def web_hook(mine: Account, _: str) -> str:
    topic = mine.root("sns").create_topic(Name=next(_NAMES))["TopicArn"]
    url = f"{mine.arena.endpoint}/_crosswind/shutdown"
    return outcome(mine.root("sns").subscribe, TopicArn=topic, Protocol="http", Endpoint=url)


def notification(mine: Account, _: str) -> str:
    bucket = mine.bucket(f"{next(_NAMES)}-{mine.id}")
    queue = {"QueueArn": f"arn:aws:sqs:{EAST}:{mine.id}:atk-open", "Events": ["s3:ObjectCreated:*"]}
    put = mine.root("s3").put_bucket_notification_configuration
    return outcome(put, Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [queue]})


def targets(mine: Account, _: str) -> str:
    target = {"Id": "1", "Arn": f"arn:aws:sqs:{EAST}:{mine.id}:atk-open"}
    return outcome(mine.root("events").put_targets, Rule="r", Targets=[target])


@pytest.mark.parametrize("sets_up", [firehose, export, web_hook, notification, targets])
def test_a_delivery_that_nobody_decides(
    mine: Account, other: Account, boxes: tuple[str, str, str], sets_up: Callable[[Account, str], str]
) -> None:
    assert sets_up(mine, boxes[2]) == REFUSED
    left = other.root("s3").list_objects_v2(Bucket=boxes[2])["Contents"]
    assert [one["Key"] for one in left] == ["ListBuckets"]


# -- signatures ------------------------------------------------------------------------------------------------------


def fetched(account: Account, url: str, method: str = "GET") -> tuple[int, str]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    try:
        connection.request(method, f"{parts.path}?{parts.query}")
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8", "replace")
    finally:
        connection.close()


def presigned(account: Account, keys: Credentials, path: str, method: str, *, v2: bool, expires: int = 60) -> str:
    held = Held(keys.access_key, keys.secret_key, keys.session_token or None)
    request = AWSRequest(method, account.arena.endpoint + path)
    signer = HmacV1QueryAuth(held, expires=expires) if v2 else S3SigV4QueryAuth(held, "s3", EAST, expires=expires)
    signer.add_auth(request)
    return str(request.url)


def test_a_presigned_url_of_more_than_a_week(mine: Account, boxes: tuple[str, str, str]) -> None:
    keys = mine.acting(next(_NAMES), EVERYTHING)
    for expires, expected in ((604_800, 200), (604_801, 400)):
        url = presigned(mine, keys, f"/{boxes[0]}/open/x", "GET", v2=False, expires=expires)
        assert fetched(mine, url)[0] == expected


@pytest.mark.parametrize("v2", [False, True])
@pytest.mark.parametrize(
    "more",
    ["acl", "tagging", "legal-hold", "retention", "attributes", "versionId=null", "encryption", "publicAccessBlock"],
)
def test_a_presigned_url_for_something_else(mine: Account, boxes: tuple[str, str, str], v2: bool, more: str) -> None:
    """Whoever has the URL may do what was signed, and no other operation on the same path."""
    keys = mine.acting(next(_NAMES), EVERYTHING)
    for path in (f"/{boxes[0]}/open/x", f"/{boxes[0]}"):
        url = presigned(mine, keys, path, "GET", v2=v2)
        assert fetched(mine, url)[0] == 200
        assert fetched(mine, f"{url}&{more}")[0] == 403


def test_a_key_whose_owner_is_gone(mine: Account) -> None:
    keys = mine.user("atk-anna", EVERYTHING)
    token = mine.client("sts", keys).get_session_token()["Credentials"]
    session = Credentials(token["AccessKeyId"], token["SecretAccessKey"], token["SessionToken"])
    assert outcome(mine.client("sts", session).get_caller_identity) == "allowed"
    iam = mine.root("iam")
    iam.delete_access_key(UserName="atk-anna", AccessKeyId=keys.access_key)
    assert outcome(mine.client("sts", keys).get_caller_identity) == "InvalidClientTokenId"
    iam.delete_user_policy(UserName="atk-anna", PolicyName="own")
    assert outcome(mine.client("s3", session).list_buckets) == DENIED
    iam.delete_user(UserName="atk-anna")
    assert outcome(mine.client("sts", session).get_caller_identity) == "InvalidClientTokenId"


# -- a policy that changes -------------------------------------------------------------------------------------------


def test_a_right_given_to_oneself_counts_at_once(mine: Account) -> None:
    role = mine.role("atk-climber", allow("iam:PutRolePolicy"))
    keys = mine.session(role)
    assert outcome(mine.client("sqs", keys).list_queues) == DENIED
    put = mine.client("iam", keys).put_role_policy
    put(RoleName="atk-climber", PolicyName="more", PolicyDocument=document(allow("sqs:*")))
    assert outcome(mine.client("sqs", keys).list_queues) == "allowed"
    put(RoleName="atk-climber", PolicyName="more", PolicyDocument=document(allow("sqs:Nothing")))
    assert outcome(mine.client("sqs", keys).list_queues) == DENIED


def test_a_right_that_is_taken_away_under_load(mine: Account, boxes: tuple[str, str, str]) -> None:
    """No call that begins after the change was answered is judged by the policy before."""
    role = mine.role("atk-worker", allow("s3:GetObject"))
    keys, iam = mine.session(role), mine.root("iam")
    allowed, faults, ends = threading.Event(), [], threading.Event()
    change = threading.Lock()

    def reads() -> None:
        s3 = mine.client("s3", keys)
        while not ends.is_set():
            with change:
                expected = "allowed" if allowed.is_set() else DENIED
                found = outcome(s3.get_object, Bucket=boxes[0], Key="open/x")
            if found != expected:
                faults.append((expected, found))

    def storms() -> None:
        s3 = mine.client("s3", keys)
        while not ends.is_set():
            if outcome(s3.get_object, Bucket=boxes[0], Key="open/x") not in ("allowed", DENIED):
                faults.append(("", "neither"))

    allowed.set()
    threads = [threading.Thread(target=target) for target in (reads, *[storms] * 7)]
    for thread in threads:
        thread.start()
    try:
        for number in range(20):
            with change:
                action = "s3:GetObject" if number % 2 else "s3:Nothing"
                iam.put_role_policy(RoleName="atk-worker", PolicyName="own", PolicyDocument=document(allow(action)))
                (allowed.set if number % 2 else allowed.clear)()
            time.sleep(0.01)
    finally:
        ends.set()
        for thread in threads:
            thread.join()
    assert faults == []


# -- secrets in what the world tells, and time that policies take ------------------------------------------------------


def test_denied_calls_leave_no_secret_behind(mine: Account, boxes: tuple[str, str, str]) -> None:
    plain = "pl41n-" + "secret" * 4 + "xx"
    keys = only(mine, "sqs:Nothing", "*")
    encrypted = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": plain}
    calls: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("ssm", "put_parameter", {"Name": "p", "Value": plain, "Type": "String"}),
        ("kms", "encrypt", {"KeyId": "alias/atk", "Plaintext": plain.encode()}),
        ("iam", "create_login_profile", {"UserName": "u", "Password": plain}),
        ("secretsmanager", "create_secret", {"Name": "n", "SecretString": plain}),
        ("s3", "put_object", {"Bucket": boxes[0], "Key": "k", **encrypted}),
    )
    for service, operation, asked in calls:
        assert outcome(getattr(mine.client(service, keys), operation), **asked) != "allowed"
    for path in ("requests", "decisions", "decisions/last"):
        told = json.dumps(mine.arena.get(f"/_crosswind/{path}"))
        for trace in (plain, base64.b64encode(plain.encode()).decode(), keys.secret_key, keys.session_token):
            assert trace not in told


def test_the_reason_of_a_denial_is_one_header(mine: Account) -> None:
    keys = only(mine, "sqs:Nothing", "*")
    with pytest.raises(ClientError) as caught:
        mine.client("s3", keys).get_object(Bucket=f"atk-box-{mine.id}", Key="a\r\nx-injected: 1\r\n\u00fc\u2028")
    headers = caught.value.response["ResponseMetadata"]["HTTPHeaders"]
    assert "x-injected" not in headers
    assert len(headers["x-crosswind-why"]) <= 6000
    assert headers["x-crosswind-why"].isascii()


@pytest.mark.parametrize("pattern", ["arn:*:*:*:*:*z", "arn:aws:s3:::*a*a*a*a*a*b", "arn:aws:s3:::*?a*?a*?a*?a*?b"])
def test_a_policy_of_many_wildcards_is_judged_in_time(mine: Account, boxes: tuple[str, str, str], pattern: str) -> None:
    keys = only(mine, "s3:GetObject", pattern)
    s3 = mine.client("s3", keys)
    for key in (":" * 1000 + "a", "a" * 1000):
        began = time.monotonic()
        assert outcome(s3.get_object, Bucket=boxes[0], Key=key) == DENIED
        assert time.monotonic() - began < 5


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000])
def test_a_body_without_bottom(mine: Account, text: str) -> None:
    keys = mine.acting(next(_NAMES), EVERYTHING)
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AWSGlue.GetJob"}
    assert send(mine, keys, Asked("glue", headers=headers, body=text))[0] >= 400
    body = f"Action=CreatePolicy&Version=2010-05-08&PolicyName=p&PolicyDocument={quote(text)}"
    assert send(mine, keys, Asked("iam", headers={"Content-Type": FORM}, body=body))[0] >= 400


@pytest.mark.parametrize("operation", ["get_user", "list_access_keys", "create_access_key"])
def test_a_role_is_no_user(mine: Account, operation: str) -> None:
    iam = mine.client("iam", mine.acting(next(_NAMES), EVERYTHING))
    assert outcome(getattr(iam, operation)) == "ValidationError"
