"""Every query to Prometheus, with its unit and its reason. No other file contains PromQL.

An hour has twelve windows of five minutes. `query_range` evaluates each query at the twelve ends of the windows, and a
range selector reads the window before that moment. All ranges end one millisecond before their length: Prometheus 2
includes both ends of a range and Prometheus 3 only the later one, and so each sample is in exactly one window of both.

A window has slots of one scrape interval (METERING_SCRAPE_SECONDS). An object was there in a slot if a scrape of that
slot has it. `count` is the number of slots, so a pod that lives 30 s has 1 of 10 slots, and a target that was not
scraped has fewer slots for all its objects: windows.py divides by the slots of the target. `max by` inside the slots
removes what differs between two scrapers of the same target (instance, replica) and what changes during the life of an
object (the node of a virtual machine that migrates).

The metric names are those of kube-state-metrics 2.x (docs/metrics), cAdvisor in the kubelet and KubeVirt 1.x
(docs/observability/metrics.md). `job` is a label of the scrape configuration: a tenant whose own target has a metric
with one of these names cannot add to the usage of another tenant.
"""

from collections.abc import Iterable
from dataclasses import dataclass

WINDOW_SECONDS = 300
WINDOWS = 12


@dataclass(frozen=True)
class Jobs:
    """The values of the label `job` of the three sources, as regular expressions (RE2, anchored)."""

    kube_state_metrics: str
    cadvisor: str
    kubevirt: str


