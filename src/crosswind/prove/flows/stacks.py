"""Deploying stacks and StackSets: who makes which resource, and the calls on the stacks themselves.

CloudFormation has no rights of its own: in a stack it acts with its caller's, the deployer's; in the stacks of a
StackSet with the execution role's, which the administration role assumes.
Source: docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-prereqs-self-managed.html.
"""

from __future__ import annotations

from collections.abc import Iterator

from crosswind.errors import InputError
from crosswind.prove.estate import Actor, Estate
from crosswind.prove.flow import AWS_OWNED, OBSERVED, SOMETIMES, Flow, documented
from crosswind.prove.flows.handler_table import HANDLERS
from crosswind.prove.flows.handlers import handlers, known_types
from crosswind.prove.flows.network_handlers import NETWORK_TYPES, environment_handlers, network_handlers
from crosswind.prove.template_form import well_formed
from crosswind.prove.template_values import TemplateValues
from crosswind.synth import Stack

__all__ = ["entering", "resources", "stack_calls", "stackset_calls"]

_API = documented("AWSCloudFormation/latest/APIReference/API_Operations.html")
_SETS = documented("AWSCloudFormation/latest/UserGuide/stacksets-prereqs-self-managed.html")
_TYPES = documented("AWSCloudFormation/latest/UserGuide/security_iam_id-based-policy-examples.html")


def entering(estate: Estate) -> Iterator[Flow]:
    """Whoever deploys takes the deployer's role, of the account that it is in."""
    page = documented("IAM/latest/UserGuide/id_roles_use_permissions-to-switch.html")
    for template in estate.templates:
        stack = template.stack
        if stack.part == "deployer":
            person = estate.role("<whoever-deploys>", stack.account)
            at = Actor(person.replace("<", "").replace(">", ""), stack.region, stack.account, asks(estate, stack))
            yield at.flow(
                "takes the deployer's role", "sts:AssumeRole", estate.principals.deployer(stack.account), page
            )


def resources(estate: Estate) -> Iterator[Flow]:
    """What CloudFormation does with every resource of every stack but the deployer's own.

    Raises:
        InputError: a template holds a type that is not known here.
    """
    for template in estate.templates:
        stack = template.stack
        if stack.part == "deployer":
            continue
        at = _maker(estate, stack)
        for logical_id, each in template.resources.items():
            with well_formed(template.stack, logical_id):
                yield from _resource(estate, at, template, logical_id, each["Type"])


def _resource(estate: Estate, at: Actor, template: TemplateValues, logical_id: str, kind: str) -> Iterator[Flow]:
    if kind in NETWORK_TYPES:
        yield from network_handlers(estate, at, kind, logical_id)
        return
    if kind not in HANDLERS:
        raise InputError(
            f"what CloudFormation does with {kind} is not known here",
            place=template.place(f"Resources.{logical_id}"),
            hint=f"known: {', '.join([*known_types(), *sorted(NETWORK_TYPES)])}",
        )
    yield from handlers(estate, at, template, logical_id)
    if kind == "AWS::MWAA::Environment":
        yield from environment_handlers(estate, at)


def _maker(estate: Estate, stack: Stack) -> Actor:
    """For whom CloudFormation acts in a stack."""
    principals = estate.principals
    far = stack.kind == "stackset"
    who = principals.stack_set_execution(stack.account) if far else principals.deployer(stack.account)
    return Actor(who, stack.region, stack.account, asks(estate, stack))


def asks(estate: Estate, stack: Stack) -> str:
    """The key path that asks for a stack."""
    if stack.site in estate.topology.sites:
        return f"sites.{stack.site}"
    return f"accounts.{stack.site}" if stack.site in estate.topology.accounts else "hub"


def stack_calls(estate: Estate) -> Iterator[Flow]:
    """The deployer's calls on its own stacks."""
    for template in estate.templates:
        stack = template.stack
        if stack.part == "deployer":
            at = Actor(estate.principals.deployer(stack.account), stack.region, stack.account, asks(estate, stack))
            arn = estate.arn("cloudformation", stack.region, stack.account, f"stack/{stack.name}/<id>")
            yield at.flow("looks whether the account has its boundaries", "cloudformation:DescribeStacks", arn)
        if stack.part == "deployer" or stack.kind == "stackset":
            continue
        at = Actor(estate.principals.deployer(stack.account), stack.region, stack.account, asks(estate, stack))
        arn = estate.arn("cloudformation", stack.region, stack.account, f"stack/{stack.name}/<id>")
        for action in ("CreateStack", "DeleteStack", "DescribeStackEvents", "DescribeStacks", "TagResource"):
            yield at.flow(f"deploys the stack {stack.name}", f"cloudformation:{action}", arn)
        yield at.flow(f"compares the stack {stack.name} with its template", "cloudformation:GetTemplate", arn)
        updated = any(need.late for need in stack.needs)
        yield at.flow(
            f"updates the stack {stack.name}", "cloudformation:UpdateStack", arn, OBSERVED if updated else _API
        )
        for action in ("ContinueUpdateRollback", "UntagResource"):
            yield at.flow(f"mends the stack {stack.name}", f"cloudformation:{action}", arn, _API)


