"""Why a person has a role, or hasn't: the app's settings and Okta's rules, in plain words."""

from collections.abc import Mapping

from rolecall import AccessPath, AccessQuestion, Explanation

_WAKE = {
    "SUSPENDED": "unsuspend {person} in Okta",
    "STAGED": "activate {person} in Okta",
    "DEPROVISIONED": "reactivate {person} in Okta, and assign them again",
}
_DECISIVE = frozenset(
    {
        *("default_role", "group_not_admitted", "group_source_unknown", "group_name_incomplete"),
        *("group_filter_missing", "group_filter_invalid", "group_filter_incomplete", "group_filter_slow"),
        *("identity_provider_arn_missing", "identity_provider_arn_malformed"),
    }
)
"""Findings that are reasons themselves; the host lists all of them beside."""


def explain(question: AccessQuestion) -> Explanation:
    """Put an access question into words; the settings are those of the run that is asked about."""
    app = next(iter(question.apps.values()), {})
    reasons, changes = _Words(), _Words()
    if not question.enabled:
        status = question.person_status
        reasons.add(f"{question.person_name} is {status} and can't sign in, whatever else is granted.")
        changes.add(_WAKE.get(status or "", "let {person} sign in again").format(person=question.person_name))
    if app.get("status", "ACTIVE") != "ACTIVE":
        reasons.add(f"The AWS app is {app.get('status')}: nobody signs in through it.")
        changes.add("activate the app in Okta")
    if question.unmet:
        reasons.add(f"{question.person_name} is not assigned to the AWS app; without that, no role counts.")
        changes.add(
            f"assign {question.person_name} to the app, or add them to a group that is assigned to it"
        )
    if app.get("use_group_mapping") is True:
        _explain_mapping(question, app, reasons, changes)
    else:
        _explain_single(question, app, reasons, changes)
    for finding in question.findings:
        if finding.code in _DECISIVE:
            reasons.add(finding.message)
    return Explanation(_settings(app), tuple(reasons), tuple(changes))


class _Words(list[str]):
    """Sentences, each once."""

    def add(self, sentence: str) -> None:
        if sentence not in self:
            self.append(sentence)


_SINGLE_SETTINGS = ("join_all_roles", "saml_roles_union", "identity_provider_arn")
_MAPPING_SETTINGS = ("group_filter", "app_filter", "role_value_pattern")


def _settings(app: Mapping[str, object]) -> dict[str, object]:
    """Those that decide in the mode that the app is in."""
    names = _MAPPING_SETTINGS if app.get("use_group_mapping") is True else _SINGLE_SETTINGS
    return {name: app.get(name) for name in ("status", "use_group_mapping", *names)} if app else {}


def _explain_mapping(
    question: AccessQuestion, app: Mapping[str, object], reasons: _Words, changes: _Words
) -> None:
    person, role = question.person_name, _role(question)
    groups = [path for path in question.paths if path.principal.type == "group"]
    held = [path for path in groups if path.holds]
    for path in held:
        reasons.add(f'{person} is in the group "{path.principal_name}", whose name means {role}.')
    if _has(question):
        changes.add(f"remove {person} from {_names(held)}, or their assignment to the app")
        return
    if held:
        return
    if groups:
        reasons.add(f"{person} is in none of the groups that count and mean {role}: {_names(groups)}.")
        ids = " or ".join(str(path.principal) for path in groups)
        changes.add(f"add {person} to {_names(groups, 'or')} ({ids})")
        return
    reasons.add(
        f"No group that counts has a name that means {role}: names are read by groupFilter "
        f"{app.get('group_filter')!r}, and sources are limited by appFilter {app.get('app_filter')!r}."
    )
    changes.add(f"make a group whose name groupFilter reads as {role}, from a source that appFilter admits")


def _explain_single(
    question: AccessQuestion, app: Mapping[str, object], reasons: _Words, changes: _Words
) -> None:
    own = [path for path in question.paths if path.principal == question.person]
    groups = [path for path in question.paths if path.principal.type == "group"]
    for path in own:
        reasons.add(_own_path(question, path, app))
    joined = [path for path in groups if path.holds and path.expandable]
    for path in joined:
        reasons.add(
            f"joinAllRoles is on, so {question.person_name} also has the roles of the assigned group "
            f'"{path.principal_name}", which names {_role(question)}.'
        )
    if _has(question):
        _changes_to_lose(question, own, joined, changes)
        return
    if not question.exists:
        _explain_unknown_role(question, app, reasons, changes)
        return
    if not own and not joined:
        _explain_not_held(question, app, groups, reasons, changes)


