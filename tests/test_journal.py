"""The journal: append-only, chained, shared by several processes."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridges.journal import JournalUnavailable, Record, chained
from bridges.store import ChainBroken, Store

pytestmark = pytest.mark.anyio


def record(number: int) -> Record:
    return Record(
        kind="intent", at=float(number), call=f"c{number}", principal="p", agent="a", tool="t", body={"n": number}
    )


async def filled(folder: Path, count: int) -> Store:
    store = Store(folder)
    for number in range(count):
        await store.append(record(number), durable=number % 2 == 0)
    return store


async def test_a_chain_that_nobody_touched_is_valid(tmp_path: Path) -> None:
    store = await filled(tmp_path, 5)
    assert await store.verify() == 5
    await store.aclose()


@pytest.mark.parametrize(
    "statement", ["update journal set tool = 'x' where seq = 2", "delete from journal where seq = 2"]
)
async def test_the_database_itself_refuses_to_change_an_entry(tmp_path: Path, statement: str) -> None:
    store = await filled(tmp_path, 3)
    connection = sqlite3.connect(store.path)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(statement)
    connection.close()
    await store.aclose()


@pytest.mark.parametrize(
    "forgery",
    [
        "update journal set body = '{\"n\": 99}' where seq = 3",
        "update journal set at = 99.0 where seq = 3",
        "delete from journal where seq = 3",
        "delete from journal where seq = 1",
        "update journal set seq = seq + 10 where seq > 3",
        "delete from journal where seq > 4",
        "delete from journal",
    ],
)
async def test_whoever_removes_the_guard_and_forges_is_found_out(tmp_path: Path, forgery: str) -> None:
    store = await filled(tmp_path, 6)
    connection = sqlite3.connect(store.path)
    connection.execute("drop trigger journal_no_update")
    connection.execute("drop trigger journal_no_delete")
    connection.execute(forgery)
    connection.commit()
    connection.close()
    with pytest.raises(ChainBroken):
        await store.verify()
    await store.aclose()


async def test_what_changed_nothing_is_written_in_its_place(tmp_path: Path) -> None:
    store = Store(tmp_path)
    await store.remember(record(0))
    await store.append(record(1), durable=True)
    await store.remember(record(2))
    await store.aclose()
    again = Store(tmp_path)
    assert [entry.record.call for entry in await again.entries()] == ["c0", "c1", "c2"]
    assert await again.verify() == 3
    await again.aclose()


async def test_several_processes_write_one_chain(tmp_path: Path) -> None:
    program = f"""
import anyio
from pathlib import Path
from bridges.store import Store
from tests.test_journal import record

async def main():
    store = Store(Path({str(tmp_path)!r}))
    for number in range(60):
        await store.append(record(number), durable=number % 3 == 0)
    await store.aclose()

anyio.run(main)
"""
    writers = [subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True) for _ in range(4)]
    for writer in writers:
        _, errors = writer.communicate(timeout=60)
        assert writer.returncode == 0, errors
    store = Store(tmp_path)
    assert await store.verify() == 4 * 60
    await store.aclose()


async def test_a_folder_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(JournalUnavailable, match="check that the folder is writable"):
        Store(tmp_path / "file" / "data")


TEXTS = st.text(max_size=20)


@settings(max_examples=50)
@given(TEXTS, TEXTS, TEXTS)
def test_any_change_of_a_record_changes_its_hash(tool: str, other: str, prev: str) -> None:
    one = Record(kind="intent", at=1.0, call="c", principal="p", agent="a", tool=tool)
    two = Record(kind="intent", at=1.0, call="c", principal="p", agent="a", tool=other)
    assert (chained(prev, one) == chained(prev, two)) == (tool == other)
