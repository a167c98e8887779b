import re
import time

import pytest

from rolecall_okta.simulator import Recipe, generate, sample_organisation
from rolecall_okta.simulator.generator import PATTERNS, account_id


def in_python(pattern):
    """The group filter as Okta's engine reads it, with Python's spelling of its parts."""
    named = pattern.replace("\\\\", "\\").replace("(?{{accountid}}", "(?P<account>")
    return re.compile(named.replace("(?{{role}}", "(?P<role>"))


def matching(org):
    (app,) = (each for each in org.apps if each.name == "amazon_aws")
    pattern = in_python(app.settings["groupFilter"])
    return [(group, found) for group in org.groups if (found := pattern.search(group.name))]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_role_groups_match_the_group_filter_and_others_do_not(pattern):
    org = generate(Recipe(pattern=pattern, role_groups=40, accounts=4, decoys=3))
    matched = matching(org)
    assert len(matched) == 43
    assert {found["account"] for _, found in matched} == {account_id(number) for number in range(4)}
    assert all(re.fullmatch(r"\d{12}", found["account"]) for _, found in matched)


def test_sizes_are_as_asked():
    org = generate(Recipe(people=300, groups=90, role_groups=30, app_users=100, accounts=5))
    app = next(app for app in org.apps if app.name == "amazon_aws")
    assert (len(org.users), len(org.groups)) == (300, 91)
    held = org.app_users(app)
    assert len(held) == 100
    assert {each.scope for each in held} == {"USER", "GROUP"}
    assert {"ACTIVE", "SUSPENDED", "DEPROVISIONED", "STAGED"} == {user.status for user in org.users}
    assert all(not user.groups for user in org.users if user.status == "DEPROVISIONED")


def test_it_has_decoys_directory_groups_empty_groups_and_outsiders():
    org = generate(Recipe(people=400, role_groups=100, groups=150, app_users=100))
    app = next(app for app in org.apps if app.name == "amazon_aws")
    on_app = {held.id for held in org.app_users(app)}
    groups = [group for group, _ in matching(org)]
    assert {group.source.name if group.source else "okta" for group in groups} == {
        "okta",
        "active_directory",
        "slack",
    }
    assert any(not group.members for group in groups)
    assert any(user.id not in on_app for group in groups for user in group.members)


def test_the_same_seed_gives_the_same_organisation():
    one, two, other = (generate(Recipe(mode="single", union=True), seed=seed) for seed in (5, 5, 6))

    def told(org):
        app = next(app for app in org.apps if app.name == "amazon_aws")
        return [(held.user.profile, held.scope, held.profile) for held in org.app_users(app)]

    assert told(one) == told(two) != told(other)


def test_single_account_mode_gives_roles_directly_and_through_groups():
    org = generate(Recipe(mode="single", role_groups=10))
    (app,) = org.apps
    assert len(app.assigned_groups) == 10
    assert all(held.profile["samlRoles"] for held in org.app_users(app))


def test_a_big_organisation_takes_seconds():
    started = time.process_time()
    org = generate(Recipe(people=50_000, groups=20_000, role_groups=5_000, accounts=300, app_users=15_000))
    app = next(app for app in org.apps if app.name == "amazon_aws")
    assert len(org.app_users(app)) == 15_000
    assert time.process_time() - started < 20


def test_the_sample_shows_what_the_demo_tells():
    org = sample_organisation()
    federation, data = org.app("AWS Account Federation"), org.app("AWS Data Platform")
    on_app = {held.user.login.partition("@")[0] for held in org.app_users(federation)}
    matched = [(group, found) for group, found in matching_in(org, federation)]
    assert len({found["account"] for _, found in matched}) == 3
    assert {group.source.name if group.source else "okta" for group, _ in matched} == {
        "okta",
        "active_directory",
        "slack",
    }
    assert "mallory.contractor" not in on_app
    assert any(user.login.startswith("mallory") for group, _ in matched for user in group.members)
    assert {held.user.status for held in org.app_users(federation)} >= {
        "ACTIVE",
        "SUSPENDED",
        "PASSWORD_EXPIRED",
    }
    roles = {held.user.login.partition(".")[0]: held.profile["samlRoles"] for held in org.app_users(data)}
    assert roles["ken"] == ["Incident", "DataReader"]
    assert roles["alan"] == ["DataReader"]
    assert roles["ada"] == ["DataAdmin", "DataEngineer"]
    assert data.settings["joinAllRoles"] is False


def matching_in(org, app):
    pattern = in_python(app.settings["groupFilter"])
    return [(group, found) for group in org.groups if (found := pattern.search(group.name))]
