"""Quantities of Kubernetes, exactly: `500m`, `24Gi`, `1e3`.

The grammar is the one of resource.Quantity in k8s.io/apimachinery. A sign and a fraction below 10^-9 are refused: no
resource is negative, and Kubernetes itself rounds what is smaller.
"""

import re
from decimal import Context, Decimal

EXACT = Context(prec=100)
GIB = Decimal(2**30)
GB = Decimal(10**9)
_LARGEST = Decimal(10) ** 18
_DECIMALS = 9
_FORM = re.compile(r"([0-9]{1,24}(?:\.[0-9]{0,24})?|\.[0-9]{1,24})([numkMGTPE]|[KMGTPE]i|[eE][+-]?[0-9]{1,2})?")
_FACTORS = {
    **{
        suffix: Decimal(10) ** power
        for suffix, power in zip("numkMGTPE", (-9, -6, -3, 3, 6, 9, 12, 15, 18), strict=True)
    },
    **{f"{prefix}i": Decimal(1024) ** power for power, prefix in enumerate("KMGTPE", 1)},
}
RULE = "must be a quantity of Kubernetes like 500m, 2 or 24Gi, from 0 to 10^18"


def quantity(value: object) -> Decimal:
    """In units: cores, bytes or a count. Raises ValueError with what is allowed."""
    text = str(value) if type(value) in {int, Decimal} else value
    match = _FORM.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(RULE)
    number, suffix = match.groups()
    exponent = suffix is not None and suffix[0] in "eE" and suffix[1:] not in {"", "i"}
    factor = Decimal(f"1{suffix}") if exponent else _FACTORS[suffix] if suffix else Decimal(1)
    found = EXACT.multiply(Decimal(number), factor)
    if found > _LARGEST or found != found.quantize(Decimal(1).scaleb(-_DECIMALS), context=EXACT):
        raise ValueError(f"{RULE}, with at most {_DECIMALS} decimals")
    return found
