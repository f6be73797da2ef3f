"""MWAA under the hub's execution role: what AWS's page asks for, the connections, the way to the sites.

AWS's page names some actions by wildcards; a flow asks for exactly those, so that they are needed as they stand.
"""

from __future__ import annotations

from collections.abc import Iterator

from crosswind.prove.estate import Actor, Estate
from crosswind.prove.flow import AWS_OWNED, OBSERVED, SOMETIMES, Flow, documented

__all__ = ["hub"]

_ROLE = documented("mwaa/latest/userguide/mwaa-create-role.html")
_TRUST = documented("mwaa/latest/userguide/cross-service-confused-deputy-prevention.html")
_SECRETS = documented("mwaa/latest/userguide/connections-secrets-manager.html")
_TAGS = ("crosswind:dag", "crosswind:run")


def hub(estate: Estate) -> Iterator[Flow]:
    """The environment, and Airflow before it reaches a site."""
    at, name = estate.execution(), estate.names.environment
    environment = estate.arn("airflow", at.region, at.owner, f"environment/{name}")
    for service in ("airflow", "airflow-env"):
        source = {"aws:SourceAccount": at.owner, "aws:SourceArn": environment}
        trusted = estate.service(service, at.region, at.owner, at.asks, **source)
        yield trusted.flow("takes the execution role", "sts:AssumeRole", at.who)
    yield at.flow("publishes metrics", "airflow:PublishMetrics", environment, _ROLE)
    yield at.flow("reports metrics", "cloudwatch:PutMetricData", "*", _ROLE, {"cloudwatch:namespace": "AmazonMWAA"})
    yield from _bucket(estate, at)
    yield from _logs(estate, at)
    yield from _queues(estate, at)
    yield from _secrets(estate, at)
    yield from _entering(estate, at)


def _bucket(estate: Estate, at: Actor) -> Iterator[Flow]:
    bucket = estate.airflow_bucket
    yield at.flow("checks its bucket's access", "s3:GetBucketPublicAccessBlock", bucket)
    yield at.flow("checks that its bucket keeps versions", "s3:GetBucketVersioning", bucket)
    yield at.flow("lists its DAGs", "s3:ListBucket", bucket, OBSERVED, {"s3:prefix": "dags/"})
    yield at.flow("reads its DAGs", "s3:GetObject", f"{bucket}/dags/<file>")
    for key in ("plugins.zip", "requirements.txt"):
        yield at.flow(f"reads {key}", "s3:GetObjectVersion", f"{bucket}/{key}")
    for action in ("s3:GetBucket*", "s3:List*"):
        yield at.flow("does what MWAA asks for with its bucket", action, bucket, _ROLE)
    yield at.flow("does what MWAA asks for with its files", "s3:GetObject*", f"{bucket}/<key>", _ROLE)
    yield at.flow("checks the account's public access", "s3:GetAccountPublicAccessBlock", "*", _ROLE)


def _logs(estate: Estate, at: Actor) -> Iterator[Flow]:
    group = estate.arn(
        "logs", at.region, at.owner, f"log-group:airflow-{estate.names.environment}-<module>:log-stream:"
    )
    stream = f"{group}<stream>"
    yield at.flow("makes its log groups", "logs:CreateLogGroup", group)
    yield at.flow("makes its log streams", "logs:CreateLogStream", stream)
    yield at.flow("writes its logs", "logs:PutLogEvents", stream)
    yield at.flow("shows its logs", "logs:GetLogEvents", stream, _ROLE)
    for action in ("GetLogGroupFields", "GetLogRecord", "GetQueryResults"):
        yield at.flow("does what MWAA asks for with its logs", f"logs:{action}", group, _ROLE)
    yield at.flow("finds its log groups", "logs:DescribeLogGroups", "*", _ROLE)


def _queues(estate: Estate, at: Actor) -> Iterator[Flow]:
    """Of MWAA's own account, which has no fixed id; their key is AWS's."""
    queue = estate.arn("sqs", at.region, "<account>", "airflow-celery-<queue>")
    actions = (
        "ChangeMessageVisibility",
        "DeleteMessage",
        "GetQueueAttributes",
        "GetQueueUrl",
        "ReceiveMessage",
        "SendMessage",
    )
    for action in actions:
        yield at.flow("hands tasks to workers", f"sqs:{action}", queue, _ROLE, owner=AWS_OWNED)
    key = estate.arn("kms", at.region, AWS_OWNED, "key/<key>")
    via = {"kms:ViaService": f"sqs.{at.region}.{estate.url_suffix}"}
    for action in ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*"):
        yield at.flow("uses the queues' key", action, key, _ROLE, via, owner=AWS_OWNED)


def _secrets(estate: Estate, at: Actor) -> Iterator[Flow]:
    for name in sorted(estate.documents.connections):
        asks = next(
            (f"sites.{site}.connection" for site in sorted(estate.topology.sites) if _leads(estate, site, name)),
            at.asks,
        )
        one = Actor(at.who, at.region, at.owner, asks)
        yield one.flow("reads a connection", "secretsmanager:GetSecretValue", _secret(estate, at, name))
    # It asks for whatever a DAG names, and a no of IAM's would be an error where "there is none" is meant.
    for kind in ("connections", "variables"):
        named = estate.arn("secretsmanager", at.region, at.owner, f"secret:airflow/{kind}/<name>")
        yield at.flow(f"looks among {kind}", "secretsmanager:GetSecretValue", named, _SECRETS)


def _leads(estate: Estate, site: str, secret: str) -> bool:
    return secret.startswith(estate.names.secret(estate.topology.sites[site].connection))


def _secret(estate: Estate, at: Actor, name: str) -> str:
    return estate.arn("secretsmanager", at.region, at.owner, f"secret:{name}-<suffix>")


def _entering(estate: Estate, at: Actor) -> Iterator[Flow]:
    """The roles at sites, with the external id of the connection, and the DAG as source identity and tags."""
    for role, connections in estate.principals.airflow_roles.items():
        account = role.split(":")[4]
        sites = [
            site for site in sorted(estate.topology.sites) if any(_leads(estate, site, name) for name, _ in connections)
        ]
        one = Actor(at.who, at.region, account, f"sites.{sites[0]}.connection" if sites else at.asks)
        given = {"sts:ExternalId": connections[0][1]} if connections[0][1] else {}
        named: dict[str, str | tuple[str, ...]] = {**given, "aws:TagKeys": _TAGS, "sts:SourceIdentity": "<dag>"}
        yield one.flow("enters a site, without saying for whom", "sts:AssumeRole", role, SOMETIMES, given)
        yield one.flow("enters a site", "sts:AssumeRole", role, OBSERVED, named)
        yield one.flow("says for which DAG it acts", "sts:SetSourceIdentity", role, OBSERVED, named)
        yield one.flow("says for which run it acts", "sts:TagSession", role, OBSERVED, named)
