"""`python -m scheduledtask_operator.plugin`."""

from scheduledtask_operator.plugin import main

main()
