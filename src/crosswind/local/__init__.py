"""The local world: AWS's APIs of many accounts and Regions in one process, on one loopback port.

How a request travels:

1. `edge` takes it (HTTP/1.1), strips what a client may not send, and finds out who signed it (`identity`).
2. `protocol` names the operation and reads its input, from botocore's own service models.
3. `authorization` says yes or raises: all rights that the call needs, over the live policies of both accounts.
4. A service of ours answers (`sts`, `replication`'s bucket operations, `cloudformation`, `mwaa`, `engines`),
   or moto does, in this process, behind `moto_backend`, the one package that knows moto.
   Before either, guards may refuse what the service would refuse (a policy that is none, a role that is not trusted).
5. After a success the hooks run (`replication` watches S3 writes here), and `requestlog` gets one record.

What takes what: `identity.Identities` turns keys into principals and issues sessions of roles (kept in `sessions`;
`sts_rules` says which AssumeRole gets one); services that act under a role take its session from
`authorization.trust`, which asks the role's trust policy first;
`clients.Clients` makes boto3 clients that go back through the edge, for every piece of work that the world
does on somebody's behalf; `edge.server.EdgeServer` listens.

May not: call anything but itself over the network, read the user's AWS configuration, pretend. What cannot
be done truthfully is refused with an error that says so.
"""
