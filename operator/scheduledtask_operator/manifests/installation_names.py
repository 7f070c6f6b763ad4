"""What the parts of an installation are called by the chart, in a release `scheduledtask-operator`."""

NAMESPACE = "scheduledtask-system"
NAME = "scheduledtask-operator"  # of the Deployment, its service account, its roles and its Lease
REDIS_NAME = "scheduledtask-redis"  # of the StatefulSet, its Service, its service account and the password's Secret
PASSWORD_KEY = "password"  # noqa: S105  of the Secret
READ_API_PORT = 8090  # on the loopback of the operator's pods
READ_API_AUDIENCE = "scheduledtask-read-api"  # of tokens that are made for it alone: they open nothing else
