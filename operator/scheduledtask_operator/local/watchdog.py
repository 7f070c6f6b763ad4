"""`python -m scheduledtask_operator.local.watchdog MARK FOLDER`: ends what a dev leaves behind when it is killed.

It waits for the end of standard input, which comes when dev ends, whatever the way; then it ends every process with
the mark and removes the folder of sockets. Signals of the terminal do not reach it: it has a session of its own.
"""

import shutil
import sys

from scheduledtask_operator.local.process_tree import end_marked


def main(beginning: str, runtime_folder: str) -> None:
    while sys.stdin.buffer.read(4096):
        pass
    end_marked(beginning)
    shutil.rmtree(runtime_folder, ignore_errors=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
