"""What only a person at the provider can change is handed over."""


def test_a_sync_settles_what_was_handed_over(grant, vault, rolecall):
    task = grant("--yes", entitlement="group:g2:member").json["task_id"]
    vault.put("g2", "u2")

    synced = rolecall("sync", "vault", "-o", "json")

    row = rolecall("task", "show", task, "-o", "json").json
    assert (row["outcome"], row["observed_run_id"]) == (
        "GRANT_OUTCOME_GRANTED",
        synced.json["runs"][0]["run_id"],
    )
    assert f"Task {task} was settled" in synced.err.decode()


def test_a_change_that_a_person_must_make_is_handed_over(grant, vault):
    result = grant("--yes", entitlement="group:g2:member")

    assert (result.code, result.json["status"], result.json["verified"]) == (5, "handed_off", False)
    (step,) = result.json["plan"]
    assert (step["route"], step["outcome"]) == ("handoff", "handed_off")
    assert step["handoff"]["command"] == "add-member 'Guests' 'u2'"
    assert "method" not in step
    assert str(result.json["task_id"]) in result.error["hint"]
    assert vault.calls == []


def test_time_limited_access_by_hand_over_is_refused_without_a_rule(grant):
    result = grant("--yes", "--for", "1h", entitlement="group:g2:member")

    assert (result.code, result.error["code"]) == (3, "handoff_not_allowed")


def test_a_revocation_of_what_is_only_handed_over_tells_people_that_it_may_come(grant, vault, rolecall):
    task = grant("--yes", entitlement="group:g2:member").json["task_id"]

    said = rolecall("revoke", "vault", "group:g2:member", "ben@acme.example", "--yes", "-o", "table")

    assert said.code == 0
    assert f"But the grant of task {task} was called off" in said.out.decode()
    assert f"Task {task + 1}: rolecall task show {task + 1}" in said.out.decode()
