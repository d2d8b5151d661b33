"""Trac: a ticket filed through its web pages by whoever may, held against Trac's own database.

Signing in is by HTTP Digest.
"""

import hashlib
import sqlite3
import subprocess
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mcp_types as types
import pytest

from tests.apps.installed import free_port, program, serving
from tests.house import House, Person, configured, connected, text_of

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(300)]

YES = "this call"
FIELDS = ("summary", "description", "type", "priority", "component", "keywords", "reporter", "status")
REALM = "tracker"
PASSWORD = "enigma-1914"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracker:
    """Where Trac is, and what it keeps."""

    origin: str
    database: Path

    def tickets(self) -> list[dict[str, str]]:
        """Return every ticket that there is, oldest first."""
        with closing(sqlite3.connect(self.database)) as connection:
            rows = connection.execute(f"select {', '.join(FIELDS)} from ticket order by id").fetchall()
        return [dict(zip(FIELDS, row, strict=True)) for row in rows]


@pytest.fixture
def trac(tmp_path: Path) -> Iterator[Tracker]:
    place, port, users = tmp_path / "trac", free_port(), tmp_path / "users.htdigest"
    admin = [program("trac-admin"), str(place)]
    for command in (["initenv", "Acme", "sqlite:db/trac.db"], ["permission", "add", "anonymous", "TICKET_CREATE"]):
        subprocess.run([*admin, *command], check=True, capture_output=True, timeout=60)
    digest = hashlib.md5(f"ada:{REALM}:{PASSWORD}".encode()).hexdigest()  # as HTTP Digest has it
    users.write_text(f"ada:{REALM}:{digest}\n", encoding="utf-8")
    command = [program("tracd"), "--single-env", "--hostname", "127.0.0.1", "--port", str(port)]
    command += ["--auth", f"*,{users},{REALM}", str(place)]
    with serving(command, port=port, log=tmp_path / "tracd.log") as origin:
        yield Tracker(origin=origin, database=place / "db" / "trac.db")


@asynccontextmanager
async def housed(folder: Path, trac: Tracker, person: Person) -> AsyncGenerator[House]:
    """Hold a server that may work on the tracker."""
    config = configured(folder, f'[browser]\norigins = ["{trac.origin}"]\n')
    async with connected(config, person=person) as house:
        yield house


def role(role: str, name: str) -> str:
    return f'role={role}[name="{name}"]'


def data(result: types.CallToolResult) -> dict[str, Any]:
    assert not result.is_error, text_of(result)
    assert result.structured_content is not None
    return dict(result.structured_content)


async def filed(house: House, trac: Tracker, summary: str, **fields: str) -> types.CallToolResult:
    """Fill in the form for a new ticket, submit it, and return what came of that."""
    opened = data(await house.call("browser_navigate", url=trac.origin))
    assert opened["title"] == "Acme"
    form = text_of(await house.call("browser_click", target=role("link", "New Ticket")))
    described = form.split('textbox "Description:')[1].split("[ref=")[1].split("]")[0]
    values = {role("textbox", "Summary:"): summary, described: fields.pop("description", "")}
    values |= {role("combobox", f"{name.title()}:"): value for name, value in fields.items()}
    entries = [{"target": target, "value": value} for target, value in values.items() if value]
    data(await house.call("browser_fill_form", fields=entries))
    return await house.call("browser_click", target=role("button", "Create ticket"))


async def test_a_ticket_filed_through_the_pages_is_in_tracs_database_as_it_was_typed(
    tmp_path: Path, trac: Tracker
) -> None:
    person = Person(YES)
    async with housed(tmp_path, trac, person) as house:
        result = await filed(
            house,
            trac,
            'Drucker „Süd" raucht: <b>100 %</b>',
            description="It smokes.\nSince Monday.",
            component="component2",
            priority="critical",
            type="task",
        )
        assert data(result)["url"].startswith(f"{trac.origin}/ticket/1")
    assert "raucht" in person.questions[0]
    assert "critical" in person.questions[0]
    assert trac.tickets() == [
        {
            "summary": 'Drucker „Süd" raucht: <b>100 %</b>',
            "description": "It smokes.\r\nSince Monday.",  # so HTML forms send line breaks
            "type": "task",
            "priority": "critical",
            "component": "component2",
            "keywords": None,
            "reporter": "anonymous",
            "status": "new",
        }
    ]


async def test_a_declined_ticket_is_not_filed(tmp_path: Path, trac: Tracker) -> None:
    async with housed(tmp_path, trac, Person("no")) as house:
        assert (await filed(house, trac, "Not to be")).is_error
    assert trac.tickets() == []


async def test_the_report_of_tickets_equals_the_database(tmp_path: Path, trac: Tracker) -> None:
    async with housed(tmp_path, trac, Person(YES)) as house:
        for number in range(3):
            data(await filed(house, trac, f"Fault {number}", component=f"component{number % 2 + 1}"))
        await house.call("browser_navigate", url=f"{trac.origin}/report/1")
        rows = data(await house.call("call_read_tool", name="browser_extract", arguments={}))["rows"]
    shown = {(row["Summary"], row["Component"], row["Status"]) for row in rows}
    assert shown == {(ticket["summary"], ticket["component"], ticket["status"]) for ticket in trac.tickets()}
    assert len(rows) == 3


async def test_a_sign_in_that_the_browser_has_no_credentials_for_is_said(tmp_path: Path, trac: Tracker) -> None:
    async with housed(tmp_path, trac, Person(YES)) as house:
        result = await house.call("browser_navigate", url=f"{trac.origin}/login")
        assert result.is_error
        assert "wants a sign-in that the browser does not have" in text_of(result)
        data(await house.call("browser_navigate", url=f"{trac.origin}/newticket"))  # and the session goes on


async def test_a_click_that_ends_at_a_sign_in_is_said_and_leaves_the_ways_out(tmp_path: Path, trac: Tracker) -> None:
    async with housed(tmp_path, trac, Person(YES)) as house:
        await house.call("browser_navigate", url=trac.origin)
        clicked = text_of(await house.call("browser_click", target=role("link", "Login")))
        assert "wants a sign-in that the browser does not have" in clicked
        assert not (await house.call("browser_snapshot")).is_error
        assert "Acme" in text_of(await house.call("browser_navigate_back"))


async def test_the_browser_signs_in_by_digest_with_a_secret_that_shows_nowhere(tmp_path: Path, trac: Tracker) -> None:
    text = f'[browser]\norigins = ["{trac.origin}"]\n[secrets.tracker]\norigin = "{trac.origin}"\nuser = "ada"\n'
    config = configured(tmp_path, text, {"POINTSMAN_SECRET_TRACKER": PASSWORD})
    async with connected(config, person=Person(YES)) as house:
        seen = text_of(await house.call("browser_navigate", url=f"{trac.origin}/login"))
        assert "logged in as ada" in seen
        requests = text_of(await house.call("browser_network_requests", all=True))
        number = int(requests.splitlines()[1].split(".")[0])
        seen += requests + text_of(await house.call("browser_network_request", index=number))
        refused = await house.call("browser_start_tracing")
        assert "a trace would show it" in text_of(refused)
    kept = b"".join(path.read_bytes() for path in config.data.rglob("*") if path.is_file())
    assert PASSWORD not in seen
    assert PASSWORD.encode() not in kept
