"""Rules of the hub's network, by its kind."""

from __future__ import annotations

from crosswind.topology.view import Faults, View

__all__ = ["endpoints_keep_airflow_private", "endpoints_reach_every_site", "networks_name_what_is_there"]

_AT = ("hub", "network")


def networks_name_what_is_there(view: View) -> Faults:
    """A VPC that is there is named with two subnets and one to five groups; one that is made has a range instead.

    Source: docs.aws.amazon.com/mwaa/latest/API/API_NetworkConfiguration.html.
    """
    network = view.topology.hub.network
    given = network.model_fields_set
    if network.is_made:
        for key in ("vpc", "subnets", "security_groups"):
            if key in given:
                yield view.fault(
                    (*_AT, key),
                    f"{key} is for a network that is there already, but its kind is {network.kind}",
                    f"remove `{key}`, or write `kind: existing`",
                )
        return
    if "cidr" in given:
        yield view.fault(
            (*_AT, "cidr"), "cidr is for a network that is made, but its kind is existing", "remove `cidr`"
        )
    if network.vpc is None:
        yield view.fault(_AT, 'a network that is there already has a VPC: key "vpc" is missing', "add `vpc:`, its id")
    if len(network.subnets) != 2 or len(set(network.subnets)) != 2:
        yield view.fault(
            (*_AT, "subnets"),
            f"MWAA takes two private subnets, in two Availability Zones; {len(set(network.subnets))} are given",
            "list the ids of two",
        )
    if not 1 <= len(set(network.security_groups)) <= 5:
        yield view.fault(
            (*_AT, "security_groups"),
            f"MWAA takes one to five security groups; {len(set(network.security_groups))} are given",
            "list their ids; one of them must let its members reach each other",
        )


def endpoints_keep_airflow_private(view: View) -> Faults:
    """Where nothing leads in from the internet, Airflow's pages are reached from inside.

    Source: docs.aws.amazon.com/mwaa/latest/userguide/networking-about.html ("Private routing without internet access").
    """
    hub = view.topology.hub
    if hub.network.kind == "endpoints" and hub.airflow.webserver_access != "PRIVATE_ONLY":
        yield view.fault(
            ("hub", "airflow", "webserver_access"),
            f"the network has endpoints alone, but webserver_access is {hub.airflow.webserver_access}",
            "write `webserver_access: PRIVATE_ONLY`; or a network of kind nat or existing",
        )


def endpoints_reach_every_site(view: View) -> Faults:
    """An endpoint leads to a service in its own Region.

    In China the names of endpoint services differ from service to service; they are not known here.
    Source: docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html.
    """
    topology = view.topology
    if topology.hub.network.kind != "endpoints":
        return
    if topology.partition == "aws-cn":
        yield view.fault(
            (*_AT, "kind"),
            "the names of endpoint services in aws-cn are not known here",
            "write `kind: nat`, or make the endpoints yourself and write `kind: existing`",
        )
    for name, site in topology.sites.items():
        if site.region != topology.hub.region:
            yield view.fault(
                ("sites", name, "region"),
                f"site {name} is in {site.region}, but the hub's network has endpoints alone, which lead to services in"
                f" {topology.hub.region}",
                "write `kind: nat` under `hub.network`; or `kind: existing`, with a way to that Region",
            )
