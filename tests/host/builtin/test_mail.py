"""E-mail reaches those concerned in plain text, and nothing in a notice can make it say more than it says."""

import email
import email.policy
import ssl
from datetime import UTC, datetime

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from rolecall import AuthRefused, ConfigError, HandOff, Notice, ProviderError, Ref, Refused, notices
from rolecall.builtin.mail.message import message_of
from rolecall.builtin.mail.plugin import rolecall_notify
from rolecall.builtin.mail.schema import Mail, MailSchema
from rolecall.config_schemas import load_table
from rolecall.models import EntitlementRef
from rolecall.plugin_tables import LoadedSettings
from tests.host.builtin.receivers import SmtpReceiver, listening

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOTICE = Notice(
    "5f0c",
    AT,
    "granted",
    "aws-prod",
    "Zoë was given prod/Admin.",
    {"reason": "incident"},
    ("zoe@acme.example",),
    7,
)
MAIL = Mail("localhost", 25, "rolecall@acme.example")


@pytest.fixture(autouse=True)
def password(monkeypatch):
    monkeypatch.setenv("MAIL_PASSWORD", "hunter2")


@pytest.fixture
def authority(tmp_path, monkeypatch):
    authority = trustme.CA()
    (tmp_path / "ca.pem").write_bytes(authority.cert_pem.bytes())
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return authority


