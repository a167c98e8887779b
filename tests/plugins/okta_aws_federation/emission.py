"""Drives a connector's hooks as the host does, and keeps everything that it hands over."""

from dataclasses import dataclass, field

from rolecall import ConnectorContext, Secret
from rolecall_okta_aws_federation import plugin
from rolecall_okta_aws_federation.config import SettingsSchema
from rolecall_okta_aws_federation.sync import RESOURCE_TYPES

TOKEN = "a-readers-token"


@dataclass
class Requests:
    """An observer that keeps what was asked."""

    asked: list[str] = field(default_factory=list)

    def requested(self, what):
        self.asked.append(what)

    def waiting(self, seconds, why):
        pass

    def of(self, ending):
        return [what for what in self.asked if what.endswith(ending)]


@dataclass
class Emission:
    """A sync run that keeps what it is told, and what the connector yielded."""

    findings: list = field(default_factory=list)
    readings: list = field(default_factory=list)
    identities: list = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    forecasts: list = field(default_factory=list)
    short: list = field(default_factory=list)
    partials: set = field(default_factory=set)
    resources: dict = field(default_factory=dict)
    entitlements: dict = field(default_factory=dict)
    grants: list = field(default_factory=list)
    requests: Requests = field(default_factory=Requests)

    def found(self, finding):
        self.findings.append(finding)

    def read(self, reading):
        self.readings.append(reading)

    def identified(self, identity):
        self.identities.append(identity)

    def log(self, message):
        self.lines.append(message)

    def progress(self, what, done, total=None):
        pass

    def partial(self, resource_type, why):
        self.partials.add(resource_type)

    def forecast(self, forecast):
        self.forecasts.append(forecast)

    def counted(self, resource, listed, expected):
        self.short.append((resource, listed, expected))

    def codes(self):
        return {finding.code for finding in self.findings}

    def subjects(self, code):
        return sorted(finding.subject for finding in self.findings if finding.code == code)

    def reading(self, name):
        (found,) = [reading for reading in self.readings if reading.name == name]
        return found


def settings_for(domain, app_id, **settings):
    return SettingsSchema().load(
        {"domain": domain, "api_token": {"env": "OKTA_API_TOKEN"}, "aws_okta_app_id": app_id, **settings}
    )


async def opened(domain, app_id, requests, **settings):
    """A connector, open as the host opens it."""
    context = ConnectorContext(
        name="aws",
        kind="okta_aws_federation",
        settings=settings_for(domain, app_id, **settings),
        secrets={"api_token": Secret(TOKEN)},
        observer=requests,
    )
    return await plugin.rolecall_open(context)


async def emitted(domain, app_id, **settings):
    """One sync run of a connector, whole."""
    run = Emission()
    connector = await opened(domain, app_id, run.requests, **settings)
    try:
        await connector.rolecall_validate()
        for kind in RESOURCE_TYPES:
            async for batch in connector.rolecall_sync_resources(kind, run):
                run.resources.update((resource.ref, resource) for resource in batch)
        for kind in RESOURCE_TYPES:
            async for batch in connector.rolecall_sync_entitlements(kind, run):
                run.entitlements.update((entitlement.ref, entitlement) for entitlement in batch)
        for kind in RESOURCE_TYPES:
            async for batch in connector.rolecall_sync_grants(kind, run):
                run.grants.extend(batch)
    finally:
        await connector.rolecall_close()
    _is_well_formed(run)
    return run


def _is_well_formed(run):
    """What the host requires of every plugin."""
    for entitlement in run.entitlements.values():
        assert entitlement.ref.resource in run.resources
    keys = [(grant.entitlement, grant.principal) for grant in run.grants]
    assert len(keys) == len(set(keys)), "a grant came twice"
    for grant in run.grants:
        assert grant.entitlement in run.entitlements
        assert grant.principal in run.resources
        assert grant.condition is None or grant.condition in run.entitlements
        assert grant.principal.type == "group" or not grant.expandable
        assert all(source in run.resources for source in grant.sources or ())


def effective_rows(run):
    """Effective access as the grant model defines it, row for row like ``rolecall access -o json``."""
    holders = {}
    for grant in run.grants:
        holders.setdefault(grant.entitlement, []).append(grant)
    held_by_people = {(g.entitlement, g.principal) for g in run.grants if g.principal.type == "user"}
    rows = {}
    for grant in run.grants:
        if grant.entitlement.resource.type != "account":
            continue
        if grant.principal.type == "user":
            sources = grant.sources
            reached = [(grant.principal, {""} if sources == () else {ref.id for ref in sources or ()})]
        elif grant.expandable:
            member = grant.entitlement._replace(resource=grant.principal, slug="member")
            reached = [(held.principal, {grant.principal.id}) for held in holders.get(member, ())]
        else:
            continue
        for person, via in reached:
            if (grant.condition, person) in held_by_people and run.resources[
                grant.condition.resource
            ].enabled:
                rows.setdefault((person.id, grant.entitlement), set()).update(via)
    return [_row(run, person, entitlement, via) for (person, entitlement), via in sorted(rows.items())]


def _row(run, person_id, entitlement, via):
    (person,) = [run.resources[ref] for ref in run.resources if ref == ("user", person_id)]
    names = {ref.id: resource.display_name for ref, resource in run.resources.items() if ref.type == "group"}
    return {
        "user_id": person_id,
        "login": person.profile["login"],
        "user_status": person.status,
        "can_sign_in": person.enabled,
        "account_id": entitlement.resource.id,
        "role": entitlement.slug,
        "role_arn": run.entitlements[entitlement].profile["role_arn"],
        "via": [
            {"kind": "direct"}
            if each == ""
            else {"kind": "group", "group_id": each, "group_name": names[each]}
            for each in sorted(via)
        ],
    }


def held(run, account_role):
    """Who holds a role, written ``ACCOUNT:ROLE``, by grants of a run: people and groups."""
    return {
        str(grant.principal) for grant in run.grants if str(grant.entitlement) == f"account:{account_role}"
    }
