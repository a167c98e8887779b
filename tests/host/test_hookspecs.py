"""Every hook is documented as the contract it is, and stands in the author guide."""

import inspect
from pathlib import Path

import pytest

from rolecall import hookspecs, provisioning_hookspecs

GUIDE = Path(__file__).parents[2] / "docs" / "writing-a-connector.md"
HOOKS = {
    name: spec
    for specs in (hookspecs, provisioning_hookspecs)
    for name, spec in vars(specs).items()
    if name.startswith("rolecall_")
}


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_says_what_it_raises_and_what_it_must_not_do(name):
    contract = inspect.getdoc(HOOKS[name]) or ""

    assert "Called " in contract
    assert "Raises:" in contract
    assert "Must not:" in contract


@pytest.mark.parametrize("name", HOOKS)
def test_the_author_guide_has_every_hook_with_its_signature(name):
    signature = ", ".join(inspect.signature(HOOKS[name]).parameters)

    assert f"`{name}({signature})`" in GUIDE.read_text(encoding="utf-8")
