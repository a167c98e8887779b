"""``python -m rolecall_okta.simulator``: a simulated Okta org on a port of this machine."""

import argparse
import gc
import sys
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path

from rolecall_okta.simulator.clients_file import load_clients
from rolecall_okta.simulator.clock import Clock
from rolecall_okta.simulator.generator import PATTERNS, Recipe, generate
from rolecall_okta.simulator.limits import Limits
from rolecall_okta.simulator.organisation import Organisation
from rolecall_okta.simulator.organisation_file import (
    BadOrganisationFile,
    load_organisation,
    save_organisation,
)
from rolecall_okta.simulator.permissions import ONE_ROLE, PROFILES
from rolecall_okta.simulator.running import Server, listen
from rolecall_okta.simulator.sample import sample_organisation
from rolecall_okta.simulator.server import Simulator
from rolecall_okta.simulator.system_log import RETENTION

EXAMPLES = """\
examples:
  python -m rolecall_okta.simulator --port 8080
      the sample company; one token, super-token
  python -m rolecall_okta.simulator --generate people=50000 groups=20000 role_groups=5000 \\
      accounts=300 app_users=15000 --seed 1 --token reader-token=read_only --latency-ms 50
  python -m rolecall_okta.simulator --generate mode=single union=true --write-org acme.json
      writes the organisation and ends, unless --port is given
  python -m rolecall_okta.simulator --org acme.json --enforce-limits --limit-scale 0.5
  python -m rolecall_okta.simulator --control --clients apps.json \\
      --token writer-token=custom:okta.groups.read,okta.users.read,okta.groups.members.manage

  curl -H 'Authorization: SSWS super-token' http://127.0.0.1:8080/api/v1/groups?limit=200
  curl -d '{"do": "remove_member", "group": "On call", "user": "ken.thompson@acme.example"}' \\
      http://127.0.0.1:8080/simulator/outside
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until a signal ends it; the exit status is 2 where the arguments can't be used."""
    parser = _parser()
    given = parser.parse_args(arguments)
    try:
        org = _organisation(given)
        tokens = dict(_pair(text) for text in given.token) or {"super-token": "super"}
        if given.write_org:
            save_organisation(org, given.write_org)
            if given.port is None:
                return 0
        clock = Clock()
        listener = listen(given.host, given.port or 0)
        okta = Simulator(
            org,
            tokens,
            domain=f"{given.host}:{listener.getsockname()[1]}",
            latency=given.latency_ms / 1000,
            limits=Limits(enforced=given.enforce_limits, scale=given.limit_scale, clock=clock),
            keep_requests=False,
            control=given.control,
            clients=load_clients(given.clients) if given.clients else (),
        )
    except (OSError, ValueError, BadOrganisationFile) as error:
        parser.error(str(error))
    org.set_index_lag(given.search_lag)
    org.log.lag, org.log.retention = given.log_lag, given.log_retention
    org.serve_times(clock)
    gc.collect()
    gc.freeze()  # the org outlives every request: spare the collector from walking it
    print(f"listening on {okta.domain}", flush=True)
    Server(okta).run_on(listener)
    print(f"served {okta.served} requests", file=sys.stderr)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m rolecall_okta.simulator",
        description="A stand-in for one Okta org, spoken to over plain HTTP on this machine.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    shown = ", ".join(f"{field.name}={field.default}" for field in fields(Recipe))
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--org", type=Path, metavar="FILE", help="an organisation file (JSON)")
    source.add_argument(
        "--generate", nargs="*", metavar="KEY=VALUE",
        help=f"an invented organisation: {shown}; patterns: {', '.join(PATTERNS)}",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=0, help="of the invented organisation")
    parser.add_argument("--write-org", type=Path, metavar="FILE", help="write the organisation to a file")
    parser.add_argument(
        "--token", action="append", default=[], metavar="TOKEN=PROFILE",
        help=f"a token and what it may do: {', '.join((*PROFILES, *ONE_ROLE))} (repeatable)",
    )  # fmt: skip
    parser.add_argument(
        "--clients", type=Path, metavar="FILE", help="service apps, which get OAuth access tokens (JSON)"
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, help="default: any free one")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="before every answer")
    parser.add_argument(
        "--search-lag", type=float, default=0.0, metavar="SECONDS",
        help="that search and filter lie behind (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--log-lag", type=float, default=0.0, metavar="SECONDS",
        help="until an event is in the System Log (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--log-retention", type=float, default=RETENTION, metavar="SECONDS",
        help="that the System Log keeps an event (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--control", action="store_true",
        help="let programs of this machine change the organisation, plan faults and so on: /simulator/",
    )  # fmt: skip
    parser.add_argument("--enforce-limits", action="store_true", help="answer 429 over the rate limits")
    parser.add_argument("--limit-scale", type=float, default=1.0, help="multiplies the rate limits")
    return parser


def _organisation(given: argparse.Namespace) -> Organisation:
    if given.org is not None:
        return load_organisation(given.org)
    if given.generate is not None:
        return generate(_recipe(given.generate), seed=given.seed)
    return sample_organisation()


def _recipe(pairs: Sequence[str]) -> Recipe:
    usual = Recipe()
    values: dict[str, object] = {}
    for text in pairs:
        name, value = _pair(text)
        if name not in {field.name for field in fields(Recipe)}:
            msg = f"--generate has no {name}"
            raise ValueError(msg)
        kind = type(getattr(usual, name))
        values[name] = value.lower() in ("true", "yes", "1") if kind is bool else kind(value)
    recipe = replace(usual, **values)  # type: ignore[arg-type]  # typed by the defaults above
    if recipe.pattern not in PATTERNS or recipe.mode not in ("mapping", "single"):
        msg = f"no mode {recipe.mode} or pattern {recipe.pattern}"
        raise ValueError(msg)
    return recipe


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        msg = f"{text} is not of the form NAME=VALUE"
        raise ValueError(msg)
    return name, value


if __name__ == "__main__":
    sys.exit(main())
