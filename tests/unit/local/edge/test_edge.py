from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from crosswind.local.edge.addressing import path_style, stripped
from crosswind.local.edge.call import Call, HttpRequest, HttpResponse, ServiceError
from crosswind.local.edge.edge import Edge
from crosswind.local.edge.scope import scope_of
from crosswind.local.identity import Identities
from crosswind.local.requestlog import RequestLog
from tests.unit.local.edge.fakes import HUB, SITE, FakeBackend, by, signed

JSON = {"content-type": "application/x-amz-json-1.1"}


class Glue:
    name = "glue"

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.operations = {"StartJobRun": self.start, "GetJobRun": self.fail, "GetJobRuns": self.breaks}

    def start(self, call: Call) -> Mapping[str, Any]:
        self.calls.append(call)
        return {"JobRunId": "jr_1"}

    def fail(self, call: Call) -> Mapping[str, Any]:
        raise ServiceError("EntityNotFoundException", "no such run", 400)

    def breaks(self, call: Call) -> Mapping[str, Any]:
        raise KeyError("oops")


class Judge:
    """Refuses what it is told to."""

    def __init__(self) -> None:
        self.refused: set[str] = set()

    def authorize(self, call: Call) -> None:
        if call.operation in self.refused:
            raise ServiceError("AccessDeniedException", f"{call.principal.arn} may not {call.operation}", 400)


class Stage:
    def __init__(self) -> None:
        self.backend = FakeBackend()
        self.identities = Identities(self.backend)
        self.glue = Glue()
        self.judge = Judge()
        self.log = RequestLog()
        self.after: list[tuple[str, int]] = []
        self.edge = Edge(self.identities, [self.glue], self.backend, self.judge, self.log)
        self.edge.add_hook(lambda call, response: self.after.append((call.operation, response.status)))

    def glue_call(self, operation: str, body: dict[str, Any], **more: Any) -> HttpResponse:
        headers = JSON | {"x-amz-target": f"AWSGlue.{operation}"} | more.pop("headers", {})
        return self.edge.handle(signed(HUB, "glue", headers=headers, body=json.dumps(body).encode(), **more))

    @property
    def last(self) -> Mapping[str, Any]:
        return self.log.since()[0][-1]


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_a_service_of_ours_gets_the_call_and_its_answer_goes_back(stage: Stage) -> None:
    response = stage.glue_call("StartJobRun", {"JobName": "a", "Arguments": {"--x": "1"}}, region="us-west-2")
    assert (response.status, json.loads(bytes(response.body))) == (200, {"JobRunId": "jr_1"})  # type: ignore[arg-type]
    call = stage.glue.calls[0]
    assert (call.account, call.region, call.service, call.operation) == (HUB, "us-west-2", "glue", "StartJobRun")
    assert call.parameters == {"JobName": "a", "Arguments": {"--x": "1"}}
    assert response.headers["x-amzn-requestid"] == call.id
    assert stage.after == [("StartJobRun", 200)]
    record = stage.last
    assert record["id"] == call.id
    assert (record["principal"], record["resource"], record["status"]) == (f"arn:aws:iam::{HUB}:root", "a", 200)


def test_other_operations_go_to_moto(stage: Stage) -> None:
    assert stage.glue_call("GetJobs", {}).body == b"moto"
    assert stage.backend.calls[0].operation == "GetJobs"


def test_an_error_of_a_service_is_the_answer_and_runs_no_hook(stage: Stage) -> None:
    response = stage.glue_call("GetJobRun", {"JobName": "a", "RunId": "b"})
    assert response.status == 400
    assert json.loads(bytes(response.body))["__type"] == "EntityNotFoundException"  # type: ignore[arg-type]
    assert stage.after == []
    assert (stage.last["error"], stage.last["message"]) == ("EntityNotFoundException", "no such run")


def test_a_fault_of_ours_is_an_internal_failure(stage: Stage) -> None:
    response = stage.glue_call("GetJobRuns", {"JobName": "a"})
    assert response.status == 500
    assert stage.last["error"] == "InternalFailure"
    assert "glue:GetJobRuns: KeyError" in stage.last["message"]


def test_a_missing_member_does_not_reach_the_handler(stage: Stage) -> None:
    assert stage.glue_call("StartJobRun", {}).status == 400
    assert stage.last["error"] == "ValidationException"
    assert stage.glue.calls == []


