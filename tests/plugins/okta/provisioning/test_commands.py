"""Commands for other systems' tools: whatever a name holds, it stays one argument."""

from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rolecall_okta.provisioning.commands import (
    POWERSHELL_QUOTES,
    active_directory_command,
    ldap_command,
    powershell_quoted,
)

HOSTILE = st.text(st.sampled_from("ab $`;|&()'\"\u2018\u2019\u201a\u201b-\n,=@"), max_size=30) | st.text(
    max_size=30
)


def powershell_literal(text):
    """What PowerShell reads of a single-quoted literal at the beginning of a text, and the rest."""
    assert text[0] in POWERSHELL_QUOTES
    value, place = "", 1
    while True:
        mark = text[place]
        if mark not in POWERSHELL_QUOTES:
            value, place = value + mark, place + 1
        elif text[place + 1 : place + 2] and text[place + 1] in POWERSHELL_QUOTES:
            value, place = value + mark, place + 2
        else:
            return value, text[place + 1 :]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(
            "add",
            "Add-ADGroupMember -Identity 'CN=aws,OU=Groups,DC=acme,DC=example' -Members 'ada'",
            id="add",
        ),
        pytest.param(
            "remove",
            "Remove-ADGroupMember -Identity 'CN=aws,OU=Groups,DC=acme,DC=example' -Members 'ada' "
            "-Confirm:$false",
            id="remove",
        ),
    ],
)
def test_active_directory_gets_one_line_that_can_be_pasted(change, expected):
    assert active_directory_command(change, "CN=aws,OU=Groups,DC=acme,DC=example", "ada") == expected


@given(HOSTILE)
def test_powershell_reads_back_the_very_name(name):
    assert powershell_literal(powershell_quoted(name)) == (name, "")


@given(HOSTILE, HOSTILE)
def test_no_name_adds_anything_to_a_powershell_command(group, person):
    command = active_directory_command("remove", group, person)
    if not command:
        assert not (group and person and group.isprintable() and person.isprintable())
        return
    assert command.isprintable()
    read, rest = powershell_literal(command.removeprefix("Remove-ADGroupMember -Identity "))
    assert read == group
    assert powershell_literal(rest.removeprefix(" -Members ")) == (person, " -Confirm:$false")


@pytest.mark.parametrize("name", ["", "two\nlines", "\u202eright to left", "bell\x07", "\x1b[2J"])
def test_a_name_that_would_act_on_a_terminal_gives_no_command(name):
    assert active_directory_command("add", "aws", name) == ""
    assert active_directory_command("add", name, "ada") == ""


def test_ldap_gets_a_change_record():
    lines = ldap_command("remove", "cn=aws,dc=acme", "uid=ada,dc=acme").splitlines()
    assert lines == [
        "ldapmodify <<'END'",
        "# a group of the class groupOfUniqueNames has uniqueMember in place of member",
        "dn: cn=aws,dc=acme",
        "changetype: modify",
        "delete: member",
        "member: uid=ada,dc=acme",
        "END",
    ]


@given(HOSTILE, HOSTILE)
def test_no_name_adds_a_line_to_an_ldap_command(group, person):
    first, comment, *record, last = ldap_command("add", group, person).split("\n")
    assert (first, comment[0], last) == ("ldapmodify <<'END'", "#", "END")
    assert [line.partition(":")[0] for line in record] == ["dn", "changetype", "add", "member"]
    assert [ldif_value(record[0]), ldif_value(record[3])] == [group, person]


def ldif_value(line):
    _, _, rest = line.partition(":")
    if rest.startswith(":"):
        return b64decode(rest[1:].strip()).decode("utf-8", "surrogatepass")
    return rest.removeprefix(" ")
