"""The scores so far, one file, replaced as a whole after each candidate."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from scheduledtask_workloads.tasks.model_training.settings import Settings


@dataclass(frozen=True, slots=True)
class Score:
    """One candidate: its parameters and the accuracy in each fold, from 0 to 1."""

    parameters: dict[str, Any]
    accuracies: list[float]

    @property
    def mean(self) -> float:
        return sum(self.accuracies) / len(self.accuracies)


@dataclass(slots=True)
class Checkpoint:
    """`scores` in the order of the candidates; `resumed` of them came from an earlier attempt."""

    path: Path
    settings: Settings
    scores: list[Score] = field(default_factory=list)
    resumed: int = 0

    @classmethod
    def open(cls, path: Path, settings: Settings) -> Self:
        """What an earlier attempt left, if it was made under the same settings and can be read."""
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            if document["settings"] != asdict(settings):
                return cls(path, settings)
            scores = [Score(**score) for score in document["scores"]]
        except (OSError, ValueError, KeyError, TypeError):
            return cls(path, settings)
        return cls(path, settings, scores, resumed=len(scores))

    def add(self, score: Score) -> None:
        """Keep it, so that it survives this process."""
        self.scores.append(score)
        document = {"settings": asdict(self.settings), "scores": [asdict(each) for each in self.scores]}
        fresh = self.path.with_suffix(".new")
        fresh.write_text(json.dumps(document), encoding="utf-8")
        os.replace(fresh, self.path)
