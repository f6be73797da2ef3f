"""Signed requests of boto3's through a listening edge: what is signed rightly passes, what is not does not."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from crosswind.local.edge.call import Credentials
from tests.local.conftest import LiveEdge

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
    }
)
KEYS = ["plain", "a b", "a+b", "ä/ö", "a//b/../c/.", "100%", "x'(y)*!", "q?x=1&y", "~t-_.", "#;:@$,=[]"]


@pytest.fixture
def session(live_edge: LiveEdge) -> Credentials:
    """A session of a role that a user, with a long-lived key, assumed."""
    account = live_edge.account()
    iam = live_edge.client("iam", account)
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    arn = iam.create_role(RoleName="etl", Path="/team/", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    ann = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    answer = live_edge.clients.client("sts", "us-east-1", ann).assume_role(RoleArn=arn, RoleSessionName="run-one")
    made = answer["Credentials"]
    return Credentials(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])


def s3_of(live_edge: LiveEdge, who: Credentials, region: str = "us-east-1", **config: Any) -> Any:
    style = config.pop("style", "path")
    return boto3.client(
        "s3",
        region_name=region,
        endpoint_url=config.pop("endpoint", live_edge.endpoint),
        aws_access_key_id=who.access_key,
        aws_secret_access_key=who.secret_key,
        aws_session_token=who.session_token or None,
        config=Config(s3={"addressing_style": style}, retries={"total_max_attempts": 1}, **config),
    )


@pytest.mark.parametrize("style", ["path", "virtual"])
def test_keys_of_every_shape(live_edge: LiveEdge, session: Credentials, style: str) -> None:
    # Not every machine resolves `bucket.s3.localhost`: the edge stands as the client's proxy.
    endpoint = live_edge.endpoint if style == "path" else "http://s3.localhost"
    bucket = f"shapes-{style}-{session.access_key[-8:].lower()}"
    s3_of(live_edge, session).create_bucket(Bucket=bucket)
    proxies = {"http": live_edge.endpoint} if style == "virtual" else {}
    s3 = s3_of(live_edge, session, style=style, endpoint=endpoint, proxies=proxies)
    # urllib3 takes dots and double slashes out of a URL for a proxy, after botocore signed it.
    keys = [key for key in KEYS if style == "path" or ".." not in key]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode(), Metadata={"odd": "a  b"})
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()
        assert s3.list_objects_v2(Bucket=bucket, Prefix=key)["KeyCount"] == 1
    assert {item["Key"] for item in s3.list_objects_v2(Bucket=bucket, Delimiter="")["Contents"]} == set(keys)


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_presigned_urls(live_edge: LiveEdge, session: Credentials, version: str) -> None:
    bucket = f"presigned-{version}-{session.access_key[-8:].lower()}"
    s3 = s3_of(live_edge, session, signature_version=version)
    s3_of(live_edge, session).create_bucket(Bucket=bucket)
    for key in KEYS:
        s3_of(live_edge, session).put_object(Bucket=bucket, Key=key, Body=b"data")
        asked = {"Bucket": bucket, "Key": key, "ResponseContentType": "a/b; c=d"}
        url = s3.generate_presigned_url("get_object", Params=asked)
        with urllib.request.urlopen(url) as response:
            assert response.read() == b"data"
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(url.replace("c%3Dd", "c%3De"))
        assert caught.value.code == 403
        assert b"<Code>SignatureDoesNotMatch</Code>" in caught.value.read()


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "code", "status"),
    [
        ("s3", "list_buckets", {}, "SignatureDoesNotMatch", 403),
        ("sts", "get_caller_identity", {}, "SignatureDoesNotMatch", 403),
        ("glue", "get_jobs", {}, "InvalidSignatureException", 400),
        ("lambda", "list_functions", {}, "InvalidSignatureException", 403),
        ("ec2", "describe_vpcs", {}, "AuthFailure", 401),
    ],
)
def test_a_guessed_secret(
    live_edge: LiveEdge,
    session: Credentials,
    service: str,
    operation: str,
    parameters: dict[str, Any],
    code: str,
    status: int,
) -> None:
    def ask(secret: str) -> None:
        client = boto3.client(
            service,
            region_name="us-east-1",
            endpoint_url=live_edge.endpoint,
            aws_access_key_id=session.access_key,
            aws_secret_access_key=secret,
            aws_session_token=session.session_token,
            config=Config(retries={"total_max_attempts": 1}),
        )
        getattr(client, operation)(**parameters)

    ask(session.secret_key)
    with pytest.raises(ClientError) as caught:
        ask("guessed")
    response = caught.value.response
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)


def test_paths_of_other_services(live_edge: LiveEdge, session: Credentials) -> None:
    lambda_ = live_edge.clients.client("lambda", "us-east-1", session)
    name = "arn:aws:lambda:us-east-1:123456789012:function:none"
    with pytest.raises(ClientError) as caught:
        lambda_.get_function(FunctionName=name)
    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"
    assert lambda_.list_tags  # the client is kept
    with pytest.raises(ClientError) as caught:
        lambda_.list_tags(Resource=name)
    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"


def test_a_session_of_a_role_that_was_made_anew(live_edge: LiveEdge) -> None:
    account = live_edge.account()
    iam = live_edge.client("iam", account)
    arn = iam.create_role(RoleName="etl", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    made = live_edge.client("sts", account).assume_role(RoleArn=arn, RoleSessionName="run")["Credentials"]
    old = Credentials(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])
    sts = live_edge.clients.client("sts", "us-east-1", old)
    assert sts.get_caller_identity()["Account"] == account
    iam.delete_role(RoleName="etl")
    iam.create_role(RoleName="etl", AssumeRolePolicyDocument=TRUST)
    with pytest.raises(ClientError) as caught:
        sts.get_caller_identity()
    assert caught.value.response["Error"]["Code"] == "InvalidClientTokenId"
