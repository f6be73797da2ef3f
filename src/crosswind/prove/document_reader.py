"""Reads every policy document out of a topology's templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crosswind.errors import InputError
from crosswind.iam import PolicyError, PolicyKind, parse
from crosswind.prove.documents import Connection, Document, Documents, Origin, Role
from crosswind.prove.fed_stacks import Stacks
from crosswind.prove.owner_reader import with_owners
from crosswind.prove.template_form import file_of, well_formed
from crosswind.prove.template_values import NOTHING, TemplateValues

__all__ = ["read_documents"]


def read_documents(stacks: Stacks) -> Documents:
    """Every document of some stacks, and what is added to resources that are there already, as if they had it.

    Args:
        stacks: fed by each other.

    Raises:
        InputError: something in them cannot be resolved, IAM would refuse a policy, or a policy is of a kind that is
            not known here; it names file and path.
    """
    return _Reader(stacks).read()


# Where a type holds its policy, the property that names the resources it is for, and what kind of document it is.
_POLICIES = {
    "AWS::S3::BucketPolicy": ("PolicyDocument", "Bucket", PolicyKind.RESOURCE),
    "AWS::SQS::QueuePolicy": ("PolicyDocument", "Queues", PolicyKind.RESOURCE),
    "AWS::SecretsManager::ResourcePolicy": ("ResourcePolicy", "SecretId", PolicyKind.RESOURCE),
    "AWS::SNS::TopicPolicy": ("PolicyDocument", "Topics", PolicyKind.RESOURCE),
}
_KNOWN = {*_POLICIES, "AWS::IAM::Role", "AWS::IAM::ManagedPolicy", "AWS::IAM::Policy", "AWS::IAM::RolePolicy"}
_KNOWN |= {"AWS::EC2::VPCEndpoint", "AWS::KMS::Key", "AWS::Lambda::Permission"}
_HELD = ("PolicyDocument", "KeyPolicy", "ResourcePolicy", "RepositoryPolicyText", "Policies", "PolicyText")


class _Reader:
    def __init__(self, stacks: Stacks) -> None:
        self._stacks = stacks
        self._managed: dict[str, Document] = {}
        self._attached: dict[str, list[Document]] = {}
        self._roles: dict[str, Role] = {}
        self._resources: dict[str, Document] = {}
        self._permissions: dict[str, list[tuple[dict[str, Any], Origin]]] = {}
        self._owners: dict[str, str] = {}
        self._keys: dict[str, str] = {}
        self._connections: dict[str, Connection] = {}

    def read(self) -> Documents:
        for template in self._stacks:
            self._policies(template)
        for template in self._stacks:
            for name, each in template.resources.items():
                with well_formed(template.stack, name):
                    self._resource(template, name, each)
        for function, permissions in self._permissions.items():
            statements = [statement for statement, _ in permissions]
            policy = parse(_document(statements), PolicyKind.RESOURCE, name=function, account=function.split(":")[4])
            self._resources[function] = Document(policy, function, tuple(origin for _, origin in permissions))
        found = Documents(self._roles, self._resources, self._owners, self._keys, self._connections)
        return with_owners(found, self._stacks.owners)

    def _policies(self, template: TemplateValues) -> None:
        """Managed policies and policies that are put on roles by name: before the roles."""
        for name, each in template.resources.items():
            with well_formed(template.stack, name):
                self._policy(template, name, each["Type"], each.get("Properties", {}), f"Resources.{name}.Properties")

    def _policy(self, template: TemplateValues, name: str, kind: str, properties: Mapping[str, Any], path: str) -> None:
        if kind == "AWS::IAM::ManagedPolicy":
            arn = template.physical_id(name, path)
            names = (template.text(properties["ManagedPolicyName"], f"{path}.ManagedPolicyName"), arn, arn)
            roles = template.value(properties.get("Roles", []), f"{path}.Roles")
        elif kind in ("AWS::IAM::Policy", "AWS::IAM::RolePolicy"):
            names = (template.text(properties["PolicyName"], f"{path}.PolicyName"), "", "")
            held = [properties["RoleName"]] if "RoleName" in properties else properties.get("Roles", [])
            roles = template.value(held, f"{path}.Roles")
        else:
            return
        where = f"{path}.PolicyDocument"
        document = self._document(template, properties["PolicyDocument"], where, PolicyKind.IDENTITY, names)
        if names[1]:
            self._managed[names[1]] = document
        for role in roles:
            self._attached.setdefault(f"{template.stack.account}/{role}", []).append(document)

    def _resource(self, template: TemplateValues, name: str, each: Mapping[str, Any]) -> None:
        kind, path, properties = each["Type"], f"Resources.{name}.Properties", each.get("Properties", {})
        match kind:
            case "AWS::IAM::Role":
                self._role(template, name, properties, path)
            case "AWS::KMS::Key":
                arn = template.arn(name, path)
                where = f"{path}.KeyPolicy"
                self._resources[arn] = self._document(
                    template, properties["KeyPolicy"], where, PolicyKind.KEY, (arn, "", arn)
                )
            case "AWS::S3::Bucket":
                self._bucket(template, name, properties, path)
            case "AWS::Lambda::Permission":
                self._permission(template, properties, path)
            case "AWS::SecretsManager::Secret":
                self._secret(template, properties, path)
            case _ if kind in _POLICIES:
                self._resource_policy(template, kind, properties, path)
            case _ if kind not in _KNOWN and (held := sorted({*_HELD} & {*properties})):
                raise InputError(
                    f"the type {kind} holds a policy ({held[0]}) that is not known here",
                    place=template.place(path),
                    hint=f"known: {', '.join(sorted(_KNOWN))}",
                )

    def _role(self, template: TemplateValues, name: str, properties: Mapping[str, Any], path: str) -> None:
        arn, account = template.arn(name, path), template.stack.account
        role = template.physical_id(name, path)
        trust = self._document(
            template,
            properties["AssumeRolePolicyDocument"],
            f"{path}.AssumeRolePolicyDocument",
            PolicyKind.TRUST,
            (role, "", arn),
        )
        inline = [
            self._document(
                template,
                policy["PolicyDocument"],
                f"{path}.Policies[{index}].PolicyDocument",
                PolicyKind.IDENTITY,
                (template.text(policy["PolicyName"], f"{path}.Policies[{index}].PolicyName"), "", arn),
            )
            for index, policy in enumerate(properties.get("Policies", []))
        ]
        arns = template.value(properties.get("ManagedPolicyArns", []), f"{path}.ManagedPolicyArns")
        managed = [self._managed_policy(template, each, f"{path}.ManagedPolicyArns") for each in arns]
        bound = template.value(properties.get("PermissionsBoundary", NOTHING), f"{path}.PermissionsBoundary")
        boundary = None if bound is NOTHING else self._managed_policy(template, bound, f"{path}.PermissionsBoundary")
        attached = self._attached.get(f"{account}/{role}", [])
        self._roles[arn] = Role(arn, account, trust, (*inline, *managed, *attached), boundary)

    def _managed_policy(self, template: TemplateValues, arn: str, path: str) -> Document:
        if arn not in self._managed:
            raise InputError(
                f"the text of the managed policy {arn} is in none of the templates",
                place=template.place(path),
                hint="write its statements into a policy of the topology's own",
            )
        return self._managed[arn]

    def _bucket(self, template: TemplateValues, name: str, properties: Mapping[str, Any], path: str) -> None:
        arn = template.arn(name, path)
        self._owners[arn] = template.stack.account
        rules = properties.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration", [])
        for index, rule in enumerate(rules):
            default = rule.get("ServerSideEncryptionByDefault", {})
            if default.get("SSEAlgorithm") == "aws:kms" and "KMSMasterKeyID" in default:
                where = f"{path}.BucketEncryption.ServerSideEncryptionConfiguration[{index}]"
                self._keys[arn] = template.text(default["KMSMasterKeyID"], where)

    def _resource_policy(self, template: TemplateValues, kind: str, properties: Mapping[str, Any], path: str) -> None:
        held, named, policy_kind = _POLICIES[kind]
        content = properties[named]
        for each in content if isinstance(content, list) else [content]:
            arn = self._named(template, kind, each, f"{path}.{named}")
            title = arn.rpartition(":")[2]
            self._resources[arn] = self._document(
                template, properties[held], f"{path}.{held}", policy_kind, (title, "", arn)
            )

    def _named(self, template: TemplateValues, kind: str, content: Any, path: str) -> str:
        """The ARN of the resource that a policy is for."""
        text = template.text(content, path)
        if text.startswith("arn:"):
            return text
        head = f"arn:{template.partition}"
        if kind == "AWS::S3::BucketPolicy":
            return f"{head}:s3:::{text}"
        if kind == "AWS::SQS::QueuePolicy" and text.startswith("https://"):
            account, queue = text.rsplit("/", 2)[1:]
            return f"{head}:sqs:{template.stack.region}:{account}:{queue}"
        raise InputError(
            f"{text!r} does not tell whose policy this is",
            place=template.place(path),
            hint="refer to the resource there",
        )

    def _permission(self, template: TemplateValues, properties: Mapping[str, Any], path: str) -> None:
        """One statement of a function's policy.

        Source: docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-lambda-permission.html.
        """
        found = template.value(dict(properties), path)
        name, stack = str(found["FunctionName"]), template.stack
        head = f"arn:{template.partition}:lambda:{stack.region}:{stack.account}:function:"
        function = name if name.startswith("arn:") else head + name
        who = str(found["Principal"])
        service = "." in who and not who.startswith("arn:")
        statement = {
            "Effect": "Allow",
            "Principal": {"Service" if service else "AWS": who},
            "Action": found["Action"],
            "Resource": function,
            "Condition": _permission_conditions(found),
        }
        self._permissions.setdefault(function, []).append((statement, Origin(file_of(stack), path)))

    def _secret(self, template: TemplateValues, properties: Mapping[str, Any], path: str) -> None:
        """A secret that is an Airflow connection tells which role Airflow assumes."""
        if "SecretString" not in properties or "Name" not in properties:
            return
        name = template.text(properties["Name"], f"{path}.Name")
        found = Connection.of(template.text(properties["SecretString"], f"{path}.SecretString"))
        if found is not None:
            self._connections[name] = found

    def _document(
        self, template: TemplateValues, content: Any, path: str, kind: PolicyKind, names: tuple[str, str, str]
    ) -> Document:
        """Parse one document; `names` are the policy's title, a managed policy's ARN and the holder's ARN."""
        title, arn, holder = names
        raw = content.get("Statement", []) if isinstance(content, Mapping) else []
        statements, origins = [], []
        for index, each in enumerate(raw if isinstance(raw, list) else [raw]):
            where = f"{path}.Statement[{index}]" if isinstance(raw, list) else f"{path}.Statement"
            resolved = template.value(each, where)
            if resolved is not NOTHING:
                statements.append(resolved)
                origins.append(Origin(file_of(template.stack), where))
        document = {**_without(content, "Statement"), "Statement": statements}
        try:
            policy = parse(document, kind, name=title, arn=arn, account=template.stack.account)
        except PolicyError as error:
            raise InputError(error.message, place=template.place(path), hint=error.hint) from error
        return Document(policy, holder, tuple(origins))


def _without(content: Any, key: str) -> dict[str, Any]:
    return {name: each for name, each in content.items() if name != key} if isinstance(content, Mapping) else {}


def _document(statements: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _permission_conditions(found: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    keys = (
        ("StringEquals", "aws:SourceAccount", "SourceAccount"),
        ("ArnLike", "aws:SourceArn", "SourceArn"),
        ("StringEquals", "aws:PrincipalOrgID", "PrincipalOrgID"),
    )
    conditions: dict[str, dict[str, str]] = {}
    for operator, key, given in keys:
        if given in found:
            conditions.setdefault(operator, {})[key] = found[given]
    return conditions
