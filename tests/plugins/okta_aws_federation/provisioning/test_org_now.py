"""The rules for what follows from a change, against what a login gives in an organisation changed so."""

from hypothesis import given, settings
from hypothesis import strategies as st

from rolecall_okta_aws_federation.provisioning.org_now import (
    AppGroup,
    assigned_directly,
    group_assigned,
    group_unassigned,
    joins,
    leaves,
    not_assigned_directly,
)
from tests.plugins.okta_aws_federation.provisioning.small_orgs import (
    PROFILES,
    by_login,
    by_rules,
    in_ids,
    org_now,
    organisations,
)


@settings(max_examples=150, deadline=None)
@given(organisations())
def test_the_rules_have_it_as_a_login_has_it(made):
    org, app = made

    assert in_ids(by_rules(org_now(org, app))) == by_login(org, app)


@settings(max_examples=200, deadline=None)
@given(organisations(), st.data())
def test_after_any_changes_the_rules_have_it_as_a_login_has_it(made, data):
    org, app = made
    foreseen = org_now(org, app)
    for _ in range(data.draw(st.integers(1, 4), label="changes")):
        change = data.draw(st.sampled_from(CHANGES), label="change")(org, app, data)
        if change is not None:
            foreseen = change(foreseen)

    assert in_ids(by_rules(foreseen)) == by_login(org, app)
    assert foreseen.people.keys() == org_now(org, app).people.keys()
    now = org_now(org, app)
    assert {each.id: each.scope for each in foreseen.people.values()} == {
        each.id: each.scope for each in now.people.values()
    }


def a_person(org, data):
    return data.draw(st.sampled_from(list(org.users)), label="person")


def a_group(org, data):
    return data.draw(st.sampled_from([each for each in org.groups if each.type != "BUILT_IN"]), label="group")


def somebody_joins(org, app, data):
    person, group = a_person(org, data), a_group(org, data)
    if person in group.members:
        return None
    org.add_member(group, person)
    return joins(person.id, group.id)


def somebody_leaves(org, app, data):
    person, group = a_person(org, data), a_group(org, data)
    if person not in group.members:
        return None
    org.remove_member(group, person)
    return leaves(person.id, group.id)


def somebody_is_assigned(org, app, data):
    person, profile = a_person(org, data), data.draw(PROFILES, label="profile")
    org.assign_user(app, person, profile=profile)
    return assigned_directly(person.id, profile)


def somebody_is_left_to_groups(org, app, data):
    person = a_person(org, data)
    if person.id not in app.direct:
        return None
    org.unassign_user(app, person)
    return not_assigned_directly(person.id)


def a_group_is_assigned_so(org, app, data):
    group, profile = a_group(org, data), data.draw(PROFILES, label="profile")
    before = app.assigned_groups.get(group.id)
    org.assign_group(app, group, priority=before.priority if before else None, profile=profile)
    priority = app.assigned_groups[group.id].priority
    return group_assigned(AppGroup(group.id, group.name, priority, profile))


def a_group_is_unassigned(org, app, data):
    group = a_group(org, data)
    if group.id not in app.assigned_groups:
        return None
    org.unassign_group(app, group)
    return group_unassigned(group.id)


CHANGES = (
    somebody_joins,
    somebody_leaves,
    somebody_is_assigned,
    somebody_is_left_to_groups,
    a_group_is_assigned_so,
    a_group_is_unassigned,
)
