"""Who is assigned to one app, kept current person by person while the org is served."""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Literal

from rolecall_okta.simulator.assignment import resolve_app_user, resolve_app_users
from rolecall_okta.simulator.objects import App, AppUser, Group, User

Turn = Literal["add", "remove", "update"]

_by_id = attrgetter("id")


class AppRoll:
    """The app's people, each with the profile Okta would resolve and the times it would show.

    A person's ``created`` and ``last_updated`` stay until their profile or scope changes.
    """

    def __init__(self, app: App, members_of: Callable[[Group], list[User]]) -> None:
        self.app = app
        self.held = resolve_app_users(app, members_of)
        """By user id."""
        self.by_user = {each.user.id: each for each in self.held}

    def settle(
        self, users: Iterable[User], groups_of: Callable[[User], list[Group]], now: str
    ) -> list[tuple[Turn, AppUser]]:
        """Work out these people's assignments anew; who came, went or changed."""
        turns: list[tuple[Turn, AppUser]] = []
        for user in users:
            old = self.by_user.get(user.id)
            new = resolve_app_user(self.app, user, groups_of(user))
            if new is None:
                if old is not None:
                    self._drop(old)
                    turns.append(("remove", old))
                continue
            if old is None:
                if new.scope == "GROUP":
                    new.created = new.last_updated = now
                turns.append(("add", new))
            elif (new.scope, new.profile) != (old.scope, old.profile):
                if new.scope == "GROUP":
                    new.created, new.last_updated = old.created, now
                turns.append(("update", new))
            elif new.scope == "GROUP":
                new.created, new.last_updated = old.created, old.last_updated
            self._put(new, known=old is not None)
        return turns

    def _put(self, new: AppUser, *, known: bool) -> None:
        self.by_user[new.id] = new
        if known:
            self.held[bisect_left(self.held, new.id, key=_by_id)] = new
        else:
            insort(self.held, new, key=_by_id)

    def _drop(self, old: AppUser) -> None:
        del self.by_user[old.id]
        del self.held[bisect_left(self.held, old.id, key=_by_id)]
