"""``rolecall grant`` and ``rolecall revoke`` as scripts and people use them, with a vault as the provider."""

import json
import os
from datetime import datetime, timedelta

import pytest

from rolecall.testing.workspace import STORE_VARIABLE
from tests.host.plugin_samples import install
from tests.host.vaults import PROD

ADMIN, GUEST = f"account:{PROD}:Admin", f"account:{PROD}:Guest"


@pytest.fixture
def grant(vault, rolecall):
    def call(*arguments, entitlement=ADMIN, principal="ben@acme.example"):
        return rolecall("grant", "vault", entitlement, principal, "-o", "json", *arguments)

    return call


@pytest.fixture
def revoke(vault, rolecall):
    def call(*arguments, entitlement=ADMIN, principal="ben@acme.example"):
        return rolecall("revoke", "vault", entitlement, principal, "-o", "json", *arguments)

    return call


def test_a_grant_is_planned_carried_out_and_read_back(grant, vault):
    result = grant("--yes", "--reason", "INC-1")

    given = result.json
    assert result.code == 0
    assert given == {
        "operation": "grant",
        "connector": "vault",
        "entitlement_id": ADMIN,
        "principal": "user:u2",
        "principal_name": "ben@acme.example",
        "status": "applied",
        "plan": [
            {
                "action": "add_role",
                "route": "api",
                "effect": f"role Admin on {PROD}",
                "method": "PUT",
                "path": f"/direct/u2/{PROD}/Admin",
                "outcome": "applied",
                "request_id": "req-0",
            }
        ],
        "verified": True,
        "effects": [
            {
                "person": "user:u2",
                "name": "ben@acme.example",
                "gains": [ADMIN],
                "loses": [],
                "can_sign_in": True,
            }
        ],
        "warnings": [],
        "meaning": {"meaning": "as ever"},
        "audit_id": given["audit_id"],
    }
    assert vault.state["direct"] == {"u2": [f"{PROD}:Admin"]}
    assert vault.state["calls"][0]["token"] == "writer"


def test_a_dry_run_writes_nothing_neither_there_nor_on_record(grant, vault, rolecall):
    result = grant("--dry-run")

    assert (result.code, result.json["status"], result.json["verified"]) == (0, "planned", False)
    assert result.json["plan"][0]["path"] == f"/direct/u2/{PROD}/Admin"
    assert "audit_id" not in result.json
    assert "outcome" not in result.json["plan"][0]
    assert vault.calls == []


def test_what_is_held_already_is_not_written_again(grant, vault):
    result = grant("--yes", principal="user:u1", entitlement="group:Admins:member")

    assert (result.code, result.json["status"], result.json["plan"]) == (0, "already_granted", [])
    assert result.json["entitlement_id"] == "group:g1:member"
    assert vault.calls == []


def test_without_a_terminal_and_without_yes_it_is_refused_with_the_plan(grant, vault):
    result = grant()

    assert (result.code, result.error["code"], result.error["hint"]) == (3, "not_confirmed", "add --yes")
    assert result.json["status"] == "refused"
    assert result.json["plan"][0]["action"] == "add_role"
    assert vault.calls == []


def test_while_provisioning_is_off_only_a_dry_run_is_let_in(vault, workspace, in_store, grant, revoke):
    (workspace / "rolecall.toml").write_text(in_store(vault.toml(provisioning="off")))

    refused, dry = grant("--yes"), grant("--dry-run")

    assert (refused.code, refused.error["code"]) == (3, "provisioning_off")
    assert "--dry-run" in refused.error["hint"]
    assert (dry.code, dry.json["status"]) == (0, "planned")
    assert revoke("--yes").code == 3


