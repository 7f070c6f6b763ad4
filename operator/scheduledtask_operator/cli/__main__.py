"""`python -m scheduledtask_operator.cli`: the console script, wherever it was installed to."""

from scheduledtask_operator.cli import main

main()
