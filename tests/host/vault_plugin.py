"""A connector kind that provisions, whose provider is a file: people, groups, roles, and badges.

``tests.host.vaults.Vault`` writes the file. Roles are given to a person or to a group; a badge, where the
vault has badges, is needed too. A group may have a master elsewhere, where a person makes changes, or the
directory does. Faults are named per call; by ``later`` it takes effect with the next import.
"""

import asyncio
import fcntl
import json
import os
import signal
from datetime import UTC, datetime
from pathlib import Path

import marshmallow as ma

import rolecall
from rolecall import (
    Effect,
    Entitlement,
    EntitlementRef,
    Grant,
    GrantOutcome,
    HandOff,
    Held,
    Plan,
    PlanOutdated,
    PrincipalNow,
    Ref,
    Refused,
    Removal,
    Resource,
    SecretField,
    Step,
    Trait,
    WriteSeen,
    hookimpl,
)

PROVIDER = "vault.example"
EVERY = frozenset({"*"})
USER = rolecall.ResourceType("user", "User", Trait.USER)
GROUP = rolecall.ResourceType("group", "Group", Trait.GROUP, frozenset({"member"}))
ACCOUNT = rolecall.ResourceType("account", "Account", Trait.TARGET, EVERY)
LAMP = rolecall.ResourceType("lamp", "Lamp")


class Settings(ma.Schema):
    class Meta:
        unknown = ma.RAISE

    file = ma.fields.String(required=True)
    token = SecretField(required=True)


@hookimpl
def rolecall_connector_kinds():
    return [
        rolecall.ConnectorKind(
            "vault", "Vault", Settings, (USER, GROUP, ACCOUNT, LAMP), credential_settings=("token",)
        )
    ]


@hookimpl
async def rolecall_open(context):
    return Vault(context)


def role_ref(text):
    account, _, role = text.partition(":")
    return EntitlementRef(Ref("account", account), role)


def role_held(user, text):
    ref = role_ref(text)
    return Held(PROVIDER, ref.resource, Ref("user", user), f"role:{ref.slug}")


def member_held(user, group):
    return Held(PROVIDER, Ref("group", group), Ref("user", user), "member")


def badge_held(user):
    return Held(PROVIDER, Ref("app", "badge"), Ref("user", user), "assigned")


def roles_of(state, user):
    """Each role that the person has, with the groups by which."""
    found = {text: [] for text in state["direct"].get(user, ())}
    for ident, group in state["groups"].items():
        if user in group["members"]:
            for text in group["roles"]:
                found.setdefault(text, []).append(ident)
    return found if state["badges"] is None or user in state["badges"] else {}


def entitlements_of(state, user):
    groups = {ident for ident, group in state["groups"].items() if user in group["members"]}
    return {role_ref(text) for text in roles_of(state, user)} | {
        EntitlementRef(Ref("group", ident), "member") for ident in groups
    }


def is_there(state, thing):
    user = thing.principal.id
    if thing.mechanism == "member":
        return user in state["groups"][thing.object.id]["members"]
    if thing.mechanism == "assigned":
        return user in (state["badges"] or ())
    return f"{thing.object.id}:{thing.mechanism.removeprefix('role:')}" in state["direct"].get(user, ())


def changed(state, thing, given):
    user = thing.principal.id
    if thing.mechanism == "member":
        held, key = state["groups"][thing.object.id]["members"], user
    elif thing.mechanism == "assigned":
        held, key = state["badges"], user
    else:
        held = state["direct"].setdefault(user, [])
        key = f"{thing.object.id}:{thing.mechanism.removeprefix('role:')}"
    if given and key not in held:
        held.append(key)
    if not given and key in held:
        held.remove(key)


