"""Why a model cannot be loaded or used.

ModelError
├── ModelLoadError            no model there, or not one of ours
│   └── UntrustedModelError   its file holds a type that training never writes
└── ModelDataError            rows that do not fit the model's features
"""


class ModelError(Exception):
    """The text names the file or column, what was found and what to do."""


class ModelLoadError(ModelError):
    """No model there, or not one of ours."""


class UntrustedModelError(ModelLoadError):
    """The file holds what training never writes; nothing of it was made an object."""


class ModelDataError(ModelError):
    """Rows that do not fit the features that the model was trained on."""
