"""What CloudFormation does with each resource type, with the rights of whoever it acts for.

Source: the `handlers` of each type's schema (`aws cloudformation describe-type --type RESOURCE --type-name ...`), those
that apply to what a template holds. A handler reads the whole resource back after each change, also settings that no
template of ours has. An update takes away what a template no longer says: a policy, a tag, a description.
`network_handlers` goes on with EC2's types, whose rights are bound to tags.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crosswind.prove.estate import Actor, Estate
from crosswind.prove.flow import OBSERVED, SOMETIMES, Evidence, Flow, Keys, documented
from crosswind.prove.flows.handler_table import HANDLERS, Handler
from crosswind.prove.flows.key_handlers import alias_handlers, key_handlers
from crosswind.prove.template_values import TemplateValues

__all__ = ["handlers", "known_types", "schema"]


def handlers(estate: Estate, at: Actor, template: TemplateValues, logical_id: str) -> Iterator[Flow]:
    """What CloudFormation does with one resource of a template.

    Args:
        estate: all that is declared.
        at: for whom it acts.
        template: the resource's.
        logical_id: the resource's.
    """
    declared = template.resources[logical_id]
    kind = declared["Type"]
    handler, page = HANDLERS[kind], schema(kind)
    properties = declared.get("Properties", {})
    arn = _arn(template, logical_id, kind)
    bound = _boundary(template, logical_id)
    words = f"makes, changes and removes {logical_id}"

    def flow(action: str, evidence: Evidence) -> Flow:
        return at.flow(words, f"{handler.service}:{action}", arn, evidence, bound if action in _BOUND else None)

    for action in handler.seen if arn else ():
        evidence = SOMETIMES if action == "GetQueueUrl" else OBSERVED
        yield flow(action, evidence)
    for action in handler.said if arn else ():
        yield flow(action, page)
    for name, (seen, said) in (handler.given or {}).items():
        if name in properties:
            for action in (*seen, *said):
                if action not in _ATTACHING:
                    yield flow(action, OBSERVED if action in seen else page)
    for policy in _attached(template, logical_id):
        for action in _ATTACHING:
            yield at.flow(words, f"{handler.service}:{action}", arn, page, {**bound, "iam:PolicyARN": policy})
    for action in handler.anywhere:
        yield at.flow(words, f"{handler.service}:{action}", "*", page)
    yield from _special(estate, at, template, logical_id, kind)
    yield from _passing(at, template, logical_id, handler)


# The actions that tell the boundary of the role:
# docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html.
_BOUND = {
    "AttachRolePolicy",
    "CreateRole",
    "DeleteRolePolicy",
    "DetachRolePolicy",
    "PutRolePermissionsBoundary",
    "PutRolePolicy",
}


# They tell which policy they are about.
_ATTACHING = ("AttachRolePolicy", "DetachRolePolicy")


def _attached(template: TemplateValues, logical_id: str) -> Sequence[str]:
    """The managed policies of a role."""
    properties = template.resources[logical_id].get("Properties", {})
    if template.resources[logical_id]["Type"] != "AWS::IAM::Role":
        return ()
    arns = template.value(properties.get("ManagedPolicyArns", []), f"Resources.{logical_id}.Properties")
    return [str(arn) for arn in arns]


def _boundary(template: TemplateValues, logical_id: str) -> Keys:
    """The condition key of a role with a permissions boundary."""
    properties = template.resources[logical_id].get("Properties", {})
    if template.resources[logical_id]["Type"] != "AWS::IAM::Role" or "PermissionsBoundary" not in properties:
        return {}
    path = f"Resources.{logical_id}.Properties.PermissionsBoundary"
    bound = template.value(properties["PermissionsBoundary"], path)
    return {"iam:PermissionsBoundary": bound} if isinstance(bound, str) else {}


def _passing(at: Actor, template: TemplateValues, logical_id: str, handler: Handler) -> Iterator[Flow]:
    """A role that is handed to a service needs `iam:PassRole`, with the name of that service."""
    name, service = handler.passes
    properties = template.resources[logical_id].get("Properties", {})
    if not name or name not in properties:
        return
    content = template.value(properties[name], f"Resources.{logical_id}.Properties.{name}")
    role = content["Role"] if isinstance(content, dict) else content
    if isinstance(role, str):
        passed = {"iam:PassedToService": service}
        yield at.flow(f"passes the role of {logical_id}", "iam:PassRole", role, OBSERVED, passed)


def schema(kind: str) -> Evidence:
    """The schema of a resource type, which says what its handlers call."""
    page = "docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html"
    return documented(f"the handlers in the schema of {kind} ({page})")


def _arn(template: TemplateValues, logical_id: str, kind: str) -> str:
    """The ARN on which a type's actions act."""
    path = f"Resources.{logical_id}"
    match kind:
        case "AWS::S3::BucketPolicy":
            bucket = template.text(template.resources[logical_id]["Properties"]["Bucket"], path)
            return f"arn:{template.partition}:s3:::{bucket}"
        case "AWS::SQS::QueuePolicy":
            (url, *_) = template.value(template.resources[logical_id]["Properties"]["Queues"], path)
            account, queue = str(url).rsplit("/", 2)[1:]
            return f"arn:{template.partition}:sqs:{template.stack.region}:{account}:{queue}"
        case "AWS::Logs::LogGroup":
            return f"{template.arn(logical_id, path)}:log-stream:"
        case "AWS::SecretsManager::Secret":
            # Its ARN's last six characters are not known before it is made.
            return template.arn(logical_id, path)[:-6] + "??????"
        case "AWS::KMS::Key" | "AWS::KMS::Alias" | "AWS::Lambda::EventInvokeConfig":
            return ""  # see `_special`
        case "AWS::IAM::ManagedPolicy":
            return template.physical_id(logical_id, path)
        case _:
            return template.arn(logical_id, path)