def test_the_authorizer_is_asked_before_the_work(stage: Stage) -> None:
    stage.judge.refused = {"StartJobRun", "GetJobs"}
    assert stage.glue_call("StartJobRun", {"JobName": "a"}).status == 400
    assert stage.glue_call("GetJobs", {}).status == 400
    assert stage.glue.calls == []
    assert stage.backend.calls == []
    assert stage.last["error"] == "AccessDeniedException"


def test_guards_refuse_after_authorization(stage: Stage) -> None:
    def guard(call: Call) -> None:
        raise ServiceError("InvalidRequest", "not so")

    stage.edge.add_guard(guard)
    assert stage.glue_call("StartJobRun", {"JobName": "a"}).status == 400
    assert stage.glue.calls == []


def test_a_bucket_is_served_from_its_owners_account(stage: Stage) -> None:
    stage.backend.buckets["theirs"] = SITE
    stage.edge.handle(signed(HUB, "s3", method="GET", path="/theirs/a/b.csv"))
    stage.edge.handle(signed(HUB, "s3", method="GET", path="/nobodys/a"))
    stage.edge.handle(signed(HUB, "s3", method="PUT", path="/theirs"))
    accounts = [(call.operation, call.account) for call in stage.backend.calls]
    assert accounts == [("GetObject", SITE), ("GetObject", HUB), ("CreateBucket", HUB)]
    assert stage.log.since()[0][0]["resource"] == "theirs/a/b.csv"


def test_headers_of_the_world_are_stripped(stage: Stage) -> None:
    stage.glue_call("GetJobs", {}, headers={"x-moto-account-id": SITE, "x-crosswind-a": "b", "x-amz-a": "c"})
    call = stage.backend.calls[0]
    assert call.account == HUB
    assert not [name for name in call.http.headers if name.startswith(("x-moto", "x-crosswind"))]
    assert call.http.headers["x-amz-a"] == "c"


def test_unknown_keys_and_unsigned_requests_are_logged_too(stage: Stage) -> None:
    response = stage.edge.handle(signed("AKIANOBODY", "s3", method="GET", path="/b/k"))
    assert response.status == 403
    assert (stage.last["error"], stage.last["access_key"]) == ("InvalidAccessKeyId", "AKIANOBODY")
    response = stage.edge.handle(HttpRequest("GET", "/b/k", {}, {}, b""))
    assert response.status == 403
    assert stage.last["error"] == "MissingAuthenticationToken"
    assert stage.backend.calls == []


def test_via_names_the_service_that_acts_for_the_role(stage: Stage) -> None:
    credentials, _ = stage.identities.issue(stage.backend.add_role("job"), "run", via="glue")
    stage.edge.handle(by(credentials, "s3", method="GET", url="http://127.0.0.1:4566/b/k"))
    assert stage.backend.calls[0].via == "glue"
    assert stage.last["via"] == "glue"


def test_errors_of_moto_are_named_in_the_log(stage: Stage) -> None:
    stage.backend.response = HttpResponse(404, {}, b"<Error><Code>NoSuchKey</Code><Message>gone</Message></Error>")
    assert stage.edge.handle(signed(HUB, "s3", method="GET", path="/b/k")).status == 404
    assert (stage.last["error"], stage.last["message"]) == ("NoSuchKey", "gone")
    assert stage.after == []


def act(stage: Stage, operation: str, run: Any) -> Any:
    who = stage.identities.root(SITE)
    return stage.edge.act(
        who,
        service="s3",
        operation=operation,
        account=SITE,
        region="us-west-2",
        parameters={"Bucket": "b", "Key": "k", "VersionId": "v"},
        via="s3",
        run=run,
    )


def test_implied_actions_are_authorized_and_logged(stage: Stage) -> None:
    assert act(stage, "ReplicateObject", lambda: 7) == 7
    assert (stage.last["operation"], stage.last["resource"], stage.last["via"]) == ("ReplicateObject", "b/k", "s3")
    assert stage.last["parameters"] == {"VersionId": "v"}
    stage.judge.refused = {"ReplicateObject"}
    done: list[int] = []
    with pytest.raises(ServiceError, match="may not ReplicateObject"):
        act(stage, "ReplicateObject", lambda: done.append(1))
    assert done == []
    assert stage.last["status"] == 400


