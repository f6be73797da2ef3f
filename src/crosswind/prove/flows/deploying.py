"""The deployer's own calls beside CloudFormation: files, runs, lineage, the emptying of buckets, the sweep.

The code: `crosswind.deploy`, `crosswind.report`.
"""

from __future__ import annotations

from collections.abc import Iterator

from crosswind.prove.estate import Actor, Estate, split_ref
from crosswind.prove.flow import OBSERVED, SOMETIMES, Flow, documented
from crosswind.prove.flows.sagemaker import job_names

__all__ = ["files", "removal", "running", "survey"]

_GLUE_LOGS = documented("glue/latest/dg/monitor-continuous-logging.html")
_HEAD = documented("AmazonS3/latest/API/API_HeadObject.html")
_LINK = documented("mwaa/latest/userguide/call-mwaa-apis-web.html")


def files(estate: Estate) -> Iterator[Flow]:
    """What deploy uploads: markers of folders, scripts, requests, data; and the hub's files."""
    topology, names = estate.topology, estate.names
    made = [(name, bucket) for name, bucket in topology.buckets.items() if bucket.is_made]
    keys = [(name, f"{folder}/", f"buckets.{name}") for name, bucket in made for folder in bucket.folders]
    for name, job in topology.jobs.items():
        for attribute, key in (("scripts", "script_key"), ("configs", "config_key")):
            if ref := getattr(job, attribute, ""):
                keys.append((split_ref(ref)[0], getattr(names, key)(name), f"jobs.{name}.{attribute}"))
    keys += [(*target.split("/", 1), f"data.{target}") for target in topology.data]  # type: ignore[misc]  # two parts
    for bucket, key, asks in sorted(keys):
        region, account = estate.at(bucket)
        at = Actor(estate.principals.deployer(account), region, account, asks)
        arn = estate.object(bucket, key)
        yield at.flow(f"looks whether {key} is there", "s3:GetObject", arn)
        yield at.flow(f"uploads {key}", "s3:PutObject", arn)
        yield at.flow("is told that a file is not there", "s3:ListBucket", estate.bucket(bucket), _HEAD)
    hub = topology.hub
    at = Actor(estate.principals.deployer(topology.hub_account), hub.region, topology.hub_account, "hub.airflow")
    for key in ("dags/<file>", "plugins.zip", "requirements.txt"):
        yield at.flow(f"looks whether {key} is there", "s3:GetObject", f"{estate.airflow_bucket}/{key}")
        yield at.flow(f"uploads {key}", "s3:PutObject", f"{estate.airflow_bucket}/{key}")
    yield at.flow("lists the DAGs", "s3:ListBucket", estate.airflow_bucket, OBSERVED, {"s3:prefix": "dags/"})
    page = documented("the code of `crosswind deploy`: a DAG that the folder no longer has is removed")
    yield at.flow("removes a DAG", "s3:DeleteObject", f"{estate.airflow_bucket}/dags/<file>", page)


def running(estate: Estate) -> Iterator[Flow]:
    """`crosswind run`, the summary of a run, `crosswind lineage`."""
    topology, environment = estate.topology, estate.names.environment
    hub = topology.hub
    at = Actor(estate.principals.deployer(topology.hub_account), hub.region, topology.hub_account, "hub.airflow")
    user = estate.arn("airflow", hub.region, topology.hub_account, f"role/{environment}/User")
    yield at.flow("runs pipelines and follows them", "airflow:InvokeRestApi", user)
    yield at.flow("tells where Airflow's pages are", "airflow:CreateWebLoginToken", user, _LINK)
    stream = f"log-group:airflow-{environment}-Task:log-stream:<stream>"
    logs = estate.arn("logs", hub.region, topology.hub_account, stream)
    yield at.flow("reads the log of a task that failed", "logs:GetLogEvents", logs, SOMETIMES)
    for name, moved in sorted(topology.replications.items()):
        if moved.by_s3:
            region, account = estate.at(moved.destination)
            there = Actor(estate.principals.deployer(account), region, account, f"replications.{name}")
            replica = estate.object(moved.destination, f"{moved.folder}/<object>")
            yield there.flow("tells of replicas", "s3:GetObjectVersion", replica)
    for name, job in estate.jobs("sagemaker"):
        for index, ref in enumerate(job.writes):
            bucket, folder = split_ref(ref)
            region, account = estate.at(bucket)
            there = Actor(estate.principals.deployer(account), region, account, f"jobs.{name}.writes[{index}]")
            for file in ("lineage.json", "model.tar.gz"):
                one = estate.object(bucket, f"{folder}/<job>/output/{file}")
                yield there.flow("tells what a model was made from", "s3:GetObject", one)


def removal(estate: Estate) -> Iterator[Flow]:
    """What `crosswind destroy` does before stacks can go: runs end, replication ends, buckets are emptied."""
    topology = estate.topology
    for name in sorted(name for name, bucket in topology.buckets.items() if bucket.is_made):
        region, account = estate.at(name)
        at = Actor(estate.principals.deployer(account), region, account, f"buckets.{name}")
        yield from _emptying(at, estate.bucket(name))
        if any(each.by_s3 and each.source == name for each in topology.replications.values()):
            yield at.flow("ends replication", "s3:PutReplicationConfiguration", estate.bucket(name))
    hub = topology.hub
    at = Actor(estate.principals.deployer(topology.hub_account), hub.region, topology.hub_account, "hub.airflow")
    yield from _emptying(at, estate.airflow_bucket)
    yield from _jobs(estate)
    yield from _logs(estate)


