"""`python -m billing_service work`: runs jobs until SIGTERM, then ends within 5 seconds with exit code 0.

It starts without its database and waits for it. It needs no restart after a restart or a failover of PostgreSQL.
"""

import asyncio
import logging
import os
import signal
from collections.abc import Coroutine

from billing_service import request_log
from billing_service.metering.settings import MeterSettings
from billing_service.notifications.deliver import Carrier, Deliverer
from billing_service.notifications.settings import ChannelSettings
from billing_service.worker.jobs import Job, jobs
from billing_service.worker.metrics import WorkerMetrics, listening
from billing_service.worker.queue import FAILURES, create_app, work_off
from billing_service.worker.settings import WorkerSettings

_FIRST_WAIT_SECONDS = 1
_LONGEST_WAIT_SECONDS = 30
_LONG_RUN_SECONDS = 60  # after that, the next failure is a new one
_END_SECONDS = 4

_logger = logging.getLogger("billing_service")


async def work(settings: WorkerSettings, meter: MeterSettings | None, channels: ChannelSettings) -> None:
    request_log.configure()
    for library in ("procrastinate", "uvicorn", "httpx2", "aiosmtplib"):
        logging.getLogger(library).setLevel(logging.WARNING)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    metrics = WorkerMetrics(meter)
    url = settings.database_url.get_secret_value()
    async with listening(metrics, settings.host, settings.metrics_port):
        found = list(jobs(settings, meter, metrics, channels.sealer()))
        _logger.info("the worker runs", extra={"fields": {"jobs": [job.name for job in found]}})
        carrier = Carrier(channels.sealer(), channels.sender(), channels.mail_server())
        deliverer = Deliverer(url, carrier, metrics.notified)
        tasks = [_start(metrics.watch(url)), _start(_keep_working(url, found, metrics)), _start(deliverer.run())]
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait([*tasks, stopped], return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        done, stuck = await asyncio.wait(tasks, timeout=_END_SECONDS)
        if stuck:
            # A connection waits for a database that does not reply, and psycopg waits with it when it is cancelled. The
            # database rolls back what was not committed, and the job is queued again when it misses its heartbeat.
            _logger.warning("a job did not end in time")
            os._exit(0)
        for task in done:
            if not task.cancelled() and (bug := task.exception()):
                raise bug


def _start(task: Coroutine[None, None, None]) -> "asyncio.Task[None]":
    return asyncio.create_task(task)


async def _keep_working(url: str, found: list[Job], metrics: WorkerMetrics) -> None:
    wait = float(_FIRST_WAIT_SECONDS)
    loop = asyncio.get_running_loop()
    while True:
        started = loop.time()
        try:
            await work_off(create_app(url, found, metrics))
        except FAILURES as error:
            cause = error.__cause__ or error
            fields = {"reason": type(cause).__name__, "seconds": wait}
            _logger.warning("the queue is not available, and is tried again", extra={"fields": fields})
        if loop.time() - started > _LONG_RUN_SECONDS:
            wait = _FIRST_WAIT_SECONDS
        await asyncio.sleep(wait)
        wait = min(wait * 2, _LONGEST_WAIT_SECONDS)