def test_local_routes(stage: Stage) -> None:
    stage.edge.mount("/_crosswind/credentials/", lambda http: HttpResponse(200, {}, http.path.encode()))

    def get(path: str, method: str = "GET", query: dict[str, str] | None = None, **headers: str) -> HttpResponse:
        return stage.edge.handle(HttpRequest(method, path, query or {}, {"host": "127.0.0.1:1"} | headers, b""))

    assert get("/_crosswind/credentials/abc").body == b"/_crosswind/credentials/abc"
    health = json.loads(bytes(get("/_crosswind/health").body))  # type: ignore[arg-type]
    assert (health["status"], health["services"]) == ("running", ["glue"])
    assert get("/_crosswind/none").status == 404

    def broken(http: HttpRequest) -> HttpResponse:
        raise KeyError("oops")

    stage.edge.mount("/_crosswind/broken", broken)
    assert get("/_crosswind/broken").status == 500
    stage.glue_call("GetJobs", {})
    stage.glue_call("GetJobs", {})
    answer = json.loads(bytes(get("/_crosswind/requests", query={"since": "1"}).body))  # type: ignore[arg-type]
    assert (answer["next"], [r["number"] for r in answer["requests"]]) == (2, [2])
    assert get("/_crosswind/requests", query={"since": "x"}).status == 400
    assert get("/_crosswind/shutdown").status == 405
    assert not stage.edge.local.shutdown.is_set()
    assert get("/_crosswind/shutdown", "POST").status == 202
    assert stage.edge.local.shutdown.is_set()
    with pytest.raises(ValueError, match="cannot mount"):
        stage.edge.mount("/_crosswind/credentials/", lambda http: HttpResponse(200, {}))
    with pytest.raises(ValueError, match="cannot mount"):
        stage.edge.mount("/elsewhere/", lambda http: HttpResponse(200, {}))


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example:4566"},
        {"host": "127.0.0.1.evil.example"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "https://evil.s3.amazonaws.com"},
        {"sec-fetch-site": "cross-site"},
    ],
    ids=str,
)
def test_a_page_of_another_origin_gets_nothing(stage: Stage, headers: dict[str, str]) -> None:
    refused = stage.glue_call("StartJobRun", {"JobName": "a"}, headers=headers)
    assert (refused.status, stage.glue.calls) == (403, [])
    for path in ("/_crosswind/health", "/_crosswind/requests", "/_crosswind/shutdown"):
        assert stage.edge.handle(HttpRequest("POST", path, {}, headers, b"")).status == 403
    assert not stage.edge.local.shutdown.is_set()


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "[::1]:4566"},
        {"host": "127.0.0.2"},
        {"host": "bucket.s3.localhost:4566"},
        {"host": "glue.us-east-1.amazonaws.com"},
        {"origin": "http://localhost:3000"},
        {"sec-fetch-site": "none"},
    ],
    ids=str,
)
def test_programs_of_this_machine_are_answered(stage: Stage, headers: dict[str, str]) -> None:
    assert stage.glue_call("StartJobRun", {"JobName": "a"}, headers=headers).status == 200


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("bucket.localhost:4566", "/bucket/a/b"),
        ("my.bucket.s3.localhost:4566", "/my.bucket/a/b"),
        ("bucket.s3.us-west-2.localhost", "/bucket/a/b"),
        ("bucket.s3.us-west-2.amazonaws.com", "/bucket/a/b"),
        ("bucket.s3.amazonaws.com", "/bucket/a/b"),
        ("s3.us-west-2.amazonaws.com", "/a/b"),
        ("s3.localhost:4566", "/a/b"),
        ("localhost:4566", "/a/b"),
        ("127.0.0.1:4566", "/a/b"),
    ],
)
def test_host_style_becomes_path_style(host: str, path: str) -> None:
    http = signed(HUB, "s3", method="GET", path="/a/b", headers={"host": host})
    assert path_style(http, scope_of(http)).path == path
    glue = signed(HUB, "glue", path="/a/b", headers={"host": host})
    assert path_style(glue, scope_of(glue)).path == "/a/b"


def test_stripping_leaves_a_clean_request_alone() -> None:
    http = signed(HUB, "s3")
    assert stripped(http) is http


def test_the_log_keeps_the_newest_and_numbers_all(tmp_path: Any) -> None:
    from crosswind.local.requestlog import RequestRecord

    log = RequestLog(tmp_path / "state" / "requests.jsonl", keep=2)
    record = RequestRecord("i", 1.0, "p", HUB, "k", HUB, "r", "s3", "GetObject", "b/k", 200, "", 1.5)
    for _ in range(5):
        log.append(record)
    kept, following = log.since(0)
    assert ([r["number"] for r in kept], following) == ([4, 5], 5)
    assert [r["number"] for r in log.since(4)[0]] == [5]
    assert log.since(9)[0] == []
    log.close()
    lines = (tmp_path / "state" / "requests.jsonl").read_text().splitlines()
    assert [json.loads(line)["number"] for line in lines] == [1, 2, 3, 4, 5]
