"""Environment variables that several parts read."""

PROJECT_VARIABLE = "SCHEDULEDTASK_PROJECT"
"""The folder of a package whose tasks are found before it is installed."""

HOST_VARIABLE = "SCHEDULEDTASK_HOST"
"""What a worker calls itself: its pod's name; without it, the host name."""
