"""CloudFormation: stacks, whose ARNs end with an id, and StackSets with their targets.

Source: docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/control-access-with-iam.html and
security_iam_id-based-policy-examples.html. What the handlers of a stack's resources do is authorized call by call,
with the caller's rights or those of the role that was passed.
"""

from __future__ import annotations

from collections.abc import Mapping

from crosswind.local.authorization.asking import Ask, Context, account_in, tags_in
from crosswind.local.authorization.need import Need
from crosswind.local.authorization.table import Pass, Row, Table, pass_role

__all__ = ["TABLE"]

_SERVICE = "cloudformation.amazonaws.com"
_ADMINISTRATION = "AWSCloudFormationStackSetAdministrationRole"
_KEYS: Mapping[str, str] = {
    "cloudformation:ChangeSetName": "ChangeSetName",
    "cloudformation:StackPolicyUrl": "StackPolicyURL",
    "cloudformation:TemplateUrl": "TemplateURL",
}
_LISTS: Mapping[str, str] = {
    "cloudformation:ImportResourceTypes": "ResourcesToImport.ResourceType",
    "cloudformation:ResourceTypes": "ResourceTypes",
    "cloudformation:TargetRegion": "Regions",
}


def _keys(ask: Ask) -> Context:
    context: Context = {key: ask.text(path) for key, path in _KEYS.items() if ask.text(path)}
    context |= {key: list(ask.values(path)) for key, path in _LISTS.items() if ask.text(path)}
    if role := ask.text("RoleARN|AdministrationRoleARN"):
        context["cloudformation:RoleArn"] = role
    return context


def _tagging_keys(ask: Ask) -> Context:
    return {"cloudformation:CreateAction": ask.call.operation}


def _whole(ask: Ask, arn: str, made: bool) -> str:
    """The ARN of the stack or StackSet that has this name now; of one to come, any id."""
    head, _, rest = arn.partition(":stack/")
    if rest and rest.endswith("/*") and not made:
        return ask.facts.stack_arn(account_in(arn, ask.account), arn.split(":")[3], rest[:-2]) or arn
    head, _, rest = arn.partition(":stackset/")
    if rest and rest.endswith(":*") and not made:
        name = rest[:-2]
        if ":" in name:  # the StackSet's id
            return f"{head}:stackset/{name}"
        return ask.facts.stack_set_arn(ask.account, ask.region, name) or arn
    return arn


_INSTANCES = {"CreateStackInstances", "DeleteStackInstances", "UpdateStackInstances", "UpdateStackSet"}
_TARGETS = "Accounts|DeploymentTargets.Accounts"


def _stack_set(operation: str) -> Row:
    """An operation on a StackSet and, where it names some, on its targets."""

    def row(ask: Ask) -> list[Need]:
        arn = _whole(ask, ask.arn("cloudformation", f"stackset/{ask.text('StackSetName') or '*'}:*"), False)
        if ask.text("StackSetName").startswith("arn:"):
            arn = ask.text("StackSetName")
        owner, tags = account_in(arn, ask.account), tags_in(ask.parameters)
        context = tags | _keys(ask)
        own = ask.tagged(arn)
        needs = [Need(f"cloudformation:{operation}", arn, owner, context | own)]
        if operation in _INSTANCES:
            set_id = arn.partition(":stackset/")[2]
            targets = dict.fromkeys([*ask.values(_TARGETS), *ask.values("DeploymentTargets.OrganizationalUnitIds")])
            for target in targets:
                place = ask.arn("cloudformation", f"stackset-target/{set_id}/{target}")
                needs.append(Need(f"cloudformation:{operation}", place, owner, context))
        if tags and operation == "UpdateStackSet":
            needs.append(Need("cloudformation:TagResource", arn, owner, context | own | _tagging_keys(ask)))
        if operation == "UpdateStackSet":
            needs += pass_role(ask, Pass("AdministrationRoleARN", _SERVICE))
        return needs

    return row


def _create_stack_set(ask: Ask) -> list[Need]:
    tags = tags_in(ask.parameters)
    context = tags | _keys(ask)
    needs = [Need("cloudformation:CreateStackSet", "*", ask.account, context)]
    if tags:
        arn = ask.arn("cloudformation", f"stackset/{ask.text('StackSetName')}:*")
        needs.append(Need("cloudformation:TagResource", arn, ask.account, context | _tagging_keys(ask)))
    if ask.parameters.get("PermissionModel", "SELF_MANAGED") == "SELF_MANAGED":
        if "AdministrationRoleARN" in ask.parameters:
            needs += pass_role(ask, Pass("AdministrationRoleARN", _SERVICE))
        else:  # the role of this name is taken, and passed all the same
            role = ask.arn("iam", f"role/{_ADMINISTRATION}", region=False)
            needs.append(Need("iam:PassRole", role, ask.account, {"iam:PassedToService": _SERVICE}))
    return needs


_STACK = "stack/{StackName}/*"
_OF_STACK = (
    "CancelUpdateStack ContinueUpdateRollback DeleteStack DescribeStackEvents DescribeStackResource"
    " DescribeStackResourceDrifts DescribeStackResources DetectStackDrift DetectStackResourceDrift GetStackPolicy"
    " ListChangeSets ListStackResources RollbackStack SetStackPolicy SignalResource UpdateStack"
    " UpdateTerminationProtection"
)
_OF_STACK_SET = (
    "CreateStackInstances DeleteStackInstances DeleteStackSet DescribeStackInstance DescribeStackSet"
    " DescribeStackSetOperation DetectStackSetDrift ImportStacksToStackSet ListStackInstanceResourceDrifts"
    " ListStackInstances ListStackSetAutoDeploymentTargets ListStackSetOperationResults ListStackSetOperations"
    " StopStackSetOperation UpdateStackInstances UpdateStackSet"
)

TABLE = Table(
    prefix="cloudformation",
    resources={
        **dict.fromkeys(_OF_STACK.split(), _STACK),
        "CreateChangeSet": _STACK,
        "CreateStack": f"{_STACK}+",
        "DescribeStacks": f"{_STACK}?",
        "GetTemplate": _STACK,
        "GetTemplateSummary": f"{_STACK}? stackset/{{StackSetName}}:*?",
        **dict.fromkeys(("DeleteChangeSet", "DescribeChangeSet", "DescribeChangeSetHooks", "ExecuteChangeSet"), _STACK),
    },
    passed_to=_SERVICE,
    tagging="TagResource",
    tagging_keys=_tagging_keys,
    keys={"*": _keys},
    resolve=_whole,
    rows={
        **{operation: _stack_set(operation) for operation in _OF_STACK_SET.split()},
        "CreateStackSet": _create_stack_set,
    },
)
"""Rights of CloudFormation."""
