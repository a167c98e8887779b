"""One conversation with an org through the host's engine: a whole sync, or a check."""

from dataclasses import dataclass

from rolecall import ConnectorContext, Secret
from rolecall.access import effective_access
from rolecall.connectors import open_connector
from rolecall.store.runs import list_runs, read_findings, resolve_at
from rolecall.sync import SyncJob, SyncRules, sync_connectors
from rolecall_okta_aws_federation.config import SettingsSchema
from tests.plugins.okta.conversations import TOKEN


@dataclass(frozen=True)
class Synced:
    """A sync run, and what it left: the rows of access now published, and its findings."""

    run: object
    rows: list
    findings: list

    @property
    def codes(self):
        return sorted({finding.code for finding in self.findings})

    def reading(self, name):
        (found,) = [reading for reading in self.run.completeness["lists"] if reading["name"] == name]
        return found


class Unwatched:
    """Nobody looks at the progress, nor at the requests of a check."""

    def started(self, connector):
        pass

    def requested(self, what):
        pass

    def waiting(self, seconds, why):
        pass

    def progress(self, what, done, total):
        pass

    def forecast(self, forecast):
        pass

    def logged(self, level, message):
        pass

    def finished(self, connector):
        pass


def settings_for(domain, app_id):
    table = {"domain": domain, "api_token": {"env": "OKTA_API_TOKEN"}, "aws_okta_app_id": app_id}
    table["concurrency"] = 1  # one request at a time comes in the same order each time
    return SettingsSchema().load(table)


async def synced(store, plugins, domain, app_id, token=TOKEN, mode=None):
    """Sync once, as ``rolecall sync`` does; ``mode`` as by its flags."""
    secrets = {"api_token": Secret(token)}
    job = SyncJob("aws", "okta_aws_federation", settings_for(domain, app_id), secrets)
    (run,) = await sync_connectors(store, plugins, [job], SyncRules(mode), Unwatched())
    return Synced(run, published_rows(store), list(read_findings(store, run.id)))


def published_rows(store):
    """What ``rolecall access`` shows now."""
    if not any(run.published is not None for run in list_runs(store)):
        return []
    return [comparable(row) for row in effective_access(store, resolve_at(store, "aws", None))]


async def checked(plugins, domain, app_id, token=TOKEN):
    """Check once, as ``rolecall check`` does."""
    context = ConnectorContext(
        "aws", "okta_aws_federation", settings_for(domain, app_id), {"api_token": Secret(token)}, Unwatched()
    )
    async with open_connector(plugins, context) as connector:
        return await connector.check()


def comparable(row):
    """A row of access, in the words of the login oracle."""
    return {
        "user_id": row.user_id,
        "login": row.login,
        "user_status": row.user_status,
        "can_sign_in": row.can_sign_in,
        "account_id": row.account_id,
        "role": row.role,
        "role_arn": row.role_arn,
        "via": [
            {"kind": "direct"}
            if via.kind == "direct"
            else {"kind": "group", "group_id": via.group_id, "group_name": via.group_name}
            for via in row.via
        ],
    }
