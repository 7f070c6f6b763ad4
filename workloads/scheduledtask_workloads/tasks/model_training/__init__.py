"""Classifiers and regressions, trained by a search that can be stopped and goes on where it was."""

from scheduledtask_workloads.tasks.model_training.task import model_training

__all__ = ["model_training"]