def _own_path(question: AccessQuestion, path: AccessPath, app: Mapping[str, object]) -> str:
    person, role = question.person_name, _role(question)
    if path.sources == ():
        return f"{person} is assigned to the app directly, and that assignment names {role}."
    if path.sources is None:
        return f"Okta's app profile of {person} names {role} through a group that can't be told."
    names = {each.principal: each.principal_name for each in question.paths}
    groups = ", ".join(f'"{names.get(source, source.id)}"' for source in path.sources)
    rule = (
        "values are combined across groups"
        if app.get("saml_roles_union")
        else "the group with the highest priority wins"
    )
    return f"{person} is assigned through {groups}, from which Okta took {role} ({rule})."


def _changes_to_lose(
    question: AccessQuestion, own: list[AccessPath], joined: list[AccessPath], changes: _Words
) -> None:
    person, slug = question.person_name, question.entitlement.slug
    names = {each.principal: each.principal_name for each in question.paths}
    sources = {source for path in own for source in path.sources or ()}
    if any(path.sources == () for path in own):
        changes.add(f"take {slug} out of samlRoles in {person}'s own assignment, or end that assignment")
    through = sorted(
        {f'"{names.get(source, source.id)}"' for source in sources}
        | {f'"{path.principal_name}"' for path in joined}
    )
    if through:
        changes.add(f"remove {person} from {', '.join(through)}, or take {slug} out of samlRoles there")


def _explain_unknown_role(
    question: AccessQuestion, app: Mapping[str, object], reasons: _Words, changes: _Words
) -> None:
    account = question.entitlement.resource.id
    provider = app.get("identity_provider_arn")
    if isinstance(provider, str) and f"::{account}:" not in provider:
        reasons.add(
            f"The app reaches only the AWS account of identityProviderArn {provider}; {account} is another."
        )
        changes.add("set useGroupMapping up for several accounts, or use the app of that account")
        return
    reasons.add(
        f"No assignment of a person or a group names {_role(question)}, and Okta's schema doesn't list it."
    )
    changes.add(
        f"put {question.entitlement.slug} into samlRoles of an assignment that reaches {question.person_name}"
    )


def _explain_not_held(
    question: AccessQuestion,
    app: Mapping[str, object],
    groups: list[AccessPath],
    reasons: _Words,
    changes: _Words,
) -> None:
    person, role = question.person_name, _role(question)
    inside = [path for path in groups if path.holds]
    joins = app.get("join_all_roles") is True
    if inside:
        direct = () in question.met.values()
        reasons.add(
            f"{person} is in {_names(inside)}, whose assignment names {role}, but joinAllRoles is off, and "
            + (
                "a direct assignment (scope USER) hides the roles of every group."
                if direct
                else "of the person's assigned groups only the one with the highest priority counts."
            )
        )
        changes.add("turn joinAllRoles on, which gives everybody the roles of all their assigned groups")
        if not direct:
            changes.add(f"give {_names(inside, 'or')} the highest priority among {person}'s assigned groups")
    elif groups:
        reasons.add(f"{person} is in none of the assigned groups that name {role}: {_names(groups)}.")
        changes.add(
            f"add {person} to {_names(groups, 'or')}"
            + ("" if joins else ", if no group of higher priority hides it")
        )
    else:
        reasons.add(f"Neither {person}'s assignment nor any assigned group names {role}.")
    changes.add(f"put {question.entitlement.slug} into samlRoles of {person}'s own assignment")


def _has(question: AccessQuestion) -> bool:
    return any(path.counts for path in question.paths)


def _role(question: AccessQuestion) -> str:
    return f"{question.entitlement.resource.id}/{question.entitlement.slug}"


def _names(paths: list[AccessPath], word: str = "and") -> str:
    names = [f'"{path.principal_name}"' for path in paths]
    return (
        names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}" if names else "nothing"
    )
