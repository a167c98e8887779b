"""One call, as far as its path and query tell, and the lists that calls ask for."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from operator import attrgetter
from typing import TypeVar

from rolecall_okta.simulator.errors import (
    content_type_missing,
    invalid_filter,
    invalid_search,
    malformed_expand,
    no_permission,
    not_acceptable,
    not_found,
    not_well_formed,
)
from rolecall_okta.simulator.exchange import Reply
from rolecall_okta.simulator.objects import App, Group, User
from rolecall_okta.simulator.organisation import Organisation
from rolecall_okta.simulator.paging import PageSize, link_headers, page
from rolecall_okta.simulator.permissions import Token
from rolecall_okta.simulator.raw_json import Json, JsonObject, encode
from rolecall_okta.simulator.rendering import Rendering, json_array
from rolecall_okta.simulator.search import BadExpression, Dialect, Predicate
from rolecall_okta.simulator.service_apps import ServiceApp

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Call:
    """One request, understood as far as its path and query go."""

    org: Organisation
    show: Rendering
    token: Token
    path: str
    url: str
    query: Mapping[str, str]
    parts: Sequence[str] = ()
    """The path's variable parts, decoded."""
    lean: bool = False
    """Whether the caller asked for people without credentials."""
    tokens: Iterable[Token] = ()
    page_size_cap: int | None = None
    """Items in a page at most, whatever the query asks for."""
    body: bytes = b""
    content_type: str = ""
    scopes: frozenset[str] | None = None
    """Of an OAuth access token; ``None`` for an API token."""
    clients: Mapping[str, ServiceApp] = field(default_factory=dict)

    def client(self) -> ServiceApp:
        """The service app in the path."""
        client = self.clients.get(self.parts[0])
        if client is None:
            raise not_found(self.parts[0], "PublicClientApp")
        return client

    def expands(self, *known: str) -> list[str]:
        """What the query asks to embed; anything unknown is refused."""
        asked = [name.strip() for name in self.query.get("expand", "").split(",") if name.strip()]
        if any(name not in known for name in asked):
            raise malformed_expand()
        return asked

    def user(self) -> User:
        """The person in the path, by id, login or ``me``."""
        asked, owner = self.parts[0], self.token.owner
        if owner is not None and asked in ("me", owner.id, owner.login):
            return owner
        user = self.org.user(asked)
        if user is None:
            raise not_found(asked, "User")
        if not self.token.sees_user(user):
            raise no_permission()
        return user

    def group(self) -> Group:
        group = self.org.group_by_id(self.parts[0])
        if group is None:
            raise not_found(self.parts[0], "UserGroup")
        if not self.token.sees_group(group):
            raise no_permission()
        return group

    def app(self) -> App:
        app = self.org.app_by_id(self.parts[0])
        if app is None:
            raise not_found(self.parts[0], "AppInstance")
        if not self.token.sees_app(app.id):
            raise no_permission()
        return app

    def sent(self) -> Json:
        """The body's JSON; ``None`` without a body."""
        if not self.body:
            return None
        if not self.content_type:
            raise content_type_missing()
        if self.content_type.partition(";")[0].strip().lower() != "application/json":
            raise not_acceptable()
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise not_well_formed() from error

    def sent_object(self) -> JsonObject:
        """The body's JSON object, which has to be there."""
        sent = self.sent()
        if not isinstance(sent, dict):
            raise not_well_formed()
        return sent

    def asked_for(self, search: Dialect | None, filters: Dialect) -> Predicate | None:
        """The query's ``search`` or ``filter`` as a test, if there is one."""
        try:
            if search is not None and "search" in self.query:
                return search.predicate(self.query["search"])
            return filters.predicate(self.query["filter"]) if "filter" in self.query else None
        except BadExpression as error:
            if search is not None and "search" in self.query:
                raise invalid_search() from error
            raise invalid_filter(self.query["filter"]) from error


def listing(
    call: Call,
    items: Sequence[Item],
    show: Callable[[Item], bytes],
    size: PageSize,
    *,
    key: Callable[[Item], str] = attrgetter("id"),
    keep: Callable[[Item], bool] | None = None,
    order: Dialect | None = None,
) -> Reply:
    """A page of the items, in the order of ``key``, or as ``sortBy`` asks where ``order`` knows it."""
    limit, after = size.of(call.query), call.query.get("after")
    limit = min(limit, call.page_size_cap or limit)
    if order is not None and "search" in call.query and "sortBy" in call.query:
        ranked = list(enumerate(_sorted(call, filter(keep, items), order)))
        ranks = page(ranked, after, limit, scope=call.path, key=lambda rank: f"{rank[0]:09d}")
        shown, following = [show(item) for _, item in ranks.items], ranks.next
    else:
        found = page(items, after, limit, scope=call.path, key=key, keep=keep)
        shown, following = [show(item) for item in found.items], found.next
    return Reply(200, json_array(shown), link_headers(call.url, call.query, limit, following))


def _sorted(call: Call, items: Iterable[Item], order: Dialect) -> list[Item]:
    try:
        attribute = order.attribute(call.query["sortBy"])
    except BadExpression as error:
        raise invalid_search() from error
    backwards = call.query.get("sortOrder", "asc").lower().startswith("desc")
    return sorted(items, key=lambda item: str(attribute(item) or "").casefold(), reverse=backwards)


def unpaged(call: Call, items: Iterable[Item], show: Callable[[Item], bytes], size: PageSize) -> Reply:
    """What ``q`` finds: the first few, without any link to more."""
    return Reply(200, json_array(show(item) for item in islice(items, size.of(call.query))))


def iam_list(call: Call, name: str, shown: list[JsonObject]) -> Reply:
    """One whole list; its links name the console's host, as Okta's do."""
    url = f"{call.show.admin.console_api}/iam/{name}"
    body = encode({name: shown, "_links": {"self": {"href": url}}})
    return Reply(200, body, [(b"link", f'<{url}>; rel="self"'.encode("ascii"))])
