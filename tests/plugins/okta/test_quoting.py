"""What a server says is quoted without the credential that it was sent, wherever it says it."""

from collections.abc import Awaitable, Callable, Mapping

import httpx
import marshmallow as ma
import pytest

from rolecall import ProviderError
from rolecall_okta import OktaClient
from rolecall_okta.quoting import Quoting
from rolecall_okta.rows import JsonObject, RowError, UserRow
from tests.plugins.okta.conftest import TOKEN, Watcher
from tests.plugins.okta.responder import Responder, answer, okta_error

NEXT = '<{}>; rel="next"'


@pytest.fixture
def org() -> Quoting:
    quoting = Quoting("acme.okta.example")
    quoting.sent(httpx.Request("GET", "https://acme.okta.example/", headers={"Authorization": "SSWS s3cr3t"}))
    return quoting


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("token s3cr3t, S3CR3T", "token …, …"),
        ("SSWS", "SSWS"),
        ("s3cr3\x00t", "s3cr3\\x00t"),
        ("x" * 157 + "s3cr3t", "x" * 157 + "…"),
    ],
    ids=["in any case", "the scheme", "escaped", "before the text is cut"],
)
def test_credential_is_cut_out_before_anything_else(org: Quoting, text: str, quoted: str) -> None:
    assert org.quoted(text) == quoted


def test_call_without_a_credential_does_not_make_the_last_one_quotable(org: Quoting) -> None:
    org.sent(httpx.Request("GET", "https://acme.okta.example/"))
    assert org.quoted("a s3cr3t b") == "a … b"


def linked(target: str) -> bytes:
    return answer([{"id": "00u1"}], headers=[("Link", NEXT.format(target))])


class EchoSchema(ma.Schema):
    """Its messages quote what came."""

    id = ma.fields.String(validate=ma.validate.OneOf(["x"], error="{input} is none"))
    table = ma.fields.Dict(values=ma.fields.Integer())


def echoing_row(item: JsonObject) -> UserRow:
    raise RowError(f"has the id {item['id']}")


async def users(okta: OktaClient) -> None:
    async for _page in okta.users():
        pass


async def echoed_rows(okta: OktaClient) -> None:
    async for _page in okta.group_members("00g1", echoing_row):
        pass


async def me(okta: OktaClient) -> None:
    await okta.me()


async def app(okta: OktaClient) -> None:
    await okta.app("0oa1", EchoSchema())


async def group_of_the_name(okta: OktaClient) -> None:
    await okta.group(TOKEN)


async def impossible_id(okta: OktaClient) -> None:
    await okta.me()
    await okta.group(f"{TOKEN}\ud800")


REFLECTIONS: Mapping[
    str, tuple[Callable[[OktaClient], Awaitable[None]], Callable[[str, str], bytes], str]
] = {
    "link's host": (users, lambda host, it: linked(f"http://{it}.evil.example/api/v1/users"), "another host"),
    "link's path": (users, lambda host, it: linked(f"http://{host}/{it}"), "another path"),
    "link's path, encoded": (
        users,
        lambda host, it: linked(f"http://{host}/{''.join(f'%{ord(mark):x}' for mark in it)}"),
        "another path",
    ),
    "redirect": (me, lambda host, it: redirect(f"https://{it}.example/"), "a redirect"),
    "summary": (me, lambda host, it: okta_error(400, "E0000001", f"no {it} here"), "no … here"),
    "code": (me, lambda host, it: okta_error(400, it), "refused the call"),
    "request id": (me, lambda host, it: okta_error(400, "E1", "", [("X-Okta-Request-Id", it)]), "request …"),
    "field's value": (app, lambda host, it: answer({"id": it}), "… is none"),
    "field's name": (app, lambda host, it: answer({"id": "x", "table": {it: "y"}}), "valid integer"),
    "item": (echoed_rows, lambda host, it: answer([{"id": it}]), "item 0 of the list has the id …"),
    "id in the path": (group_of_the_name, lambda host, it: answer([]), "groups/…: the answer is a list"),
    "impossible id": (impossible_id, lambda host, it: answer({"id": "00u1"}), "isn't Unicode"),
}


def redirect(location: str) -> bytes:
    return answer(b"", status=302, headers=[("Location", location)])


@pytest.mark.parametrize("change", [str, str.upper], ids=["as it is", "in capitals"])
@pytest.mark.parametrize(("read", "reply", "said"), REFLECTIONS.values(), ids=REFLECTIONS)
async def test_credential_that_a_reply_sends_back_is_in_no_error(
    okta: OktaClient,
    server: Responder,
    token: str,
    read: Callable[[OktaClient], Awaitable[None]],
    reply: Callable[[str, str], bytes],
    said: str,
    change: Callable[[str], str],
) -> None:
    server.respond = lambda request: (
        okta_error(404, "E0000008") if "well-known" in request.target else reply(server.host, change(token))
    )
    with pytest.raises(ProviderError, match=said) as caught:
        await read(okta)
    error = caught.value
    told = f"{error} {error.hint} {error.provider_code} {error.request_id} {error.path}"
    assert token.lower() not in told.lower()


async def test_credential_that_came_back_as_an_id_is_in_no_progress(
    okta: OktaClient, server: Responder, token: str, watcher: Watcher
) -> None:
    server.answers = [answer({"id": "00u1"}), okta_error(500, "E0000009"), answer({"id": "00g1"})]
    await okta.me()
    await okta.group(token)
    assert watcher.requests[1:] == ["GET /api/v1/groups/…"] * 2
    assert watcher.waits == [(0.5, "GET /api/v1/groups/… failed (500), trying again")]
