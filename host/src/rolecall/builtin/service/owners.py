"""Telling people that they answer for a connector from now on."""

from rolecall import notices
from rolecall.builtin.requests.desk import Desk
from rolecall.builtin.service.report import Report
from rolecall.store.service_state import keep_state, read_state

OWNERS = "owners"


def tell_new_owners(desk: Desk, report: Report) -> None:
    """Hold the owners in the configuration against those of the last time, and tell the new ones."""
    now = {name: sorted(set(each.owners)) for name, each in desk.engine.config.connectors.items()}
    with desk.page() as page:
        kept = read_state(page.connection, OWNERS)
        before = kept if isinstance(kept, dict) else {}
        if before == now:
            return
        for name, owners in now.items():
            for owner in owners:
                if owner not in before.get(name, ()):
                    page.tell(notices.connector_owner(name, owner, page.at))
                    report.line(f"{owner} is an owner of {name} from now on")
        keep_state(page.connection, OWNERS, now)
