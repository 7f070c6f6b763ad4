"""What the parts of an installation are called by the chart, in a release `scheduledtask-operator`."""

NAMESPACE = "scheduledtask-system"
NAME = "scheduledtask-operator"  # of the Deployment, its service account, its roles and its Lease
REDIS_NAME = "scheduledtask-redis"  # of the StatefulSet, its Service, its service account and the password's Secret
PASSWORD_KEY = "password"  # noqa: S105  of the Secret
