"""The organisations that are measured, and the requests that no plan can do without, counted in them."""

from rolecall_okta.simulator import Organisation, Recipe, generate

SEED = 1
USERS_A_PAGE = GROUPS_A_PAGE = 200
MEMBERS_A_PAGE = 1000
APP_USERS_A_PAGE = 500


def recipe(mode: str, people: int) -> Recipe:
    """Every part grows with the people: 20,000 groups, 5,000 role groups and 300 accounts at 100,000."""
    return Recipe(
        people=people,
        groups=people // 5,
        role_groups=people // 20 if mode == "mapping" else 60,
        accounts=max(1, people * 300 // 100_000),
        app_users=people * 3 // 10,
        role_group_size=40 if mode == "mapping" else people // 100,
        mode=mode,
    )


def organisation(wanted: Recipe) -> Organisation:
    return generate(wanted, seed=SEED)


def minimum_alone(org: Organisation) -> int:
    """For the AWS app alone: pages of app users, app groups, the group search, and of members.

    Of the members, one request for each page of a group that matters, or one for each app user,
    whichever is less.
    """
    app = aws_app_of(org)
    app_users, assigned = org.app_users(app), org.app_groups(app)
    if app.settings["useGroupMapping"]:
        named = [group for group in org.groups if (group.name or "").startswith("aws_")]
        mattering = [group for group in named if not group.source or group.source.name == "active_directory"]
    else:
        named, mattering = [], [held.group for held in assigned]
    by_group = sum(pages(len(group.members), MEMBERS_A_PAGE) for group in mattering)
    return minimum_of_app(org) + pages(len(named), GROUPS_A_PAGE) + min(by_group, len(app_users))


def minimum_of_app(org: Organisation) -> int:
    """Pages of app users and app groups: what an identity source can't give."""
    app = aws_app_of(org)
    return pages(len(org.app_users(app)), APP_USERS_A_PAGE) + pages(len(org.app_groups(app)), GROUPS_A_PAGE)


def minimum_of_directory(org: Organisation) -> int:
    """Pages of people, of groups, and of the members of every group that has any."""
    members = sum(pages(len(group.members), MEMBERS_A_PAGE) for group in org.groups)
    return pages(len(org.users), USERS_A_PAGE) + pages(len(org.groups), GROUPS_A_PAGE) + members


def aws_app_of(org: Organisation):
    (app,) = (app for app in org.apps if app.name == "amazon_aws")
    return app


def pages(items: int, size: int) -> int:
    return -(-items // size)