@pytest.mark.parametrize(
    ("entitlement", "principal", "code", "told"),
    [
        pytest.param(f"account:{PROD}:Admn", "u2", "unknown_entitlement", "Admin", id="role misspelt"),
        pytest.param("account:999999999999:Admin", "u2", "unknown_entitlement", PROD, id="no such account"),
        pytest.param("group:Admin:member", "u2", "unknown_entitlement", "g1", id="no such group"),
        pytest.param("box:b1:key", "u2", "unknown_entitlement", "user, group", id="no such type"),
        pytest.param("lamp:l1:light", "u2", "not_provisionable", "lamp:l1:light", id="can't be granted"),
        pytest.param(ADMIN, "nobody@acme.example", "unknown_principal", "nobody@acme", id="nobody"),
        pytest.param(ADMIN, "user:u9", "unknown_principal", "u9", id="no such id"),
        pytest.param(ADMIN, "twin@acme.example", "ambiguous_principal", "user:u3", id="two people"),
    ],
)
def test_unknown_and_ambiguous_names_are_refused_with_the_facts(
    vault, rolecall, grant, entitlement, principal, code, told
):
    state = vault.state
    if principal.startswith("twin"):
        state["users"]["u2"]["login"] = state["users"]["u3"]["login"] = principal
        vault.write(state)
        rolecall("sync")

    result = grant("--yes", entitlement=entitlement, principal=principal)

    assert (result.code, result.error["code"]) == (3, code)
    assert told in json.dumps(result.error)
    assert vault.calls == []


def test_somebody_whom_no_sync_has_seen_is_asked_for_at_the_provider(grant, vault):
    state = vault.state
    state["users"]["u4"] = {"login": "dan@acme.example", "name": "Dan", "status": "ACTIVE"}
    vault.write(state)

    result = grant("--yes", principal="dan@acme.example")

    assert (result.code, result.json["principal"]) == (0, "user:u4")


def test_a_login_means_who_bears_it_now_and_not_who_bore_it_in_the_last_run(grant, vault):
    state = vault.state
    state["users"]["u2"]["login"] = "ben.old@acme.example"
    state["users"]["u4"] = {"login": "ben@acme.example", "name": "Another Ben", "status": "ACTIVE"}
    vault.write(state)

    result = grant("--yes")

    assert (result.code, result.json["principal"]) == (0, "user:u4")
    assert vault.state["direct"] == {"u4": [ADMIN.removeprefix("account:")]}


def test_a_group_s_name_that_has_moved_on_is_refused(grant, vault):
    state = vault.state
    state["groups"]["g1"]["name"] = "Admins of old"
    vault.write(state)

    whole = grant("--yes", principal="Admins")
    membership = grant("--yes", entitlement="group:Admins:member")

    for result in (whole, membership):
        assert (result.code, result.error["code"]) == (3, "name_moved")
        assert "'Admins of old' now" in result.error["message"]
        assert result.json["status"] == "refused"
    assert vault.calls == []


def test_a_group_that_no_run_has_seen_is_found_by_its_id(grant, vault):
    state = vault.state
    state["groups"]["g7"] = {"name": "New", "members": [], "roles": [], "master": None}
    vault.write(state)

    assert grant("--yes", entitlement="group:g7:member").json["status"] == "applied"
    assert grant("--yes", entitlement="group:g8:member").error["code"] == "unknown_entitlement"


def test_a_role_that_no_run_has_seen_may_be_left_to_the_provider(grant, vault):
    refused = grant("--yes", entitlement=f"account:{PROD}:Admn")
    left = grant("--dry-run", "--accept", "unknown_role", entitlement=f"account:{PROD}:Admn")

    assert (refused.code, refused.error["accept"], refused.json["status"]) == (3, "unknown_role", "refused")
    assert left.json["entitlement_id"] == f"account:{PROD}:Admn"


def test_an_account_is_named_as_the_accounts_file_has_it(grant):
    assert grant("--dry-run", entitlement="account:prod:Admin").json["entitlement_id"] == ADMIN


def test_an_effect_that_must_be_accepted_names_the_code_to_type(grant, vault):
    vault.set(takes_from="cleo")

    refused, accepted = grant("--yes"), grant("--yes", "--accept", "others_lose")

    assert (refused.code, refused.error["accept"]) == (3, "others_lose")
    assert refused.error["facts"] == {"people": ["cleo"]}
    assert "--accept others_lose" in refused.error["hint"]
    assert accepted.code == 0


def test_time_limited_access_says_when_it_ends(grant):
    before = datetime.now().astimezone()

    result = grant("--yes", "--for", "8h")

    ends = datetime.fromisoformat(result.json["expires_at"])
    assert timedelta(hours=8) <= ends - before < timedelta(hours=8, minutes=1)


def test_what_stood_before_does_not_end_by_a_grant_that_does(grant, vault):
    result = grant("--yes", "--for", "8h", principal="user:u1", entitlement="group:g1:member")

    assert (result.code, result.json["status"]) == (0, "already_granted")
    assert "expires_at" not in result.json


