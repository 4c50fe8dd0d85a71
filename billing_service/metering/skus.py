"""The codes of the SKUs that the meter writes."""

CPU = "cpu_core_hour"
MEMORY = "memory_gib_hour"
STORAGE = "storage_gib_hour"
NETWORK = "network_gib"
PUBLIC_IP = "public_ip_hour"
LOAD_BALANCER = "load_balancer_hour"


def storage(storage_class: str, own: frozenset[str]) -> str:
    """`own`: the classes with a separate SKU. All others are the general SKU, which has a price from the start, so that
    volumes of a new class are billed."""
    return f"{STORAGE}.{storage_class}" if storage_class in own else STORAGE
