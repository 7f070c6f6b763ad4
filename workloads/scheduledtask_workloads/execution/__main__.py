"""`python -m scheduledtask_workloads.execution FOLDER PARENT`: the child of `run_in_child`."""

import sys
from pathlib import Path

from scheduledtask_workloads.execution.child_run import perform_in_folder

if __name__ == "__main__":
    perform_in_folder(Path(sys.argv[1]), int(sys.argv[2]))
