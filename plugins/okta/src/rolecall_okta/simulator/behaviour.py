"""What an org does where Okta's documentation is silent or says two things, and how late effects come."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal, get_args, get_type_hints

from rolecall_okta.simulator.raw_json import Json


@dataclass(slots=True)
class Behaviour:
    """Switches of one org, which may be set at any time; lags are in seconds of the org's clock."""

    assign_again: Literal["conflict", "updates"] = "conflict"
    """Assigning a person who has an assignment of their own: 409 E0000062, or 200 as an update."""
    absent_keys: Literal["kept", "dropped"] = "kept"
    """Keys of an app user's profile that an update leaves out."""
    group_scope: Literal["converts", "ignored"] = "converts"
    """What ``"scope": "GROUP"`` in an update of an app user does."""
    put_without_profile: Literal["clears", "keeps"] = "clears"
    """The profile of an assigned group that is put again without one."""
    patch_absent: Literal["sets", "refused"] = "sets"
    """``replace`` of a profile key that an assigned group doesn't have."""
    ungranted_scopes: Literal["refused", "dropped"] = "refused"
    """Scopes asked for that the service app wasn't granted."""
    directory_agent: Literal["connected", "absent", "lost", "late"] = "connected"
    """``absent``: 502. ``lost``: 504, and nothing was done. ``late``: 504, and it was done."""
    assignment_lag: float = 0.0
    """Until what a group gives or takes shows in the app users of its members."""
    member_lag: float = 0.0
    """Until a membership that changed shows in lists of members and of a person's groups."""
    rule_lag: float = 0.0
    """Until a group rule acts."""
    import_lag: float | None = None
    """Until a change in a directory reaches Okta; ``None``: not before an import is run."""

    def alter(self, asked: Mapping[str, Json]) -> None:
        """Set several switches, or none of them.

        Raises:
            ValueError: There is no such switch, or it has no such position.
        """
        kinds = get_type_hints(Behaviour)
        for name, value in asked.items():
            if name not in kinds:
                msg = f"{name}: there is {', '.join(each.name for each in fields(self))}"
                raise ValueError(msg)
            positions = get_args(kinds[name])
            if isinstance(getattr(Behaviour(), name), str):
                if value not in positions:
                    msg = f"{name}: one of {', '.join(positions)}"
                    raise ValueError(msg)
            elif not (value is None and type(None) in positions) and not _is_duration(value):
                msg = f"{name}: a number of seconds"
                raise ValueError(msg)
        for name, value in asked.items():
            setattr(self, name, value)


def _is_duration(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
