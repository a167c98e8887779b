"""Service apps: programs that come with an OAuth access token instead of an API token."""

from dataclasses import dataclass, field

from rolecall_okta.simulator.objects import AdminRole
from rolecall_okta.simulator.organisation import Organisation
from rolecall_okta.simulator.permissions import Token, admin_roles
from rolecall_okta.simulator.raw_json import JsonObject
from rolecall_okta.simulator.system_log import Origin


@dataclass(slots=True)
class ServiceApp:
    """An API Services app. Every attribute may be changed while it is served."""

    client_id: str
    keys: list[JsonObject]
    """Its public keys, as JWKs."""
    scopes: set[str] = field(default_factory=set)
    """That a super administrator granted it."""
    profile: str = "none"
    """What its admin roles allow: the name of a token profile; ``none`` is no role at all."""
    groups: frozenset[str] | None = None
    apps: frozenset[str] | None = None
    """The ids that its admin roles are narrowed to; ``None`` is all."""
    dpop: bool = True
    """Whether it must prove possession of a key with each call, as new service apps must."""
    label: str = "Rolecall"
    active: bool = True
    _roles: dict[str, list[AdminRole]] = field(default_factory=dict)
    """By profile."""

    def token(self) -> Token:
        """What it may do now, besides its scopes."""
        return Token(self.profile, groups=self.groups, apps=self.apps)

    def roles(self, org: Organisation) -> list[AdminRole]:
        """The admin roles that it holds now."""
        if self.profile not in self._roles:
            self._roles[self.profile] = admin_roles(org, self.profile)
        return self._roles[self.profile]

    def actor(self) -> JsonObject:
        """As the System Log names it."""
        return {
            "id": self.client_id,
            "type": "PublicClientApp",
            "alternateId": self.client_id,
            "displayName": self.label,
            "detailEntry": None,
        }


def request_origin(actor: JsonObject, request_id: str, path: str, detail: JsonObject) -> Origin:
    """Of the events that one request brings about."""
    debug = {"requestId": request_id, "requestUri": path, "url": path}
    return Origin(actor, request_id, "WEB", detail, debug)
