"""What holds for all tests, and the store that they run on.

With ``--store=postgresql`` those that use a store run, each on a database of its own; the others would only
run a second time.
"""

from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, settings

# How fast the machine is, or how busy, is no property of the code.
settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")

pytest.register_assert_rewrite("tests.plugins.okta.conversations")

STORES = ("sqlite", "postgresql")
STORE_FIXTURES = frozenset({"store_url", "new_store"})

_session = pytest.StashKey[ExitStack]()


def pytest_addoption(parser):
    parser.addoption("--store", choices=STORES, default="sqlite", help="the kind of store that tests run on")


def pytest_configure(config):
    config.addinivalue_line("markers", "only_on(store, reason): the test is about one kind of store")
    config.stash[_session] = ExitStack()
    if config.getoption("store") == "postgresql" and not hasattr(config, "workerinput"):
        from tests import postgresql

        try:
            url = config.stash[_session].enter_context(postgresql.server())
        except RuntimeError as error:
            raise pytest.UsageError(str(error)) from error
        config.stash[_session].enter_context(postgresql.template(url))


def pytest_unconfigure(config):
    config.stash[_session].close()


def pytest_collection_modifyitems(config, items):
    kind = config.getoption("store")
    chosen = [item for item in items if _is_for(item, kind)]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = chosen


def _is_for(item, kind):
    only = item.get_closest_marker("only_on")
    if only is not None:
        return only.args[0] == kind
    return kind == "sqlite" or not STORE_FIXTURES.isdisjoint(getattr(item, "fixturenames", ()))


@pytest.fixture
def store_url(request):
    """URL of an empty store of the chosen kind; an SQLite file is in the folder it is opened from."""
    if request.config.getoption("store") == "sqlite":
        yield "sqlite:///rolecall.db"
        return
    from tests.postgresql import database

    with database() as url:
        yield url
