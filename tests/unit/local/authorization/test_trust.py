"""Services get sessions of the roles that trust them, as the principals and for the resources that they are."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from crosswind.local.authorization.trust import TrustedIssuer, check_function_role
from crosswind.local.edge.call import Call, HttpRequest, ServiceError
from crosswind.local.identity import Identities
from tests.unit.local.edge.fakes import SITE, FakeBackend

Asked = tuple[str, str, str, dict[str, str]]


class Judge:
    """Allows what it was told of; remembers what it was asked."""

    def __init__(self, *trusted: str) -> None:
        self.trusted = set(trusted)
        self.asked: list[Asked] = []

    def authorize_service(
        self, service_principal: str, role_arn: str, account: str, context: Mapping[str, str]
    ) -> None:
        self.asked.append((service_principal, role_arn, account, dict(context)))
        if service_principal not in self.trusted:
            raise ServiceError("AccessDenied", f"no trust for {service_principal}", 403)


def issuer(judge: Judge) -> tuple[TrustedIssuer, str]:
    backend = FakeBackend()
    return TrustedIssuer(Identities(backend), judge), backend.add_role("team/job")


def test_a_service_without_a_source() -> None:
    judge = Judge("glue.amazonaws.com")
    trusted, role = issuer(judge)
    credentials, principal = trusted.issue(role, "run", 900, via="glue")
    assert principal.arn == f"arn:aws:sts::{SITE}:assumed-role/job/run"
    assert judge.asked == [("glue.amazonaws.com", role, SITE, {})]
    session = trusted.session(credentials.access_key)
    assert session is not None
    assert (session.via, session.source_arn) == ("glue", "")
    assert trusted.alive(principal)


def test_a_service_says_for_what_it_acts() -> None:
    judge = Judge("sagemaker.amazonaws.com")
    trusted, role = issuer(judge)
    source = f"arn:aws:sagemaker:us-west-2:{SITE}:training-job/one"
    credentials, _ = trusted.issue(role, "SageMaker", via="sagemaker", source_arn=source)
    assert judge.asked[0][3] == {"aws:SourceArn": source, "aws:SourceAccount": SITE}
    session = trusted.session(credentials.access_key)
    assert session is not None
    assert session.source_arn == source


def test_an_environment_needs_both_of_mwaas_principals() -> None:
    for trusting in (("airflow.amazonaws.com",), ("airflow-env.amazonaws.com",), ()):
        trusted, role = issuer(Judge(*trusting))
        with pytest.raises(ServiceError) as caught:
            trusted.issue(role, "AmazonMWAA-airflow", via="airflow")
        assert caught.value.code == "AccessDenied"
    trusted, role = issuer(Judge("airflow.amazonaws.com", "airflow-env.amazonaws.com"))
    trusted.issue(role, "AmazonMWAA-airflow", via="airflow")


def test_no_role_no_question() -> None:
    judge = Judge("glue.amazonaws.com")
    trusted, role = issuer(judge)
    with pytest.raises(ServiceError) as caught:
        trusted.issue(role + "x", "run", via="glue")
    assert caught.value.code == "NoSuchEntity"
    assert judge.asked == []


def create(operation: str, **parameters: str) -> Call:
    principal = Identities(FakeBackend()).root(SITE)
    http = HttpRequest("POST", "/", {}, {}, b"")
    return Call("1", principal, SITE, "us-west-2", "lambda", operation, parameters, http)


@pytest.mark.parametrize("operation", ["CreateFunction", "UpdateFunctionConfiguration"])
def test_lambda_takes_no_role_that_it_may_not_assume(operation: str) -> None:
    judge = Judge()
    trusted, role = issuer(judge)
    guard = check_function_role(trusted)
    for bad in (role, role + "x", "nonsense"):
        with pytest.raises(ServiceError) as caught:
            guard(create(operation, FunctionName="clean", Role=bad))
        assert (caught.value.code, caught.value.message) == (
            "InvalidParameterValueException",
            "The role defined for the function cannot be assumed by Lambda.",
        )
    source = f"arn:aws:lambda:us-west-2:{SITE}:function:clean"
    assert judge.asked == [("lambda.amazonaws.com", role, SITE, {"aws:SourceArn": source, "aws:SourceAccount": SITE})]
    judge.trusted.add("lambda.amazonaws.com")
    guard(create(operation, FunctionName="clean", Role=role))
    guard(create("UpdateFunctionConfiguration", FunctionName="clean"))
    guard(create("GetFunction", FunctionName="clean", Role="nonsense"))
