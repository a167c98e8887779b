"""The app profiles that callers send, checked against the app's schema."""

from rolecall_okta.simulator.errors import not_valid
from rolecall_okta.simulator.objects import App
from rolecall_okta.simulator.raw_json import ABSENT, Json, JsonObject


def checked_profile(app: App, sent: JsonObject) -> Json:
    """What the body says under ``profile``; ``ABSENT`` if it says nothing.

    Raises:
        OktaError: It isn't an object, or a value isn't of the kind that the schema declares.
    """
    profile = sent.get("profile")
    if profile is None:
        return ABSENT
    if not isinstance(profile, dict):
        raise not_valid("profile", "profile: must be an object")
    for name, value in profile.items():
        check_property(app, name, value)
    return profile


def check_property(app: App, name: str, value: Json) -> None:
    """Refuse a property that the schema doesn't have, or a value of another kind."""
    declared = app.schema.get(name)
    if declared is None:
        if app.schema:
            raise not_valid("profile", f"{name}: Property name doesn't exist in the schema.")
        return
    if value is None:
        return
    if declared.get("type") == "array":
        fits = isinstance(value, list) and all(isinstance(each, str) for each in value)
    else:
        fits = isinstance(value, str)
    if not fits:
        raise not_valid("profile", f"{name}: Value must be of type {declared.get('type')}.")
