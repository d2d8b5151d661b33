"""Numbers as people write them in reports. Pure.

"1,234,567.89", "(1,234.50)" for a negative, "-3", "12.5 %", "US$ 7", "1 234,50", "1.234,50".
"""

import re
from decimal import Decimal, InvalidOperation

__all__ = ["amount"]

_CURRENCY = re.compile(r"(?:US\$|[$€£¥]|\b(?:USD|EUR|GBP|CHF|JPY)\b)", re.IGNORECASE)
_DOT_DECIMAL = re.compile(r"^\d{1,3}(?:,\d{3})+(?:\.\d+)?$|^\d+(?:\.\d+)?$|^\.\d+$")
_COMMA_DECIMAL = re.compile(r"^\d{1,3}(?:\.\d{3})+,\d+$|^\d{1,3}(?:\.\d{3}){2,}$|^\d+,(?:\d{1,2}|\d{4,})$")


def amount(text: str) -> Decimal | None:
    """Return the number that the text writes, or None when it is none or could be read in two ways.

    "1,234" is one thousand and more: three digits after a comma are a group, as in English reports.
    """
    bare = _CURRENCY.sub("", text).replace("%", "")
    bare = re.sub(r"[\s\u00a0\u202f'’]", "", bare)
    negative = bare.startswith("(") and bare.endswith(")")
    bare = bare.strip("()")
    if bare[:1] in "-−–+":
        negative = negative or bare[:1] in "-−–"
        bare = bare[1:]
    if _DOT_DECIMAL.match(bare):
        plain = bare.replace(",", "")
    elif _COMMA_DECIMAL.match(bare):
        plain = bare.replace(".", "").replace(",", ".")
    else:
        return None
    try:
        value = Decimal(plain)
    except InvalidOperation:
        return None
    return -value if negative else value
