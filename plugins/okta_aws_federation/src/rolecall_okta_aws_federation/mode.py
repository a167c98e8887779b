"""Which of the two federation modes an app is in, with the settings that decide there."""

from dataclasses import dataclass

from rolecall import Finding
from rolecall_okta_aws_federation.app_filter import AppFilter, read_app_filter
from rolecall_okta_aws_federation.arns import (
    PATTERN_SETTING,
    PROVIDER_SETTING,
    ProviderArn,
    RolePattern,
    check_environment,
    read_provider_arn,
    read_role_pattern,
)
from rolecall_okta_aws_federation.group_filter import GroupFilter, compile_group_filter
from rolecall_okta_aws_federation.payloads import AwsSettings, read_switch


@dataclass(frozen=True, slots=True)
class SingleMode:
    """``useGroupMapping`` off: roles by ``samlRoles``; without a provider they can't be named."""

    provider: ProviderArn | None
    join_all_roles: bool


@dataclass(frozen=True, slots=True)
class MappingMode:
    """``useGroupMapping`` on: roles by the names of groups; without a filter no name means anything."""

    group_filter: GroupFilter | None
    app_filter: AppFilter
    pattern: RolePattern


def read_mode(settings: AwsSettings) -> tuple[SingleMode | MappingMode, list[Finding]]:
    """Take the app's settings for what they mean, with a finding for each that is odd."""
    mapping, found = read_switch(settings.use_group_mapping, "useGroupMapping")
    if not mapping:
        provider, problems = read_provider_arn(settings.identity_provider_arn)
        join, oddities = read_switch(settings.join_all_roles, "joinAllRoles")
        arn = provider.text if provider else None
        environment = check_environment(settings.environment, PROVIDER_SETTING, arn)
        return SingleMode(provider, join), [*found, *problems, *oddities, *environment]
    group_filter, problems = compile_group_filter(settings.group_filter)
    app_filter, oddities = read_app_filter(settings.app_filter)
    pattern, shapes = read_role_pattern(settings.role_value_pattern)
    environment = check_environment(settings.environment, PATTERN_SETTING, pattern.role)
    return MappingMode(group_filter, app_filter, pattern), [
        *found,
        *problems,
        *oddities,
        *shapes,
        *environment,
    ]