@pytest.fixture
def server_side(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


def settings(folder, receiver, **more):
    table = {
        "host": "127.0.0.1",
        "port": receiver.port,
        "from": "rolecall@acme.example",
        "tls": "none",
    } | more
    problems = []
    loaded = load_table(MailSchema(), table, "mail", problems)
    assert problems == []
    return LoadedSettings(folder, {"mail": loaded})


def parsed(text):
    return email.message_from_bytes(text, policy=email.policy.default)


async def test_a_notice_is_mailed_to_those_concerned_and_to_who_always_gets_them(tmp_path):
    async with listening(SmtpReceiver()) as receiver:
        await rolecall_notify(NOTICE, settings(tmp_path, receiver, to=["ops@acme.example"]))

    (mailed,) = receiver.messages
    message = parsed(mailed.text)
    assert (mailed.sender, mailed.recipients) == (
        "rolecall@acme.example",
        ["zoe@acme.example", "ops@acme.example"],
    )
    assert message["Subject"] == "Rolecall: Zoë was given prod/Admin."
    assert message["Message-ID"] == "<5f0c@acme.example>"
    assert message["Date"].datetime == AT
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "text/plain"
    assert message.get_content().splitlines() == [
        "Zoë was given prod/Admin.",
        "",
        "Connector: aws-prod",
        "Task: 7",
        "Reason: incident",
    ]


async def test_nothing_configured_or_nobody_to_write_to_is_nothing_to_do(tmp_path):
    nobody = Notice("1", AT, "granted", "aws-prod", "Hello.")
    async with listening(SmtpReceiver()) as receiver:
        await rolecall_notify(NOTICE, LoadedSettings(tmp_path))
        await rolecall_notify(nobody, settings(tmp_path, receiver))

    assert receiver.commands == []


async def test_the_log_in_and_the_message_go_over_starttls(tmp_path, server_side):
    receiver = SmtpReceiver(tls=server_side)
    async with listening(receiver):
        table = settings(
            tmp_path, receiver, tls="starttls", username="rolecall", password={"env": "MAIL_PASSWORD"}
        )
        await rolecall_notify(NOTICE, table)

    assert (receiver.messages[0].secure, receiver.messages[0].login) == (True, ("rolecall", "hunter2"))


async def test_tls_from_the_first_byte_works_too(tmp_path, server_side):
    async with listening(SmtpReceiver(), ssl=server_side) as receiver:
        await rolecall_notify(NOTICE, settings(tmp_path, receiver, tls="tls"))

    assert len(receiver.messages) == 1


async def test_a_server_that_offers_no_tls_gets_neither_password_nor_message(tmp_path):
    receiver = SmtpReceiver(refuse={"STARTTLS": "502 what?"})
    async with listening(receiver):
        table = settings(
            tmp_path, receiver, tls="starttls", username="rolecall", password={"env": "MAIL_PASSWORD"}
        )
        with pytest.raises(ProviderError, match="offers no TLS"):
            await rolecall_notify(NOTICE, table)

    assert not [command for command in receiver.commands if command.startswith(("AUTH", "MAIL"))]


async def test_a_server_whose_certificate_nobody_vouches_for_gets_nothing(tmp_path, server_side, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    receiver = SmtpReceiver(tls=server_side)
    async with listening(receiver):
        with pytest.raises(ProviderError, match="SSLCertVerificationError"):
            await rolecall_notify(NOTICE, settings(tmp_path, receiver, tls="starttls"))

    assert receiver.messages == []


@pytest.mark.parametrize(
    ("receiver", "error", "said"),
    [
        pytest.param(SmtpReceiver(refuse={"RCPT": "550 no"}), Refused, "for nobody", id="unknown to it"),
        pytest.param(SmtpReceiver(refuse={"RCPT": "450 later"}), ProviderError, "450", id="greylisted"),
        pytest.param(SmtpReceiver(taken="554 spam"), Refused, "554", id="taken for spam"),
        pytest.param(SmtpReceiver(taken="452 full"), ProviderError, "452", id="its disk is full"),
        pytest.param(SmtpReceiver(refuse={"MAIL": "421 busy"}), ProviderError, "421", id="busy"),
        pytest.param(SmtpReceiver(password="other"), AuthRefused, "refuses rolecall", id="wrong password"),
    ],
)
async def test_what_the_server_answers_decides_whether_it_is_tried_again(tmp_path, receiver, error, said):
    async with listening(receiver):
        table = settings(tmp_path, receiver, username="rolecall", password={"env": "MAIL_PASSWORD"})
        with pytest.raises(error, match=said) as caught:
            await rolecall_notify(NOTICE, table)

    assert "hunter2" not in str(caught.value)


async def test_a_server_that_is_away_and_a_password_that_is_nowhere_are_told(tmp_path, monkeypatch):
    async with listening(SmtpReceiver()) as receiver:
        plain = settings(tmp_path, receiver)
        locked = settings(tmp_path, receiver, username="rolecall", password={"env": "MAIL_PASSWORD"})
    monkeypatch.delenv("MAIL_PASSWORD")

    with pytest.raises(ProviderError, match=r"can't be reached \(ConnectionRefusedError\)"):
        await rolecall_notify(NOTICE, plain)
    with pytest.raises(ConfigError, match="MAIL_PASSWORD is not set"):
        await rolecall_notify(NOTICE, locked)


async def test_what_was_taken_stays_taken_when_the_server_says_no_farewell(tmp_path):
    receiver = SmtpReceiver(refuse={"QUIT": "500 never"})
    async with listening(receiver):
        await rolecall_notify(NOTICE, settings(tmp_path, receiver))

    assert len(receiver.messages) == 1


async def test_one_recipient_who_is_refused_keeps_no_other_from_the_message(tmp_path, caplog):
    receiver = SmtpReceiver(refuse={"RCPT TO:<ZOE": "550 no"})
    async with listening(receiver):
        await rolecall_notify(NOTICE, settings(tmp_path, receiver, to=["ops@acme.example"]))

    assert receiver.messages[0].recipients == ["ops@acme.example"]
    assert "refuses the recipient zoe@acme.example" in caplog.text


def test_a_hand_off_is_mailed_with_all_that_is_needed_to_work_by_it():
    about = notices.About(
        AT, "aws-prod", EntitlementRef(Ref("account", "1"), "Admin"), Ref("user", "00u"), "ada@acme.example"
    )
    handoff = HandOff(
        "Active Directory",
        "remove",
        Ref("group", "00g1"),
        {"name": "Admins", "dn": "CN=Admins"},
        Ref("user", "00u"),
        {"login": "ada@acme.example"},
        "Ada can't assume Admin any more.",
        "ldapmodify <<'END'\ndn: CN=Admins\nEND",
    )

    message = message_of(notices.handed_off(about, handoff, AT, 7, to=["ad-team@acme.example"]), MAIL)

    assert message.get_content().splitlines()[-8:] == [
        "To do: Remove the person from the group.",
        "System: Active Directory",
        "Group: group:00g1 (name Admins, dn CN=Admins)",
        "Person: user:00u (login ada@acme.example)",
        "Effect: Ada can't assume Admin any more.",
        "Command: ldapmodify <<'END'",
        "dn: CN=Admins",
        "END",
    ]


@given(
    st.text(), st.text(), st.lists(st.text() | st.just("ada@acme.example"), max_size=3), st.text(min_size=1)
)
def test_no_text_from_outside_adds_a_header_a_line_or_a_recipient(summary, reason, to, ident):
    mail = Mail("localhost", 25, "rolecall@acme.example", to=("ops@acme.example",))
    notice = Notice(ident, AT, "granted", "aws-prod", summary, {"reason": reason}, tuple(to))

    message = parsed(message_of(notice, mail).as_bytes())

    assert message.keys() == [
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "Auto-Submitted",
        "Content-Type",
        "Content-Transfer-Encoding",
        "MIME-Version",
    ]
    assert {each.addr_spec for each in message["To"].addresses} <= {"ada@acme.example", "ops@acme.example"}
    assert len(message.get_content().splitlines()) == (4 if reason else 3)
    assert not message.defects


atoms = st.text("aZ0!#$%&'*+/=?^_`{|}~-", min_size=1, max_size=6)
labels = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,3}[a-z0-9])?", fullmatch=True)
addresses = st.builds(
    lambda local, host: f"{'.'.join(local)}@{'.'.join(host)}",
    st.lists(atoms, min_size=1, max_size=3),
    st.lists(labels, min_size=1, max_size=3),
)


