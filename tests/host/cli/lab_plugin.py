"""A small connector kind for the command line's tests: an org of three people, with hostile names."""

import asyncio

import marshmallow as ma

import rolecall
from rolecall import Ref, SecretField, Trait, hookimpl

USER = rolecall.ResourceType("user", "User", Trait.USER)
GROUP = rolecall.ResourceType("group", "Group", Trait.GROUP)
ACCOUNT = rolecall.ResourceType("account", "Account", Trait.TARGET)
ADMINS, PROD = Ref("group", "g1"), Ref("account", "123456789012")
ADMIN = rolecall.EntitlementRef(PROD, "Admin")
MEMBER = rolecall.EntitlementRef(ADMINS, "member")
MOODS = ("fine", "failing", "crowded", "bare", "sick", "buggy", "slow")
HOSTILE = "=cmd|'\x1b[31m\u202eevil\u200b\ud800\x00"


class Settings(ma.Schema):
    class Meta:
        unknown = ma.RAISE

    site = ma.fields.String(
        required=True,
        validate=ma.validate.Regexp(r"[a-z.]+\Z", error="must be a host name"),
        metadata={"description": "Host of the lab."},
    )
    token = SecretField(required=True)
    mood = ma.fields.String(load_default="fine", validate=ma.validate.OneOf(MOODS))
    retries = ma.fields.Integer(strict=True, load_default=3, validate=ma.validate.Range(min=0, max=9))
    tags = ma.fields.List(ma.fields.String())


class Lab:
    def __init__(self, context):
        self.context = context
        self.mood = context.settings["mood"]

    @hookimpl
    async def rolecall_validate(self):
        self.context.observer.requested("GET /lab")
        if self.mood == "failing":
            raise rolecall.AuthRefused(
                "The lab refused the token (401 E0000011).",
                hint="make a new one",
                status=401,
                provider_code="E0000011",
                request_id="req-1",
            )
        if self.mood == "buggy":
            raise KeyError("oops\x1b[31m")

    @hookimpl
    async def rolecall_check(self):
        problems = (
            [rolecall.Problem("app_missing", "There is no app.", "make one")] if self.mood == "sick" else []
        )
        return rolecall.CheckReport(
            {"id": "app1"},
            rolecall.Identity("u0", "robot"),
            {"union": True},
            [rolecall.Capability("Review group membership", "yes", "GET /groups: 200")],
            problems,
        )

    @hookimpl
    async def rolecall_sync_resources(self, resource_type, run):
        if self.mood == "slow":
            run.log(f"reading {HOSTILE}")
            await asyncio.sleep(60)
        if resource_type is USER:
            if self.mood == "crowded":
                yield [rolecall.Resource(Ref("user", f"c{n}"), f"Crowd {n}") for n in range(20)]
            yield [
                rolecall.Resource(
                    Ref("user", "u1"),
                    "Ada",
                    status="ACTIVE",
                    profile={"login": "ada@acme.example", "email": "ada@acme.example"},
                ),
                rolecall.Resource(
                    Ref("user", "u2"),
                    HOSTILE,
                    status="SUSPENDED",
                    enabled=False,
                    profile={"login": "eve@acme.example", "email": "eve@acme.example"},
                ),
                rolecall.Resource(
                    Ref("user", "u3"),
                    "Ben",
                    status="ACTIVE",
                    profile={"login": "ben@acme.example", "email": "ben@acme.example"},
                ),
            ]
            run.found(rolecall.Finding("odd_name", rolecall.Severity.LOW, f"Named {HOSTILE}.", "user:u2"))
        elif resource_type is GROUP:
            yield [rolecall.Resource(ADMINS, "Admins")]
        else:
            yield [rolecall.Resource(PROD, "123456789012")]

    @hookimpl
    async def rolecall_sync_entitlements(self, resource_type, run):
        if resource_type is ACCOUNT:
            yield [
                rolecall.Entitlement(
                    ADMIN, "Admin", ("user", "group"), {"role_arn": "arn:aws:iam::123456789012:role/Admin"}
                )
            ]
        elif resource_type is GROUP:
            yield [rolecall.Entitlement(MEMBER, "member", ("user",))]

    @hookimpl
    async def rolecall_sync_grants(self, resource_type, run):
        if self.mood == "bare":
            return
        if resource_type is ACCOUNT:
            if self.mood == "crowded":
                yield [rolecall.Grant(ADMIN, Ref("user", f"c{n}")) for n in range(20)]
            yield [
                rolecall.Grant(ADMIN, ADMINS, expandable=True),
                rolecall.Grant(ADMIN, Ref("user", "u2")),
            ]
        elif resource_type is GROUP:
            yield [rolecall.Grant(MEMBER, Ref("user", "u1"))]


@hookimpl
def rolecall_connector_kinds():
    return [
        rolecall.ConnectorKind(
            "lab",
            "Lab",
            Settings,
            (USER, GROUP, ACCOUNT),
            setup=(
                rolecall.SetupQuestion("site", "--site", "Host of the lab"),
                rolecall.SetupQuestion("token", "--token", "Token of the lab"),
                rolecall.SetupQuestion("mood", "--mood", "Its mood", choices=True),
            ),
            credential_help="Ask the lab for a token.",
        )
    ]


@hookimpl
async def rolecall_setup_choices(context, setting):
    return [rolecall.Choice("fine", f"Fine, at {context.settings['site']}")]


@hookimpl
async def rolecall_open(context):
    return Lab(context)


@hookimpl
def rolecall_explain(question):
    return rolecall.Explanation(
        {"union": True}, ("Because \x1b[31mAdmins\u202e has it.",), ("Leave Admins.",)
    )


@hookimpl
def rolecall_commands():
    import click

    @click.command("greet")
    @click.option("--loud", is_flag=True)
    @click.pass_context
    def greet(context, loud):
        """Greet the reader."""
        click.echo("HELLO" if loud else "hello")
        context.exit(3 if loud else 0)

    return [greet]
