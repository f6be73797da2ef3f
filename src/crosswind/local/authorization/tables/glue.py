"""Glue: jobs by name, and the Data Catalog, where each level above a resource is asked too.

Source: docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html ("Access on a catalog object also needs
the catalog and the objects above it").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from crosswind.local.authorization.table import Pass, Table

__all__ = ["TABLE"]

_DATABASE = "catalog database/{Name}"
_TABLE_BY_NAME = "catalog database/{DatabaseName} table/{DatabaseName}/{Name}"
_TABLE = "catalog database/{DatabaseName} table/{DatabaseName}/{TableName}"
_FUNCTION = "catalog database/{DatabaseName} userDefinedFunction/{DatabaseName}/{FunctionName}"
_CONNECTION = "catalog connection/{Name}"
_INSIDE = "catalog database/{Name} table/{Name}/* userDefinedFunction/{Name}/*"
_JOB_ROLE = "Role|JobUpdate.Role"


def _catalog() -> Iterator[tuple[str, str]]:
    yield "CreateDatabase", "catalog database/{DatabaseInput.Name}"
    yield "GetDatabase", _DATABASE
    yield "GetDatabases", "catalog database/*"
    yield "UpdateDatabase", _DATABASE
    yield "DeleteDatabase", _INSIDE
    yield "CreateTable", "catalog database/{DatabaseName} table/{DatabaseName}/{TableInput.Name|Name}"
    yield "UpdateTable", "catalog database/{DatabaseName} table/{DatabaseName}/{TableInput.Name|Name}"
    yield from ((operation, _TABLE_BY_NAME) for operation in ("DeleteTable", "GetTable"))
    yield "GetTables", "catalog database/{DatabaseName} table/{DatabaseName}/*"
    yield "SearchTables", "catalog database/* table/*/*"
    yield "BatchDeleteTable", "catalog database/{DatabaseName} table/{DatabaseName}/{TablesToDelete}"
    for verb in ("BatchCreate", "BatchDelete", "BatchGet", "BatchUpdate", "Create", "Delete", "Get", "Update"):
        yield f"{verb}Partition", _TABLE
        for what in ("ColumnStatisticsForPartition", "ColumnStatisticsForTable"):
            yield f"{verb}{what}", _TABLE
    yield from ((operation, _TABLE) for operation in ("GetPartitions", "GetTableVersion", "GetTableVersions"))
    yield from ((operation, _TABLE) for operation in ("CreatePartitionIndex", "DeletePartitionIndex"))
    yield from ((operation, _TABLE) for operation in ("BatchDeleteTableVersion", "DeleteTableVersion"))
    yield "GetPartitionIndexes", _TABLE
    yield (
        "CreateUserDefinedFunction",
        ("catalog database/{DatabaseName} userDefinedFunction/{DatabaseName}/{FunctionInput.FunctionName}"),
    )
    yield from ((f"{verb}UserDefinedFunction", _FUNCTION) for verb in ("Get", "Update", "Delete"))
    yield "GetUserDefinedFunctions", "catalog database/{DatabaseName} userDefinedFunction/{DatabaseName}/*"
    yield "CreateConnection", "catalog connection/{ConnectionInput.Name}"
    yield from ((f"{verb}Connection", _CONNECTION) for verb in ("Get", "Update"))
    yield "DeleteConnection", "catalog connection/{ConnectionName}"
    yield "BatchDeleteConnection", "catalog connection/{ConnectionNameList}"
    yield "GetConnections", "catalog connection/*"
    yield "GetCatalogImportStatus", "catalog"


def _others() -> Iterator[tuple[str, str]]:
    yield "GetJobs", "job/*"
    yield "ListJobs", "*"
    yield "BatchGetJobs", "job/{JobNames}"
    yield "BatchGetWorkflows", "workflow/{Names}"
    yield "BatchGetBlueprints", "blueprint/{Names}"
    yield "CreateSchema", "registry/{RegistryId.RegistryArn|RegistryId.RegistryName} schema/*+"
    schema = "schema/{SchemaId.SchemaArn|SchemaId.SchemaName}"
    for operation in ("DeleteSchema", "GetSchema", "ListSchemaVersions", "RegisterSchemaVersion", "UpdateSchema"):
        yield operation, f"registry/{{SchemaId.RegistryName}} {schema}"


_RESOURCES: Mapping[str, str] = dict([*_catalog(), *_others()])

TABLE = Table(
    prefix="glue",
    names={
        "BlueprintName": "BlueprintName|Name",
        "CrawlerName": "CrawlerName|Name",
        "DevEndpointName": "EndpointName",
        "IntegrationId": "IntegrationIdentifier",
        "JobName": "JobName|Name",
        "RegistryName": "RegistryName|RegistryId.RegistryArn|RegistryId.RegistryName",
        "RulesetName": "Name",
        "SessionId": "SessionId|Id",
        "TriggerName": "Name",
        "UsageProfileId": "Name",
        "WorkflowName": "Name",
    },
    resources=_RESOURCES,
    owner="CatalogId",
    passed_to="glue.amazonaws.com",
    passes={
        # The roles deep inside a visual job's nodes are given to Redshift and streams when the job runs.
        "CreateJob": (Pass(_JOB_ROLE, "glue.amazonaws.com"),),
        "UpdateJob": (Pass(_JOB_ROLE, "glue.amazonaws.com"),),
    },
    tagging="TagResource",
    tagged={
        "CreateCrawler": "crawler/{Name}+",
        "CreateCustomEntityType": "customEntityType/*+",
        "CreateDataQualityRuleset": "dataQualityRuleset/{Name}+",
        "CreateDevEndpoint": "devEndpoint/{EndpointName}+",
        "CreateMLTransform": "mlTransform/*+",
    },
)
"""Rights of Glue."""