def _special(estate: Estate, at: Actor, template: TemplateValues, logical_id: str, kind: str) -> Iterator[Flow]:
    path, page = f"Resources.{logical_id}", schema(kind)
    match kind:
        case "AWS::Logs::LogGroup":
            # docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogGroup.html: the ARN for tags.
            arn = template.arn(logical_id, path)
            yield at.flow(f"tags {logical_id}", "logs:TagResource", arn)
            for action in ("ListTagsForResource", "UntagResource"):
                yield at.flow(f"tags {logical_id}", f"logs:{action}", arn, page)
        case "AWS::Lambda::EventInvokeConfig":
            yield from _invocations(at, template, logical_id)
        case "AWS::KMS::Key":
            yield from key_handlers(estate, at, template, logical_id, page)
        case "AWS::KMS::Alias":
            yield from alias_handlers(at, template, logical_id, page)


def _invocations(at: Actor, template: TemplateValues, logical_id: str) -> Iterator[Flow]:
    """With a qualifier, which the ARN then bears."""
    path, properties = f"Resources.{logical_id}", template.resources[logical_id]["Properties"]
    name = template.text(properties["FunctionName"], path)
    qualifier = template.text(properties.get("Qualifier", ""), path)
    stack = template.stack
    arn = f"arn:{template.partition}:lambda:{stack.region}:{stack.account}:function:{name}:{qualifier}"
    for verb in ("Delete", "Get", "Put"):
        yield at.flow(f"says how {name} is invoked", f"lambda:{verb}FunctionEventInvokeConfig", arn)
    page = schema("AWS::Lambda::EventInvokeConfig")
    yield at.flow(f"says how {name} is invoked", "lambda:UpdateFunctionEventInvokeConfig", arn, page)
    # Which of the two ARNs Lambda asks for is nowhere said.
    function, either = arn.rpartition(":")[0], documented("lambda/latest/dg/lambda-api-permissions-ref.html")
    for verb in ("Delete", "Get", "Put", "Update"):
        yield at.flow(f"says how {name} is invoked", f"lambda:{verb}FunctionEventInvokeConfig", function, either)


def known_types() -> Sequence[str]:
    """The types of this file, sorted."""
    return sorted(HANDLERS)
