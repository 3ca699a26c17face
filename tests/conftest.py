"""Before anything imports torch."""

import os

if "PYTEST_XDIST_WORKER" in os.environ:
    # threads that spin while they wait take the cores from the other workers: half of the suite's time
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
