"""appFilter is a list of sources, and what isn't on it doesn't count."""

import pytest

from rolecall_okta_aws_federation.app_filter import read_app_filter


@pytest.mark.parametrize(
    ("value", "group_type", "source", "admitted"),
    [
        pytest.param("okta", "OKTA_GROUP", None, True, id="native"),
        pytest.param("okta", "BUILT_IN", None, True, id="built in"),
        pytest.param("okta", "APP_GROUP", "active_directory", False, id="from a directory"),
        pytest.param(
            " Okta , ACTIVE_directory ", "APP_GROUP", "active_directory", True, id="blanks and case"
        ),
        pytest.param("okta,active_directory", "OKTA_GROUP", None, True, id="the first of two"),
        pytest.param("active_directory", "OKTA_GROUP", None, False, id="native not on the list"),
        pytest.param("okta", "APP_GROUP", "okta", True, id="an app that is named as native groups are"),
        pytest.param("workday", "APP_GROUP", "Workday", True, id="another app"),
        pytest.param("workday", "APP_GROUP", "workday_2", False, id="a name that begins alike"),
        pytest.param("workday", "APP_GROUP", None, False, id="an unknown source"),
        pytest.param("okta", "NEW_KIND", None, False, id="an unknown type"),
        pytest.param("", "APP_GROUP", None, True, id="an empty filter admits all"),
        pytest.param(None, "NEW_KIND", None, True, id="no filter admits all"),
    ],
)
def test_a_group_counts_if_its_source_is_on_the_list(value, group_type, source, admitted):
    app_filter, _ = read_app_filter(value)

    assert app_filter.admits(group_type, source) is admitted


@pytest.mark.parametrize(
    ("value", "code"),
    [
        pytest.param(None, "app_filter_admits_all", id="null"),
        pytest.param(" , ", "app_filter_admits_all", id="only commas"),
        pytest.param(["okta"], "setting_malformed", id="a list"),
    ],
)
def test_a_filter_that_filters_nothing_is_a_finding(value, code):
    app_filter, findings = read_app_filter(value)

    assert app_filter.sources is None
    assert [(finding.code, finding.subject) for finding in findings] == [(code, "appFilter")]
