"""A run that lost too much isn't published, unless what it lost is really gone, or was announced."""

import pytest

from tests.host.clubs import Club, install_clubs


@pytest.fixture
def club(workspace, site, rolecall):
    """A club of a hundred people in one team, synced once."""
    install_clubs(site)
    club = Club(workspace / "club.json")
    club.fill(100)
    (workspace / "rolecall.toml").write_text(club.toml("club"))
    assert rolecall("sync").code == 0
    return club


def leave(club, count):
    """So many people really leave, from the club and its team."""
    for person in list(club.state["persons"])[:count]:
        del club.state["persons"][person]
        club.state["teams"]["core"].remove(person)
    club.save()


def hide(club, count):
    """So many people are left out of every list, but are still there."""
    club.set(hidden=[["person", person] for person in list(club.state["persons"])[:count]])


def held(rolecall):
    return len(rolecall("grants", "-o", "json").json)


@pytest.mark.parametrize("count", [1, 10])
def test_a_list_that_comes_back_short_is_never_published(club, rolecall, count):
    hide(club, count)

    result = rolecall("sync", "--full", "-o", "json")

    assert (result.code, result.error["code"]) == (3, "list_short")
    assert result.json["runs"][0]["status"] == "refused"
    assert f"no longer lists {count} of 100 " in result.error["message"]
    assert "are still there: a list came back short" in result.error["message"]
    assert "--accept-shrink=" in result.error["hint"]
    assert held(rolecall) == 101


def test_what_is_really_gone_is_published(club, rolecall):
    leave(club, 10)

    result = rolecall("sync", "--full", "-o", "json")

    assert (result.code, result.json["runs"][0]["removed"]) == (0, 10)
    log = rolecall("logs", "club", "-o", "table").out.decode()
    assert "10 of 100 grants of type team are no longer listed; asked about 10 of them: 10 are gone" in log


def test_a_reorganisation_is_published_after_one_confirmation(club, rolecall):
    leave(club, 30)

    refused = rolecall("sync", "--full", "-o", "json")
    accepted = rolecall("sync", "club", "--full", "--accept-shrink", "team", "-o", "json")

    assert (refused.code, refused.error["code"]) == (3, "shrink_refused")
    assert "30 of 100 grants of type team" in refused.error["message"]
    assert refused.error["hint"].endswith("rolecall sync club --accept-shrink=team")
    assert (accepted.code, held(rolecall)) == (0, 71)


def test_a_loss_that_nobody_can_tell_of_is_left_to_the_circuit_breaker(club, rolecall):
    hide(club, 10)
    club.set(mute=True)

    assert rolecall("sync", "--full").code == 0
    assert "of 10 it can't be told" in rolecall("logs", "club", "-o", "table").out.decode()


def test_an_incremental_run_is_guarded_too(club, rolecall):
    club.put("team", "core", list(club.state["persons"])[:50])

    result = rolecall("sync", "-o", "json")

    assert (result.json["runs"][0]["mode"], result.error["code"]) == ("incremental", "shrink_refused")
    assert held(rolecall) == 101


def test_an_incremental_run_that_reads_a_list_short_is_not_published(club, rolecall):
    hide(club, 10)
    club.log("team", "core", "team.put")

    result = rolecall("sync", "-o", "json")

    assert (result.json["runs"][0]["mode"], result.error["code"]) == ("incremental", "list_short")
    assert "10 of 100 grants of type team" in result.error["message"]
    assert held(rolecall) == 101


def test_a_list_that_disagrees_with_the_providers_count_is_refused(club, rolecall):
    club.set(counts={"core": [100, 106]}, mute=True)

    refused = rolecall("sync", "--full", "-o", "json")
    accepted = rolecall("sync", "--full", "--accept-shrink=team", "-o", "json")
    again = rolecall("sync", "--full", "-o", "json")

    assert (refused.code, refused.error["code"]) == (3, "totals_disagree")
    assert "6 of 106 grants of type team are missing from its lists" in refused.error["message"]
    for result in (refused, accepted, again):
        (finding,) = result.json["runs"][0]["findings"]
        assert (finding["code"], finding["subject"]) == ("list_short", "team:core")
    assert (accepted.code, again.code) == (0, 0)


def test_a_first_run_that_lacks_much_of_what_the_provider_counts_is_refused(club, workspace, rolecall):
    first = Club(workspace / "first.json")
    first.fill(60)
    first.set(counts={"core": [60, 80]})
    (workspace / "rolecall.toml").write_text(first.toml("first"))

    refused = rolecall("sync", "-o", "json")
    first.set(counts={"core": [60, 70]})
    published = rolecall("sync", "-o", "json")

    assert (refused.code, refused.error["code"]) == (3, "totals_disagree")
    assert (published.code, published.json["runs"][0]["findings"][0]["code"]) == (0, "list_short")


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        pytest.param(["club", "--accept-shrink"], ["club"], id="all types"),
        pytest.param(["club", "--accept-shrink", "team"], ["club"], id="a type after a blank"),
        pytest.param(["club", "--accept-shrink=team"], ["club"], id="a type after an equals sign"),
        pytest.param(["--accept-shrink=team", "club"], ["club"], id="a type before the name"),
        pytest.param(["--accept-shrink", "club"], ["club"], id="a name that can be nothing else"),
        pytest.param(["--accept-shrink=team", "--accept-shrink=room"], ["club", "crew"], id="two types"),
        pytest.param(["club", "--accept-shrink", "-q"], ["club"], id="an option after it"),
    ],
)
def test_what_follows_accept_shrink_is_taken_as_it_is_meant(club, workspace, rolecall, arguments, names):
    leave(club, 30)
    other = Club(workspace / "other.json")
    (workspace / "rolecall.toml").write_text(club.toml("club") + other.toml("crew"))

    result = rolecall("sync", "--full", *arguments, "-o", "json")

    assert result.code == 0, result.err
    assert [run["connector"] for run in result.json["runs"]] == names


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["--accept-shrink", "team"], "is a connector and a resource type", id="both"),
        pytest.param(["club", "--accept-shrink", "club"], "is a connector, not a resource type", id="a name"),
        pytest.param(["--accept-shrink", "club", "team"], "is a connector, not a", id="before other names"),
        pytest.param(["club", "--accept-shrink", "teem"], "type 'teem' (did you mean 'team'?)", id="typo"),
        pytest.param(["club", "--accept-shrink="], "resource type ''", id="empty"),
    ],
)
def test_what_may_be_meant_otherwise_is_refused(club, workspace, rolecall, arguments, message):
    (workspace / "rolecall.toml").write_text(club.toml("club") + club.toml("team"))

    result = rolecall("sync", *arguments, "-o", "json")

    assert result.code == 2
    assert message in result.error["message"]
    assert result.error["hint"]
    assert len(rolecall("runs", "-o", "json").json) == 1
