"""What is said of a Secret that cannot be read names the command that changes it."""

import pytest

from scheduledtask_operator.cluster.secrets import binding_command

REFUSAL = (
    'secrets "db" is forbidden: User "{user}" cannot get resource "secrets" in API group "" in the namespace "team"'
)


@pytest.mark.parametrize(
    ("refusal", "subject"),
    [
        (REFUSAL.format(user="system:serviceaccount:ops:stask"), "--serviceaccount=ops:stask"),
        (REFUSAL.format(user="jane@example.com"), "--user=jane@example.com"),
        ("a proxy says no", "--serviceaccount=NAMESPACE:ACCOUNT"),
    ],
)
def test_the_command_binds_the_role_to_whoever_was_refused(refusal: str, subject: str) -> None:
    assert binding_command("reader", "team", refusal) == (
        f"run: kubectl create rolebinding reader --clusterrole=reader {subject} --namespace=team"
    )
