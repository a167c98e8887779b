"""The command line and the simulator, put together as a user would."""

import pytest

from rolecall_okta.simulator import serve

TOKEN = "a-readers-token"


@pytest.fixture
def connect(workspace):
    """Configure the workspace's ``aws`` connector for an app of a served organisation."""

    def configure(okta, app, **settings):
        lines = "".join(f"{name} = {value!r}\n" for name, value in settings.items())
        workspace.configure(
            f'[connectors.aws]\nkind = "okta_aws_federation"\ndomain = "{okta.domain}"\n'
            f'api_token = {{ env = "OKTA_API_TOKEN" }}\naws_okta_app_id = "{app.id}"\n{lines}',
            OKTA_API_TOKEN=TOKEN,
        )

    return configure


@pytest.fixture
def served():
    """Serve an organisation to the read-only token until the test ends."""
    running = []

    def start(org, **options):
        context = serve(org, tokens={TOKEN: "read_only"}, **options)
        running.append(context)
        return context.__enter__()

    yield start
    for context in running:
        context.__exit__(None, None, None)