def _emptying(at: Actor, bucket: str) -> Iterator[Flow]:
    yield at.flow("looks for the bucket", "s3:ListBucket", bucket)
    yield at.flow("lists all versions", "s3:ListBucketVersions", bucket)
    yield at.flow("removes all versions", "s3:DeleteObjectVersion", f"{bucket}/<key>")
    page = documented("the code of `crosswind destroy`: a bucket that no stack holds any more is deleted by itself")
    yield at.flow("deletes a bucket that no stack holds", "s3:DeleteBucket", bucket, page)


def _jobs(estate: Estate) -> Iterator[Flow]:
    for name, job in estate.jobs("glue", "glue_python_shell"):
        account = estate.account(job.site)
        at = Actor(estate.principals.deployer(account), estate.region(job.site), account, f"jobs.{name}")
        arn = estate.site_arn(job.site, "glue", f"job/{estate.names.job(name)}")
        yield at.flow(f"looks for runs of {name}", "glue:GetJobRuns", arn)
        yield at.flow(f"stops runs of {name}", "glue:BatchStopJobRun", arn, SOMETIMES)
    for name, job in estate.jobs("sagemaker", "sagemaker_processing"):
        account = estate.account(job.site)
        at = Actor(estate.principals.deployer(account), estate.region(job.site), account, f"jobs.{name}")
        word, kind = ("Training", "training-job") if job.type == "sagemaker" else ("Processing", "processing-job")
        yield at.flow(f"looks for jobs of {name}", f"sagemaker:List{word}Jobs", "*")
        for _, _, task in estate.tasks(name):
            for form in job_names(task):
                one = estate.site_arn(job.site, "sagemaker", f"{kind}/{form}")
                yield at.flow(f"looks whose a job of {name} is", f"sagemaker:Describe{word}Job", one, SOMETIMES)
                yield at.flow(f"stops jobs of {name}", f"sagemaker:Stop{word}Job", one, SOMETIMES)


def _logs(estate: Estate) -> Iterator[Flow]:
    """Log groups that services made, which no stack holds."""
    topology, hub = estate.topology, estate.topology.hub
    at = Actor(estate.principals.deployer(topology.hub_account), hub.region, topology.hub_account, "hub.airflow")
    group = f"log-group:airflow-{estate.names.environment}-<module>:log-stream:"
    yield at.flow("removes Airflow's logs", "logs:DeleteLogGroup", estate.arn("logs", hub.region, at.owner, group))
    for name, job in estate.jobs("glue", "lambda"):
        account = estate.account(job.site)
        at = Actor(estate.principals.deployer(account), estate.region(job.site), account, f"jobs.{name}")
        head = "/aws/lambda" if job.type == "lambda" else "/aws-glue/jobs"
        found = f"{head}/{estate.names.job(name)}"
        yield at.flow("removes a job's logs", "logs:DeleteLogGroup", estate.log_group(job.site, found), _GLUE_LOGS)


def survey(estate: Estate) -> Iterator[Flow]:
    """What is left after a removal: looks that take no resource, in every Region in use."""
    kinds: dict[tuple[str, str], set[str]] = {}
    for template in estate.templates:
        stack = template.stack
        if stack.part != "deployer":
            found = kinds.setdefault((stack.account, stack.region), set())
            found.update(each["Type"] for each in template.resources.values())
    first: dict[str, str] = {}
    for account, region in sorted(kinds):
        first.setdefault(account, region)
    for (account, region), types in sorted(kinds.items()):
        at = Actor(estate.principals.deployer(account), region, account, _account(estate, account))
        looks = ["cloudformation:DescribeStacks", "cloudformation:ListStackSets", "ec2:DescribeVpcs", "glue:GetJobs"]
        looks += ["lambda:ListFunctions", "logs:DescribeLogGroups", "secretsmanager:ListSecrets"]
        looks += ["sqs:ListQueues"] if "AWS::SQS::Queue" in types else []
        looks += ["airflow:ListEnvironments"] if "AWS::MWAA::Environment" in types else []
        for action in looks:
            yield at.flow("looks what is left", action, "*")
        if first[account] == region:
            yield at.flow("looks which roles are left", "iam:ListRoles", "*")
        if "AWS::KMS::Key" in types:
            page = documented("the code of the sweep, in a topology with keys")
            yield at.flow("looks which keys are left", "kms:ListKeys", "*", page)
            for arn in sorted(each for each in estate.documents.keys.values() if f":{region}:{account}:" in each):
                head, _, identity = arn.rpartition("/")
                yield at.flow("asks whose a key is", "kms:ListResourceTags", f"{head}/<{identity}>", page)
                yield at.flow("asks when a key ends", "kms:DescribeKey", f"{head}/<{identity}>", page)


def _account(estate: Estate, identity: str) -> str:
    return next(
        (f"accounts.{name}" for name, each in estate.topology.accounts.items() if each.id == identity), "accounts"
    )