def step_for(state, thing, given):
    user, verb = thing.principal.id, "PUT" if given else "DELETE"
    gives, takes = ((thing,), ()) if given else ((), (thing,))
    if thing.mechanism == "member":
        group = state["groups"][thing.object.id]
        action = "add_group_member" if given else "remove_group_member"
        if group["master"] and state.get("directory"):
            return Step(
                action, "directory", f"membership of {group['name']}", "POST",
                f"/directory/{thing.object.id}/{user}", None, gives, takes,
            )  # fmt: skip
        if group["master"]:
            handed = HandOff(
                group["master"],
                "add" if given else "remove",
                thing.object,
                {"name": group["name"]},
                thing.principal,
                {"login": state["users"][user]["login"]},
                "gives what the group has",
                f"add-member '{group['name']}' '{user}'",
            )
            return Step(action, "handoff", handed.effect, gives=gives, takes=takes, handoff=handed)
        return Step(
            action, "api", f"membership of {group['name']}", verb,
            f"/groups/{thing.object.id}/members/{user}", None, gives, takes,
        )  # fmt: skip
    if thing.mechanism == "assigned":
        action = "assign_badge" if given else "take_badge"
        return Step(action, "api", "a badge", verb, f"/badges/{user}", None, gives, takes)
    role = thing.mechanism.removeprefix("role:")
    action = "add_role" if given else "remove_role"
    return Step(
        action, "api", f"role {role} on {thing.object.id}", verb,
        f"/direct/{user}/{thing.object.id}/{role}", None, gives, takes,
    )  # fmt: skip


