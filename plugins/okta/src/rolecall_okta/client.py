"""The Okta API, as far as Rolecall reads it: paths, parameters and page sizes. It decides nothing.

What it writes are calls that ``writes`` has built.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable, Mapping
from datetime import UTC, datetime
from functools import partial
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar, overload

import httpx
import marshmallow as ma

from rolecall import Forecast, ListRead, Observer
from rolecall_okta.auth import AppCredential, Scopes
from rolecall_okta.calls import Call, Written, literal, path_of, query_of
from rolecall_okta.clock import Clock
from rolecall_okta.decoding import decoded_by, decoded_row, decoded_write
from rolecall_okta.domain import OktaDomain
from rolecall_okta.forecasting import forecast
from rolecall_okta.governor import BucketUse
from rolecall_okta.hosts import OwnHosts
from rolecall_okta.log import LOGS, EventLog, call_at
from rolecall_okta.paging import page_of_envelope, page_of_list, read_pages
from rolecall_okta.payloads import Organization, OrganizationSchema
from rolecall_okta.rows import (
    AppGroupRow,
    AppRow,
    AppUserRow,
    GroupRow,
    GroupRuleRow,
    JsonObject,
    PermissionRow,
    ProfiledGroupRow,
    ResourceSetRow,
    RoleHolderRow,
    RoleRow,
    UserRow,
    app_group_row,
    app_row,
    app_user_row,
    group_row,
    group_rule_row,
    permission_row,
    profiled_group_row,
    resource_set_row,
    role_holder_row,
    role_row,
    user_row,
)
from rolecall_okta.sending import Sender, Timeouts

CONCURRENCY = 40
"""Calls at once. Okta lets a whole org have 75, or 35 on the smallest plan."""
SHARE = 0.5
"""Of each rate limit, unless configured."""

Row = TypeVar("Row")
Person = TypeVar("Person", bound=UserRow)
Params = Mapping[str, str | int | None]


class HasId(Protocol):
    @property
    def id(self) -> str: ...


Identified = TypeVar("Identified", bound=HasId)


class OktaClient:
    """One org and one credential: ``async with OktaClient(domain, auth, observer) as okta``.

    Every method may raise a ``ProviderError``; iterators may raise it at any page. Lists yield rows
    without repeats, page by page, and a list that was read whole is reported to ``on_list``.

    Of each of Okta's rate limits it uses ``share`` (0 to 1) and leaves the rest to others.
    """

    def __init__(
        self,
        domain: OktaDomain,
        auth: httpx.Auth,
        observer: Observer,
        *,
        on_list: Callable[[ListRead], None] | None = None,
        timeouts: Timeouts | None = None,
        concurrency: int = CONCURRENCY,
        share: float = SHARE,
        clock: Clock | None = None,
    ) -> None:
        self.domain = domain
        self._auth = auth
        self.on_list = on_list
        self.clock = clock or Clock()
        self._sender = Sender(
            domain,
            auth,
            observer,
            timeouts=timeouts or Timeouts(),
            concurrency=concurrency,
            share=share,
            clock=self.clock,
        )
        self._share = share
        self._hosts = OwnHosts(domain, self.organization)

    async def __aenter__(self) -> Self:
        await self._sender.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._sender.close()

    @property
    def server_time(self) -> datetime | None:
        """The ``Date`` of the latest reply, aware; None before the first."""
        return self._sender.server_time

    @property
    def first_reply_at(self) -> datetime | None:
        """The ``Date`` of this client's first reply, aware; None before it."""
        return self._sender.first_reply_at

    @property
    def client_id(self) -> str | None:
        """The OAuth app's whose credential it is; None for an API token."""
        return self._auth.client_id if isinstance(self._auth, AppCredential) else None

    @property
    def scopes(self) -> Scopes | None:
        """What an OAuth app may do with all its scopes, those for writing included; None for an API token.

        Granted is known after the first write, or after ``elevated``.
        """
        return self._auth.writing if isinstance(self._auth, AppCredential) else None

    async def elevated(self) -> Scopes | None:
        """The same, after a harmless read with them; None for an API token, which isn't used for it."""
        if self.scopes is not None:
            await self._sender.send(Call("/api/v1/groups", "limit=1", elevated=True))
        return self.scopes

    def forecast(self, requests: Mapping[str, int], *, basis: str = "") -> Forecast:
        """What so many requests would cost from now on.

        Args:
            requests: Template of a path (``/api/v1/groups/{id}/users``), or a bucket → how many.
            basis: What these numbers are worked out from, as a sentence.
        """
        governor = self._sender.governor
        return forecast(
            requests, governor.allowances(), share=self._share, pace=self._sender.pace, basis=basis
        )

    def rates(self) -> Mapping[str, BucketUse]:
        """What this client has used of each bucket so far."""
        return self._sender.governor.uses()

    @overload
    def users(
        self,
        *,
        search: str | None = None,
        filter: str | None = None,
    ) -> AsyncGenerator[list[UserRow], None]: ...

    @overload
    def users(
        self,
        *,
        search: str | None = None,
        filter: str | None = None,
        project: Callable[[JsonObject], Person],
    ) -> AsyncGenerator[list[Person], None]: ...

    def users(
        self,
        *,
        search: str | None = None,
        filter: str | None = None,  # noqa: A002 - Okta's word
        project: Callable[[JsonObject], Any] = user_row,
    ) -> AsyncGenerator[list[Any], None]:
        """People. Without a search or a filter, Okta leaves out those who are DEPROVISIONED."""
        return self.pages("/api/v1/users", {"limit": 200, "search": search, "filter": filter}, project)

    def user_groups(self, user_id: str) -> AsyncGenerator[list[GroupRow], None]:
        """The groups of a person, Everyone included."""
        return self.pages("/api/v1/users/{id}/groups", {"limit": 200}, group_row, ids=(user_id,))

    def user_roles(self, user_id: str) -> AsyncGenerator[list[RoleRow], None]:
        """The admin roles of a person, those held through groups included."""
        return self.pages("/api/v1/users/{id}/roles", {}, role_row, ids=(user_id,), key=_whole_row)

    def role_holders(self) -> AsyncGenerator[list[RoleHolderRow], None]:
        """Everybody who holds an admin role; whether one held through a group counts isn't documented."""
        return self.pages("/api/v1/iam/assignees/users", {"limit": 100}, role_holder_row, envelope="value")

    def resource_sets(self) -> AsyncGenerator[list[ResourceSetRow], None]:
        """What custom roles may be limited to."""
        return self.pages("/api/v1/iam/resource-sets", {}, resource_set_row, envelope="resource-sets")

    def client_roles(self, client_id: str) -> AsyncGenerator[list[RoleRow], None]:
        """The admin roles of an OAuth app, by its client id."""
        return self.pages("/oauth2/v1/clients/{id}/roles", {}, role_row, ids=(client_id,), key=_whole_row)

    def role_permissions(self, role_id: str) -> AsyncGenerator[list[PermissionRow], None]:
        """What a custom role permits."""
        template = "/api/v1/iam/roles/{id}/permissions"
        return self.pages(template, {}, permission_row, ids=(role_id,), envelope="permissions")

    def group_roles(self, group_id: str) -> AsyncGenerator[list[RoleRow], None]:
        """The admin roles of a group."""
        return self.pages("/api/v1/groups/{id}/roles", {}, role_row, ids=(group_id,), key=_whole_row)

    def groups(
        self,
        *,
        search: str | None = None,
        filter: str | None = None,  # noqa: A002 - Okta's word
        expand: str | None = "stats,app",
    ) -> AsyncGenerator[list[GroupRow], None]:
        """Groups, with their member counts and the app that masters them."""
        params: Params = {"limit": 200, "search": search, "filter": filter, "expand": expand}
        return self.pages("/api/v1/groups", params, group_row)

    def group_rules(self) -> AsyncGenerator[list[GroupRuleRow], None]:
        """The rules that fill groups, those that are off included."""
        return self.pages("/api/v1/groups/rules", {"limit": 200}, group_rule_row)

    @overload
    def group_members(self, group_id: str) -> AsyncGenerator[list[UserRow], None]: ...

    @overload
    def group_members(
        self, group_id: str, project: Callable[[JsonObject], Person]
    ) -> AsyncGenerator[list[Person], None]: ...

    def group_members(
        self, group_id: str, project: Callable[[JsonObject], Any] = user_row
    ) -> AsyncGenerator[list[Any], None]:
        """The people in a group; ``project`` may spare describing again those already known."""
        return self.pages("/api/v1/groups/{id}/users", {"limit": 1000}, project, ids=(group_id,))

    def apps(self, name: str | None = None) -> AsyncGenerator[list[AppRow], None]:
        """Apps, all or those with this catalog name."""
        chosen = None if name is None else f"name eq {literal(name)}"
        return self.pages("/api/v1/apps", {"limit": 200, "filter": chosen}, app_row)

    def app_users(
        self, app_id: str, *, expand: str | None = "user"
    ) -> AsyncGenerator[list[AppUserRow], None]:
        """The people assigned to an app, each with the person unless told otherwise."""
        params: Params = {"limit": 500, "expand": expand}
        return self.pages("/api/v1/apps/{id}/users", params, app_user_row, ids=(app_id,))

    def app_groups(self, app_id: str) -> AsyncGenerator[list[AppGroupRow], None]:
        """The groups assigned to an app, each with the group."""
        params: Params = {"limit": 200, "expand": "group"}
        return self.pages("/api/v1/apps/{id}/groups", params, app_group_row, ids=(app_id,))

    def events(
        self,
        filter: str | None = None,  # noqa: A002 - Okta's word
        *,
        position: str | None = None,
        since: datetime | None = None,
        on_list: Callable[[ListRead], None] | None = None,
    ) -> EventLog:
        """What the System Log holds from a time on, or from a position that an earlier reading left.

        Args:
            filter: Narrows the events; the same for one position's whole life.
            position: ``EventLog.position`` of an earlier reading, or else:
            since: The time from which on events are wanted, aware and by Okta's clock.
            on_list: Told of the log instead of the client's ``on_list``.

        Raises:
            PositionLost: At once, or while reading: the position is good for nothing any more.
        """
        if position is None:
            begin = None if since is None else f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%S.000Z}"
            params: Params = {"since": begin, "limit": 1000, "sortOrder": "ASCENDING", "filter": filter}
            call = Call(LOGS, query_of(params))
        else:
            call = call_at(position, filter)
        report = on_list or self.on_list or _unreported
        reading = ListRead(LOGS, filter)
        return EventLog(
            self._sender, call, self._hosts.include, report, reading, resumed=position is not None
        )

    @overload
    async def user(self, user_id: str) -> UserRow: ...

    @overload
    async def user(self, user_id: str, project: Callable[[JsonObject], Person]) -> Person: ...

    async def user(self, user_id: str, project: Callable[[JsonObject], Any] = user_row) -> Any:
        """One person, by id or login."""
        return await self._row("/api/v1/users/{id}", {}, project, user_id)

    async def app_user(self, app_id: str, user_id: str, *, expand: str | None = "user") -> AppUserRow:
        """One person's assignment to an app, with the person; ``NotFound`` when not assigned."""
        template = "/api/v1/apps/{id}/users/{id}"
        return await self._row(template, {"expand": expand}, app_user_row, app_id, user_id)

    async def app_group(self, app_id: str, group_id: str) -> AppGroupRow:
        """One group's assignment to an app, with the group; ``NotFound`` when not assigned."""
        template = "/api/v1/apps/{id}/groups/{id}"
        return await self._row(template, {"expand": "group"}, app_group_row, app_id, group_id)

    async def me(self) -> UserRow:
        """The person whose API token this is; an OAuth app is no person."""
        return await self._row("/api/v1/users/me", {}, user_row)

    async def group(self, group_id: str, *, expand: str | None = "stats,app") -> GroupRow:
        """One group."""
        return await self._row("/api/v1/groups/{id}", {"expand": expand}, group_row, group_id)

    async def profiled_group(self, group_id: str) -> ProfiledGroupRow:
        """One group with its profile whole."""
        return await self._row("/api/v1/groups/{id}", {"expand": "stats,app"}, profiled_group_row, group_id)

    async def app(self, app_id: str, schema: ma.Schema) -> Any:
        """One app, loaded by the schema of whoever knows this kind of app."""
        return await self.get("/api/v1/apps/{id}", {}, schema, ids=(app_id,))

    async def app_schema(self, app_id: str, schema: ma.Schema) -> Any:
        """The app's user schema: which attributes its profiles have."""
        return await self.get("/api/v1/meta/schemas/apps/{id}/default", {}, schema, ids=(app_id,))

    async def organization(self) -> Organization:
        """What the org tells anybody about itself; the credential isn't sent."""
        call = Call("/.well-known/okta-organization", authorised=False)
        reply = await self._sender.send(call)
        organization: Organization = decoded_by(self._sender.quoting, reply, OrganizationSchema())
        return organization

    async def write(self, call: Call, look: Callable[[], Awaitable[None]] | None = None) -> Written:
        """Send a call that ``writes`` built; it is repeated only where it is certain that it wasn't done.

        Args:
            call: The call.
            look: Awaited before the call goes where it had to wait; what it raises is raised instead.

        Raises:
            OutcomeUnknown: It may have been done, and may not: read before anything else.
            NoAgent: No agent of the directory is connected; it wasn't done.
            ProviderError: Any other: it wasn't done.
        """
        return decoded_write(self._sender.quoting, await self._sender.send(call, look))

    async def get(
        self, template: str, params: Params, schema: ma.Schema, *, ids: tuple[str, ...] = ()
    ) -> Any:
        """One object, loaded by a schema; fields that it doesn't know are left out.

        Raises:
            BadPayload: A field is wrong; it is named.
        """
        reply = await self._sender.send(Call(path_of(template, *ids), query_of(params)))
        return decoded_by(self._sender.quoting, reply, schema)

    def pages(
        self,
        template: str,
        params: Params,
        project: Callable[[JsonObject], Identified],
        *,
        ids: tuple[str, ...] = (),
        key: Callable[[Identified], Hashable] | None = None,
        on_list: Callable[[ListRead], None] | None = None,
        envelope: str | None = None,
    ) -> AsyncGenerator[list[Identified], None]:
        """A list, page by page.

        Args:
            template: Its path, with ``{id}`` for each of ``ids``; it names the list in reports.
            params: Parameters; those that are None are left out.
            project: Makes a row of an item.
            ids: What to put into the path.
            key: What makes two rows the same; their id, unless told otherwise.
            on_list: Told of the list instead of the client's ``on_list``.
            envelope: The field that holds the list, where each page is an object, as below ``iam``.

        Raises:
            NotFound: At once, for what can't be an id.
        """
        narrowed = params.get("search") or params.get("filter")
        return read_pages(
            self._sender,
            Call(path_of(template, *ids), query_of(params)),
            partial(page_of_list, project=project)
            if envelope is None
            else partial(page_of_envelope, project=project, field=envelope),
            key or _id,
            self._hosts.include,
            on_list or self.on_list or _unreported,
            ListRead(template, None if narrowed is None else str(narrowed)),
        )

    async def _row(
        self, template: str, params: Params, project: Callable[[JsonObject], Row], *ids: str
    ) -> Row:
        reply = await self._sender.send(Call(path_of(template, *ids), query_of(params)))
        return decoded_row(self._sender.quoting, reply, project)


def _id(row: HasId) -> str:
    return row.id


def _whole_row(row: RoleRow) -> RoleRow:
    return row


def _unreported(reading: ListRead) -> None:
    """Nobody asked."""
