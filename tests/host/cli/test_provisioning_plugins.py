"""Policies that veto, wrappers around a write, and plugins that are told of it."""

from tests.host.plugin_samples import install
from tests.host.vaults import PROD


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
