"""The app's ``appFilter``: groups of which sources count."""

from dataclasses import dataclass

from rolecall import Finding
from rolecall_okta_aws_federation.findings import described, finding

SETTING = "appFilter"
NATIVE = "okta"
NATIVE_TYPES = frozenset({"OKTA_GROUP", "BUILT_IN"})


@dataclass(frozen=True, slots=True)
class AppFilter:
    """Names of sources, in lower case; ``None`` admits every group."""

    sources: frozenset[str] | None

    def admits(self, group_type: str | None, source_app_name: str | None) -> bool:
        """Whether a group counts: a native one by ``okta``, any other by the app that masters it."""
        if self.sources is None:
            return True
        if group_type in NATIVE_TYPES:
            return NATIVE in self.sources
        return (
            group_type == "APP_GROUP"
            and source_app_name is not None
            and source_app_name.strip().lower() in self.sources
        )


def read_app_filter(value: object) -> tuple[AppFilter, list[Finding]]:
    """Read the setting; empty or null admits all, which is a finding."""
    if value is not None and not isinstance(value, str):
        meaning = "a group of any source is counted"
        problem = finding(
            "setting_malformed",
            SETTING,
            setting=SETTING,
            value=described(value),
            expected="a text",
            meaning=meaning,
        )
        return AppFilter(None), [problem]
    sources = frozenset(name.strip().lower() for name in (value or "").split(",")) - {""}
    if not sources:
        return AppFilter(None), [finding("app_filter_admits_all", SETTING)]
    return AppFilter(sources), []
