"""Which of an org's groups a connector lists."""

from dataclasses import dataclass

from rolecall_okta.calls import literal
from rolecall_okta.rows import GroupRow

GROUP_TYPES = ("OKTA_GROUP", "APP_GROUP", "BUILT_IN")


@dataclass(frozen=True, slots=True)
class Scope:
    """Groups of these types whose names begin with one of these texts; an empty part admits all."""

    prefixes: tuple[str, ...] = ()
    types: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether every group is in it."""
        return not self.prefixes and not self.types

    def admits(self, group: GroupRow) -> bool:
        """Whether a group is in it; case counts in names."""
        named = not self.prefixes or group.name.startswith(self.prefixes)
        return named and (not self.types or group.type in self.types)

    def narrowing(self) -> dict[str, str]:
        """Parameters for Okta's group list that leave out nothing of the scope; Okta ignores case."""
        types = " or ".join(f"type eq {literal(each)}" for each in self.types)
        names = " or ".join(f"profile.name sw {literal(each)}" for each in self.prefixes)
        if names:
            return {"search": f"({types}) and ({names})" if types else names}
        return {"filter": types} if types else {}

    def __str__(self) -> str:
        parts = [", ".join(self.types), ", ".join(f"{each}…" for each in self.prefixes)]
        return " named ".join(part for part in parts if part) or "all groups"