class Vault:
    def __init__(self, context):
        self.context = context
        self.file = Path(context.settings["file"])
        self.token = context.secrets["token"].reveal()

    # --- The provider -------------------------------------------------------------------------------

    def state(self):
        return json.loads(self.file.read_text())

    def read(self, what):
        self.context.observer.requested(f"GET {what}")
        state = self.state()
        if state.get("closed"):
            raise rolecall.Unavailable("The vault is closed (503).", status=503, request_id="req-closed")
        return state

    def change(self, edit):
        with self.file.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            state = self.state()
            edit(state)
            new = self.file.with_suffix(".new")
            new.write_text(json.dumps(state))
            new.replace(self.file)
        return state

    def fault(self, call):
        """What shall go wrong with a call; a fault happens as often as it is listed."""
        found = []

        def take(state):
            faults = state["faults"].get(call, [])
            if faults:
                found.append(faults.pop(0))
            state["calls"].append({"call": call, "token": self.token})

        self.change(take)
        return found[0] if found else ""

    # --- Reading ------------------------------------------------------------------------------------

    @hookimpl
    async def rolecall_validate(self):
        self.read("/vault")

    @hookimpl
    async def rolecall_check(self):
        writer = self.token in self.state()["writers"]
        return rolecall.CheckReport(
            None,
            rolecall.Identity(self.token, self.token),
            {},
            [
                rolecall.Capability("Review group membership", "yes", "GET /groups: 200"),
                rolecall.Capability("Provision group membership", "yes" if writer else "no", "asked"),
            ],
        )

    @hookimpl
    async def rolecall_recipe(self, purpose):
        permissions = [("vault.read", "to list who has what")]
        if purpose == "write":
            permissions.append(("vault.manage", "to give and take"))
        return rolecall.Recipe(
            "Rolecall",
            tuple(permissions),
            (("the vault", "all is there"),),
            (f"vault.{purpose}",),
            ("No more.",),
        )

    @hookimpl
    async def rolecall_sync_resources(self, resource_type, run):
        state = self.read(f"/{resource_type.id}s")
        if resource_type.id == "user":
            yield [
                Resource(
                    Ref("user", ident), user["name"],
                    status=user["status"], enabled=user["status"] == "ACTIVE",
                    profile={"login": user["login"], "email": user["login"]},
                )
                for ident, user in state["users"].items()
            ]  # fmt: skip
        elif resource_type.id == "group":
            yield [Resource(Ref("group", ident), group["name"]) for ident, group in state["groups"].items()]
        elif resource_type.id == "account":
            accounts = {text.partition(":")[0] for text in state["roles"]}
            yield [Resource(Ref("account", ident), ident) for ident in sorted(accounts)]
        else:
            yield [Resource(Ref("lamp", "l1"), "Lamp")]

    @hookimpl
    async def rolecall_sync_entitlements(self, resource_type, run):
        state = self.state()
        if resource_type.id == "group":
            members = [EntitlementRef(Ref("group", ident), "member") for ident in state["groups"]]
            yield [Entitlement(ref, "member", ("user",)) for ref in members]
        elif resource_type.id == "account":
            yield [Entitlement(role_ref(text), text, ("user", "group")) for text in state["roles"]]
        elif resource_type.id == "lamp":
            yield [Entitlement(EntitlementRef(Ref("lamp", "l1"), "light"), "light", ("user",))]

    @hookimpl
    async def rolecall_sync_grants(self, resource_type, run):
        state = self.state()
        if resource_type.id == "group":
            for ident, group in state["groups"].items():
                yield [
                    Grant(EntitlementRef(Ref("group", ident), "member"), Ref("user", user))
                    for user in group["members"]
                ]
        elif resource_type.id == "account":
            for ident, group in state["groups"].items():
                yield [Grant(role_ref(text), Ref("group", ident), expandable=True) for text in group["roles"]]
            for user, roles in state["direct"].items():
                yield [Grant(role_ref(text), Ref("user", user)) for text in roles]

    @hookimpl
    async def rolecall_find(self, principal):
        state = self.read("/users/one")
        for ident, user in state["users"].items():
            if principal in (Ref("user", ident), user["login"]):
                return PrincipalNow(
                    Ref("user", ident), user["name"], user["login"], user["login"], user["status"],
                    user["status"] == "ACTIVE",
                )  # fmt: skip
        for ident, group in state["groups"].items():
            if principal == Ref("group", ident):
                return PrincipalNow(Ref("group", ident), group["name"])
        return None

    @hookimpl
    async def rolecall_holds(self, grants):
        state = self.read("/holds")
        if state.get("mute"):
            return [None] * len(grants)
        return [grant.entitlement in entitlements_of(state, grant.principal.id) for grant in grants]

    @hookimpl
    async def rolecall_present(self, things):
        state = self.read("/present")
        return [None if state.get("mute") else is_there(state, thing) for thing in things]

    @hookimpl
    async def rolecall_removals(self, entitlement, person):
        state = self.read("/removals")
        text = f"{entitlement.resource.id}:{entitlement.slug}"
        return [
            Removal(
                Ref("group", ident),
                f"by the group {state['groups'][ident]['name']}",
                "take the membership away",
                "handoff" if state["groups"][ident]["master"] else "api",
                self.effects(state, [member_held(person.id, ident)], False),
                ends_access=len(roles_of(state, person.id).get(text, ())) == 1,
                given_back_by=tuple(state.get("given_back_by", ())),
            )
            for ident in roles_of(state, person.id).get(text, ())
        ]

    @hookimpl
    async def rolecall_writes_seen(self, since, until):
        yield [
            WriteSeen(
                f"e{n}", datetime.fromisoformat(entry["at"]), entry["call"], "SUCCESS", entry["request_id"],
                entry["token"], entry["token"] == self.token, None, None, None,
            )
            for n, entry in enumerate(self.state()["log"])
        ]  # fmt: skip

    # --- Planning -----------------------------------------------------------------------------------

    @hookimpl
    async def rolecall_plan(self, request):
        state = self.read("/plan")
        user = request.principal.id
        if request.principal.type == "user" and user not in state["users"]:
            raise Refused(f"There is no user {user}.", hint="check the id", code="unknown_principal")
        if request.operation == "grant" and state["users"][user]["status"] != "ACTIVE":
            raise Refused(f"{user} is {state['users'][user]['status']}.", hint="reactivate them")
        name = state["users"][user]["login"]
        meaning = {"meaning": state["meaning"]}
        lock = (f"{PROVIDER}/user:{user}",)
        if request.operation == "grant":
            things = self.wanted(state, request)
            missing = [thing for thing in things if not is_there(state, thing)]
            self.judge(state, request, missing)
            return Plan(
                "grant", request.entitlement, request.principal, name,
                "planned" if missing else "already_granted",
                tuple(step_for(state, thing, True) for thing in missing),
                self.effects(state, missing, True), tuple(things), meaning,
                tuple(state.get("warnings", ())), lock,
            )  # fmt: skip
        things = [thing for thing in self.unwanted(state, request) if is_there(state, thing)]
        return Plan(
            "revoke", request.entitlement, request.principal, name,
            "planned" if things else "already_revoked",
            tuple(step_for(state, thing, False) for thing in things),
            self.effects(state, things, False), (), meaning, (), lock, 3600,
        )  # fmt: skip

    def wanted(self, state, request):
        user, what = request.principal.id, request.entitlement
        if what.resource.type == "group":
            things = [member_held(user, what.resource.id)]
        else:
            things = [role_held(user, f"{what.resource.id}:{what.slug}")]
        if state["badges"] is None:
            return things
        handed = what.resource.type == "group" and state["groups"][what.resource.id]["master"]
        return [*things, badge_held(user)] if handed else [badge_held(user), *things]

    def judge(self, state, request, missing):
        taken = state.get("takes_from")
        if missing and taken and "others_lose" not in request.accept:
            raise Refused(f"{taken} would lose a role.", accept="others_lose", facts={"people": [taken]})

    def unwanted(self, state, request):
        user, what = request.principal.id, request.entitlement
        if request.undo:
            return list(request.undo)
        if what.resource.type == "group":
            return [member_held(user, what.resource.id)]
        if request.via is not None:
            return [member_held(user, request.via.id)]
        text = f"{what.resource.id}:{what.slug}"
        groups = roles_of(state, user).get(text, [])
        if groups and text not in state["direct"].get(user, ()):
            raise Refused(
                f"{user} has {what} through {', '.join(groups)}.", code="inherited", facts={"groups": groups}
            )
        things = [role_held(user, text)]
        if badge_held(user) in request.made and state["direct"].get(user) == [text]:
            things.append(badge_held(user))
        return things

    def effects(self, state, things, given):
        after = json.loads(json.dumps(state))
        for thing in things:
            changed(after, thing, given)
        people = sorted({thing.principal for thing in things})
        effects = []
        for person in people:
            before, then = entitlements_of(state, person.id), entitlements_of(after, person.id)
            if before != then:
                effects.append(
                    Effect(
                        person, state["users"][person.id]["login"], tuple(sorted(then - before)),
                        tuple(sorted(before - then)), state["users"][person.id]["status"] == "ACTIVE",
                    )
                )  # fmt: skip
        crowd = state.get("crowd", 0)
        effects += [
            Effect(Ref("user", f"c{n:03}"), f"c{n:03}@acme.example", (member_of("g1"),)) for n in range(crowd)
        ]
        return tuple(effects)

    # --- Writing ------------------------------------------------------------------------------------

    @hookimpl
    async def rolecall_grant(self, plan, writing):
        return await self.carry_out(plan, writing)

    @hookimpl
    async def rolecall_revoke(self, plan, writing):
        return await self.carry_out(plan, writing)

    async def carry_out(self, plan, writing):
        state = self.state()
        if self.token not in state["writers"]:
            raise Refused(f"The token {self.token} can't write.", hint="give another", code="not_allowed")
        verified, why = True, ""
        for index, step in enumerate(plan.steps):
            if step.handoff:
                return GrantOutcome("handed_off", False, "a person must act", index)
            things, given = (step.gives, True) if step.gives else (step.takes, False)
            call = f"{step.method} {step.path}"
            if self.state().get("outdated"):
                self.change(lambda now: now.update(outdated=now["outdated"] - 1))
                raise PlanOutdated("Somebody else was here.", hint="look again")
            writing.begins(index, step.method, step.path)
            fault = await self.send(call, things, given)
            if fault == "refuse":
                writing.answered(index, 403, "req-403")
                writing.ended(index, "not_applied", "refused")
                raise rolecall.AuthRefused(
                    f"The vault refused {call} (403 E0000006).",
                    hint="give the token the right",
                    status=403, provider_code="E0000006", request_id="req-403",
                )  # fmt: skip
            if fault.startswith("lost"):
                writing.ended(index, "unknown", "no answer")
                raise rolecall.Unavailable(f"No answer to {call}.", hint="look again later")
            writing.answered(index, 200, f"req-{index}")
            there = is_there(self.state(), things[0])
            seen = fault != "unseen" and there is given
            writing.ended(index, "applied", "" if seen else "not seen yet")
            if fault == "broken":
                raise KeyError("oops")
            verified, why = verified and seen, why if seen else "the read-back doesn't show it"
        return GrantOutcome("applied", verified, why)

    async def send(self, call, things, given):
        fault = self.fault(call)
        if fault == "kill_before":
            os.kill(os.getpid(), signal.SIGKILL)
        if fault == "hang":
            self.file.with_suffix(".hanging").touch()
            await asyncio.sleep(60)
        if fault == "slow":
            await asyncio.sleep(0.3)
        if fault not in ("refuse", "lost_before", "later"):
            self.change(lambda state: self.apply(state, call, things, given))
        if fault == "kill_after":
            os.kill(os.getpid(), signal.SIGKILL)
        return fault

    def apply(self, state, call, things, given):
        for thing in things:
            changed(state, thing, given)
        entry = {"call": call, "token": self.token, "request_id": f"req-{len(state['log'])}"}
        state["log"].append(entry | {"at": datetime.now(UTC).isoformat()})


def member_of(group):
    return EntitlementRef(Ref("group", group), "member")
