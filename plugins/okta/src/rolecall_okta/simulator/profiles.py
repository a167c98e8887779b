"""The profiles that people and groups usually have."""

from rolecall_okta.simulator.raw_json import JsonObject


def person(login: str, first_name: str | None, last_name: str | None) -> JsonObject:
    """With names from the login (``first.last@…``) where none are given."""
    first, _, last = login.partition("@")[0].partition(".")
    return {
        "firstName": first_name or first.capitalize(),
        "lastName": last_name or last.capitalize() or "Example",
        "mobilePhone": None,
        "secondEmail": None,
        "login": login,
        "email": login,
    }


def native_group(name: str, description: str | None) -> JsonObject:
    return {"name": name, "description": description}


def directory_group(name: str, description: str | None, domain: str) -> JsonObject:
    """As imported from Active Directory."""
    parts = ",".join(f"DC={part}" for part in domain.split("."))
    return {
        "name": name,
        "description": description,
        "samAccountName": name,
        "dn": f"CN={name},OU=Groups,{parts}",
        "windowsDomainQualifiedName": f"{domain.partition('.')[0].upper()}\\{name}",
        "externalId": name.encode("utf-8", "surrogatepass").hex(),
    }


def directory_person(login: str | None, domain: str) -> JsonObject:
    """What Okta keeps of a person whom it imported from Active Directory."""
    name = (login or "nobody").partition("@")[0]
    parts = ",".join(f"DC={part}" for part in domain.split("."))
    return {
        "samAccountName": name,
        "dn": f"CN={name},OU=People,{parts}",
        "externalId": name.encode("utf-8", "surrogatepass").hex(),
        "userPrincipalName": f"{name}@{domain}",
    }
