"""The provider of the kind ``club``: a file that tests change, with a log of what they changed."""

import json
from pathlib import Path

from tests.host.plugin_samples import install

SOURCE = Path(__file__).with_name("club_plugin.py")


def install_clubs(folder):
    install(folder, "acme-club", SOURCE.read_text(encoding="utf-8"))


class Club:
    """A club of a few people, one team and one room, unless told otherwise."""

    def __init__(self, file):
        self.file = Path(file)
        self.state = {
            "persons": {"ada": "Ada", "ben": "Ben", "cleo": "Cleo"},
            "teams": {"core": ["ada", "ben"]},
            "rooms": {"r1": [["team", "core"], ["person", "cleo"]]},
            "log": [],
        }
        self.save()

    @property
    def hold(self):
        """While this file exists, runs wait when they have read everything."""
        return self.file.with_suffix(".hold")

    def toml(self, name, **keys):
        """The connector's table."""
        lines = [f"[connectors.{name}]", 'kind = "club"', f"file = {json.dumps(str(self.file))}"]
        return "\n".join([*lines, *(f"{key} = {json.dumps(value)}" for key, value in keys.items())]) + "\n"

    def set(self, **facts):
        """Change how the club behaves; nothing of it is logged."""
        self.state |= facts
        self.save()

    def put(self, kind, ident, value):
        """Add or change a person (a name), a team (its members) or a room (who has its key)."""
        self.state[f"{kind}s"][ident] = value
        self.log(kind, ident, f"{kind}.put")

    def remove(self, kind, ident):
        """Remove a person, a team or a room, with all that it holds."""
        del self.state[f"{kind}s"][ident]
        for team, members in self.state["teams"].items():
            if kind == "person" and ident in members:
                self.put("team", team, [each for each in members if each != ident])
        for room, holders in self.state["rooms"].items():
            if [kind, ident] in holders:
                self.put("room", room, [each for each in holders if each != [kind, ident]])
        self.log(kind, ident, f"{kind}.remove")

    def fill(self, count):
        """So many people, all of them in the team."""
        people = [f"p{n:04}" for n in range(count)]
        self.state["persons"] = {each: each.title() for each in people}
        self.state["teams"]["core"] = people
        self.state["rooms"]["r1"] = [["team", "core"]]
        self.save()

    def log(self, kind, ident, what, name="Somebody"):
        number = len(self.state["log"]) + 1
        self.state["log"].append(
            {
                "id": f"e{number}",
                "at": f"2026-01-31T08:{number // 60:02}:{number % 60:02}+00:00",
                "kind": what,
                "about": [kind, ident],
                "name": name,
            }
        )
        self.save()

    def save(self):
        self.file.write_text(json.dumps(self.state), encoding="utf-8")
