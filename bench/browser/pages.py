"""The pages that are driven: small, a form, large in two ways, and one that asks its server."""

__all__ = ["FIELDS", "PAGES"]

_LINKS = "".join(f'<li><a href="#topic-{at}">Topic {at}</a></li>' for at in range(1, 16))
_PARAGRAPH = "<p>The line was opened in 1902 and has been worked from a single box ever since, by day and by night.</p>"
_COUNT = '<button onclick="n.textContent = Number(n.textContent) + 1">Count</button> <output id=n>0</output>'
FIELDS = ("First name", "Last name", "Street", "Postcode", "City", "Email", "Telephone", "Remarks")
_FORM = "".join(f'<p><label>{name} <input name="{name}"></label></p>' for name in FIELDS)
_COUNTRIES = "".join(f"<option>{name}</option>" for name in ("Austria", "France", "Italy", "Spain", "Switzerland"))
_NUMBERS = range(1000, 1500)
_ROWS = "".join(
    f'<tr><td>{n}</td><td>Customer {n}</td><td>{n % 97}.50</td><td><a href="#order-{n}">Open</a></td></tr>'
    for n in _NUMBERS
)
_CARDS = "".join(
    f'<article><h2>Card {n}</h2><p>What it says</p><a href="#card-{n}">Read</a> <button>Keep</button></article>'
    for n in range(1, 1001)
)
_SHOW = "document.getElementById('shown').textContent = 'Shown: ' + document.querySelector('input').value"


def _page(title: str, body: str) -> str:
    return f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><h1>{title}</h1>{body}</html>'


PAGES = {
    "static": _page("Signals", f"{_COUNT}<ul>{_LINKS}</ul>{_PARAGRAPH * 6}"),
    "form": _page(
        "Address",
        f"{_FORM}<p><label>Country <select>{_COUNTRIES}</select></label></p>"
        f'<button type="button" onclick="{_SHOW}">Show</button><p id="shown"></p><ul>{_LINKS}</ul>{_PARAGRAPH * 2}',
    ),
    "table": _page("Orders", f"{_COUNT}<table><tr><th>No<th>Name<th>Sum<th></tr>{_ROWS}</table>"),
    "cards": _page("Cards", f"{_COUNT}{_CARDS}"),
    "asking": _page(
        "Asking",
        "<button onclick=\"fetch('/after?ms=150').then((r) => r.text()).then((t) => { n.textContent += ' ' + t })\">"
        "Ask</button> <output id=n>Heard:</output>",
    ),
}
