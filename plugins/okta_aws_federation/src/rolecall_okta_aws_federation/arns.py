"""AWS resource names: the account behind the identity provider, and the ARN of each role."""

import re
from dataclasses import dataclass

from rolecall import Finding
from rolecall_okta_aws_federation.findings import described, finding, quoted

PROVIDER_SETTING = "identityProviderArn"
PATTERN_SETTING = "roleValuePattern"
ENVIRONMENT_SETTING = "awsEnvironmentType"

_PROVIDER = re.compile(
    r"arn:(?P<partition>[^:\s]+):iam:[^:\s]*:(?P<account>[^:\s]+):saml-provider/\S.*", re.DOTALL
)
_ACCOUNT = re.compile(r"[0-9]{12}")
_ARN = re.compile(r"arn:(?P<partition>[^:]+):[^:]*:[^:]*:(?P<account>[^:]*):.+", re.DOTALL)
_PLACEHOLDER = re.compile(r"\$\{(accountid|role)\}")
_PROVIDER_MARK = ":saml-provider/"
_ROLE_NAME = re.compile(r"(?:[\w+=,.@-]+/)*[\w+=,.@-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ProviderArn:
    """An identity provider in AWS: the account that single-account roles are in."""

    text: str
    partition: str
    account: str


@dataclass(frozen=True, slots=True)
class RolePattern:
    """``roleValuePattern`` taken apart *before* values go in: a role's name may hold a comma."""

    role: str | None
    provider: str | None


@dataclass(frozen=True, slots=True)
class RoleArns:
    """What AWS is told about one role; either is None where the settings don't say."""

    role: str | None
    provider: str | None


def is_account_id(text: str) -> bool:
    """Whether a text has the form of an AWS account's id."""
    return _ACCOUNT.fullmatch(text) is not None


def can_be_role(text: str) -> bool:
    """Whether AWS could have a role of this name, with or without a path, or this ARN.

    Source: IAM and STS character limits, "Name requirements" in the IAM User Guide.
    """
    match = _ARN.fullmatch(text)
    name = text if match is None else text.partition(":role/")[2]
    return _ROLE_NAME.fullmatch(name) is not None


def read_provider_arn(value: object) -> tuple[ProviderArn | None, list[Finding]]:
    """Read ``identityProviderArn``; without it no role has an account, which is a finding."""
    text = value.strip() if isinstance(value, str) else value
    if text is None or text == "":
        return None, [finding("identity_provider_arn_missing", PROVIDER_SETTING)]
    match = _PROVIDER.fullmatch(text) if isinstance(text, str) else None
    if match is None or not isinstance(text, str):
        problem = finding("identity_provider_arn_malformed", PROVIDER_SETTING, value=described(value))
        return None, [problem]
    arn = ProviderArn(text, match["partition"], match["account"])
    if is_account_id(arn.account):
        return arn, []
    return arn, [finding("account_id_malformed", PROVIDER_SETTING, account=quoted(arn.account))]


def read_role_pattern(value: object) -> tuple[RolePattern, list[Finding]]:
    """Read ``roleValuePattern``: provider ARN and role ARN, in either order."""
    if value is None or value == "":
        return RolePattern(None, None), [finding("role_value_pattern_missing", PATTERN_SETTING)]
    parts = [part.strip() for part in value.split(",")] if isinstance(value, str) else []
    roles = [part for part in parts if part and _PROVIDER_MARK not in part]
    providers = [part for part in parts if _PROVIDER_MARK in part]
    if len(roles) == 1 and len(providers) <= 1 and len(roles) + len(providers) == len(parts):
        pattern = RolePattern(roles[0], providers[0] if providers else None)
        return pattern, _odd_parts(value, roles[0], providers)
    problem = finding("role_value_pattern_malformed", PATTERN_SETTING, value=described(value))
    return RolePattern(None, None), [problem]


def _odd_parts(value: object, role: str, providers: list[str]) -> list[Finding]:
    lacking = [part for part in ("${accountid}", "${role}") if part not in role]
    if not providers:
        lacking.append("a provider ARN")
    if not lacking:
        return []
    facts = {"value": described(value), "lacking": " and ".join(lacking)}
    return [finding("role_value_pattern_odd", PATTERN_SETTING, **facts)]


def mapped_arns(pattern: RolePattern, account: str, role: str) -> RoleArns:
    """Exactly what the pattern yields for an account and a role."""
    values = {"accountid": account, "role": role}

    def filled(part: str | None) -> str | None:
        return None if part is None else _PLACEHOLDER.sub(lambda found: values[found[1]], part)

    return RoleArns(filled(pattern.role), filled(pattern.provider))


def single_arns(provider: ProviderArn, role: str) -> RoleArns:
    """The ARN of a role in the provider's account; a role that is an ARN already is kept."""
    if _ARN.fullmatch(role):
        return RoleArns(role, provider.text)
    return RoleArns(f"arn:{provider.partition}:iam::{provider.account}:role/{role}", provider.text)


def names_another_account(provider: ProviderArn, role: str) -> bool:
    """Whether a role is an ARN whose account isn't the provider's."""
    match = _ARN.fullmatch(role)
    return match is not None and match["account"] != provider.account


def check_environment(value: object, setting: str, arn: str | None) -> list[Finding]:
    """Compare ``awsEnvironmentType`` with the partition that an ARN in another setting names."""
    match = _ARN.fullmatch(arn) if arn else None
    expected = _expected_partition(value) if isinstance(value, str) else None
    if match is None or expected is None or match["partition"] == expected:
        return []
    facts = {"environment": quoted(str(value)), "expected": expected, "partition": quoted(match["partition"])}
    return [finding("environment_disagrees", ENVIRONMENT_SETTING, setting=setting, **facts)]


def _expected_partition(environment: str) -> str | None:
    words = set(re.split(r"[^a-z]+", environment.lower()))
    if words & {"gov", "govcloud", "usgov"}:
        return "aws-us-gov"
    if words & {"cn", "china"}:
        return "aws-cn"
    return "aws" if environment.strip().lower() == "aws.amazon" else None