@given(st.lists(addresses, min_size=1, max_size=4, unique=True))
def test_every_address_is_written_to_as_it_is(to):
    message = message_of(Notice("1", AT, "granted", "aws-prod", "Hello.", to=tuple(to)), MAIL)

    assert [each.addr_spec for each in parsed(message.as_bytes())["To"].addresses] == to


@pytest.mark.parametrize(
    "address", ["a@b\r\nBcc: eve@evil.example", "a@b, eve@evil.example", "<a@b>", "a b@c", "é@b"]
)
def test_what_is_no_address_is_not_written_to(address):
    assert message_of(Notice("1", AT, "granted", "aws-prod", "Hello.", to=(address,)), MAIL) is None


def test_every_mistake_in_the_table_is_named():
    table = {
        "host": "mail.acme.example",
        "form": "x",
        "to": ["Ada <ada@acme.example>"],
        "port": 0,
        "password": "x",
    }
    problems = []

    load_table(MailSchema(), table, "mail", problems)
    load_table(
        MailSchema(),
        {"host": "10.0.0.1", "from": "r@acme.example", "tls": "none", "username": "u"},
        "mail",
        problems,
    )

    assert sorted(problems) == [
        "mail.form: unknown key (did you mean 'from'?)",
        "mail.from: missing",
        (
            'mail.password: a secret is never written here; say where it is: { env = "NAME" }, '
            '{ file = "PATH" } or { keyring = "SERVICE/USER" }'
        ),
        "mail.password: missing, since there is a username",
        "mail.port: must be from 1 to 65535",
        'mail.tls: "none" is for a server on this machine only',
        'mail.to[0]: must be an e-mail address, such as "rolecall@acme.example"',
    ]
