"""Calls that change something: what goes out, and that none is done twice or claimed undone wrongly."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from rolecall import AuthRefused, BadPayload, NotFound, ProviderError, RateLimited, Unavailable
from rolecall_okta import (
    Call,
    NoAgent,
    OktaClient,
    OutcomeUnknown,
    SswsAuth,
    Timeouts,
    add_member_call,
    assign_group_call,
    assign_person_call,
    modify_directory_group_call,
    normalise_domain,
    patch_group_profile_call,
    remove_member_call,
    unassign_group_call,
    unassign_person_call,
    update_app_user_call,
)
from rolecall_okta.simulator import Organisation, Simulator, serve
from rolecall_okta.simulator.faults import READ_ONLY, Applied, Fault, Reset, Stall, Status
from tests.plugins.okta.conftest import FakeClock, Watcher
from tests.plugins.okta.responder import (
    Answer,
    Responder,
    answer,
    okta_error,
    reset,
    reset_after_headers,
    stall,
)
from tests.plugins.okta.responder import drip as dripping

TOKEN = "not-a-real-token-0123456789"
WRITE = add_member_call("00g1", "00u1")
IN_DIRECTORY = modify_directory_group_call("0oa1", "00g1", "ADD", "00u1")


@pytest.mark.parametrize(
    ("call", "line", "body"),
    [
        (add_member_call("00g1", "00u/1"), "PUT /api/v1/groups/00g1/users/00u%2F1", None),
        (remove_member_call("00g1", "00u1"), "DELETE /api/v1/groups/00g1/users/00u1", None),
        (
            assign_person_call("0oa1", "00u1"),
            "POST /api/v1/apps/0oa1/users",
            {"id": "00u1", "scope": "USER"},
        ),
        (
            assign_person_call("0oa1", "00u1", {"samlRoles": ["Ä"]}),
            "POST /api/v1/apps/0oa1/users",
            {"id": "00u1", "scope": "USER", "profile": {"samlRoles": ["Ä"]}},
        ),
        (
            update_app_user_call("0oa1", "00u1", profile={}, scope="USER"),
            "POST /api/v1/apps/0oa1/users/00u1",
            {"scope": "USER", "profile": {}},
        ),
        (
            update_app_user_call("0oa1", "00u1", scope="GROUP"),
            "POST /api/v1/apps/0oa1/users/00u1",
            {"scope": "GROUP"},
        ),
        (unassign_person_call("0oa1", "00u1"), "DELETE /api/v1/apps/0oa1/users/00u1", None),
        (assign_group_call("0oa1", "00g1", 0), "PUT /api/v1/apps/0oa1/groups/00g1", {"priority": 0}),
        (
            assign_group_call("0oa1", "00g1", 7, {"role": None}),
            "PUT /api/v1/apps/0oa1/groups/00g1",
            {"priority": 7, "profile": {"role": None}},
        ),
        (
            patch_group_profile_call("0oa1", "00g1", "samlRoles", ["A"]),
            "PATCH /api/v1/apps/0oa1/groups/00g1",
            [{"op": "replace", "path": "/profile/samlRoles", "value": ["A"]}],
        ),
        (
            patch_group_profile_call("0oa1", "00g1", "a/b~c", None),
            "PATCH /api/v1/apps/0oa1/groups/00g1",
            [{"op": "replace", "path": "/profile/a~1b~0c", "value": None}],
        ),
        (unassign_group_call("0oa1", "00g1"), "DELETE /api/v1/apps/0oa1/groups/00g1", None),
        (
            IN_DIRECTORY,
            "POST /api/v1/directories/0oa1/groups/modify",
            {"id": "00g1", "parameters": {"action": "ADD", "attribute": "member", "values": ["00u1"]}},
        ),
    ],
)
async def test_what_is_planned_is_what_is_sent(
    okta: OktaClient, server: Responder, call: Call, line: str, body: object
) -> None:
    assert (call.what, call.body) == (line, body)
    assert Call.written(call.method, call.path, call.body) == call, "a stored plan makes the same call again"
    server.answers = [answer({"done": True}, headers=[("X-Okta-Request-Id", "r1")])]
    written = await okta.write(call)
    (request,) = server.requests
    assert f"{request.method} {request.target}" == line
    assert request.body == call.content
    assert (written.call, written.status, written.request_id, written.body) == (
        call,
        200,
        "r1",
        {"done": True},
    )


@pytest.mark.parametrize("call", [WRITE, remove_member_call("00g1", "00u1")])
async def test_write_without_a_body_says_so_and_an_empty_answer_is_none(
    okta: OktaClient, server: Responder, call: Call
) -> None:
    server.answers = [b"HTTP/1.1 204 No Content\r\n\r\n"]
    written = await okta.write(call)
    assert (written.status, written.body) == (204, None)
    if call.method == "PUT":
        assert server.requests[0].headers["content-length"] == "0"


@pytest.mark.parametrize("impossible", ["", ".", "..", "\ud800"])
@pytest.mark.parametrize(
    "build",
    [
        lambda each: add_member_call(each, "00u1"),
        lambda each: add_member_call("00g1", each),
        lambda each: assign_person_call(each, "00u1"),
        lambda each: modify_directory_group_call("0oa1", each, "ADD", "00u1"),
        lambda each: modify_directory_group_call("0oa1", "00g1", "ADD", each),
    ],
)
def test_impossible_id_is_refused_when_the_call_is_built(
    impossible: str, build: Callable[[str], Call]
) -> None:
    with pytest.raises(NotFound):
        build(impossible)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(reset, id="cut before the answer"),
        pytest.param(reset_after_headers, id="cut in the answer"),
        pytest.param(b"SMTP ready\r\n\r\n", id="no HTTP"),
        pytest.param(okta_error(500, "E0000009"), id="500 in Okta's words"),
        pytest.param(answer(b"<html>", status=502), id="502 of a gateway"),
        pytest.param(answer(b"", status=503), id="503 of a gateway"),
        pytest.param(okta_error(503, "E0000100"), id="503 that isn't the read-only mode"),
        pytest.param(answer(b"", status=504), id="504"),
        pytest.param(answer(b"", status=408), id="408"),
        pytest.param(answer(b"<html>welcome</html>"), id="200 of a captive portal"),
        pytest.param(answer(b"", status=302, headers=[("Location", "/welcome")]), id="302"),
        pytest.param(answer(b"", status=303, headers=[("Location", "/done")]), id="303"),
        pytest.param(answer(b"x", headers=[("Content-Encoding", "br")]), id="200 that can't be unpacked"),
    ],
)
async def test_write_that_may_have_been_done_is_sent_once_and_nobody_claims_anything(
    okta: OktaClient, server: Responder, clock: FakeClock, fault: Answer
) -> None:
    server.respond = lambda request: fault
    with pytest.raises(OutcomeUnknown) as caught:
        await okta.write(WRITE)
    assert isinstance(caught.value, Unavailable)
    assert (caught.value.code, caught.value.method, caught.value.path) == (
        "outcome_unknown",
        "PUT",
        WRITE.path,
    )
    assert "whether it was done isn't known" in str(caught.value)
    assert "read" in str(caught.value.hint)
    assert len(server.requests) == 1
    assert clock.slept == []


class TestWithShortTimeouts:
    @pytest.fixture
    def timeouts(self) -> Timeouts:
        return Timeouts(connect=1.0, read=0.15, write=1.0, request=0.3)

    @pytest.mark.parametrize("fault", [stall, dripping])
    async def test_answer_that_never_ends_leaves_the_outcome_unknown(
        self, okta: OktaClient, server: Responder, fault: Answer
    ) -> None:
        server.answers = [fault]
        async with asyncio.timeout(5):
            with pytest.raises(OutcomeUnknown, match=r"no answer in time|broke before the answer"):
                await okta.write(WRITE)
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(okta_error(503, "E0000010"), id="read-only mode"),
        pytest.param(answer(b"", status=423), id="locked"),
        pytest.param(okta_error(423, "E0000239"), id="locked, in Okta's words"),
        pytest.param(okta_error(409, "E0000112"), id="user activating"),
        pytest.param(okta_error(409, "E0000249"), id="rules being set up"),
        pytest.param(okta_error(429, "E0000047"), id="rate limit"),
    ],
)
async def test_write_that_was_not_done_is_sent_again(
    okta: OktaClient, server: Responder, fault: Answer
) -> None:
    server.answers = [fault, answer({"id": "x"})]
    assert (await okta.write(assign_person_call("0oa1", "00u1"))).body == {"id": "x"}
    assert server.requests[0].body == server.requests[1].body


@pytest.mark.parametrize(
    ("fault", "kind", "attempts"),
    [
        pytest.param(okta_error(503, "E0000010"), Unavailable, 4, id="read-only mode"),
        pytest.param(okta_error(423, "E0000239"), Unavailable, 4, id="locked"),
        pytest.param(okta_error(429, "E0000047"), RateLimited, 10, id="rate limit"),
        pytest.param(okta_error(403, "E0000006"), AuthRefused, 1, id="right missing"),
        pytest.param(okta_error(404, "E0000007"), NotFound, 1, id="gone"),
        pytest.param(okta_error(409, "E0000062"), ProviderError, 1, id="assigned already"),
        pytest.param(okta_error(501, "E0000060"), ProviderError, 1, id="not supported"),
        pytest.param(
            answer(b"", status=307, headers=[("Location", "https://evil.example/")]),
            BadPayload,
            1,
            id="redirect that asks for the same elsewhere",
        ),
    ],
)
async def test_write_that_okta_keeps_refusing_ends_as_not_done(
    okta: OktaClient, server: Responder, fault: Answer, kind: type[ProviderError], attempts: int
) -> None:
    server.respond = lambda request: fault
    with pytest.raises(kind) as caught:
        await okta.write(WRITE)
    assert type(caught.value) is kind
    assert caught.value.method == "PUT"
    assert len(server.requests) == attempts


async def test_write_that_found_nobody_listening_was_not_done(
    watcher: Watcher, clock: FakeClock, auth: SswsAuth
) -> None:
    closed = Responder()
    await closed.start()
    await closed.stop()
    async with OktaClient(normalise_domain(closed.host), auth, watcher, clock=clock) as okta:
        with pytest.raises(Unavailable, match="no connection") as caught:
            await okta.write(WRITE)
    assert type(caught.value) is Unavailable
    assert len(clock.slept) == 3


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        pytest.param(okta_error(502, "E0000000"), NoAgent, id="no agent"),
        pytest.param(answer(b"<html>", status=502), OutcomeUnknown, id="502 of a gateway"),
        pytest.param(okta_error(504, "E0000000"), OutcomeUnknown, id="agent too slow"),
        pytest.param(answer(b"", status=504), OutcomeUnknown, id="504 of a gateway"),
    ],
)
async def test_directory_says_whether_its_agent_was_asked(
    okta: OktaClient, server: Responder, fault: Answer, kind: type[ProviderError]
) -> None:
    server.respond = lambda request: fault
    with pytest.raises(kind) as caught:
        await okta.write(IN_DIRECTORY)
    assert type(caught.value) is kind
    assert len(server.requests) == 1


async def test_write_waits_with_the_reads_of_its_bucket(
    okta: OktaClient, server: Responder, watcher: Watcher
) -> None:
    def counted(remaining: int) -> list[tuple[str, str]]:
        return [
            ("X-Rate-Limit-Limit", "4"),
            ("X-Rate-Limit-Remaining", str(remaining)),
            ("X-Rate-Limit-Reset", "1795514430"),
            ("Date", "Tue, 24 Nov 2026 10:00:00 GMT"),
        ]

    server.answers = [
        answer([], headers=counted(3)),
        answer(b"", status=204, headers=counted(2)),
        answer(b""),
    ]
    _ = [page async for page in okta.group_members("00g1")]
    await okta.write(WRITE)
    await okta.write(WRITE)
    assert watcher.waits == [(31.0, "Okta's rate limit on /api/v1/groups")]


class TestOnASimulatedOrg:
    """What the errors say is what happened."""

    @pytest.fixture
    def org(self) -> Organisation:
        return Organisation()

    @pytest.fixture
    def served(self, org: Organisation) -> Iterator[Simulator]:
        with serve(org, {TOKEN: "super"}) as simulator:
            yield simulator

    @pytest.fixture
    async def acme(
        self, served: Simulator, auth: SswsAuth, watcher: Watcher, clock: FakeClock
    ) -> AsyncIterator[OktaClient]:
        short = Timeouts(read=0.3, request=0.6)
        domain = normalise_domain(served.domain)
        async with OktaClient(domain, auth, watcher, clock=clock, timeouts=short) as okta:
            yield okta

    @pytest.mark.parametrize(
        ("fault", "kind", "done"),
        [
            pytest.param(Applied(Reset()), OutcomeUnknown, True, id="done, then cut"),
            pytest.param(Applied(Status(500, "E0000009")), OutcomeUnknown, True, id="done, then 500"),
            pytest.param(Applied(Status(504)), OutcomeUnknown, True, id="done, then 504"),
            pytest.param(Applied(Stall()), OutcomeUnknown, True, id="done, then silence"),
            pytest.param(Reset(), OutcomeUnknown, False, id="cut before"),
            pytest.param(Status(500, "E0000009"), OutcomeUnknown, False, id="500, not done"),
            pytest.param(Status(403, "E0000006"), AuthRefused, False, id="refused"),
            pytest.param(READ_ONLY, Unavailable, False, id="read-only mode"),
        ],
    )
    async def test_no_write_is_sent_twice_and_only_undone_ones_are_called_so(
        self,
        acme: OktaClient,
        served: Simulator,
        org: Organisation,
        watcher: Watcher,
        fault: Fault,
        kind: type[ProviderError],
        done: bool,
    ) -> None:
        ada, group = org.add_user("ada@acme.example"), org.add_group("staff")
        served.faults.add("/users/", fault, method="PUT", times=None)
        with pytest.raises(kind) as caught:
            await acme.write(add_member_call(group.id, ada.id))
        assert isinstance(caught.value, OutcomeUnknown) is (kind is OutcomeUnknown)
        assert [row.id async for page in acme.group_members(group.id) for row in page] == (
            [ada.id] if done else []
        )
        if kind is OutcomeUnknown:
            assert [what for what in watcher.requests if what.startswith("PUT")] == [
                f"PUT /api/v1/groups/{group.id}/users/{ada.id}"
            ]

    async def test_rules_and_a_whole_group_profile_are_read(
        self, acme: OktaClient, org: Organisation
    ) -> None:
        group = org.add_group("engineers")
        rule = org.add_rule("all", 'user.department=="Ops"', [group])
        ((row,),) = [page async for page in acme.group_rules()]
        assert (row.id, row.name, row.status) == (rule.id, "all", "ACTIVE")
        assert (row.expression, row.group_ids) == ('user.department=="Ops"', (group.id,))
        profiled = await acme.profiled_group(group.id)
        assert profiled.profile["name"] == profiled.name == "engineers"
