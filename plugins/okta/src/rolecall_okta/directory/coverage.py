"""Says of which resource types a run doesn't list everything, and why."""

from rolecall import SyncRun
from rolecall_okta.directory.config import Settings
from rolecall_okta.directory.emission import GROUP, ROLE
from rolecall_okta.directory.state import State


def report_coverage(run: SyncRun, settings: Settings, state: State) -> None:
    """Tell a run that is over, whatever of it was read now."""
    if not settings.scope.is_whole:
        run.partial(GROUP.id, f"only {settings.scope} are listed")
    if settings.admin_roles == "off":
        run.partial(ROLE.id, "admin roles aren't read")
    elif state.roles is None:
        run.partial(ROLE.id, f"admin roles can't be read with this credential ({state.roles_refused})")
    elif not settings.scope.is_whole:
        run.partial(ROLE.id, f"of admin roles held by groups, only those of {settings.scope} are listed")
