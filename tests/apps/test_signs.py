"""Ledgers write revenue as a credit, with a minus: a contract says which columns count with the other sign."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from bridges.files import Root
from tools.checks import CheckSpec, Scene, run_check
from tools.verify import parse_checks

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("negated", "claimed", "status"),
    [
        ([], "-20.50", "met"),
        (["revenue"], "20.50", "met"),
        (["revenue"], "-20.50", "unmet"),
        ([], "20.50", "unmet"),
        (["region"], "20.50", "unmet"),
    ],
)
@pytest.mark.parametrize("kind", ["total_on_page", "rows_in_download"])
async def test_a_column_counts_with_the_other_sign_only_where_the_contract_says_so(
    tmp_path: Path, kind: str, negated: list[str], claimed: str, status: str
) -> None:
    (tmp_path / "ledger.csv").write_text("account,amount\nWest,−20.50\n", encoding="utf-8")

    async def look(query: str | None) -> tuple[str, str] | None:
        return "http://ledger.example/", "- row: Revenue in all | −20.50"

    check = {
        "total_on_page": {"column": "revenue", "label": "Revenue in all"},
        "rows_in_download": {"file": "*.csv", "columns": {"region": "account", "revenue": "amount"}},
    }[kind]
    (parsed,) = parse_checks([{"kind": kind, "id": "a", "negated": negated, **check}])
    scene = Scene(look=look, files=Root(tmp_path), output={"rows": [{"region": "West", "revenue": claimed}]})
    assert (await run_check(parsed, scene, "a")).status == status


def test_a_caller_names_the_columns_with_the_other_sign() -> None:
    check = {"kind": "total_on_page", "id": "a", "column": "revenue", "label": "Total", "negated": ["revenue"]}
    (parsed,) = parse_checks([CheckSpec.model_validate(check).plain()])
    assert parsed.model_dump()["negated"] == ("revenue",)


def test_a_sign_is_no_matter_for_a_check_of_texts() -> None:
    with pytest.raises(ValidationError):
        parse_checks([{"kind": "page_text", "id": "a", "text": "Revenue", "negated": ["revenue"]}])
