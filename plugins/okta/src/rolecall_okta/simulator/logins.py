"""People by what they sign in with."""

from collections.abc import Iterable

from rolecall_okta.simulator.objects import User


class LoginIndex:
    """People by login, in any case, and by its part before ``@`` where only one has it."""

    def __init__(self, users: Iterable[User]) -> None:
        self._whole: dict[str, list[User]] = {}
        self._short: dict[str, list[User]] = {}
        for user in users:
            self.add(user)

    def find(self, name: str) -> User | None:
        folded = name.lower()
        if found := self._whole.get(folded):
            return found[-1]
        short = self._short.get(folded, [])
        return short[0] if len(short) == 1 else None

    def add(self, user: User) -> None:
        if (login := user.login) is not None:
            self._whole.setdefault(login.lower(), []).append(user)
            self._short.setdefault(_short(login), []).append(user)

    def discard(self, user: User) -> None:
        """Take a person out, who has the login they came with."""
        if (login := user.login) is not None:
            self._whole[login.lower()].remove(user)
            self._short[_short(login)].remove(user)


def _short(login: str) -> str:
    return login.lower().partition("@")[0]
