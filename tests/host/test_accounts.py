"""Account names come from a CSV, both ways, and its mistakes are named all at once."""

import pytest

from rolecall.accounts import load_accounts
from rolecall.errors import ConfigError, UsageError

HEADER = "account_id,name,owner,tags\n"


@pytest.fixture
def load(tmp_path):
    def loader(text):
        file = tmp_path / "accounts.csv"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_accounts(file)

    return loader


def test_without_a_file_no_account_has_a_name():
    accounts = load_accounts(None)

    assert accounts.name("123456789012") is None
    assert accounts.id_of("prod") == "prod"


def test_names_and_ids_are_found_both_ways(load):
    accounts = load("\ufeff" + HEADER + "123456789012,Prod,ada,env=prod;team=x\n000000000001,dev,,\n")

    assert accounts.name("123456789012") == "Prod"
    assert accounts.by_id["123456789012"].tags == {"env": "prod", "team": "x"}
    assert [accounts.id_of(text) for text in ("123456789012", "Prod", "prod", "other")] == [
        "123456789012",
        "123456789012",
        "123456789012",
        "other",
    ]


def test_an_exact_name_wins_over_one_in_other_letters(load):
    accounts = load(HEADER + "000000000001,prod,,\n000000000002,PROD,,\n")

    assert accounts.id_of("PROD") == "000000000002"
    with pytest.raises(UsageError, match=r"000000000001 \(prod\), 000000000002 \(PROD\)"):
        accounts.id_of("Prod")


def test_all_bad_rows_are_named_by_line(load):
    rows = "12345678901,short,,\n123456789012,,,\n123456789013,a,b,c,d\n123456789014,x,,env\n"

    with pytest.raises(ConfigError) as caught:
        load(HEADER + rows)

    assert [problem.split(":")[0] for problem in caught.value.problems] == [
        "line 2",
        "line 3",
        "line 4",
        "line 4",
        "line 5",
    ]


def test_an_account_that_stands_twice_is_named(load):
    with pytest.raises(ConfigError) as caught:
        load(HEADER + "123456789012,a,,\n123456789012,b,,\n")

    assert caught.value.problems == ("line 3: account_id 123456789012 stands here twice",)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("id;name\n1;a\n", "no column account_id", id="other columns"),
        pytest.param("", "no column account_id, name", id="empty"),
        pytest.param(b"account_id,name\n\xff\xfe,a\n", "not UTF-8", id="other encoding"),
    ],
)
def test_a_file_that_is_something_else_is_refused(load, text, reason):
    with pytest.raises(ConfigError) as caught:
        load(text)

    assert reason in "".join([caught.value.message, *caught.value.problems])


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match="No such file"):
        load_accounts(tmp_path / "accounts.csv")
