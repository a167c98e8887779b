"""The demo runs the main job, and the project's pages show what it prints."""

import re

import pytest

from tests.e2e.transcripts import PAGES, chapters, printed, quoted, timeless

pytestmark = pytest.mark.xdist_group("demo")  # it is run once


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def told(folder):
    return printed(folder)


def test_every_chapter_of_the_demo_is_shown_on_a_page_as_it_is_printed(told):
    shown = {title: text for page in PAGES for title, text in quoted(page).items()}

    assert {title: timeless(text) for title, text in shown.items()} == {
        title: timeless(text) for title, text in chapters(told).items()
    }


def test_it_says_who_has_which_role_and_why(told):
    assert "Grace Hopper (ACTIVE) has ReadOnly on account production (210987654321)." in told
    assert "Mallory (contractor) (ACTIVE) does not have ReadOnly on account production" in told
    assert 'its source "slack" is not admitted by appFilter' in told
    assert re.search(r"aws +published +incremental .* 0 +1 +1 +okta run 4", told)
    assert "Grace Hopper (User), aws_210987654321_ReadOnly (UserGroup)" in told


def test_access_ends_and_what_was_handed_over_is_closed_by_a_read(told):
    ending = chapters(told)["Access that ends"]
    assert re.search(r"account:012345678901:Billing on aws: revoked, seen gone; no new session", ending)
    handed = chapters(told)["A change that somebody else must make"]
    assert "The provider doesn't show it yet; the task stays open until it does." in handed
    assert handed.count("[exit code") == 1


def test_it_leaves_nothing_behind(told, folder):
    assert told
    assert list(folder.iterdir()) == []
