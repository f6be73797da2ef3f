"""Self-managed StackSets: one template as stacks in other accounts and Regions.

```
api.StackSetApi            the operations of the API
operations.SetOperations   one operation at a time on a StackSet, in a thread of its own: Regions in order, accounts
                           within the failure tolerance
deployer.Deployer          one stack instance: assume the administration role as the service, from there the execution
                           role in the target account, then CreateStack, UpdateStack or DeleteStack through the API
store                      StackSets by account, then Region
```

A stack instance is an ordinary stack of the target account; this package never touches one but through the API, with
the execution role's rights. Service-managed permissions need AWS Organizations and are refused.
Source: docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-concepts.html.
"""
