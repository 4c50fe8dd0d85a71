"""The queue of jobs in PostgreSQL: procrastinate, with our jobs, times and retries.

docs/decisions/0015-the-job-library.md has the reasons. Each time of a job is queued once, however many workers there
are, and a job never runs twice at the same time. The job of a worker that was killed is queued again when the worker
has sent no heartbeat for STALLED_SECONDS.
"""

import logging
from collections.abc import Awaitable, Callable, Iterable

import procrastinate
from procrastinate import App, PsycopgConnector, RetryStrategy
from psycopg.conninfo import conninfo_to_dict

from billing_service.connection import PARAMETERS, set_utc
from billing_service.metering.errors import MeteringError
from billing_service.plans.platform import PlatformError
from billing_service.worker.jobs import Job
from billing_service.worker.metrics import WorkerMetrics

HEARTBEAT_SECONDS = 10
STALLED_SECONDS = 60
POLLING_SECONDS = 5
GRACE_SECONDS = 3  # for a job that runs at SIGTERM; then it is cancelled and queued again
_KEEP_HOURS = 7 * 24
_RETRIES = RetryStrategy(
    max_attempts=8, exponential_wait=2
)  # after 2, 4, 8 ... 256 s; then at the next time of the job

_logger = logging.getLogger("billing_service")


def create_app(url: str, found: Iterable[Job], metrics: WorkerMetrics) -> App:
    app = App(connector=_connector(url))
    for job in found:
        _add(app, job, metrics)
    _add(app, Job("rescue", "* * * * *", lambda: _rescue(app)), metrics, alone=False)
    _add(app, Job("tidy", "17 3 * * *", lambda: _tidy(app)), metrics)
    return app


def _connector(url: str) -> PsycopgConnector:
    """Without prepared statements and LISTEN, so that it works behind PgBouncer."""
    parameters = PARAMETERS | {"application_name": "billing-worker"} | conninfo_to_dict(url)
    options = parameters | {"prepare_threshold": None, "autocommit": True}
    return PsycopgConnector(min_size=1, max_size=4, timeout=10, kwargs=options, configure=set_utc)


def _add(app: App, job: Job, metrics: WorkerMetrics, *, alone: bool = True) -> None:
    """`alone`: a second one waits until the first one has ended. The rescue cannot wait for a job of a dead worker."""
    lock = job.name if alone else None
    task = app.task(name=job.name, queueing_lock=job.name, lock=lock, retry=_RETRIES)(_counted(job, metrics))
    app.periodic(cron=job.cron, periodic_id=job.name)(task)


def _counted(job: Job, metrics: WorkerMetrics) -> Callable[[int], Awaitable[None]]:
    async def run(timestamp: int) -> None:  # noqa: ARG001 - the time that the job was queued for
        try:
            with metrics.job(job.name):
                await job.run()
        except Exception as error:
            # The text of other errors may contain values. After its last attempt, the library logs the frames.
            text = str(error) if isinstance(error, MeteringError | PlatformError) else None
            fields = {"job": job.name, "failure": type(error).__name__, "reason": text}
            _logger.warning("a job failed", extra={"fields": fields})
            raise

    return run


async def _rescue(app: App) -> None:
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
        _logger.warning("a job of a worker that is gone is queued again", extra={"fields": {"job": job.task_name}})
        await app.job_manager.retry_job(job)


async def _tidy(app: App) -> None:
    await app.job_manager.delete_old_jobs(
        nb_hours=_KEEP_HOURS, include_failed=True, include_cancelled=True, include_aborted=True
    )


async def work_off(app: App) -> None:
    """Runs jobs until it is cancelled. Raises one of FAILURES, and returns if the library stops by itself."""
    async with app.open_async():
        await app.run_worker_async(
            name="billing",
            concurrency=2,
            fetch_job_polling_interval=POLLING_SECONDS,
            update_heartbeat_interval=HEARTBEAT_SECONDS,
            stalled_worker_timeout=STALLED_SECONDS,
            shutdown_graceful_timeout=GRACE_SECONDS,
            listen_notify=False,
            install_signal_handlers=False,
        )


FAILURES = (procrastinate.exceptions.ConnectorException, OSError)
