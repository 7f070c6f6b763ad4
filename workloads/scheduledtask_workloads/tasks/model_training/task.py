"""The task `model-training`."""

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from scheduledtask_workloads.catalog import Duration, Profile, RunContext, task
from scheduledtask_workloads.tasks.model_training.settings import DataSet, Estimator, Settings

if TYPE_CHECKING:
    from scheduledtask_workloads.tasks.model_training.training import TrainingResult


@task(
    "model-training",
    profile=Profile(duration="2h", memory="8Gi", concurrency=1, requires=["ResultTracking"]),
)
def model_training(
    context: RunContext,
    dataset: Annotated[DataSet, Field(description="A data set that ships inside scikit-learn.")] = DataSet.DIGITS,
    estimator: Annotated[Estimator, Field(description="What is trained.")] = Estimator.NEURAL_NETWORK,
    candidates: Annotated[int, Field(ge=1, le=200, description="Settings tried, at most.")] = 20,
    folds: Annotated[int, Field(ge=2, le=20, description="Parts of the cross-validation.")] = 5,
    seed: Annotated[int, Field(ge=0, description="The same seed gives the same model.")] = 0,
    budget: Annotated[Duration, Field(description="No new candidate after so long: 90s, 1h30m.")] = 3600.0,
) -> "TrainingResult | None":
    """Train a classifier: search its settings by cross-validation, save the best model and its metrics."""
    from scheduledtask_workloads.tasks.model_training.training import train

    return train(Settings(dataset, estimator, folds, candidates, seed), budget, context)
