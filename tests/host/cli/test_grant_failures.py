"""Writes that are refused, lost or not seen: what was done is said, and what is open is a task."""

import pytest

from tests.host.vaults import PROD


def test_a_refused_write_says_what_okta_said_and_that_nothing_was_applied(grant, vault):
    vault.fail(f"PUT /direct/u2/{PROD}/Admin", "refuse")

    result = grant("--yes")

    assert (result.code, result.json["status"]) == (1, "failed")
    assert (result.error["okta_error_code"], result.error["request_id"]) == ("E0000006", "req-403")
    assert result.error["message"].endswith("Nothing was applied.")
    assert result.json["plan"][0]["outcome"] == "not_applied"


def test_a_partly_applied_plan_says_what_was_done_and_can_be_gone_on_with(grant, vault):
    vault.set(badges=[])
    vault.fail(f"PUT /direct/u2/{PROD}/Admin", "refuse")

    first = grant("--yes")
    second = grant("--yes")

    assert (first.code, first.json["status"]) == (4, "failed")
    assert "step 1 applied, step 2 not applied" in first.error["message"]
    assert [step["outcome"] for step in first.json["plan"]] == ["applied", "not_applied"]
    assert (second.code, [step["action"] for step in second.json["plan"]]) == (0, ["add_role"])
    assert vault.calls == [
        "PUT /badges/u2",
        f"PUT /direct/u2/{PROD}/Admin",
        f"PUT /direct/u2/{PROD}/Admin",
    ]


def test_what_was_applied_in_part_is_an_open_task_that_says_of_each_step_what_was_done(
    grant, vault, rolecall
):
    vault.set(badges=[])
    vault.fail(f"PUT /direct/u2/{PROD}/Admin", "refuse")

    task = grant("--yes", "--ticket", "CHG-31").json["task_id"]

    (row,) = rolecall("task", "list", "-o", "json").json
    assert (row["id"], row["ticket"], row["error"]["code"]) == (task, "CHG-31", "auth_refused")
    assert [step["outcome"] for step in row["steps"]] == ["applied", "not_applied"]
    shown = rolecall("task", "show", task, "-o", "table").out.decode()
    assert "a badge: applied" in shown
    assert "role Admin on 123456789012: not applied (refused)" in shown


def test_what_a_read_does_not_show_is_no_success_but_an_open_task(grant, vault):
    vault.fail(f"PUT /direct/u2/{PROD}/Admin", "unseen")

    result = grant("--yes")

    assert (result.code, result.json["status"], result.json["verified"]) == (0, "applied", False)
    assert result.json["task_id"]
    assert "read-back" in result.json["why"]


@pytest.mark.parametrize("fault", ["lost_before", "lost_after"])
def test_a_call_without_an_answer_is_unknown_and_never_repeated_blindly(grant, vault, fault):
    vault.fail(f"PUT /direct/u2/{PROD}/Admin", fault)

    result = grant("--yes")
    again = grant("--yes")

    assert (result.code, result.json["plan"][0]["outcome"]) == (1, "unknown")
    assert "step 1 unknown" in result.error["message"]
    assert result.json["task_id"]
    assert again.json["status"] == ("applied" if fault == "lost_before" else "already_granted")
    assert vault.calls.count(f"PUT /direct/u2/{PROD}/Admin") == (2 if fault == "lost_before" else 1)
