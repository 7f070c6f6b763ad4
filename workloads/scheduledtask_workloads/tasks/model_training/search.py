"""The search: candidates of Optuna's, scored by cross-validation, each kept so that a later attempt goes on from it."""

import hashlib
import json
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.storages.journal import JournalFileBackend, JournalStorage
from optuna.storages.journal._file import BaseJournalFileLock
from optuna.trial import FrozenTrial, TrialState
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import get_scorer
from sklearn.model_selection import KFold, StratifiedKFold

from scheduledtask_workloads.catalog import RunContext
from scheduledtask_workloads.tasks.model_training.data import Table
from scheduledtask_workloads.tasks.model_training.errors import TrainingError
from scheduledtask_workloads.tasks.model_training.estimators import build, choices, suggest
from scheduledtask_workloads.tasks.model_training.settings import Metric, TrainingArguments
from scheduledtask_workloads.tasks.models.reference import TaskKind

JOURNAL_FILE = "search.journal"
_FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
_SCORERS = {
    TaskKind.CLASSIFICATION: {
        Metric.ACCURACY: "accuracy",
        Metric.BALANCED_ACCURACY: "balanced_accuracy",
        Metric.F1: "f1_macro",
        Metric.ROC_AUC: "roc_auc_ovr",
        Metric.LOG_LOSS: "neg_log_loss",
    },
    TaskKind.REGRESSION: {
        Metric.RMSE: "neg_root_mean_squared_error",
        Metric.MAE: "neg_mean_absolute_error",
        Metric.R2: "r2",
    },
}


class _OneWriter(BaseJournalFileLock):
    """The ledger lets one attempt in at a time, and a lock that a killed one left would be waited for."""

    def acquire(self) -> bool:
        return True

    def release(self) -> None:
        """Nothing is held."""


@dataclass(slots=True)
class Search:
    """`resumed` candidates came from an earlier attempt. Scores are such that more is better."""

    table: Table
    arguments: TrainingArguments
    metric: Metric
    threads: int
    study: optuna.Study
    resumed: int
    ended_by: str = ""

    @classmethod
    def open(cls, folder: Path, table: Table, arguments: TrainingArguments, threads: int) -> "Search":
        """With what an earlier attempt left for the same arguments and rows. Raises TrainingError."""
        choices(arguments.estimator, table.kind)
        metric = _metric(arguments.metric, table.kind)
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        study = _study(folder / JOURNAL_FILE, _name(table, arguments))
        for unfinished in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            study.tell(unfinished.number, state=TrialState.FAIL)
        return cls(table, arguments, metric, threads, study, resumed=len(_finished(study)))

    @property
    def finished(self) -> list[FrozenTrial]:
        return _finished(self.study)

    @property
    def best(self) -> FrozenTrial:
        """The first of equal ones. There is one after `run`, unless it was cancelled."""
        return max(self.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)), key=_value)

    def shown(self, score: float) -> float:
        """As its metric counts: an error is above zero again."""
        return -score if _SCORERS[self.table.kind][self.metric].startswith("neg_") else score

    def run(self, context: RunContext) -> None:
        """Until one of its ends is reached, or the run is cancelled; one candidate at least is scored whole."""
        spent = sum((trial.duration or timedelta() for trial in self.finished), timedelta()).total_seconds()
        end = time.monotonic() + self.arguments.budget - spent
        while not context.cancelled():
            finished = self.finished
            self.ended_by = self._reason(finished, time.monotonic() > end)
            if self.ended_by:
                return
            self.study.sampler = _sampler(self.arguments.seed, len(finished))
            self._try(lambda: context.cancelled(), lambda: time.monotonic() > end)
            self._tell_progress(context)

    def _reason(self, finished: list[FrozenTrial], late: bool) -> str:
        """Why there shall be no further candidate; empty if there shall."""
        scored = [number for number, trial in enumerate(finished) if trial.state is TrialState.COMPLETE]
        if not scored:
            return ""
        if late:
            return "budget"
        if len(finished) >= self.arguments.candidates:
            return "candidates"
        best = max(scored, key=lambda number: (_value(finished[number]), -number))
        patient = self.arguments.patience is None or len(finished) - 1 - best < self.arguments.patience
        return "" if patient else "patience"

    def _try(self, cancelled: Callable[[], bool], late: Callable[[], bool]) -> None:
        trial = self.study.ask()
        parameters = suggest(trial, choices(self.arguments.estimator, self.table.kind), self.table.kind)
        first = not any(each.state is TrialState.COMPLETE for each in self.finished)
        scores: list[float] = []
        for fold, score in enumerate(self._scores(parameters)):
            scores.append(score)
            trial.report(float(np.mean(scores)), fold)
            if cancelled():
                self.study.tell(trial, state=TrialState.FAIL)
                return
            whole = len(scores) == self.arguments.folds
            if not whole and not first and (late() or (self.arguments.prune and trial.should_prune())):
                self.study.tell(trial, state=TrialState.PRUNED)
                return
        trial.set_user_attr("folds", scores)
        self.study.tell(trial, float(np.mean(scores)))

    def _scores(self, parameters: dict[str, Any]) -> Any:
        """One at a time, so that the folds of a candidate that is given up are not computed."""
        table, seed = self.table, self.arguments.seed
        scorer = get_scorer(_SCORERS[table.kind][self.metric])
        parts = StratifiedKFold if table.kind is TaskKind.CLASSIFICATION else KFold
        folds = parts(self.arguments.folds, shuffle=True, random_state=seed)
        for fit, check in folds.split(table.train_rows, table.train_target):
            pipeline = build(table, parameters, seed, self.threads)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)  # its score says how good it is all the same
                pipeline.fit(table.train_rows.iloc[fit], table.train_target[fit])
            yield float(scorer(pipeline, table.train_rows.iloc[check], table.train_target[check]))

    def _tell_progress(self, context: RunContext) -> None:
        finished = self.finished
        if context.cancelled():
            return
        total, last = self.arguments.candidates, finished[-1]
        score = f"{self.shown(_value(last)):.4f}" if last.state is TrialState.COMPLETE else "given up"
        context.progress(
            len(finished) / total,
            f"candidate {len(finished)} of {total}: {self.metric} {score}, best {self.shown(_value(self.best)):.4f}",
        )


