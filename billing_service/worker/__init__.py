"""The worker: runs the jobs that nobody waits for. jobs.py has the jobs, run.py runs them until SIGTERM."""