class Queries:
    def __init__(self, jobs: Jobs, slot_seconds: int) -> None:
        self._state = f"job=~{_quoted(jobs.kube_state_metrics)}"
        self._cadvisor = f"job=~{_quoted(jobs.cadvisor)}"
        self._kubevirt = f"job=~{_quoted(jobs.kubevirt)}"
        self._any = f"job=~{_quoted(f'{jobs.kube_state_metrics}|{jobs.cadvisor}|{jobs.kubevirt}')}"
        # The series without `container` are sums of the others, and POD is the sandbox.
        self._containers = f'{self._cadvisor},container!="",container!="POD"'
        self._cpu = f"container_cpu_usage_seconds_total{{{self._containers}}}"
        self._transmit = f'container_network_transmit_bytes_total{{{self._cadvisor},interface!="lo",pod!=""}}'
        self._target = f"machine_cpu_cores{{{self._cadvisor}}}"  # one series in each scrape of cAdvisor
        self._slot = f"{slot_seconds * 1000 - 1}ms"
        self._slots = f"{WINDOW_SECONDS * 1000 - 1}ms:{slot_seconds}s"
        self._window = f"{WINDOW_SECONDS * 1000 - 1}ms"
        self._and_before = f"{(WINDOW_SECONDS + slot_seconds) * 1000 - 1}ms"  # with the last sample before the window

    def _count(self, labels: str, selector: str) -> str:
        """Slots in which the object was there with a value above 0."""
        return f"count_over_time((max by ({labels}) (max_over_time({selector}[{self._slot}])) > 0)[{self._slots}])"

    def _known(self, labels: str, selector: str) -> str:
        """Which objects there were. The number of samples only ranks them, so that it may be of any of two scrapers."""
        return f"max by ({labels}) (count_over_time({selector}[{self._window}]))"

    def _level(self, labels: str, selector: str) -> str:
        """Mean while the object was there. The mean of equal values is exactly that value."""
        return f"max by ({labels}) (avg_over_time({selector}[{self._window}]))"

    def _level_of_most(self, labels: str, selector: str) -> str:
        """As `_level`, of the scraper that has the most samples of the window: the mean of one that came back within it
        is of a part of the window."""
        count = f"count_over_time({selector}[{self._window}])"
        fewer = f"({count} < on ({labels}) group_left () max by ({labels}) ({count}))"
        return f"max by ({labels}) (avg_over_time({selector}[{self._window}]) unless {fewer})"

    def _last(self, labels: str, selector: str) -> str:
        """The counter at the end of the window. counters.py takes differences. `max by` takes one of two scrapers."""
        return f"max by ({labels}) (last_over_time({selector}[{self._window}]))"

    def _begun(self, labels: str, selector: str) -> str:
        """Per second: the counters that begin in the window, or begin again, and only these. `rate` handles resets.

        A counter that one of two scrapers has from the window before does not begin when the other one comes back.
        """
        known = f"last_over_time({selector}[{self._window}] offset {WINDOW_SECONDS}s)"
        reset = f"(resets({selector}[{self._and_before}]) > 0)"
        exact = f"({known} unless on ({labels}) {reset})"
        return f"max by ({labels}) (rate({selector}[{self._window}]) unless on ({labels}) {exact})"

    def _grown(self, labels: str, selector: str) -> str:
        """By how much a counter grows between the first and the last scrape of the window, if it is in each scrape of
        its target and does not begin again. It is not extrapolated. Read if there is a gap."""
        grown = f"(last_over_time({selector}[{self._window}]) - min_over_time({selector}[{self._window}]))"
        scrapes = f"max by (node) (count_over_time({self._target}[{self._window}]))"
        whole = f"(count_over_time({selector}[{self._window}]) >= on (node) group_left () {scrapes})"
        return f"max by ({labels}) ({grown} and {whole} unless resets({selector}[{self._window}]) > 0)"

    # What was scraped

    @property
    def state_slots(self) -> str:
        """Slots: scrapes of kube-state-metrics. It has a series for each node, so one is there in every scrape."""
        return (
            f"count_over_time(max by () (max_over_time(kube_node_info{{{self._state}}}[{self._slot}]))[{self._slots}])"
        )

    @property
    def nodes(self) -> str:
        """Slots by `node`: the nodes of the cluster. Each must be scraped by cAdvisor."""
        return self._count("node", f"kube_node_info{{{self._state}}}")

    @property
    def cadvisor_slots(self) -> str:
        """Slots by `node` (the label that the scrape of the kubelet adds): scrapes of cAdvisor on that node."""
        return f"count_over_time(max by (node) (max_over_time({self._target}[{self._slot}]))[{self._slots}])"

    @property
    def cadvisor_spans(self) -> str:
        """Seconds by `node`, from the slot of the first scrape to the one of the last. Read if there is a gap."""
        slots = f"(max by (node) (max_over_time({self._target}[{self._slot}])) * 0 + time())[{self._slots}]"
        return f"max_over_time({slots}) - min_over_time({slots})"

    @property
    def places(self) -> str:
        """Series by `namespace`, `pod` and `node`: which cAdvisor had which pods. Read if there is a gap."""
        metrics = "container_cpu_usage_seconds_total|container_memory_working_set_bytes"
        selector = f'{{__name__=~"{metrics}|container_network_transmit_bytes_total",{self._cadvisor},pod!=""}}'
        return f"count by (namespace,pod,node) (last_over_time({selector}[{self._window}]))"

    @property
    def kubevirt_slots(self) -> str:
        """Slots: scrapes of virt-controller, counted by a series that is there without any virtual machine. In newer
        versions of KubeVirt its name ends with _status."""
        selector = f'{{__name__=~"kubevirt_virt_controller_ready(_status)?",{self._kubevirt}}}'
        return f"count_over_time(max by () (max_over_time({selector}[{self._slot}]))[{self._slots}])"

    @property
    def collisions(self) -> str:
        """Series with `exported_namespace`: the scrape has `honor_labels: false`, and `namespace` is the exporter's
        own. All usage would be billed to the owner of that namespace."""
        metrics = "kube_pod_status_phase|container_cpu_usage_seconds_total|kubevirt_vmi_info"
        selector = f'{{__name__=~"{metrics}",{self._any},exported_namespace!=""}}'
        return f"count(count_over_time({selector}[{WINDOW_SECONDS}s]))"

    @property
    def namespaces(self) -> str:
        """By `namespace`: a namespace without pods has 0 instances, and not those of its last hour."""
        return self._known("namespace", f'kube_namespace_status_phase{{{self._state},phase="Active"}}')

    # Pods

    @property
    def pods_running(self) -> str:
        """Slots by `namespace`, `pod`: a pod costs while it runs, not while it waits for a node or after its end."""
        return self._count("namespace,pod", f'kube_pod_status_phase{{{self._state},phase="Running"}}')

    @property
    def pod_owners(self) -> str:
        """By pod and controller: usage belongs to the controller, which outlives its pods."""
        selector = f'kube_pod_owner{{{self._state},owner_is_controller!="false"}}'
        return self._known("namespace,pod,owner_kind,owner_name", selector)

    @property
    def replicaset_owners(self) -> str:
        """By ReplicaSet and owner: a Deployment owns a ReplicaSet for each rollout, which owns the pods."""
        return self._known("namespace,replicaset,owner_kind,owner_name", f"kube_replicaset_owner{{{self._state}}}")

    @property
    def job_owners(self) -> str:
        """By Job and owner: a CronJob makes a new Job each time."""
        return self._known("namespace,job_name,owner_kind,owner_name", f"kube_job_owner{{{self._state}}}")

    @property
    def cpu_requests(self) -> str:
        """Cores by container. Summed here, where 0.1 + 0.2 is 0.3."""
        selector = f'kube_pod_container_resource_requests{{{self._state},resource="cpu"}}'
        return self._level("namespace,pod,container", selector)

    @property
    def memory_requests(self) -> str:
        """Bytes by container."""
        selector = f'kube_pod_container_resource_requests{{{self._state},resource="memory"}}'
        return self._level("namespace,pod,container", selector)

    @property
    def cpu_used(self) -> str:
        """Seconds by container and `id` (its cgroup): a restarted container is another series."""
        return self._last("namespace,pod,container,id", self._cpu)

    @property
    def cpu_begun(self) -> str:
        """Cores, by the same labels."""
        return self._begun("namespace,pod,container,id", self._cpu)

    @property
    def cpu_grown(self) -> str:
        """Seconds, by the same labels."""
        return self._grown("namespace,pod,container,id", self._cpu)

    @property
    def memory_use(self) -> str:
        """Bytes by container: the working set, which is what the kubelet counts against the limit."""
        selector = f"container_memory_working_set_bytes{{{self._containers}}}"
        return self._level_of_most("namespace,pod,container", selector)

    def gpu_requests(self, resources: Iterable[str]) -> str:
        """Number by container and `resource`: what the scheduler reserves, used or not."""
        chosen = _quoted("|".join(sorted(resources)))
        selector = f"kube_pod_container_resource_requests{{{self._state},resource=~{chosen}}}"
        return self._level("namespace,pod,container,resource", selector)

    def labels(self, metric: str, label: str, names: Iterable[str]) -> str:
        """Which labels the objects had. kube-state-metrics has those that --metric-labels-allowlist names."""
        return self._known(",".join(("namespace", label, *names)), f"{metric}{{{self._state}}}")

    # Virtual machines

    @property
    def machines_running(self) -> str:
        """Slots by `namespace`, `name`: the instance of a virtual machine, which has the name of the machine."""
        return self._count("namespace,name", f'kubevirt_vmi_info{{{self._kubevirt},phase="running"}}')

    @property
    def machine_sizes(self) -> str:
        """vCPU topology and bytes of memory as provisioned, by `resource`, `unit` and `source`."""
        selector = f"kubevirt_vm_resource_requests{{{self._kubevirt}}}"
        return self._level("namespace,name,resource,unit,source", selector)

    @property
    def machine_disks(self) -> str:
        """By machine and PersistentVolumeClaim: only which machine a claim belongs to. The claim has the size."""
        selector = f"kubevirt_vm_disk_allocated_size_bytes{{{self._kubevirt}}}"
        return self._known("namespace,name,persistentvolumeclaim", selector)

    # Volumes

    @property
    def volumes_bound(self) -> str:
        """Slots by claim: a claim costs while a volume is bound to it, used or not."""
        selector = f'kube_persistentvolumeclaim_status_phase{{{self._state},phase="Bound"}}'
        return self._count("namespace,persistentvolumeclaim", selector)

    @property
    def volume_sizes(self) -> str:
        """Bytes by claim, as requested: the storage that the quota counts."""
        selector = f"kube_persistentvolumeclaim_resource_requests_storage_bytes{{{self._state}}}"
        return self._level("namespace,persistentvolumeclaim", selector)

    @property
    def volume_classes(self) -> str:
        """By claim and `storageclass`: classes have different prices."""
        selector = f"kube_persistentvolumeclaim_info{{{self._state}}}"
        return self._known("namespace,persistentvolumeclaim,storageclass", selector)

    # Network

    @property
    def load_balancers(self) -> str:
        """Slots by Service: each Service of type LoadBalancer."""
        return self._count("namespace,service", f'kube_service_spec_type{{{self._state},type="LoadBalancer"}}')

    def public_ips(self, resources: Iterable[str]) -> str:
        """Slots by address, of Services and of custom resources (EIp and FIp of Kube-DC, as kube-state-metrics shows
        them by its custom resource state). An address that several objects of a namespace have costs once: `or` keeps
        two metrics with equal labels apart."""
        metrics = ("kube_service_status_load_balancer_ingress", *sorted(resources))
        seen = " or ".join(f'max_over_time({name}{{{self._state},ip!=""}}[{self._slot}])' for name in metrics)
        return f"count_over_time((max by (namespace,ip) ({seen}) > 0)[{self._slots}])"

    @property
    def sent(self) -> str:
        """Bytes by pod and network interface, sent by the pod. cAdvisor has no destination: traffic to other pods is
        included. The pod of a virtual machine sends the traffic of the machine."""
        return self._last("namespace,pod,interface,id", self._transmit)

    @property
    def sent_begun(self) -> str:
        """Bytes per second, by the same labels."""
        return self._begun("namespace,pod,interface,id", self._transmit)

    @property
    def sent_grown(self) -> str:
        """Bytes, by the same labels."""
        return self._grown("namespace,pod,interface,id", self._transmit)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
