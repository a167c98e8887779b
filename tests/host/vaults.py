"""The provider of the kind ``vault``: a file that tests change, and what was called."""

import json
from pathlib import Path

from tests.host.plugin_samples import install

SOURCE = Path(__file__).with_name("vault_plugin.py")
PROD = "123456789012"
ADMIN, GUEST = f"account:{PROD}:Admin", f"account:{PROD}:Guest"
"""The two roles, as a command line names them."""
CONFIG = """
[plugins]
allow = ["acme-vault"]

[provisioning]
patience = "1s"

[accounts]
file = "accounts.csv"

[connectors.vault]
kind = "vault"
file = {file}
token = {{ env = "VAULT_READER" }}
owners = ["owner@acme.example"]
provisioning = "{provisioning}"
write_credential = {{ token = {{ env = "VAULT_WRITER" }} }}
"""


def install_vault(folder):
    install(folder, "acme-vault", SOURCE.read_text(encoding="utf-8"))


class Vault:
    """A vault of three people, two groups and two roles: Ada is in g1, which has Admin on prod."""

    def __init__(self, file):
        self.file = Path(file)
        users = {"u1": "ada", "u2": "ben", "u3": "cleo"}
        self.write(
            {
                "users": {
                    ident: {"login": f"{name}@acme.example", "name": name.title(), "status": "ACTIVE"}
                    for ident, name in users.items()
                },
                "groups": {
                    "g1": {"name": "Admins", "members": ["u1"], "roles": [f"{PROD}:Admin"], "master": None},
                    "g2": {"name": "Guests", "members": [], "roles": [f"{PROD}:Guest"], "master": "AD"},
                },
                "roles": [f"{PROD}:Admin", f"{PROD}:Guest"],
                "direct": {},
                "badges": None,
                "writers": ["writer"],
                "meaning": "as ever",
                "faults": {},
                "calls": [],
                "log": [],
            }
        )

    def toml(self, provisioning="on"):
        """A whole configuration with this vault as the connector ``vault``."""
        return CONFIG.format(file=json.dumps(str(self.file)), provisioning=provisioning)

    @property
    def state(self):
        return json.loads(self.file.read_text(encoding="utf-8"))

    def write(self, state):
        self.file.write_text(json.dumps(state), encoding="utf-8")

    def set(self, **facts):
        """Change how the vault behaves, or what it holds."""
        self.write(self.state | facts)

    def fail(self, call, *faults):
        """What shall go wrong with the next calls of this method and path."""
        state = self.state
        state["faults"][call] = list(faults)
        self.write(state)

    def members(self, group="g1"):
        return self.state["groups"][group]["members"]

    def put(self, group, *members):
        state = self.state
        state["groups"][group]["members"] = list(members)
        self.write(state)

    @property
    def calls(self):
        """Every write that reached the vault, in order."""
        return [each["call"] for each in self.state["calls"]]
