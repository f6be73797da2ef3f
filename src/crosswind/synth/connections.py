"""Airflow's connections: Secrets Manager secrets where the secrets backend looks."""

from __future__ import annotations

import json
from collections.abc import Collection

from crosswind.synth.layout import Layout, camel
from crosswind.synth.template import Template, sub

__all__ = ["CONNECTIONS_PREFIX", "VARIABLES_PREFIX", "add_connections", "backend_kwargs"]

CONNECTIONS_PREFIX = "airflow/connections"
VARIABLES_PREFIX = "airflow/variables"


def backend_kwargs() -> str:
    """The secrets backend's arguments, as JSON.

    `aws_default` is left out: operators ask for it at every turn, and each question would be a call that is
    billed.
    """
    return json.dumps(
        {
            "connections_lookup_pattern": "^(?!aws_default$).*$",
            "connections_prefix": CONNECTIONS_PREFIX,
            "variables_prefix": VARIABLES_PREFIX,
        },
        sort_keys=True,
    )


def add_connections(template: Template, layout: Layout, names: Collection[str]) -> None:
    """Add the secrets of some connections, by their ids in Airflow.

    Nothing in them is secret: an ARN, a Region and the external id. They are secrets since Airflow looks
    there.
    """
    for each in layout.connections:
        if each.name not in names:
            continue
        site = layout.topology.sites[each.site]
        account = layout.topology.account_of(each.site)
        connection = {
            "conn_type": "aws",
            "extra": {
                "assume_role_kwargs": {"ExternalId": layout.topology.external_id},
                "region_name": site.region,
                "role_arn": f"arn:${{AWS::Partition}}:iam::{account}:role/{each.role}",
            },
        }
        template.add(
            f"{camel(each.site)}Connection{camel(each.pipeline)}",
            "AWS::SecretsManager::Secret",
            {
                "Name": layout.names.secret(each.name),
                "Description": f"Airflow connection of the site {each.site}"
                + (f", for {each.pipeline}." if each.pipeline else "."),
                "SecretString": sub(json.dumps(connection, sort_keys=True)),
            },
            deletion="Delete",
        )
