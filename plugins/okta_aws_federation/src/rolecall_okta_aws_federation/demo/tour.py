"""The tour: chapters of scenes, each a command, why it is run, and what happens in the company before it."""

from collections.abc import Callable
from dataclasses import dataclass

from rolecall_okta.simulator import Organisation
from rolecall_okta_aws_federation.demo.company import (
    grace_is_added_in_the_directory,
    grace_leaves,
    nothing_happens,
    time_passes,
)


@dataclass(frozen=True, slots=True)
class Scene:
    """One command.

    Attributes:
        remark: Why it is run; told before it.
        command: What comes after ``rolecall``; ids in it stand as ``{name}``.
        before: What happens in the org first.
        token: With another credential than the connectors' own.
        only: Title of the first column of the one table that is shown; empty: all is.
        code: The exit code that belongs to it.
    """

    remark: str
    command: str
    before: Callable[[Organisation], None] = nothing_happens
    token: str = ""
    only: str = ""
    code: int = 0


@dataclass(frozen=True, slots=True)
class Chapter:
    """Scenes that belong together: guides quote whole chapters."""

    title: str
    scenes: tuple[Scene, ...]


TOUR = (
    Chapter(
        "Who has what",
        (
            Scene("What can this credential do?", "check aws"),
            Scene(
                "Read the directory, then both AWS apps; one of them takes its people and groups from it.",
                "sync",
            ),
            Scene("Who can assume which role, and by what path?", "access --connector aws"),
            Scene(
                "Why does Grace have ReadOnly in production?",
                "explain grace.hopper@acme.example production/ReadOnly --connector aws",
            ),
            Scene(
                "Mallory is in the same role group. Why doesn't she?",
                "explain mallory.contractor@acme.example production/ReadOnly --connector aws",
            ),
        ),
    ),
    Chapter(
        "What else there is",
        (
            Scene(
                "Alan is in a group with the right name, made by another app. Does it count?",
                "explain alan.turing@acme.example production/Admin --connector aws",
            ),
            Scene(
                "The other app has one account, and roles come from the highest-priority group.",
                "access --connector aws-data",
            ),
            Scene("What looked odd on the way?", "findings"),
            Scene("And the connectors?", "status"),
        ),
    ),
    Chapter(
        "What changed",
        (
            Scene(
                "Meanwhile Grace left the group in Okta. The next sync reads only what changed.",
                "sync",
                before=grace_leaves,
            ),
            Scene("Who did that?", "events okta"),
            Scene("What Grace has now:", "access --user grace.hopper@acme.example"),
        ),
    ),
    Chapter(
        "What other credentials can do",
        (
            Scene(
                "Custom read-only: a role that may view people, groups and apps.",
                "check aws",
                token="custom-reader",  # noqa: S106 - the simulator's
                only="CAPABILITY",
            ),
            Scene(
                "Read-only, app and group administrator.",
                "check aws",
                token="writer",  # noqa: S106 - the simulator's
                only="CAPABILITY",
            ),
            Scene("Super administrator.", "check aws", token="super", only="CAPABILITY"),  # noqa: S106
        ),
    ),
    Chapter(
        "Access that ends",
        (
            Scene(
                "What would it take to give Grace the bills of the sandbox? Nothing is written yet.",
                "grant aws account:sandbox:Billing grace.hopper@acme.example --dry-run",
            ),
            Scene(
                "Give it for an hour.",
                "grant aws account:sandbox:Billing grace.hopper@acme.example --for 1h --reason INC-4711 "
                "--yes",
            ),
            Scene("A sync sees it like any other access.", "sync -q"),
            Scene(
                "It doesn't become standing by that: it still ends.",
                "access --user grace.hopper@acme.example",
            ),
            Scene(
                "Barbara needs it for a moment only.",
                "grant aws account:sandbox:Billing barbara.liskov@acme.example --for 3s --yes",
            ),
            Scene(
                "Her time is over. What is due is done by the service, here once.",
                "run --once --every 0",
                before=time_passes,
            ),
        ),
    ),
    Chapter(
        "Asking for it",
        (
            Scene(
                "Alan asks for a role. A rule of the configuration says who may, and who approves.",
                "request create aws account:012345678901:PowerUser --for 2h --reason INC-4712 "
                "--as alan.turing@acme.example",
            ),
            Scene(
                "He can't approve that himself.", "request approve 2 --as alan.turing@acme.example", code=3
            ),
            Scene(
                "Ken is on call, so he can; with that it is granted.",
                "request approve 2 --as ken.thompson@acme.example",
            ),
        ),
    ),
    Chapter(
        "Access that comes through a group",
        (
            Scene(
                "Grace's role on the data platform isn't her own: it can't be taken from her alone.",
                "revoke aws-data account:data-platform:Incident grace.hopper@acme.example --yes",
                code=3,
            ),
            Scene(
                "By the way that was named it can.",
                "revoke aws-data account:data-platform:Incident grace.hopper@acme.example "
                "--via group:{on_call} --reason 'no longer on call' --yes",
            ),
        ),
    ),
    Chapter(
        "A change that somebody else must make",
        (
            Scene(
                "Production's administrators are a group of Active Directory. Okta can't add to it.",
                "grant aws account:production:Admin grace.hopper@acme.example --reason INC-4713 --yes",
                code=5,
            ),
            Scene("It is a task until it is seen done.", "task list"),
            Scene(
                "Somebody says that it is done. That is a claim, and closes nothing.",
                "task done 4 --ticket CHG-0031337 --as ken.thompson@acme.example",
                only="reported by",
            ),
            Scene(
                "Now it was done, and Okta has imported it. Said again, it is looked at again: a read closes "
                "it. (The service looks by itself.)",
                "task done 4 --as ken.thompson@acme.example",
                before=grace_is_added_in_the_directory,
                only="reported by",
            ),
        ),
    ),
    Chapter(
        "What is on record",
        (
            Scene("Who had what written, and why?", "audit"),
            Scene("Was the record tampered with?", "audit verify"),
            Scene("Does Okta's own log tell the same?", "audit reconcile aws --grace 0"),
        ),
    ),
)
