"""What a click amounts to: which controls commit to something, as the page and its labels tell."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridges.browser.words import Target
from tools.effects import activation
from tools.policy import Effect


def control(role: str, name: str, *, method: str = "") -> Target:
    """Return an element; with a method it submits a form."""
    return Target(
        ref="e1", role=role, name=name, tag=role, origin="https://a.example", submits=bool(method), method=method
    )


@pytest.mark.parametrize(
    ("target", "kind", "effect"),
    [
        (control("button", "Send", method="post"), "submit", "irreversible"),
        (control("button", "Weiter", method="POST"), "submit", "irreversible"),  # no word is known: the form decides
        (control("button", "", method="post"), "submit", "irreversible"),
        (control("button", "Log in", method="post"), "click", "idempotent"),
        (control("button", "Search", method="post"), "click", "idempotent"),
        (control("button", "Log in and pay 500 EUR", method="post"), "pay", "irreversible"),
        (control("button", "Search and delete", method="post"), "delete", "irreversible"),
        (control("button", "Find and purchase", method="post"), "pay", "irreversible"),
        (control("button", "Next", method="post"), "submit", "irreversible"),
        (control("button", "Go", method="post"), "submit", "irreversible"),
        (control("button", "Send order", method="get"), "pay", "irreversible"),
        (control("button", "Delete", method="get"), "delete", "irreversible"),
        (control("button", "Apply", method="get"), "click", "idempotent"),  # a filter
        (control("button", "Search", method="get"), "click", "idempotent"),
        (control("button", "Delete account"), "delete", "irreversible"),
        (control("button", "Wipe disk"), "delete", "irreversible"),
        (control("button", "Pay now"), "pay", "irreversible"),
        (control("button", "Save"), "submit", "irreversible"),
        (control("menuitem", "Publish"), "submit", "irreversible"),
        (control("switch", "Deploy"), "submit", "irreversible"),
        (control("button", "Cancel order"), "delete", "irreversible"),
        (control("button", "Show order 5"), "click", "idempotent"),
        (control("button", "Sign in"), "click", "idempotent"),
        (control("button", "Cancel"), "click", "idempotent"),
        (control("button", "Payments"), "click", "idempotent"),  # whole words only
        (control("button", "Show deleted"), "click", "idempotent"),
        (control("link", "Remove"), "delete", "irreversible"),
        (control("link", "Unsubscribe"), "delete", "irreversible"),
        (control("link", "Orders"), "click", "idempotent"),
        (control("textbox", "Delete reason"), "click", "idempotent"),  # to click into a field commits to nothing
    ],
)
def test_a_click_weighs_what_its_control_commits_to(target: Target, kind: str, effect: Effect) -> None:
    assert activation(target) == (kind, effect)


@given(
    st.builds(
        Target,
        ref=st.text(max_size=5),
        role=st.text(max_size=9) | st.sampled_from(["button", "link", "menuitem", "switch"]),
        name=st.text() | st.sampled_from(["Delete", "Search and delete", "Log in"]),
        tag=st.text(max_size=9),
        origin=st.text(),
        submits=st.booleans(),
        method=st.sampled_from(["", "get", "post", "POST", "dialog"]) | st.text(max_size=5),
    )
)
def test_whatever_a_page_says_a_click_has_a_kind_and_a_class(target: Target) -> None:
    kind, effect = activation(target)
    assert kind in {"click", "submit", "pay", "delete"}
    assert effect in get_args(Effect)
    assert (kind == "click") == (effect == "idempotent")