@pytest.mark.parametrize("length", ["0", "8", "-1h", "eight"])
def test_a_duration_that_is_none_is_a_usage_error(grant, vault, length):
    assert grant("--yes", "--for", length).code == 2
    assert vault.calls == []


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


def test_a_suspended_person_gets_nothing_but_loses_it(grant, revoke, vault):
    assert grant("--yes").code == 0
    state = vault.state
    state["users"]["u2"]["status"] = "SUSPENDED"
    vault.write(state)

    assert grant("--yes", entitlement=GUEST).code == 3
    assert revoke("--yes").json["status"] == "applied"


def test_a_revocation_says_from_when_no_session_begins_and_until_when_old_ones_live(grant, revoke):
    grant("--yes")

    result = revoke("--yes")

    sessions = result.json["sessions"]
    begun, until = (datetime.fromisoformat(sessions[key]) for key in sessions)
    assert list(sessions) == ["no_new_session_from", "old_sessions_until"]
    assert until - begun == timedelta(seconds=3600)
    assert (result.code, result.json["status"], result.json["verified"]) == (0, "applied", True)


def test_a_grant_s_id_names_what_to_revoke(grant, rolecall, vault):
    grant("--yes")

    result = rolecall("revoke", "vault", f"{ADMIN}:user:u2", "--yes", "-o", "json")

    assert (result.code, result.json["status"]) == (0, "applied")
    assert vault.state["direct"] == {"u2": []}


def test_a_revocation_of_what_is_only_handed_over_tells_people_that_it_may_come(grant, vault, rolecall):
    task = grant("--yes", entitlement="group:g2:member").json["task_id"]

    said = rolecall("revoke", "vault", "group:g2:member", "ben@acme.example", "--yes", "-o", "table")

    assert said.code == 0
    assert f"But the grant of task {task} was called off" in said.out.decode()
    assert f"Task {task + 1}: rolecall task show {task + 1}" in said.out.decode()


def test_what_is_not_held_needs_no_revocation(revoke, vault):
    result = revoke("--yes")

    assert (result.code, result.json["status"]) == (0, "already_revoked")
    assert vault.calls == []


def test_inherited_access_is_refused_with_every_way_to_end_it(revoke, vault):
    vault.set(given_back_by=["Everybody in IT"])

    refused = revoke("--yes", principal="ada@acme.example")
    ended = revoke("--yes", "--via", "group:g1", principal="ada@acme.example")

    assert (refused.code, refused.error["code"]) == (3, "inherited")
    (way,) = refused.json["removals"]
    assert (way["via"], way["ends_access"], way["given_back_by"]) == ("group:g1", True, ["Everybody in IT"])
    assert way["effects"][0]["loses"] == [ADMIN, "group:g1:member"]
    assert f"rolecall revoke vault {ADMIN} ada@acme.example --via group:g1" in refused.error["hint"]
    assert (ended.code, ended.json["verified"], vault.members()) == (0, True, [])


def test_people_read_the_ways_with_the_command_to_type(vault, rolecall):
    result = rolecall("revoke", "vault", ADMIN, "ada@acme.example", "--yes", "-o", "table")

    assert b"by the group Admins" in result.out
    assert f"rolecall revoke vault {ADMIN} ada@acme.example --via group:g1".encode() in result.out


def test_a_crowd_is_counted_for_people_and_listed_for_scripts(vault, rolecall, grant):
    vault.set(crowd=30)

    shown = rolecall("grant", "vault", ADMIN, "ben@acme.example", "--dry-run", "-o", "table").out.decode()

    assert "Who gains and loses (31 people)" in shown
    assert "and 11 more (-o json lists all): 31 gain, 0 lose something" in shown
    assert len(grant("--dry-run").json["effects"]) == 31


def test_hostile_names_are_made_safe_for_a_terminal(vault, rolecall):
    vault.set(warnings=["evil \x1b[31m\u202e"])

    shown = rolecall("grant", "vault", ADMIN, "ben@acme.example", "--dry-run", "-o", "table").out.decode()

    assert "\x1b" not in shown
    assert "Warning: evil" in shown


