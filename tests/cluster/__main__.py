"""Everything on a real cluster: `make test-cluster CONTEXT=... CLUSTER_HOST=... IMAGE_PREFIX=... KEYCLOAK_URL=...`.

Installs into separate namespaces (kube-dc-billing-test, billing-test), sends requests through the ingress, rolls out,
causes faults, and removes everything that it created. Each step prints one line. The report is
.build/cluster-report.md.
"""

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.cluster.candidates import Candidates
from tests.cluster.installation import Installation, MissingError, Variables
from tests.cluster.run import FAILED, NOT_RUN, OK, Run
from tests.cluster.steps import Steps
from tests.cluster.wakes import Wakes


def steps_of(run: Run) -> dict[str, Callable[[], str]]:
    steps, candidates = Steps(run), Candidates(run)
    return {
        "install the billing service and what the functions share": steps.install,
        "deploy the functions": steps.deploy,
        "ask every endpoint through the ingress": steps.ask_everything,
        "scale to zero": steps.scale_to_zero,
        "wake up": steps.wake_up,
        "ten wakes, beside a functions-framework hello world": Wakes(run, steps.scale_to_zero).beside_hello,
        "canary": steps.canary,
        "promote, roll back, roll back again": steps.promote_and_roll_back,
        "candidate whose image does not exist": candidates.that_cannot_be_pulled,
        "candidate that returns 503": candidates.that_answers_503,
        "candidate with the figures of another owner": candidates.with_foreign_figures,
        "slow candidate": candidates.that_is_slow,
        "good candidate through the gate": candidates.that_is_good,
        "restart PostgreSQL and the billing service under load": steps.restarts_under_load,
        "deploy and roll back the billing service under load": steps.billing_service_rollout,
        "ownership by Kubernetes, and by the registry again": steps.ownership_by_kubernetes,
    }


def all_steps(run: Run) -> int:
    """After a failed step, the steps after it are not run. Everything is removed in any case."""
    steps = steps_of(run)
    try:
        for what, act in steps.items():
            if not run.step(what, act):
                break
    finally:
        not_begun = len(steps) - len(run.lines)
        run.step("remove everything", Steps(run).remove)
        run.write_report()
    marks = run.marks
    print(f"{marks[OK]} passed, {marks[FAILED]} failed, {marks[NOT_RUN] + not_begun} not run")
    return 1 if marks[FAILED] else 0


def main() -> None:
    try:
        variables = Variables.read()
    except MissingError as exc:
        sys.exit(str(exc))
    with tempfile.TemporaryDirectory(prefix="kube-dc-billing-cluster-") as folder:
        installation = Installation(variables, Path(folder) / "knative")
        try:
            installation.check_prerequisites()
        except MissingError as exc:
            sys.exit(f"missing: {exc}")
        sys.exit(all_steps(Run(installation, variables)))


if __name__ == "__main__":
    main()
