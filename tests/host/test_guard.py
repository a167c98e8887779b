"""What is refused before it is published: tables of losses and counts, by the rules of decision 0018."""

import pytest

from rolecall import Ref
from rolecall.errors import Refused
from rolecall.guard import ShrinkGuard, check_counts, check_shrink, grown, unusual
from rolecall.store.comparison import Base, Comparison, Loss
from rolecall.store.reports import Counted, Totals

GUARD = ShrinkGuard()
BEFORE = Base(1, 1, {})


def compared(*losses, first=False, grants=100):
    totals = {kind: Totals(grants, grants, grants) for kind in ("user", "group", "account")}
    return Comparison(None if first else BEFORE, totals, losses, {}, {})


def grants(gone, current, kind="account"):
    return Loss("grants", kind, gone, current)


def refusal(call, *arguments):
    try:
        call(*arguments)
    except Refused as refused:
        return refused
    return None


@pytest.mark.parametrize(
    ("losses", "guard", "refused"),
    [
        pytest.param([grants(10, 10)], GUARD, False, id="a few may always go"),
        pytest.param([grants(11, 55)], GUARD, False, id="a fifth may go"),
        pytest.param([grants(11, 54)], GUARD, True, id="over a fifth, and over ten"),
        pytest.param([Loss("resources", "user", 90, 100)], GUARD, False, id="resources aren't counted here"),
        pytest.param([grants(50, 100)], ShrinkGuard(0.5), False, id="another share"),
        pytest.param([grants(50, 100)], ShrinkGuard(accepted=True), False, id="all accepted"),
        pytest.param([grants(50, 100)], ShrinkGuard(accepted=["account"]), False, id="the type accepted"),
        pytest.param([grants(50, 100)], ShrinkGuard(accepted=["group"]), True, id="another type accepted"),
    ],
)
def test_a_run_that_loses_much_of_a_type_is_refused(losses, guard, refused):
    error = refusal(check_shrink, "aws-prod", compared(*losses), guard)

    assert (error is not None) == refused
    if error:
        assert error.code == "shrink_refused"


def test_the_refusal_names_each_type_and_how_to_accept_it():
    losses = compared(grants(50, 100), grants(30, 40, "group"))

    error = refusal(check_shrink, "aws-prod", losses, GUARD)

    assert "50 of 100 grants of type account and 30 of 40 grants of type group" in error.message
    assert error.hint.endswith("rolecall sync aws-prod --accept-shrink=account --accept-shrink=group")


@pytest.mark.parametrize(
    ("loss", "largest_before", "asked"),
    [
        pytest.param(grants(5, 100), 50, True, id="a twentieth"),
        pytest.param(grants(4, 100), 2, False, id="less, and not over twice the largest"),
        pytest.param(grants(5, 101), 2, True, id="over twice the largest"),
        pytest.param(grants(1, 1000), 0, True, id="the first loss of a type that never lost any"),
        pytest.param(grants(1, 1000), None, True, id="a type without history"),
        pytest.param(Loss("resources", "account", 1, 1000), 3, False, id="resources have their own history"),
    ],
)
def test_an_unusual_loss_is_asked_about(loss, largest_before, asked):
    history = {} if largest_before is None else {(loss.what, loss.type): largest_before}

    assert unusual([loss], history, GUARD) == ([loss] if asked else [])


def test_an_incremental_run_is_asked_about_a_twentieth_and_has_no_history():
    assert unusual([grants(4, 100), grants(5, 100, "group")], None, GUARD) == [grants(5, 100, "group")]


def test_an_accepted_type_is_not_asked_about():
    assert unusual([grants(50, 100)], {}, ShrinkGuard(accepted=["account"])) == []


def short(lacking, of=100, ident="g1"):
    return Counted(Ref("group", ident), of - lacking, of)


@pytest.mark.parametrize(
    ("counts", "first", "refused"),
    [
        pytest.param([short(5)], False, False, id="under a twentieth of the type"),
        pytest.param([short(6)], False, True, id="a twentieth of the type"),
        pytest.param([short(3), short(3, ident="g2")], False, True, id="lists of a type are added up"),
        pytest.param([short(20)], True, False, id="a first run lacks less than a fifth"),
        pytest.param([short(26)], True, True, id="a first run lacks over a fifth"),
        pytest.param([short(10, of=10)], True, False, id="a first run lacks a few"),
    ],
)
def test_lists_that_fall_short_of_the_providers_counts_are_refused(counts, first, refused):
    held = 10 if counts[0].expected == 10 else 100
    error = refusal(check_counts, "okta", counts, {}, compared(first=first, grants=held), GUARD)

    assert (error is not None) == refused
    if error:
        assert error.code == "totals_disagree"


def test_a_short_list_that_also_lost_grants_is_refused_however_small_it_is():
    lost = {Ref("group", "g1"): (1, 20)}

    error = refusal(check_counts, "okta", [short(1, of=20)], lost, compared(grants=10_000), GUARD)

    assert "group:g1 lost 1 of 20" in error.message
    assert error.hint.endswith("--accept-shrink=group")


def test_counts_of_an_accepted_type_are_let_pass():
    lost = {Ref("group", "g1"): (90, 100)}

    assert refusal(check_counts, "okta", [short(90)], lost, compared(), ShrinkGuard(accepted=True)) is None


def test_a_count_that_was_wrong_before_is_not_held_against_every_run():
    before = {"group:g1": 7}

    assert grown([short(7), short(7, ident="g2")], before) == [short(7, ident="g2")]
    assert grown([short(8)], before) == [short(8)]
