"""Airflow's session in the work account, spoilt: expired, wrongly signed, or sent with a forged account."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import pytest
from botocore.exceptions import ClientError

from crosswind.local.edge.call import Credentials
from tests.local.iam.arena import Arena
from tests.local.iam.flows import BY_NAME, refusals, training_job
from tests.local.iam.mutations import by
from tests.local.iam.people import EVERYTHING, Account, allow
from tests.local.iam.stage import WEST, Cast, Entry, Stage


def expired(stage: Stage, _: Credentials) -> Credentials:
    return stage.arena.identities.issue(stage.roles["cross-account"], "airflow", -1)[0]


def wrongly_signed(_: Stage, credentials: Credentials) -> Credentials:
    return replace(credentials, secret_key=f"{credentials.secret_key}x")


def without_token(_: Stage, credentials: Credentials) -> Credentials:
    return replace(credentials, session_token="")


# docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html; the "Common errors" page of each service's API
# reference. S3 answers 400 where a token is bad, and a HEAD has no other word for it.
SPOILT: dict[str, tuple[Callable[[Stage, Credentials], Credentials], str, str, str]] = {
    "expired": (expired, "ExpiredToken", "ExpiredTokenException", "400"),
    "wrongly signed": (wrongly_signed, "SignatureDoesNotMatch", "InvalidSignatureException", "403"),
    "without its token": (without_token, "InvalidAccessKeyId", "UnrecognizedClientException", "403"),
}


@pytest.mark.parametrize("case", SPOILT)
def test_a_spoilt_session(stage: Stage, case: str) -> None:
    turned, s3, json, head = SPOILT[case]
    assert refusals(stage) == {}
    found = refusals(stage, Entry(turned=turned))
    assert set(found) == by("cross-account")
    for name, refusal in found.items():
        flow = BY_NAME[name]
        expected = head if flow.head else s3 if flow.service == "s3" else json
        assert (flow.name, refusal.code) == (flow.name, expected)
        assert refusal.why is None  # IAM was not asked


def test_a_forged_account_changes_nothing(stage: Stage) -> None:
    """Neither does it help, nor harm: the edge takes accounts from who signs, and from who owns."""
    seats = [stage.seat(who, Credentials("", "")) for who in ("execution", "cross-account", "glue", "sagemaker")]

    def forge(request: Any, **_: Any) -> None:
        request.headers["x-moto-account-id"] = "999999999999"

    clients = [client for seat in seats for client in seat.clients.values()]
    assert clients
    for client in clients:
        client.meta.events.register("before-sign", forge, unique_id="forge")
    try:
        assert refusals(stage) == {}
    finally:
        for client in clients:
            client.meta.events.unregister("before-sign", unique_id="forge")


def test_a_training_role_of_another_account(stage: Stage, arena: Arena) -> None:
    """A role can be passed within its account only, whatever both sides allow."""
    service = [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "sagemaker.amazonaws.com"}}]
    foreign = Account(arena, arena.account()).role("training", EVERYTHING, service)
    with stage.granted("cross-account", lambda statements: [*statements, *allow("iam:PassRole")]):
        sagemaker = Cast(stage).client("cross-account", "sagemaker", WEST)
        sagemaker.create_training_job(**training_job(stage, "train-own"))
        with pytest.raises(ClientError, match="iam:PassRole") as caught:
            sagemaker.create_training_job(**training_job(stage, "train-foreign", foreign))
    assert caught.value.response["Error"]["Code"] == "AccessDeniedException"


def test_a_denial_says_in_its_header_what_to_edit(stage: Stage) -> None:
    """So that a task's log can say it, where nobody asks `crosswind why`."""
    with stage.granted("cross-account", lambda statements: [one for one in statements if one["Sid"] != "RunGlue"]):
        glue = Cast(stage).client("cross-account", "glue")
        with pytest.raises(ClientError) as caught:
            glue.start_job_run(JobName="mwaa_glue_raw_to_transform")
    metadata = caught.value.response["ResponseMetadata"]
    told = unquote(metadata["HTTPHeaders"]["x-crosswind-why"])
    assert f"caller {stage.data}" in told
    assert "FIX" in told
    assert "glue:StartJobRun" in told
    why = stage.arena.why(metadata["RequestId"])
    assert why is not None
    assert why["sentence"] == caught.value.response["Error"]["Message"]
