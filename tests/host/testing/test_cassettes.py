"""A policy keeps headers by an allow-list, and refuses what it can't look into."""

import pytest

from rolecall.testing import CassettePolicy


@pytest.fixture
def scrub():
    policy = CassettePolicy(
        "http://127.0.0.1:8080", "https://acme.okta.example", headers=frozenset({"x-rate-limit-limit"})
    )
    return policy.vcr_config()["before_record_response"]


def response(body=b"{}", **headers):
    named = {name.replace("_", "-"): [value] for name, value in headers.items()}
    return {"status": {"code": 200, "message": "OK"}, "headers": named, "body": {"string": body}}


def test_headers_that_are_not_on_the_list_are_dropped(scrub):
    given = response(
        Date="Mon",
        Set_Cookie="sid=1",
        X_Rate_Limit_Limit="50",
        Server="nginx",
        Link="<http://127.0.0.1:8080/x>",
    )

    assert scrub(given)["headers"] == {
        "date": ["Mon"],
        "link": ["<https://acme.okta.example/x>"],
        "x-rate-limit-limit": ["50"],
    }


def test_a_body_in_an_unknown_compression_is_refused(scrub):
    with pytest.raises(ValueError, match="can't be scrubbed"):
        scrub(response(b"\x28\xb5\x2f\xfd", Content_Encoding="zstd"))


def test_the_response_that_the_client_gets_is_not_touched(scrub):
    given = response(b'{"mail": "hank@globex.test"}', Set_Cookie="sid=1")

    scrub(given)

    assert given == response(b'{"mail": "hank@globex.test"}', Set_Cookie="sid=1")


def test_scrubbing_again_changes_nothing(scrub):
    once = scrub(response(b'{"mail": "hank@globex.test", "url": "http://127.0.0.1:8080/x"}', Date="Mon"))

    assert scrub(once) == once