def test_no_secret_is_ever_shown(grant, rolecall, vault, workspace, monkeypatch):
    for call in ("plugins list", "connectors show vault", "status", "connectors list"):
        result = rolecall(*call.split(), "-o", "json")
        assert b"writer" not in result.out.replace(b"VAULT_WRITER", b"")
    monkeypatch.delenv("VAULT_WRITER")

    planned, refused = grant("--dry-run"), grant("--yes")

    assert planned.code == 0
    assert refused.code == 2
    assert (
        "connectors.vault.write_credential.token: environment variable VAULT_WRITER" in refused.err.decode()
    )
    assert vault.calls == []


def test_a_policy_s_veto_is_a_refusal_that_names_it(grant, vault, site, workspace, rolecall, in_store):
    install_policy(site, "acme-policy", 'raise rolecall.Refused("Not on a Friday.", hint="Monday.")')
    allow(workspace, vault, in_store, "acme-policy")

    result = grant("--yes")

    assert (result.code, result.json["status"]) == (3, "refused")
    assert result.error["message"] == "Plugin acme_policy refused: Not on a Friday."
    assert result.error["facts"] == {"plugin": "acme_policy"}
    assert grant("--dry-run").code == 3
    assert vault.calls == []


def test_a_policy_that_breaks_lets_nothing_through(grant, vault, site, workspace, in_store):
    install_policy(site, "acme-policy", 'raise ValueError("oops")')
    allow(workspace, vault, in_store, "acme-policy")

    result = grant("--yes")

    assert (result.code, result.error["code"]) == (3, "policy_broken")
    assert "acme_policy broke" in result.error["message"]
    assert vault.calls == []


def test_a_policy_that_can_not_be_loaded_lets_nothing_through(grant, vault, site, workspace, in_store):
    install(site, "acme-policy", "raise ImportError('gone')")
    allow(workspace, vault, in_store, "acme-policy")

    result = grant("--yes")

    assert (result.code, result.error["code"]) == (3, "plugin_broken")
    assert grant("--dry-run").code == 0


def test_a_wrapper_vetoes_before_anything_is_written(grant, vault, site, workspace, in_store):
    install(site, "acme-wrap", WRAPPER.format(before='raise rolecall.Refused("Stop.")'))
    allow(workspace, vault, in_store, "acme-wrap")

    result = grant("--yes")

    assert (result.code, result.json["status"], result.error["message"]) == (3, "refused", "Stop.")
    assert result.json["audit_id"]
    assert vault.calls == []


def test_a_wrapper_records_failures_too(grant, vault, site, workspace, in_store):
    install(site, "acme-wrap", WRAPPER.format(before="pass"))
    allow(workspace, vault, in_store, "acme-wrap")
    vault.fail(f"PUT /direct/u2/{PROD}/Admin", "refuse")

    grant("--yes")
    grant("--yes")

    assert (workspace / "wrapped").read_text() == "began\nAuthRefused\nbegan\napplied\n"


def test_after_the_end_every_plugin_is_told(grant, vault, site, workspace, in_store):
    install(site, "acme-told", TOLD)
    allow(workspace, vault, in_store, "acme-told")
    vault.fail(f"PUT /direct/u2/{PROD}/Admin", "refuse")

    codes = [grant("--yes").code, grant("--yes").code]

    assert codes == [1, 0]
    assert (workspace / "told").read_text() == "failed False True\napplied True False\n"


def test_people_are_told_at_once_without_the_service(grant, vault, site, workspace, in_store):
    install(site, "acme-tell", TELLS)
    allow(workspace, vault, in_store, "acme-tell")

    codes = [grant("--yes").code, grant("--yes", entitlement="group:g2:member").code]

    assert codes == [0, 5]
    told = (workspace / "notices").read_text().splitlines()
    assert [line.split()[0] for line in told] == ["granted", "handoff"]
    assert all("owner@acme.example" in line for line in told)


def test_an_actor_is_whom_they_say_and_the_record_says_who_ran_it(grant, rolecall, workspace, monkeypatch):
    monkeypatch.setenv("ROLECALL_AS", "env@acme.example")
    named = grant("--yes", "--as", "kim@acme.example").json["audit_id"]
    given = grant("--yes", entitlement=GUEST).json["audit_id"]

    assert [actor(workspace, number)["name"] for number in (named, given)] == [
        "kim@acme.example",
        "env@acme.example",
    ]
    assert actor(workspace, named)["assurance"] == "operator_asserted"
    assert "@" in actor(workspace, named)["operator"]


