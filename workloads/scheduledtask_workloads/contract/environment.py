"""Environment variables that several parts read."""

PROJECT_VARIABLE = "SCHEDULEDTASK_PROJECT"
"""The folder of a package whose tasks are found before it is installed."""

HOST_VARIABLE = "SCHEDULEDTASK_HOST"
"""What a worker calls itself: its pod's name; without it, the host name."""

REDIS_URL_VARIABLE = "SCHEDULEDTASK_REDIS_URL"
"""Where Redis is, with its password; `contract/redis_endpoint.py` has its forms."""

REDIS_CA_FILE_VARIABLE = "SCHEDULEDTASK_REDIS_CA_FILE"
"""The PEM file with the CAs that vouch for Redis' certificate; without it, those of the system do."""
