"""What directories hold that Okta hasn't been told yet: between a change there and the next import."""

from functools import partial
from typing import TYPE_CHECKING

from rolecall_okta.simulator.objects import App, Group, User

if TYPE_CHECKING:
    from rolecall_okta.simulator.register import Register


class Directories:
    """The directories of one org. As far as nothing is said here they hold what Okta shows."""

    def __init__(self, org: "Register") -> None:
        self.org = org
        self._ahead: dict[tuple[Group, User], bool] = {}
        """Whether the person is in the group in the directory, where Okta thinks otherwise."""

    def change(self, group: Group, user: User, *, joined: bool) -> None:
        """Somebody joins a group in the directory, or leaves it; Okta learns of it by an import."""
        self._ahead[group, user] = joined
        lag = self.org.behaviour.import_lag
        if lag is not None:
            self.org.agenda.after(lag, partial(self.run_import, group.source))

    def members(self, group: Group) -> list[User]:
        """Whom the directory holds in a group, by id."""
        held = set(self.org.members_of(group))
        for (changed, user), joined in self._ahead.items():
            if changed is group:
                (held.add if joined else held.discard)(user)
        return sorted(held, key=lambda user: user.id)

    def run_import(self, directory: App | None = None, person: User | None = None) -> None:
        """Bring into Okta what one directory holds, or what all do; of one person or of all."""
        with self.org.log.by_itself(), self.org.log.transaction():
            for group, user in list(self._ahead):
                if directory not in (None, group.source) or person not in (None, user):
                    continue
                joined = self._ahead.pop((group, user))
                if self.org.group_by_id(group.id) is None or self.org.user_by_id(user.id) is None:
                    continue
                if joined:
                    self.org.add_member(group, user)
                else:
                    self.org.remove_member(group, user, by_hand=False)
