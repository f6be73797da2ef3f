"""Step Functions, which IAM calls `states`.

Source: docs.aws.amazon.com/step-functions/latest/dg/concept-create-iam-advanced.html
"""

from __future__ import annotations

from crosswind.local.authorization.table import Table

__all__ = ["TABLE"]

TABLE = Table(
    prefix="states",
    names={"ActivityName": "name", "StateMachineName": "name"},
    resources={
        "CreateActivity": "activity:{name}+",
        "CreateStateMachine": "stateMachine:{name}+",
        "DescribeExecution": "{executionArn}",
        "DescribeStateMachineAlias": "{stateMachineAliasArn}",
        "DeleteStateMachineAlias": "{stateMachineAliasArn}",
        "DeleteStateMachineVersion": "{stateMachineVersionArn}",
        "GetExecutionHistory": "{executionArn}",
        "StopExecution": "{executionArn}",
        "ListTagsForResource": "{resourceArn}",
        "StartExecution": "{stateMachineArn}",
        "StartSyncExecution": "{stateMachineArn}",
        "TagResource": "{resourceArn}",
        "UntagResource": "{resourceArn}",
    },
    passed_to="states.amazonaws.com",
    tagging="TagResource",
)
"""Rights of Step Functions."""