def _metric(asked: Metric | None, kind: TaskKind) -> Metric:
    known = _SCORERS[kind]
    metric = asked or next(iter(known))
    if metric not in known:
        raise TrainingError(f"metric: {metric} is not of a {kind}; take {', '.join(known)}")
    return metric


def _name(table: Table, arguments: TrainingArguments) -> str:
    """Scores of other rows, or made in another way, are of no use; what only ends a search may change."""
    ends = {"candidates", "budget", "patience", "publish", "storage"}
    settings = json.dumps(arguments.model_dump(mode="json", exclude=ends), sort_keys=True)
    return hashlib.sha256(f"{settings}{table.fingerprint()}".encode()).hexdigest()


def _study(journal: Path, name: str) -> optuna.Study:
    """A journal that cannot be read is begun anew."""
    _cut_torn_end(journal)
    try:
        return _opened(journal, name)
    except (ValueError, KeyError, TypeError, AttributeError, AssertionError):
        journal.unlink()
        return _opened(journal, name)


def _opened(journal: Path, name: str) -> optuna.Study:
    return optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(journal), lock_obj=_OneWriter())),
        study_name=name,
        direction="maximize",
        load_if_exists=True,
        pruner=optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=1),
    )


def _cut_torn_end(journal: Path) -> None:
    """A line that a killed attempt did not finish would spoil the next one."""
    if journal.exists():
        data = journal.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        if whole != data:
            journal.write_bytes(whole)


def _sampler(seed: int, number: int) -> optuna.samplers.BaseSampler:
    """Of each candidate's own, so that a second attempt proposes what the first one would have."""
    drawn = np.random.SeedSequence([seed, number]).generate_state(1)[0]
    return optuna.samplers.TPESampler(seed=int(drawn))


def _finished(study: optuna.Study) -> list[FrozenTrial]:
    return study.get_trials(deepcopy=False, states=_FINISHED)


def _value(trial: FrozenTrial) -> float:
    return -np.inf if trial.value is None else trial.value
