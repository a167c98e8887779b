"""Web hooks get each notice signed, once where that can be told, and never by a redirect or in clear."""

import asyncio
import gzip
import hashlib
import hmac
import json
import ssl
from datetime import UTC, datetime

import pytest
import trustme

from rolecall import ConfigError, Notice, ProviderError, Refused
from rolecall.builtin.webhook.plugin import rolecall_notify
from rolecall.builtin.webhook.schema import WebhooksSchema
from rolecall.config_schemas import load_table
from rolecall.plugin_tables import LoadedSettings
from tests.host.builtin.receivers import HttpReceiver, listening

SECRET = "webhook-signing-key"
NOTICE = Notice(
    "5f0c",
    datetime(2026, 3, 1, 12, tzinfo=UTC),
    "granted",
    "aws-prod",
    "ada@acme.example was given prod/Admin.",
    {"reason": "incident <7> & more", "principal": "user:00uada"},
    ("ada@acme.example",),
    7,
)


@pytest.fixture(autouse=True)
def secret(monkeypatch):
    from rolecall.builtin.webhook import telling

    monkeypatch.setenv("HOOK_SECRET", SECRET)
    telling._had.clear()


def settings(folder, **hooks):
    problems = []
    loaded = load_table(WebhooksSchema(), hooks, "webhooks", problems)
    assert problems == []
    return LoadedSettings(folder, {"webhooks": loaded})


def signed(receiver, **more):
    return {"url": receiver.url, "secret": {"env": "HOOK_SECRET"}} | more


async def test_a_notice_is_posted_whole_and_signed(tmp_path):
    async with listening(HttpReceiver()) as receiver:
        await rolecall_notify(NOTICE, settings(tmp_path, desk=signed(receiver)))

    (request,) = receiver.requests
    assert (request.method, request.path) == ("POST", "/hook")
    assert request.headers["rolecall-notice-id"] == "5f0c"
    assert json.loads(request.body) == {
        "id": "5f0c",
        "at": "2026-03-01T12:00:00+00:00",
        "kind": "granted",
        "connector": "aws-prod",
        "summary": "ada@acme.example was given prod/Admin.",
        "facts": {"reason": "incident <7> & more", "principal": "user:00uada"},
        "to": ["ada@acme.example"],
        "task": 7,
    }
    at, digest = (part.split("=")[1] for part in request.headers["rolecall-signature"].split(","))
    expected = hmac.new(SECRET.encode(), at.encode() + b"." + request.body, hashlib.sha256).hexdigest()
    assert digest == expected
    assert abs(datetime.now(UTC).timestamp() - int(at)) < 60


async def test_nothing_configured_is_nothing_to_do(tmp_path):
    assert await rolecall_notify(NOTICE, LoadedSettings(tmp_path)) is None


@pytest.mark.parametrize(
    ("answer", "ticket"),
    [
        pytest.param(b'{"ticket": "CHG0031337"}', "CHG0031337", id="a ticket"),
        pytest.param(b"ok", None, id="no JSON"),
        pytest.param(b'["ticket"]', None, id="a list"),
        pytest.param(b'{"ticket": 7}', None, id="a number"),
        pytest.param(b'{"ticket": "a\\u001b[2J"}', None, id="steering a terminal"),
        pytest.param(b'{"ticket": "' + b"x" * 300 + b'"}', None, id="endless"),
        pytest.param(b"[" * 70_000, None, id="too long to read"),
        pytest.param(b"[" * 60_000, None, id="nested deeply"),
        pytest.param(b'{"ticket": ""}', None, id="empty"),
    ],
)
async def test_the_receivers_ticket_is_given_back(tmp_path, answer, ticket):
    async with listening(HttpReceiver([(201, answer)])) as receiver:
        assert await rolecall_notify(NOTICE, settings(tmp_path, desk=signed(receiver))) == ticket


async def test_an_answer_is_not_unpacked_for_it_may_be_a_bomb(tmp_path):
    packed = gzip.compress(b'{"ticket": "CHG0031337"}')
    receiver = HttpReceiver([(200, packed)], headers="Content-Encoding: gzip\r\n")
    async with listening(receiver):
        assert await rolecall_notify(NOTICE, settings(tmp_path, desk=signed(receiver))) is None

    assert receiver.requests[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        *[(status, Refused) for status in (400, 401, 404, 410, 422)],
        *[(status, ProviderError) for status in (302, 307, 408, 429, 500, 502, 503)],
    ],
)
async def test_what_the_receiver_answers_decides_whether_it_is_tried_again(tmp_path, status, error):
    receiver = HttpReceiver(
        [(status, b"secret detail")], headers="Location: http://127.0.0.1:9/elsewhere\r\n"
    )
    async with listening(receiver):
        with pytest.raises(error) as caught:
            await rolecall_notify(NOTICE, settings(tmp_path, desk=signed(receiver)))

    assert caught.value.message.startswith(f"web hook desk answered {status}")
    assert "secret detail" not in caught.value.message
    assert len(receiver.requests) == 1


async def test_a_receiver_that_is_silent_or_away_is_tried_again(tmp_path):
    async with listening(HttpReceiver(delay=5)) as slow:
        table = settings(tmp_path, desk=signed(slow, timeout="1s"))
        with pytest.raises(ProviderError, match="didn't answer in time"):
            await rolecall_notify(NOTICE, table)
    with pytest.raises(ProviderError, match=r"can't be reached \(ConnectError\)"):
        await rolecall_notify(NOTICE, table)


