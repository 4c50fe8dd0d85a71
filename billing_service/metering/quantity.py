"""How a quantity is rounded: once, when the sums of an hour are complete, half up, to nine decimals.

Nine decimals are what a usage file may have. Of a core hour it is 3.6 microseconds of one core.
"""

from decimal import ROUND_HALF_UP, Context, Decimal

from billing_service.metering.queries import WINDOWS

DECIMALS = 9
_STEP = Decimal(1).scaleb(-DECIMALS)

# A byte is 2^-30 GiB, which has 30 decimals, and a share of a window may have infinitely many: 50 digits keep the error
# of an hour below 10^-30.
EXACT = Context(prec=50, rounding=ROUND_HALF_UP)
_BYTES_PER_GIB = Decimal(2**30)


# The ledger refuses such a line, and a line that is refused would keep the complete hour out.
TOO_LARGE = Decimal(10) ** 8


def gib(size: Decimal) -> Decimal:
    return EXACT.divide(size, _BYTES_PER_GIB)


def hours(windows: Decimal) -> Decimal:
    """`windows`: a sum over the windows of an hour, in units. The result is in unit hours, not rounded."""
    return EXACT.divide(windows, Decimal(WINDOWS))


def rounded(quantity: Decimal) -> Decimal:
    return quantity.quantize(_STEP, context=EXACT)
