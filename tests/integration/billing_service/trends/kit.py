"""What the tests of the trend share: paths, usage of one SKU, and a response as decimals."""

from datetime import UTC, datetime, timedelta
from typing import Any

import simplejson

from tests.integration.billing_service.conftest import Api

PROJECT = "/api/project/acme-web/trend?organization=acme"
ORGANIZATION = "/api/organization/acme/trend?"
ZONE = "organization,currency,time_zone\nacme,EUR,Europe/Berlin\n"
LINES = "namespace,hour,sku,workload,quantity\n"
PRICES = "resource,currency,unit_price,valid_from\n"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


async def trend(api: Api, path: str) -> Any:
    response = await api.get(path)
    assert response.status_code == 200, response.text
    return simplejson.loads(response.text, use_decimal=True)


def usage(first: str, hours: int, quantity: str = "1", **other: str) -> str:
    """Lines without their header: each hour from `first` on."""
    given = {"namespace": "acme-web", "sku": "cpu_core_hour", "workload": "-"} | other
    return "".join(
        f"{given['namespace']},{at(first) + timedelta(hours=hour):%Y-%m-%dT%H:%M:%SZ},{given['sku']},"
        f"{given['workload']},{quantity}\n"
        for hour in range(hours)
    )