def test_who_is_only_asserted_writes_nothing_where_a_sign_in_is_required(grant, vault, workspace):
    file = workspace / "rolecall.toml"
    file.write_text(file.read_text().replace('patience = "1s"', 'require_assurance = "oidc"'))

    result = grant("--yes")

    assert (result.code, result.error["code"]) == (3, "assurance_required")
    assert vault.calls == []


def install_policy(site, name, verdict):
    install(
        site,
        name,
        "import rolecall\nfrom rolecall import hookimpl\n\n@hookimpl\n"
        f"def rolecall_before_provisioning(action, plan):\n    {verdict}\n",
    )


def allow(workspace, vault, in_store, *distributions):
    names = ", ".join(f'"{each}"' for each in ("acme-vault", *distributions))
    toml = vault.toml().replace('allow = ["acme-vault"]', f"allow = [{names}]")
    (workspace / "rolecall.toml").write_text(in_store(toml))


WRAPPER = """
import rolecall
from pathlib import Path
from rolecall import hookimpl

@hookimpl(wrapper=True)
def rolecall_grant(plan, writing):
    {before}
    work = yield

    async def recorded():
        with Path("wrapped").open("a") as file:
            print("began", file=file)
            try:
                outcome = await work
            except Exception as error:
                print(type(error).__name__, file=file)
                raise
            print(outcome.status, file=file)
            return outcome

    return recorded()
"""
TELLS = """
from pathlib import Path
from rolecall import hookimpl

@hookimpl
async def rolecall_notify(notice):
    with Path("notices").open("a") as file:
        print(notice.kind, notice.to, file=file)
"""
TOLD = """
from pathlib import Path
from rolecall import hookimpl

@hookimpl
def rolecall_after_provisioning(outcome):
    with Path("told").open("a") as file:
        print(outcome.status, outcome.verified, bool(outcome.error), file=file)
"""


def actor(workspace, number):
    from rolecall.store import open_store
    from rolecall.store.chain import read_chain

    with open_store(os.environ[STORE_VARIABLE], workspace) as store, store.reading() as connection:
        return next(each for each in read_chain(connection) if each.number == number).facts["actor"]


def test_what_provisioning_needs_is_measured_with_the_write_credential(vault, rolecall, monkeypatch):
    measured = rolecall("check", "vault", "-o", "json")
    monkeypatch.delenv("VAULT_WRITER")
    unusable = rolecall("check", "vault", "-o", "json")

    allowed = {each["name"]: each["allowed"] for each in measured.json["capabilities"]}
    assert allowed == {"Review group membership": "yes", "Provision group membership": "yes"}
    assert unusable.code == 0
    assert unusable.json["capabilities"][1]["allowed"] == "no"
    (problem,) = unusable.json["problems"]
    assert problem["code"] == "write_credential_unusable"
    assert "connectors.vault.write_credential.token" in problem["message"]


def test_the_recipe_for_a_purpose_is_printed(vault, rolecall):
    read = rolecall("check", "vault", "--recipe", "read", "-o", "json").json
    shown = rolecall("check", "vault", "--recipe", "write", "-o", "table").out.decode()

    assert (read["purpose"], read["role"], read["scopes"]) == ("read", "Rolecall", ["vault.read"])
    assert read["permissions"] == [{"name": "vault.read", "why": "to list who has what"}]
    assert "vault.manage" in shown
    assert "note: No more." in shown


def test_it_is_shown_whether_provisioning_is_on(vault, rolecall):
    shown = rolecall("connectors", "show", "vault", "-o", "json").json

    assert (shown["provisioning"], shown["write_credential"]) == ("on", True)
    assert rolecall("status", "-o", "json").json[0]["provisioning"] == "on"


def test_explain_asks_the_provider_how_access_could_be_ended_only_when_told_to(vault, rolecall):
    offline = rolecall("explain", "ada@acme.example", "prod/Admin", "-o", "json").json
    asked = rolecall("explain", "ada@acme.example", "prod/Admin", "--removals", "-o", "json").json
    shown = rolecall("explain", "ada@acme.example", "prod/Admin", "--removals", "-o", "table").out.decode()
    vault.set(closed=True)

    assert "removals" not in offline
    assert [way["via"] for way in asked["removals"]] == ["group:g1"]
    assert f"rolecall revoke vault {ADMIN} user:u1 --via group:g1" in shown
    assert rolecall("explain", "ada@acme.example", "prod/Admin").code == 0
    assert rolecall("explain", "ada@acme.example", "prod/Admin", "--removals").code == 1
