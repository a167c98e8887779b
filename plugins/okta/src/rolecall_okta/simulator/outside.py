"""What another administrator does: one change of an org, described as data.

    {"do": "add_member", "group": "Admins", "user": "ada@acme.example"}
    {"do": "assign_group", "app": "AWS", "group": "Admins", "priority": 2, "profile": {"role": "Admin"}}

Users are named by id or login, groups by id or name, apps by id or label, rules by id or name.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, TypeVar

from rolecall_okta.simulator.objects import App, Group, GroupRule, User
from rolecall_okta.simulator.organisation import Organisation
from rolecall_okta.simulator.raw_json import ABSENT, JsonObject

Found = TypeVar("Found")


def outside(org: Organisation, asked: JsonObject) -> None:
    """Make the change that ``asked`` describes.

    Raises:
        ValueError: There is no such change, or it lacks something.
        LookupError: It names something that isn't there.
    """
    change = _CHANGES.get(str(asked.get("do")))
    if change is None:
        msg = f"do: one of {', '.join(_CHANGES)}"
        raise ValueError(msg)
    change(_Named(org, asked))


class _Named:
    """The objects that a change names."""

    def __init__(self, org: Organisation, asked: JsonObject) -> None:
        self.org = org
        self.asked = asked

    @property
    def user(self) -> User:
        return self._found("user", self.org.user)

    @property
    def group(self) -> Group:
        return self._found("group", self.org.group)

    @property
    def app(self) -> App:
        return self._found("app", self.org.app)

    @property
    def rule(self) -> GroupRule:
        return self._found("rule", self._rule)

    def value(self, name: str) -> Any:
        if name not in self.asked:
            msg = f"{self.asked['do']}: {name} is missing"
            raise ValueError(msg)
        return self.asked[name]

    def _found(self, name: str, look_up: Callable[[str], Found | None]) -> Found:
        wanted = str(self.value(name))
        found = look_up(wanted)
        if found is None:
            msg = f"no {name} {wanted!r}"
            raise LookupError(msg)
        return found

    def _rule(self, wanted: str) -> GroupRule | None:
        return next((rule for rule in self.org.rules if wanted in (rule.id, rule.name)), None)


def _add_member(named: _Named) -> None:
    named.org.add_member(named.group, named.user)


def _remove_member(named: _Named) -> None:
    named.org.remove_member(named.group, named.user)


def _rename_group(named: _Named) -> None:
    named.org.rename(named.group, named.value("name"))


def _rename_user(named: _Named) -> None:
    named.org.rename(named.user, named.value("name"))


def _set_status(named: _Named) -> None:
    named.user.status = named.value("status")


def _deactivate(named: _Named) -> None:
    named.org.deactivate(named.user)


def _delete_user(named: _Named) -> None:
    named.org.delete_user(named.user)


def _delete_group(named: _Named) -> None:
    named.org.delete_group(named.group)


def _assign_user(named: _Named) -> None:
    named.org.assign_user(named.app, named.user, profile=named.asked.get("profile", {}))


def _unassign_user(named: _Named) -> None:
    if named.user.id not in named.app.direct:
        msg = f"{named.user.login} has no assignment of their own to {named.app.label}"
        raise LookupError(msg)
    named.org.unassign_user(named.app, named.user)


def _assign_group(named: _Named) -> None:
    """What is left out stays as it is, if the group is assigned."""
    app, group, asked = named.app, named.group, named.asked
    held = app.assigned_groups.get(group.id)
    if held is None:
        priority, profile = asked.get("priority"), asked.get("profile", ABSENT)
        named.org.assign_group(app, group, priority=priority, profile=profile)
    else:
        held.profile = asked.get("profile", held.profile)
        held.priority = asked.get("priority", held.priority)


def _unassign_group(named: _Named) -> None:
    if named.group.id not in named.app.assigned_groups:
        msg = f"{named.group.name} is not assigned to {named.app.label}"
        raise LookupError(msg)
    named.org.unassign_group(named.app, named.group)


def _set_settings(named: _Named) -> None:
    named.org.change_settings(named.app, **named.value("settings"))


def _set_profile(named: _Named) -> None:
    """Of a person; what is left out stays as it is."""
    named.user.profile = {**named.user.profile, **named.value("profile")}


def _in_directory(named: _Named, *, joined: bool) -> None:
    named.org.change_directory(named.group, named.user, joined=joined)


def _import_people(named: _Named) -> None:
    """Everybody in the groups of a directory becomes known to have come from it."""
    named.org.import_people(named.app)


def _sign_in(named: _Named) -> None:
    named.org.sign_in(named.user)


def _activate_rule(named: _Named) -> None:
    named.org.activate_rule(named.rule)


def _deactivate_rule(named: _Named) -> None:
    named.org.deactivate_rule(named.rule)


def _add_admin_role(named: _Named) -> None:
    named.org.add_admin_role(named.group if "group" in named.asked else named.user, named.value("role"))


_CHANGES: Final[Mapping[str, Callable[[_Named], None]]] = {
    "add_member": _add_member,
    "remove_member": _remove_member,
    "rename_group": _rename_group,
    "rename_user": _rename_user,
    "set_status": _set_status,
    "set_profile": _set_profile,
    "deactivate": _deactivate,
    "delete_user": _delete_user,
    "delete_group": _delete_group,
    "assign_user": _assign_user,
    "unassign_user": _unassign_user,
    "assign_group": _assign_group,
    "unassign_group": _unassign_group,
    "set_settings": _set_settings,
    "directory_add": partial(_in_directory, joined=True),
    "directory_remove": partial(_in_directory, joined=False),
    "import_people": _import_people,
    "sign_in": _sign_in,
    "activate_rule": _activate_rule,
    "deactivate_rule": _deactivate_rule,
    "add_admin_role": _add_admin_role,
}
