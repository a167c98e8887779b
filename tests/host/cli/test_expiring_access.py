"""``access`` says when access ends by itself: only where every path of it does."""

from datetime import datetime, timedelta

import pytest

from tests.host.vaults import ADMIN, PROD


@pytest.fixture
def ben(vault, rolecall):
    """Gives Ben things, syncs, and says when his Admin role ends, in hours from now, or None."""

    def after(*grants):
        for entitlement, *options in grants:
            given = rolecall("grant", "vault", entitlement, "user:u2", "--yes", *options, "-o", "json")
            assert given.code == 0
        assert rolecall("sync").code == 0
        (row,) = rolecall("access", "--user", "ben@acme.example", "--role", "Admin", "-o", "json").json
        ends = row["expires_at"] and datetime.fromisoformat(row["expires_at"])
        return ends and round((ends - datetime.now().astimezone()) / timedelta(hours=1))

    return after


@pytest.mark.parametrize(
    ("grants", "hours"),
    [
        pytest.param([(ADMIN,)], None, id="for good"),
        pytest.param([(ADMIN, "--for", "8h")], 8, id="for a time"),
        pytest.param([(ADMIN, "--for", "8h"), (ADMIN, "--for", "2h")], 8, id="two reasons, the later end"),
        pytest.param([(ADMIN, "--for", "8h"), (ADMIN,)], None, id="one reason without an end"),
        pytest.param([("group:g1:member", "--for", "3h")], 3, id="through a group"),
        pytest.param(
            [("group:g1:member", "--for", "3h"), (ADMIN, "--for", "5h")], 5, id="two paths that end"
        ),
        pytest.param([("group:g1:member",), (ADMIN, "--for", "5h")], None, id="two paths, one stays"),
    ],
)
def test_the_last_path_s_end_is_the_access_s_end(ben, grants, hours):
    assert ben(*grants) == hours


def test_what_stood_before_does_not_end(vault, ben):
    vault.set(direct={"u2": [f"{PROD}:Admin"]})

    assert ben((ADMIN, "--for", "1h")) is None


def test_of_the_past_the_ledger_says_nothing(vault, ben, rolecall):
    ben((ADMIN, "--for", "1h"))

    (row,) = rolecall("access", "--user", "ben@acme.example", "--at", "2", "-o", "json").json

    assert row["expires_at"] is None
