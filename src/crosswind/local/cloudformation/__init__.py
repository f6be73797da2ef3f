"""CloudFormation of the local world: stacks and self-managed StackSets that really make their resources.

```
service.CloudFormation   the Service behind the edge: every operation of the API, ours or refused
  stacks/      one operation on a stack, from the request to its last event; undo included
  stacksets/   one operation on a StackSet: roles assumed, then stacks made through the API in the target accounts
  template/    a template's text into values                                               pure
  schema/      AWS's own resource schemas against properties                                pure, reads files
  providers/   one short file a resource type: AWS API calls through the edge
```

All work is done with the rights of the caller, the service role or the StackSet's execution role, through the edge,
never around it. State is in memory. What AWS has and this engine does not do is refused by name: change sets, drift
detection, macros, dynamic references, custom resources, service-managed StackSets.
"""

from crosswind.local.cloudformation.service import CloudFormation

__all__ = ["CloudFormation"]
