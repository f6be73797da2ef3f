"""The list of exceptions is in order, and a finding without one is told; checkov itself runs by `make checkov`."""

from __future__ import annotations

import json

from tests.checkov.run import Excepted, Failed, differences, exceptions, failed

LOGS = Excepted("CKV_AWS_158", "AWS::Logs::LogGroup.*", "for a reason")
FOUND = Failed("CKV_AWS_158", "AWS::Logs::LogGroup.JobLogs", "one/site.json", "logs are encrypted")


def test_the_list_is_sorted_with_one_reason_a_check() -> None:
    known = exceptions()
    assert list(known) == sorted(known)
    assert len({each.check for each in known}) == len(known)
    assert all(len(each.reason) > 20 and each.resource.startswith("AWS::") for each in known)
    assert len({each.reason for each in known}) == len(known)


def test_what_is_excepted_stands() -> None:
    assert list(differences([FOUND, FOUND], [LOGS])) == []


def test_what_is_not_excepted_is_told() -> None:
    other = Failed("CKV_AWS_158", "AWS::S3::Bucket.Data", "one/site.json", "logs are encrypted")
    assert list(differences([FOUND, other], [LOGS])) == [
        "CKV_AWS_158 AWS::S3::Bucket.Data in one/site.json: logs are encrypted"
    ]


def test_an_exception_without_use_is_told() -> None:
    (line,) = differences([], [LOGS])
    assert line.startswith("CKV_AWS_158 AWS::Logs::LogGroup.*: nothing needs this exception")


def test_a_report_is_read() -> None:
    check = {
        "check_id": FOUND.check,
        "check_name": FOUND.says,
        "resource": FOUND.resource,
        "file_path": f"/{FOUND.file}",
    }
    part = {"results": {"failed_checks": [check]}}
    assert list(failed(json.dumps(part))) == list(failed(json.dumps([part]))) == [FOUND]
    assert list(failed(json.dumps({"passed": 0}))) == []
