"""The codes of the SKUs that the meter writes."""

CPU = "cpu_core_hour"
MEMORY = "memory_gib_hour"
STORAGE = "storage_gib_hour"
NETWORK = "network_gib"
PUBLIC_IP = "public_ip_hour"
LOAD_BALANCER = "load_balancer_hour"
GPU = "gpu_hour"
WHOLE_GPUS = frozenset({"nvidia_com_gpu", "amd_com_gpu"})  # as kube-state-metrics writes them


def storage(storage_class: str, own: frozenset[str]) -> str:
    """`own`: the classes with a separate SKU. All others are the general SKU, which has a price from the start, so that
    volumes of a new class are billed."""
    return f"{STORAGE}.{storage_class}" if storage_class in own else STORAGE


def gpu(resource: str) -> str:
    """Each kind of share has a separate SKU: a share of 10 GiB and one of 1 % have different units and prices."""
    return GPU if resource in WHOLE_GPUS else f"{GPU}.{resource.lower()}"
