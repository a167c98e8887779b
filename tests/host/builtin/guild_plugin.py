"""A connector kind whose provider is an SQLite file: people, teams, and rooms with keys.

``tests.host.builtin.guilds.Guild`` changes it and tells what was written. A team may be ``handed``: only
somebody outside can change it. Every write is logged by the provider, whoever made it.
"""

import asyncio
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from uuid import uuid4

import marshmallow as ma

import rolecall
from rolecall import Entitlement, EntitlementRef, Grant, Ref, Resource, SecretField, Trait, hookimpl
from rolecall.plans import Effect, GrantOutcome, HandOff, Held, Plan, PrincipalNow, Step, Twin, WriteSeen

EVERY = frozenset({"*"})
PERSON = rolecall.ResourceType("person", "Person", Trait.USER)
TEAM = rolecall.ResourceType("team", "Team", Trait.GROUP, provisions=EVERY)
ROOM = rolecall.ResourceType("room", "Room", Trait.TARGET, provisions=EVERY)


class Settings(ma.Schema):
    class Meta:
        unknown = ma.RAISE

    file = ma.fields.String(required=True)
    token = SecretField()


@hookimpl
def rolecall_connector_kinds():
    return [
        rolecall.ConnectorKind(
            "guild", "Guild", Settings, (PERSON, TEAM, ROOM), credential_settings=("token",)
        )
    ]


@hookimpl
async def rolecall_open(context):
    return Guild(context)


def things_in(path):
    """What a call is on, and to whom."""
    thing, _, person = path.strip("/").split("/")
    return rolecall.Ref(*thing.split(":")), rolecall.Ref("person", person)


