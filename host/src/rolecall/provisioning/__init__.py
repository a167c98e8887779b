"""Provisioning: what is to be written is planned, put on record, carried out, read back, and settled."""

from rolecall.plans import SYSTEM
from rolecall.provisioning.actors import shell_actor
from rolecall.provisioning.calling_off import end_grant, withdrawal
from rolecall.provisioning.carrying_out import carry_out, provision, resume
from rolecall.provisioning.closing import look_again, reopen, reopen_if_back, undo
from rolecall.provisioning.elsewhere import removals_with_elsewhere
from rolecall.provisioning.engine import Engine, connector_context, open_engine
from rolecall.provisioning.names_now import entitlement_now, principal_now, via_now
from rolecall.provisioning.outcomes import Done, Status
from rolecall.provisioning.preparing import Prepared, permit, prepare
from rolecall.provisioning.recorder import StepDone
from rolecall.provisioning.resolving import Names, find_entitlement, names_of
from rolecall.provisioning.runs import settle_by_run
from rolecall.provisioning.task_changes import backoff
from rolecall.provisioning.unwritten import record_refused
from rolecall.provisioning.ways_back import open_undo

__all__ = [
    "SYSTEM",
    "Done",
    "Engine",
    "Names",
    "Prepared",
    "Status",
    "StepDone",
    "backoff",
    "carry_out",
    "connector_context",
    "end_grant",
    "entitlement_now",
    "find_entitlement",
    "look_again",
    "names_of",
    "open_engine",
    "open_undo",
    "permit",
    "prepare",
    "principal_now",
    "provision",
    "record_refused",
    "removals_with_elsewhere",
    "reopen",
    "reopen_if_back",
    "resume",
    "settle_by_run",
    "shell_actor",
    "undo",
    "via_now",
    "withdrawal",
]
