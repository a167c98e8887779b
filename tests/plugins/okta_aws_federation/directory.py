"""An identity source in memory: what a directory connector would have published of an organisation."""

from datetime import UTC, datetime

from rolecall import MEMBER, EntitlementRef, Ref, Resource, SourceChanges


class Directory:
    """One run of it, of the organisation as it is when this is made.

    ``members_of`` are the groups whose members it holds, ``before`` is the run that it can tell changes from.
    """

    connector, finished_at = "okta-prod", datetime(2026, 1, 1, tzinfo=UTC)
    covers_people = True

    def __init__(self, org, run_id=1, members_of=None, covers=True, before=None):
        self.run_id = run_id
        self._covers = covers
        self._before = before
        self.things = {Ref("user", user.id): _person(user) for user in org.users}
        self.things |= {Ref("group", group.id): _group(group) for group in org.groups}
        self.members = {
            EntitlementRef(Ref("group", group.id), MEMBER): [Ref("user", u.id) for u in org.members_of(group)]
            for group in (org.groups if members_of is None else members_of)
        }

    def covers(self, resource_type):
        return self._covers if resource_type == "group" else self.covers_people

    def resources(self, resource_type):
        return iter([each for ref, each in self.things.items() if ref.type == resource_type])

    def find(self, refs):
        return iter([self.things[ref] for ref in refs if ref in self.things])

    def holders(self, entitlements):
        return iter([(ref, self.members[ref]) for ref in entitlements if ref in self.members])

    def changes_since(self, run_id):
        if run_id == self.run_id:
            return SourceChanges(frozenset(), {})
        if self._before is None or self._before.run_id != run_id:
            return None
        return SourceChanges(
            frozenset(_moved(self._before.things, self.things)),
            {
                member: frozenset({*self._before.members.get(member, ())} ^ {*self.members.get(member, ())})
                for member in _moved(self._before.members, self.members)
            },
        )


def _moved(before, after):
    return {key for key in before | after if before.get(key) != after.get(key)}


def _person(user):
    profile = {
        "login": user.login,
        "email": user.profile["email"],
        "first_name": user.profile["firstName"],
        "last_name": user.profile["lastName"],
    }
    name = f"{profile['first_name']} {profile['last_name']}"
    return Resource(Ref("user", user.id), name, status=user.status, profile=profile)


def _group(group):
    profile = {
        "name": group.name,
        "type": group.type,
        "source_app_id": group.source and group.source.id,
        "source_app_name": group.source and group.source.name,
    }
    return Resource(Ref("group", group.id), group.name, profile=profile)