def stackset_calls(estate: Estate) -> Iterator[Flow]:
    """The deployer's calls on StackSets, and what StackSets does under its two roles."""
    for template in estate.templates:
        if template.stack.kind == "stackset":
            yield from _calls(estate, template)
            yield from _service(estate, template.stack)


def _calls(estate: Estate, template: TemplateValues) -> Iterator[Flow]:
    stack = template.stack
    home, account, name = stack.admin_region, stack.account, stack.name
    at = Actor(estate.principals.deployer(account), home, account, asks(estate, stack))
    one = estate.arn("cloudformation", home, account, f"stackset/{name}:<id>")
    target = estate.arn("cloudformation", home, account, f"stackset-target/{name}:<id>/<account>")
    asked = {"aws:RequestTag/crosswind:topology": estate.topology.name}
    yield at.flow(f"makes the StackSet {name}", "cloudformation:CreateStackSet", "*", OBSERVED, asked)
    passed = {"iam:PassedToService": "cloudformation.amazonaws.com"}
    role = estate.principals.administration(account)
    yield at.flow(f"passes the administration role to {name}", "iam:PassRole", role, OBSERVED, passed)
    seen = ("CreateStackInstances", "DeleteStackInstances", "DeleteStackSet", "DescribeStackSet")
    for action in (*seen, "DescribeStackSetOperation", "ListStackInstances", "TagResource", "UpdateStackSet"):
        yield at.flow(f"deploys the StackSet {name}", f"cloudformation:{action}", one)
    for action in ("ListStackSetOperationResults", "UntagResource"):
        yield at.flow(f"mends the StackSet {name}", f"cloudformation:{action}", one, _API)
    for action in ("CreateStackInstances", "DeleteStackInstances"):
        yield at.flow(f"deploys the StackSet {name}", f"cloudformation:{action}", target)
    # The reference leaves open which Region stands in a target's ARN.
    any_region = estate.arn("cloudformation", "<region>", account, f"stackset-target/{name}:<id>")
    yield at.flow(f"updates the StackSet {name}", "cloudformation:UpdateStackSet", any_region, _TYPES)
    for kind in sorted({each["Type"] for each in template.resources.values()}):
        arn = estate.arn("cloudformation", home, "<owner>", f"type/resource/{kind.replace('::', '-')}")
        for action in ("CreateStackInstances", "UpdateStackSet"):
            yield at.flow(f"deploys {kind} in {name}", f"cloudformation:{action}", arn, _TYPES, owner=account)
    inside = estate.arn("cloudformation", stack.region, account, f"stack/StackSet-{name}-<id>")
    there = Actor(at.who, stack.region, account, at.asks)
    for action in ("DescribeStackEvents", "DescribeStacks"):
        yield there.flow(f"follows the StackSet {name}", f"cloudformation:{action}", inside)


def _service(estate: Estate, stack: Stack) -> Iterator[Flow]:
    """CloudFormation takes the administration role, which takes the execution role, which makes the stacks."""
    account, path = stack.account, asks(estate, stack)
    administration = estate.principals.administration(account)
    execution = estate.principals.stack_set_execution(account)
    source = {
        "aws:SourceAccount": account,
        "aws:SourceArn": estate.arn("cloudformation", stack.admin_region, account, f"stackset/{stack.name}:<id>"),
    }
    service = estate.service("cloudformation", stack.admin_region, account, path, **source)
    yield service.flow("takes the administration role", "sts:AssumeRole", administration)
    taker = Actor(administration, stack.admin_region, account, path)
    yield taker.flow("takes the execution role", "sts:AssumeRole", execution)
    at = Actor(execution, stack.region, account, path)
    inside = estate.arn("cloudformation", stack.region, account, f"stack/StackSet-{stack.name}-<id>")
    for action in ("CreateStack", "DeleteStack", "DescribeStacks", "TagResource"):
        yield at.flow("makes the stack of an instance", f"cloudformation:{action}", inside)
    yield at.flow("updates the stack of an instance", "cloudformation:UpdateStack", inside, SOMETIMES)
    # As AWS's page has it, though on these stacks alone.
    yield at.flow("does what StackSets asks for", "cloudformation:*", inside, _SETS)
    for action in ("DescribeStacks", "GetTemplateSummary", "ListStacks", "ValidateTemplate"):
        yield at.flow("looks up stacks and templates", f"cloudformation:{action}", "*", _SETS)
    for action in ("GetObject", "PutObject"):
        # AWS's page asks for everything on everything, and names none of its buckets.
        yield at.flow(
            "tells of the instance's state", f"s3:{action}", "<object-of-the-service>", _SETS, owner=AWS_OWNED
        )
