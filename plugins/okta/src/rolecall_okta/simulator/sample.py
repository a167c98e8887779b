"""Acme, a small company that shows in a dozen people what can happen between Okta and AWS."""

from rolecall_okta.simulator.organisation import Organisation

PRODUCTION = "210987654321"
STAGING = "123456789012"
SANDBOX = "012345678901"
DATA_PLATFORM = "345678901234"


def sample_organisation() -> Organisation:
    """The organisation of ``rolecall demo``.

    *AWS Account Federation* maps group names to roles in three accounts; *AWS Data Platform* is one
    account, where each person gets the roles of their highest-priority group.
    """
    org = Organisation("Acme", subdomain="acme", seed=7)
    ada = org.add_user("ada.lovelace@acme.example")
    grace = org.add_user("grace.hopper@acme.example")
    alan = org.add_user("alan.turing@acme.example")
    barbara = org.add_user("barbara.liskov@acme.example")
    edsger = org.add_user("edsger.dijkstra@acme.example")
    radia = org.add_user("radia.perlman@acme.example")
    ken = org.add_user("ken.thompson@acme.example")
    frances = org.add_user("frances.allen@acme.example")
    joan = org.add_user("joan.clarke@acme.example", status="SUSPENDED")
    dennis = org.add_user("dennis.ritchie@acme.example", status="PASSWORD_EXPIRED")
    mallory = org.add_user("mallory.contractor@acme.example", first_name="Mallory", last_name="(contractor)")
    org.add_user("tim.new@acme.example", status="STAGED")
    org.add_user("left.long-ago@acme.example", status="DEPROVISIONED")

    directory = org.add_directory("corp.acme.example")
    chat = org.add_app("slack", "Chat")
    engineers = org.add_group("Engineering", members=[ada, grace, alan, barbara, edsger, ken, joan, dennis])
    org.add_group("Everybody in Berlin", members=[ada, radia, frances, mallory])
    on_call = org.add_group("On call", members=[ken, grace])

    federation = org.add_aws_app(
        use_group_mapping=True, app_filter="okta, active_directory", identity_provider_arn=None
    )
    org.assign_group(federation, engineers, saml_roles=[])
    org.assign_user(federation, radia, saml_roles=[])
    org.assign_user(federation, frances, saml_roles=[])
    org.add_group(f"aws_{PRODUCTION}_Admin", members=[ada, ken], source=directory)
    org.add_group(f"aws_{PRODUCTION}_ReadOnly", members=[ada, grace, alan, joan, mallory], source=directory)
    org.add_group(f"aws_{STAGING}_Admin", members=[grace, barbara], source=directory)
    org.add_group(f"aws_{STAGING}_Developer", members=[alan, barbara, edsger, dennis])
    org.add_group(f"aws_{SANDBOX}_PowerUser", members=[edsger, radia, joan, dennis])
    org.add_group(f"aws_{SANDBOX}_Billing", members=[frances])
    org.add_group(f"aws_{PRODUCTION}_Admin", members=[alan, mallory], source=chat)

    data = org.add_aws_app(
        "AWS Data Platform",
        identity_provider_arn=f"arn:aws:iam::{DATA_PLATFORM}:saml-provider/OKTA",
        roles=["DataAdmin", "DataEngineer", "DataReader", "Incident"],
    )
    org.assign_group(data, on_call, priority=0, saml_roles=["Incident", "DataReader"])
    org.assign_group(data, engineers, priority=1, saml_roles=["DataReader"])
    org.assign_user(data, ada, saml_roles=["DataAdmin", "DataEngineer"])
    return org