class Guild:
    def __init__(self, context):
        self.observer = context.observer
        self.file = context.settings["file"]

    def ask(self, query, *values):
        self.observer.requested(query)
        with closing(sqlite3.connect(self.file, timeout=30)) as db, db:
            if db.execute("SELECT 1 FROM switch WHERE name = 'closed'").fetchone():
                raise rolecall.Unavailable("The guild is closed.")
            return db.execute(query, values).fetchall()

    def switch(self, name):
        rows = self.ask("SELECT value FROM switch WHERE name = ?", name)
        return rows[0][0] if rows else None

    @hookimpl
    async def rolecall_validate(self):
        self.ask("SELECT 1")

    @hookimpl
    async def rolecall_sync_resources(self, resource_type, run):
        rows = self.ask(f"SELECT id, name, status FROM {resource_type.id} ORDER BY id")
        yield [
            Resource(
                Ref(resource_type.id, ident),
                name,
                status=status,
                enabled=status == "active",
                profile={"login": f"{ident}@acme.example"} if resource_type is PERSON else {},
            )
            for ident, name, status in rows
        ]

    @hookimpl
    async def rolecall_sync_entitlements(self, resource_type, run):
        if resource_type is TEAM:
            teams = self.ask("SELECT id FROM team")
            yield [
                Entitlement(EntitlementRef(Ref("team", team), "member"), "member", ("person",))
                for (team,) in teams
            ]
        if resource_type is ROOM:
            keys = self.ask("SELECT room, slug FROM key")
            yield [
                Entitlement(EntitlementRef(Ref("room", room), slug), slug, ("person",)) for room, slug in keys
            ]

    @hookimpl
    async def rolecall_sync_grants(self, resource_type, run):
        rows = self.ask("SELECT object, slug, person FROM held WHERE type = ?", resource_type.id)
        yield [
            Grant(EntitlementRef(Ref(resource_type.id, ident), slug), Ref("person", person))
            for ident, slug, person in rows
        ]

    @hookimpl
    async def rolecall_find(self, principal):
        if isinstance(principal, Ref):
            rows = self.ask("SELECT id, name, status FROM person WHERE id = ?", principal.id)
        else:
            rows = self.ask(
                "SELECT id, name, status FROM person WHERE id || '@acme.example' = ? OR id = ?",
                principal,
                principal,
            )
        if not rows:
            return None
        ident, name, status = rows[0]
        email = f"{ident}@acme.example"
        return PrincipalNow(Ref("person", ident), name, email, email, status, status == "active")

    @hookimpl
    async def rolecall_holds(self, grants):
        return [self.has(each.entitlement, each.principal) for each in grants]

    @hookimpl
    async def rolecall_present(self, things):
        return [self.has(EntitlementRef(thing.object, thing.mechanism), thing.principal) for thing in things]

    @hookimpl
    async def rolecall_twins(self):
        return [
            Twin(
                EntitlementRef(Ref("room", room), slug),
                ((Ref("team", slug), slug.title(), "okta" if room == "vault" else "Active Directory"),),
                "" if room == "vault" else f"native-{slug}",
            )
            for room, slug in self.ask("SELECT room, slug FROM key ORDER BY room, slug")
        ]

    @hookimpl
    async def rolecall_plan(self, request):
        entitlement = request.entitlement
        kind, ident = entitlement.resource
        found = await self.rolecall_find(request.principal)
        if found is None:
            raise rolecall.Refused(f"The guild has nobody called '{request.principal}'.")
        offered = (
            self.ask("SELECT name, handed FROM team WHERE id = ?", ident)
            if kind == "team" and entitlement.slug == "member"
            else self.ask(
                "SELECT room.name, 0 FROM room JOIN key ON key.room = room.id WHERE room.id = ? AND slug = ?",
                ident,
                entitlement.slug,
            )
        )
        if not offered:
            raise rolecall.Refused(f"The guild offers no {entitlement}.")
        name, handed = offered[0]
        if request.operation == "grant" and not found.enabled:
            raise rolecall.Refused(f"{found.login} is {found.status}.")
        grants = request.operation == "grant"
        things = request.undo or (
            Held("guild.example", entitlement.resource, found.ref, entitlement.slug, {"name": name}),
        )
        now = [self.has(EntitlementRef(thing.object, thing.mechanism), thing.principal) for thing in things]
        change = "add" if grants else "remove"
        steps = tuple(
            Step(
                f"{change}_{kind}_holder",
                "handoff" if handed else "api",
                f"{found.login} {'gets' if grants else 'loses'} {thing.mechanism} of {name}",
                None if handed else "PUT" if grants else "DELETE",
                None if handed else f"/{thing.object}/{thing.mechanism}/{thing.principal.id}",
                gives=(thing,) if grants else (),
                takes=() if grants else (thing,),
                handoff=HandOff(
                    "Active Directory", change, thing.object, {"name": name}, found.ref, {}, "The key."
                )
                if handed
                else None,
            )
            for thing, held in zip(things, now, strict=True)
            if held is not grants
        )
        changed = (entitlement,)
        effect = Effect(found.ref, found.login, changed if grants else (), () if grants else changed)
        return Plan(
            request.operation,
            entitlement,
            found.ref,
            found.login,
            "planned" if steps else "already_granted" if grants else "already_revoked",
            steps,
            (effect,) if steps else (),
            things if grants else (),
            {"name": name},
            locks=(f"guild.example/{found.ref}",),
        )

    @hookimpl
    async def rolecall_grant(self, plan, writing):
        return await self.carry_out(plan, writing)

    @hookimpl
    async def rolecall_revoke(self, plan, writing):
        return await self.carry_out(plan, writing)

    async def carry_out(self, plan, writing):
        for index, step in enumerate(plan.steps):
            if step.handoff is not None:
                return GrantOutcome("handed_off", verified=False, step=index)
            writing.begins(index, step.method, step.path)
            try:
                request_id = self.write(step)
            except rolecall.RolecallError:
                writing.ended(index, "not_applied")
                raise
            writing.answered(index, 200, request_id)
            await asyncio.sleep(float(self.switch("slow") or 0))
            writing.ended(index, "applied")
        if self.switch("lagging"):
            return GrantOutcome("applied", verified=False, why="the guild's list doesn't show it yet")
        return GrantOutcome("applied", verified=True)

    def write(self, step):
        if self.switch("refusing") in [thing.principal.id for thing in (*step.gives, *step.takes)]:
            raise rolecall.Refused("The guild's keeper refuses.")
        if self.switch("broken"):
            raise rolecall.Unavailable("The guild's door is stuck.", status=500)
        request_id = uuid4().hex
        with closing(sqlite3.connect(self.file, timeout=30)) as db, db:
            for thing in step.gives:
                row = (thing.object.type, thing.object.id, thing.mechanism, thing.principal.id)
                db.execute("INSERT OR IGNORE INTO held VALUES (?, ?, ?, ?)", row)
            for thing in step.takes:
                row = (thing.object.type, thing.object.id, thing.mechanism, thing.principal.id)
                db.execute("DELETE FROM held WHERE (type, object, slug, person) = (?, ?, ?, ?)", row)
            db.execute(
                "INSERT INTO write (at, method, path, request_id) VALUES (?, ?, ?, ?)",
                (datetime.now(UTC).isoformat(), step.method, step.path, request_id),
            )
        return request_id

    @hookimpl
    async def rolecall_writes_seen(self, since, until):
        rows = self.ask("SELECT id, at, method, path, request_id FROM write ORDER BY id")
        yield [
            WriteSeen(
                str(number), datetime.fromisoformat(at), method, "SUCCESS", request_id, "rolecall",
                bool(request_id), method == "PUT", *things_in(path),
            )
            for number, at, method, path, request_id in rows
            if since <= datetime.fromisoformat(at) < until
        ]  # fmt: skip

    def has(self, entitlement, principal):
        row = (*entitlement.resource, entitlement.slug, principal.id)
        return bool(self.ask("SELECT 1 FROM held WHERE (type, object, slug, person) = (?, ?, ?, ?)", *row))

    @hookimpl
    async def rolecall_close(self):
        pass
