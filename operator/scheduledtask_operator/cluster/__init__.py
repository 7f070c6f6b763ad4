"""The loop's ports on Kubernetes: watch, client, apply, Lease, Events."""
