"""Forecasts of MSTL, AutoTheta and AutoETS (statsforecast). It runs in the benchmark's environment.

Standard input: JSON lines {"id", "history", "horizon"}. Standard output: JSON lines {"id", "method", "total", "ms"}.
"""

import json
import sys
import time
import warnings

import numpy as np
from statsforecast.models import MSTL, AutoETS, AutoTheta

METHODS = {"MSTL": MSTL, "AutoTheta": AutoTheta, "AutoETS": AutoETS}


def main() -> None:
    warnings.simplefilter("ignore")
    for line in sys.stdin:
        job = json.loads(line)
        history = np.trim_zeros(np.array(job["history"]), "f")
        for name, model in METHODS.items():
            began = time.perf_counter()
            try:
                total = float(np.maximum(model(season_length=7).forecast(y=history, h=job["horizon"])["mean"], 0).sum())
            except Exception:  # noqa: BLE001 - a method that cannot forecast a series is left out, and counted
                total = None
            found = {"id": job["id"], "method": name, "total": total, "ms": 1000 * (time.perf_counter() - began)}
            print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
