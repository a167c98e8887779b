"""A connector kind whose provider is a file: people, teams, rooms with keys, and a log of what changed.

``tests.host.clubs.Club`` writes the file. It can hide people from lists, lose its log, and make a run wait.
"""

import asyncio
import json
from datetime import datetime
from pathlib import Path

import marshmallow as ma

import rolecall
from rolecall import (
    Entitlement,
    EntitlementRef,
    Event,
    EventTarget,
    Forecast,
    FullRunNeeded,
    Gone,
    Grant,
    GrantRef,
    Ref,
    Regranted,
    Resource,
    SecretField,
    Trait,
    hookimpl,
)

PERSON = rolecall.ResourceType("person", "Person", Trait.USER)
TEAM = rolecall.ResourceType("team", "Team", Trait.GROUP)
ROOM = rolecall.ResourceType("room", "Room", Trait.TARGET)


class Settings(ma.Schema):
    class Meta:
        unknown = ma.RAISE

    file = ma.fields.String(required=True)
    token = SecretField()


@hookimpl
def rolecall_connector_kinds():
    return [rolecall.ConnectorKind("club", "Club", Settings, (PERSON, TEAM, ROOM))]


@hookimpl
async def rolecall_open(context):
    return Club(context)


def member(team):
    return EntitlementRef(Ref("team", team), "member")


def key(room):
    return EntitlementRef(Ref("room", room), "key")


class Club:
    def __init__(self, context):
        self.context = context
        self.file = Path(context.settings["file"])
        self.state = {}
        self.position = 0

    @hookimpl
    async def rolecall_validate(self):
        self.context.observer.requested("GET /club")
        self.state = json.loads(self.file.read_text())
        if self.state.get("failing"):
            raise rolecall.Unavailable("The club is closed.")

    @hookimpl
    async def rolecall_estimate(self, checkpoint):
        changed = len(self.state["log"]) - json.loads(checkpoint.data)["position"] if checkpoint else 0
        return Forecast(changed if checkpoint else 4, 90.0, 0.5, {"/club": 4}, "the size of the log")

    @hookimpl
    async def rolecall_sync_events(self, checkpoint, run):
        log = self.state["log"]
        since = json.loads(checkpoint.data)["position"] if checkpoint else len(log)
        self.touched = [Ref(*event["about"]) for event in log[since:]]
        self.position = len(log)
        yield [
            Event(
                event["id"],
                datetime.fromisoformat(event["at"]),
                event["kind"],
                "SUCCESS",
                EventTarget("Keeper", "k1", "Kim"),
                (EventTarget(*event["about"], event["name"]),),
                event["name"],
            )
            for event in log[since:]
        ]
        if self.state.get("log_lost", 0) > since:
            raise FullRunNeeded("the club's log was cut off")

    @hookimpl
    async def rolecall_sync_changes(self, checkpoint, run):
        if self.state.get("unpatchable"):
            run.found(rolecall.Finding("half_read", rolecall.Severity.LOW, "Half read.", "room:r1"))
            yield [Gone(Ref("person", "ada"))]
            raise FullRunNeeded("the settings are others")
        self.report(run)
        for ref in self.touched:
            self.context.observer.requested(f"GET /{ref}")
            kept = self.state[f"{ref.type}s"].get(ref.id)
            if kept is None:
                yield [Gone(ref)]
            else:
                yield [self.resource(ref, kept), *self.entitlements(ref)]
        # Grants after all resources: a team's new member may come later in the log than the team.
        for ref in self.touched:
            if ref.type != "person" and ref.id in self.state[f"{ref.type}s"]:
                entitlement = member(ref.id) if ref.type == "team" else key(ref.id)
                yield [Regranted(entitlement), *self.listed(ref)]

    @hookimpl
    async def rolecall_sync_resources(self, resource_type, run):
        self.context.observer.requested(f"GET /{resource_type.id}s")
        if resource_type is PERSON:
            self.report(run)
            run.forecast(Forecast(4, 90.0, 0.5, {}, "the lists"))
            run.read(rolecall.ListRead("/persons", pages=1, items=len(self.state["persons"])))
        hidden = {Ref(*each) for each in self.state.get("hidden", ())}
        listed = self.state[f"{resource_type.id}s"].items()
        refs = [(Ref(resource_type.id, ident), kept) for ident, kept in listed]
        yield [self.resource(ref, kept) for ref, kept in refs if ref not in hidden]

    @hookimpl
    async def rolecall_sync_entitlements(self, resource_type, run):
        for ident in self.state[f"{resource_type.id}s"]:
            yield self.entitlements(Ref(resource_type.id, ident))

    @hookimpl
    async def rolecall_sync_grants(self, resource_type, run):
        if resource_type is PERSON:
            return
        for ident in self.state[f"{resource_type.id}s"]:
            yield self.listed(Ref(resource_type.id, ident))

    @hookimpl
    async def rolecall_confirm(self, suspects, run):
        return [self.is_there(suspect) for suspect in suspects]

    @hookimpl
    async def rolecall_checkpoint(self):
        if self.state.get("forgetful"):
            return None
        while self.file.with_suffix(".hold").exists():  # noqa: ASYNC110 - another process removes it
            await asyncio.sleep(0.01)
        return json.dumps({"position": self.position}).encode()

    def report(self, run):
        for team, (listed, expected) in self.state.get("counts", {}).items():
            run.counted(Ref("team", team), listed, expected)
        source = self.context.source
        if source is not None:
            known = len(list(source.resources("person")))
            run.log(f"{source.connector} run {source.run_id} has {known} people")
        run.log(f"wanted: {sorted(map(str, self.context.wanted))}")
        for person, kept in self.state["persons"].items():
            if kept == "nameless":
                run.found(rolecall.Finding("nameless", rolecall.Severity.LOW, "No name.", f"person:{person}"))

    def resource(self, ref, kept):
        profile = {"login": f"{ref.id}@acme.example"} if ref.type == "person" else {}
        return Resource(ref, kept if ref.type == "person" else ref.id.title(), profile=profile)

    def entitlements(self, ref):
        if ref.type == "team":
            return [Entitlement(member(ref.id), "member", ("person",))]
        return [Entitlement(key(ref.id), "Key", ("person", "team"))] if ref.type == "room" else []

    def listed(self, ref):
        hidden = self.state.get("hidden", ())
        return [grant for grant in self.grants(ref) if list(grant.principal) not in hidden]

    def grants(self, ref):
        if ref.type == "team":
            return [Grant(member(ref.id), Ref("person", each)) for each in self.state["teams"][ref.id]]
        return [
            Grant(key(ref.id), Ref(*each), expandable=each[0] == "team")
            for each in self.state["rooms"][ref.id]
        ]

    def is_there(self, suspect):
        if self.state.get("mute"):
            return None
        if isinstance(suspect, GrantRef):
            grants = self.grants(suspect.entitlement.resource)
            return suspect.principal in [grant.principal for grant in grants]
        return suspect.id in self.state[f"{suspect.type}s"]
