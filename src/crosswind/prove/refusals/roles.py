"""What must be refused about roles: jobs and roles of others, ways in, trusts, more rights for oneself."""

from __future__ import annotations

from collections.abc import Iterator

from crosswind.prove.flow import Flow, Keys
from crosswind.prove.refusals.doings import STRANGER, Doings, ask

__all__ = ["entering", "jobs", "passing", "rights", "trusts"]


def jobs(doings: Doings) -> Iterator[Flow]:
    """Jobs that a role does not run, of its own account's sites; of SageMaker's, the roles that it does not pass."""
    estate = doings.estate
    airflow = [role for role in doings.roles if role in estate.principals.airflow_roles]
    for name, job in sorted(estate.topology.jobs.items()):
        account, own = estate.account(job.site), estate.names.job(name)
        context: Keys = {"aws:RequestedRegion": estate.region(job.site)}
        if job.type == "lambda":
            action, arn = "lambda:InvokeFunction", estate.site_arn(job.site, "lambda", f"function:{own}")
        elif job.type in ("glue", "glue_python_shell"):
            action, arn = "glue:StartJobRun", estate.site_arn(job.site, "glue", f"job/{own}")
        else:
            action, arn = "iam:PassRole", estate.names.job_role_arn(name)
            context = {"iam:PassedToService": "sagemaker.amazonaws.com"}
        for role in airflow:
            if role.split(":")[4] == account and (role, action, arn) not in doings.done:
                does = "runs a job that is none of its own"
                yield ask(role, does, action, arn, account, f"jobs.{name}", context)


def passing(doings: Doings) -> Iterator[Flow]:
    """Roles that a role does not pass; those that it does, to another service."""
    estate = doings.estate
    passed = {(each.who, each.resource): each for each in doings.flows if each.action == "iam:PassRole"}
    execution = estate.principals.execution
    for (who, role), flow in sorted(passed.items()):
        service: Keys = {"iam:PassedToService": "ec2.amazonaws.com"}
        yield ask(who, "passes a role to another service", flow.action, role, flow.owner, flow.asks, service)
    for who in sorted({who for who, _ in passed}):
        one = next(each for (each_who, _), each in sorted(passed.items()) if each_who == who)
        context = dict(one.context)
        account = who.split(":")[4]
        for role in (execution, estate.role("of-somebody-else", account)):
            if (who, role) not in passed:
                yield ask(
                    who,
                    "passes a role that is none of its own",
                    "iam:PassRole",
                    role,
                    role.split(":")[4],
                    one.asks,
                    context,
                )


def entering(doings: Doings) -> Iterator[Flow]:
    """Nobody but the hub's execution role enters a site, and it only with the external id."""
    estate = doings.estate
    execution, hub = estate.principals.execution, estate.topology.hub_account
    for role, connections in estate.principals.airflow_roles.items():
        account, external = role.split(":")[4], connections[0][1]
        given: Keys = {"sts:ExternalId": external} if external else {}
        for who, words in (
            (estate.role("anybody", STRANGER), "enters a site from the account of a stranger"),
            (estate.role("anybody", hub), "enters a site under another role of the hub's account"),
        ):
            yield ask(who, words, "sts:AssumeRole", role, account, "hub.account", given)
        if external:
            yield ask(
                execution,
                "enters a site without the external id",
                "sts:AssumeRole",
                role,
                account,
                "external_id",
            )
            wrong: Keys = {"sts:ExternalId": f"not-{external}"}
            yield ask(
                execution,
                "enters a site with a wrong external id",
                "sts:AssumeRole",
                role,
                account,
                "external_id",
                wrong,
            )
    for role in doings.roles:
        for other in (*estate.principals.airflow_roles, execution):
            if other != role and other.split(":")[4] == role.split(":")[4]:
                yield ask(role, "takes another role", "sts:AssumeRole", other, other.split(":")[4], "roles")


def trusts(doings: Doings) -> Iterator[Flow]:
    """A service takes no role of another service's, and none for another account."""
    taken = [each for each in doings.flows if each.action == "sts:AssumeRole" and each.who.endswith(".amazonaws.com")]
    for flow in {(each.who, each.resource): each for each in taken}.values():
        other = "ec2.amazonaws.com"
        yield ask(
            other,
            "takes the role of another service",
            flow.action,
            flow.resource,
            flow.owner,
            flow.asks,
            dict(flow.context),
        )
        if any(key == "aws:SourceAccount" for key, _ in flow.context) and flow.who != "glue.amazonaws.com":
            foreign: Keys = {**dict(flow.context), "aws:SourceAccount": STRANGER}
            yield ask(
                flow.who,
                "takes a role for another account",
                flow.action,
                flow.resource,
                flow.owner,
                flow.asks,
                foreign,
            )


def rights(doings: Doings) -> Iterator[Flow]:
    """No role of a pipeline's makes or changes roles; the deployer's changes none but the topology's."""
    estate = doings.estate
    for role in doings.roles:
        account = role.split(":")[4]
        yield ask(role, "gives itself more rights", "iam:PutRolePolicy", role, account, "roles")
    for template in estate.templates:
        stack = template.stack
        if stack.part == "deployer":
            deployer = estate.principals.deployer(stack.account)
            asks = f"accounts.{stack.site}"
            for action in ("AttachRolePolicy", "PutRolePolicy", "UpdateAssumeRolePolicy"):
                yield ask(deployer, "gives itself more rights", f"iam:{action}", deployer, stack.account, asks)
            other = estate.role("of-somebody-else", stack.account)
            yield ask(deployer, "changes a role of others", "iam:PutRolePolicy", other, stack.account, asks)
            bucket = estate.arn("s3", "", "", "a-bucket-of-somebody-else")
            yield ask(deployer, "deletes a bucket of others", "s3:DeleteBucket", bucket, stack.account, asks)
            stranger = estate.role("anybody", STRANGER)
            yield ask(
                stranger,
                "deploys from the account of a stranger",
                "sts:AssumeRole",
                deployer,
                stack.account,
                asks,
            )
