"""The task `model-training`."""

from typing import TYPE_CHECKING

from scheduledtask_workloads.catalog import Profile, RunContext, task
from scheduledtask_workloads.tasks.model_training.settings import TrainingArguments

if TYPE_CHECKING:
    from scheduledtask_workloads.tasks.model_training.training import TrainingResult


@task(
    "model-training",
    profile=Profile(duration="2h", memory="8Gi", concurrency=1, requires=["ResultTracking"]),
)
def model_training(context: RunContext, arguments: TrainingArguments) -> "TrainingResult | None":
    """Train a model on a table: search its settings by cross-validation, keep the best one with its metrics."""
    from scheduledtask_workloads.tasks.model_training.training import train

    return train(arguments, context)
