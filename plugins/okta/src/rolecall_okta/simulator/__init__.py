"""A stand-in for one Okta org, spoken to over real HTTP: for tests, the demo and benchmarks.

    from rolecall_okta.simulator import Organisation, serve

    org = Organisation()
    ada = org.add_user("ada@acme.example")
    admins = org.add_group("aws_123456789012_Admin", members=[ada])
    app = org.add_aws_app(use_group_mapping=True)
    org.assign_user(app, ada)
    with serve(org, {"reader-token": "read_only"}) as okta:
        ...  # http://{okta.domain}/api/v1/… answers to "Authorization: SSWS reader-token"

It needs the extra ``simulator``.
"""

from rolecall_okta.simulator.changes import Change, change_at_random
from rolecall_okta.simulator.generator import Recipe, generate
from rolecall_okta.simulator.organisation import Organisation
from rolecall_okta.simulator.organisation_file import load_organisation, save_organisation
from rolecall_okta.simulator.outside import outside
from rolecall_okta.simulator.permissions import Token, custom_token
from rolecall_okta.simulator.raw_json import ABSENT
from rolecall_okta.simulator.running import SimulatorProcess, serve, serve_in_process
from rolecall_okta.simulator.sample import sample_organisation
from rolecall_okta.simulator.server import Request, Simulator, Write
from rolecall_okta.simulator.service_apps import ServiceApp
from rolecall_okta.simulator.state import state_of

__all__ = [
    "ABSENT",
    "Change",
    "Organisation",
    "Recipe",
    "Request",
    "ServiceApp",
    "Simulator",
    "SimulatorProcess",
    "Token",
    "Write",
    "change_at_random",
    "custom_token",
    "generate",
    "load_organisation",
    "outside",
    "sample_organisation",
    "save_organisation",
    "serve",
    "serve_in_process",
    "state_of",
]