async def test_only_the_kinds_that_it_wants_are_sent(tmp_path):
    async with listening(HttpReceiver()) as receiver:
        table = settings(tmp_path, desk=signed(receiver, kinds=["handoff", "handoff_overdue"]))
        await rolecall_notify(NOTICE, table)

    assert receiver.requests == []


async def test_a_web_hook_that_got_the_notice_isnt_called_again_for_the_sake_of_another(tmp_path):
    async with listening(HttpReceiver()) as chat, listening(HttpReceiver([(503, b""), (200, b"")])) as desk:
        table = settings(tmp_path, chat={"url": chat.url, "format": "slack"}, desk=signed(desk))
        with pytest.raises(ProviderError):
            await rolecall_notify(NOTICE, table)
        await rolecall_notify(NOTICE, table)

    assert (len(chat.requests), len(desk.requests)) == (1, 2)


async def test_a_web_hook_that_refuses_keeps_no_other_from_its_ticket(tmp_path, caplog):
    async with (
        listening(HttpReceiver([(410, b"")])) as gone,
        listening(HttpReceiver([(200, b'{"ticket": "T-1"}')])) as desk,
    ):
        ticket = await rolecall_notify(NOTICE, settings(tmp_path, old=signed(gone), desk=signed(desk)))

    assert ticket == "T-1"
    assert "web hook old answered 410" in caplog.text


async def test_slack_gets_one_message_in_which_nothing_is_markup(tmp_path):
    hostile = Notice(
        "1",
        NOTICE.at,
        "granted",
        "aws-prod",
        "<!channel> <https://evil.example|click> & \u202e*bold*",
        {"reason": "x\ny"},
    )
    async with listening(HttpReceiver()) as receiver:
        await rolecall_notify(hostile, settings(tmp_path, chat={"url": receiver.url, "format": "slack"}))

    message = json.loads(receiver.requests[0].body)
    assert message == {
        "text": "&lt;!channel&gt; &lt;https://evil.example|click&gt; &amp; \\u202e*bold*\n\n"
        "Connector: aws-prod\nReason: x\\ny",
        "mrkdwn": False,
        "unfurl_links": False,
        "unfurl_media": False,
    }
    assert "rolecall-signature" not in receiver.requests[0].headers


async def test_a_url_that_is_kept_elsewhere_is_judged_when_it_is_read_and_never_told(tmp_path, monkeypatch):
    monkeypatch.setenv("HOOK_URL", "http://hooks.acme.example/services/T0/very-secret")
    table = settings(tmp_path, chat={"url": {"env": "HOOK_URL"}, "format": "slack"})

    with pytest.raises(ConfigError) as caught:
        await rolecall_notify(NOTICE, table)

    assert caught.value.message == "the URL of web hook chat must begin with https://"
    assert "very-secret" not in repr(table)


async def test_https_is_believed_only_with_a_certificate_that_is_trusted(tmp_path, monkeypatch):
    authority = trustme.CA()
    (tmp_path / "ca.pem").write_bytes(authority.cert_pem.bytes())
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server_side)

    async with listening(HttpReceiver(), ssl=server_side) as receiver:
        table = settings(
            tmp_path,
            desk={"url": f"https://127.0.0.1:{receiver.port}/", "secret": {"env": "HOOK_SECRET"}},
        )
        with pytest.raises(ProviderError, match="can't be reached"):
            await rolecall_notify(NOTICE, table)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        await rolecall_notify(NOTICE, table)

    assert len(receiver.requests) == 1


async def test_a_proxy_is_no_way_to_this_machine(tmp_path, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")

    async with listening(HttpReceiver()) as receiver:
        await rolecall_notify(NOTICE, settings(tmp_path, desk=signed(receiver)))

    assert len(receiver.requests) == 1


def test_every_mistake_in_the_table_is_named():
    key = {"env": "HOOK_SECRET"}
    table = {
        "clear": {"url": "http://hooks.acme.example/", "secret": key},
        "odd": {"url": "https://user:pw@hooks.acme.example/", "secret": key},
        "none": {"url": "https://[", "secret": key, "knds": []},
        "split": {"url": "https://hooks.acme.example/\r\nX: y", "secret": key},
        "unsigned": {"url": "https://hooks.acme.example/"},
        "chat": {"url": "https://hooks.slack.example/services/T0/B0/x", "format": "slack"},
        "wide": {
            "url": "https://hooks.acme.example/",
            "secret": "hunter2",
            "kinds": ["grated"],
            "timeout": "5m",
        },
    }
    problems = []

    load_table(WebhooksSchema(), table | {"seven": 7}, "webhooks", problems)

    assert problems[:5] == [
        "webhooks.clear.url: must begin with https://",
        "webhooks.odd.url: must not hold a name or a password",
        "webhooks.none.url: is no URL",
        "webhooks.none.knds: unknown key (did you mean 'kinds'?)",
        "webhooks.split.url: is no URL",
    ]
    assert problems[5:7] == [
        "webhooks.unsigned.secret: missing; calls are signed with it",
        'webhooks.chat.url: whoever has this URL can post; say where it is kept: { env = "NAME" }',
    ]
    assert [problem.split(":")[0] for problem in problems[7:]] == [
        "webhooks.wide.secret",
        "webhooks.wide.kinds[0]",
        "webhooks.wide.timeout",
        "webhooks.seven",
    ]
    assert "hunter2" not in str(problems)


async def test_telling_can_be_stopped_at_once(tmp_path):
    async with listening(HttpReceiver(delay=5)) as receiver:
        telling = asyncio.create_task(rolecall_notify(NOTICE, settings(tmp_path, desk=signed(receiver))))
        await receiver.asked.wait()
        telling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await telling
