from __future__ import annotations

import json
from typing import Any

import pytest

from crosswind.local.cloudformation.template.document import parse
from crosswind.local.edge.call import ServiceError

BUCKET = {"Type": "AWS::S3::Bucket"}


def template(**sections: Any) -> str:
    return json.dumps({"Resources": {"B": BUCKET}, **sections})


def test_yaml_short_forms_and_dates() -> None:
    found = parse(
        """
        AWSTemplateFormatVersion: 2010-09-09
        Resources:
          Policy:
            Type: AWS::S3::BucketPolicy
            DependsOn: Bucket
            Properties:
              Bucket: !Ref Bucket
              PolicyDocument:
                Version: 2012-10-17
                Statement:
                  - Resource: !Sub "${Bucket.Arn}/*"
                    Principal: !GetAtt Role.Arn
                    Sid: !If [Named, !Select [0, !Split [",", "a,b"]], !Ref "AWS::NoValue"]
          Bucket:
            Type: AWS::S3::Bucket
        """
    )
    policy = found.resources["Policy"]
    assert policy.depends_on == ("Bucket",)
    assert policy.properties == {
        "Bucket": {"Ref": "Bucket"},
        "PolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Resource": {"Fn::Sub": "${Bucket.Arn}/*"},
                    "Principal": {"Fn::GetAtt": ["Role", "Arn"]},
                    "Sid": {
                        "Fn::If": [
                            "Named",
                            {"Fn::Select": [0, {"Fn::Split": [",", "a,b"]}]},
                            {"Ref": "AWS::NoValue"},
                        ]
                    },
                }
            ],
        },
    }


def test_yaml_and_json_say_the_same() -> None:
    assert parse("Resources: {B: {Type: 'AWS::S3::Bucket'}}").same_work(parse(template()))


def test_description_alone_is_no_change() -> None:
    assert parse(template(Description="one")).same_work(parse(template(Description="two", Metadata={"x": 1})))
    assert not parse(template()).same_work(parse(template(Outputs={"O": {"Value": "v"}})))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"Resources": {', "JSON not well-formed. (line 1, column"),
        ("Resources: [", "YAML not well-formed."),
        ("Resources: {B: {Type: a, Type: b}}", "YAML not well-formed."),
        ("text", "unsupported structure"),
        ("", "unsupported structure"),
        ("{}", "At least one Resources member must be defined."),
        (template(Bogus=1), "Invalid template property or properties [Bogus]"),
        (template(Transform="AWS::Serverless-2016-10-31"), "does not offer the template section Transform"),
        (template(AWSTemplateFormatVersion="2011"), "Template format version 2011 is not supported"),
        (template(Outputs={"O": {}}), "Every Outputs member must contain a Value object"),
        (template(Resources={"B": {"Properties": {}}}), "Every Resources object must contain a Type member"),
        (template(Resources={"B-1": BUCKET}), "Resources name B-1 is non alphanumeric"),
        (template(Resources={"B": {**BUCKET, "Bogus": 1}}), "Invalid template resource property 'Bogus'"),
        (template(Resources={"B": {**BUCKET, "DeletionPolicy": "Keep"}}), "Unrecognized DeletionPolicy Keep"),
        (template(Resources={"B": {**BUCKET, "DeletionPolicy": "Snapshot"}}), "does not offer DeletionPolicy Snapshot"),
        (template(Resources={"B": {**BUCKET, "CreationPolicy": {}}}), "resource attribute CreationPolicy"),
        (template(Resources={f"B{n}": BUCKET for n in range(501)}), "501, is greater than maximum allowed, 500"),
    ],
)
def test_malformed_templates_are_refused(text: str, words: str) -> None:
    with pytest.raises(ServiceError) as refused:
        parse(text)
    assert words in refused.value.message
