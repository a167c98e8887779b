"""A pytest plugin for authors of connectors: a contract suite, cassettes without secrets, a workspace.

Installed with ``pip install 'rolecall[testing]'`` it is loaded by pytest itself and offers

- ``collect`` and ``assert_contract``: run a connector as the host does, and look at what it yields;
- ``Mirror``: prove that incremental runs give what full runs give, while the provider changes;
- ``cassette``, ``recording`` and ``CassettePolicy``: recorded conversations, replayed without a network;
- ``leaks_in``: what a cassette holds that must not be shown;
- ``workspace``: a folder with a configuration and a database of its own, where ``rolecall`` commands
  run as a user runs them; ``store_url``: which database that is.

It changes nothing for tests that don't ask for any of them.
"""

from rolecall.testing.cassettes import CassettePolicy, unplayed
from rolecall.testing.contract import Collected, assert_contract, collect
from rolecall.testing.fixtures import cassette, recording, store_url, workspace
from rolecall.testing.leaks import leaks_in
from rolecall.testing.mirror import Mirror, Seen
from rolecall.testing.offline import offline
from rolecall.testing.rehearsal import UnderTest
from rolecall.testing.workspace import Finished, Workspace

__all__ = [
    "CassettePolicy",
    "Collected",
    "Finished",
    "Mirror",
    "Seen",
    "UnderTest",
    "Workspace",
    "assert_contract",
    "cassette",
    "collect",
    "leaks_in",
    "offline",
    "recording",
    "store_url",
    "unplayed",
    "workspace",
]
