"""Organisations served over HTTP, and a connector that may write."""

from contextlib import AsyncExitStack

import pytest

from tests.plugins.okta_aws_federation.provisioning.driving import connected, serving


@pytest.fixture
async def drive(org):
    """Serve the org and open a connector on it: ``await drive(app, **settings)``."""
    async with AsyncExitStack() as stack:

        async def start(app, rights="super", **settings):
            served = stack.enter_context(serving(org, rights))
            driver = await connected(served, org, app, **settings)
            stack.push_async_callback(driver.close)
            return driver

        yield start
