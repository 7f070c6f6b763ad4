"""The model card: what a stranger should know before using the model."""

import re
from typing import Any

import jinja2

from scheduledtask_workloads.tasks.models.reference import CategoricalFeature, Reference

_TEMPLATE = """\
# Model card: {{ name }}
A {{ reference.kind }} of `{{ reference.target | cell }}` by {{ reference.estimator }}, made by the task \
`model-training` on {{ reference.trained_at.strftime("%Y-%m-%d %H:%M") }} UTC (run `{{ reference.run_id }}`).

## Data
From `{{ reference.source | cell }}`: {{ reference.train_rows }} rows to train on, and {{ reference.held_out.rows }} \
held out, drawn with the seed {{ reference.seed }}. Rows without a target were left out.
{% if reference.labels %}
| class | training rows |
|---|---|
{% for label in reference.labels -%}
| {{ label | cell }} | {{ reference.target_values.counts[loop.index0] }} |
{% endfor %}
{%- else %}
The target lies between {{ "%.6g" % reference.target_values.minimum }} and \
{{ "%.6g" % reference.target_values.maximum }}, mean {{ "%.6g" % reference.target_values.mean }}.
{% endif %}
## Features
| column | kind | missing | training values |
|---|---|---|---|
{% for feature in reference.features -%}
| {{ feature.name | cell }} | {{ feature.kind }} | {{ "%.1f" % (100 * feature.missing_share) }} % \
| {{ feature | values }} |
{% endfor %}
## How good it is
On the held-out rows, which it never saw:

| metric | |
|---|---|
{% for metric, value in reference.held_out.metrics.items() -%}
| {{ metric }} | {{ "%.6g" % value }} |
{% endfor %}
The search compared {{ search.candidates }} candidates ({{ search.pruned }} given up early) by {{ search.metric }} in \
{{ search.folds }} folds; the best reached {{ "%.6g" % search.score }}. It ended by its {{ search.ended_by }}.

| parameter | |
|---|---|
{% for parameter, value in reference.parameters.items() -%}
| {{ parameter }} | {{ value | cell }} |
{% endfor %}
## Limits
- It holds for rows like those above. A category that is not among them counts as a rare or unknown one, and numbers \
beyond their range are guesses; `performance-report` watches both.
- Nothing here says whether a feature may be used for a decision about people, or what a wrong prediction costs.
- Made with {% for library, version in reference.libraries.items() %}{{ library }} {{ version }}\
{{ ", " if not loop.last else "." }}{% endfor %} It is loaded by the same minor version of scikit-learn only.

## Use
```python
from scheduledtask_workloads.tasks.models import load_model

model = load_model("this folder, or its s3:// URL")
model.predict(rows)  # a pandas DataFrame with the columns above
```
"""


def model_card(name: str, reference: Reference, search: dict[str, Any]) -> str:
    """Markdown; what comes from the table cannot break out of its cell."""
    environment = jinja2.Environment(autoescape=False, undefined=jinja2.StrictUndefined)  # noqa: S701 - no HTML
    environment.filters |= {"cell": _cell, "values": _values}
    return environment.from_string(_TEMPLATE).render(name=name, reference=reference, search=search) + "\n"


def _cell(value: Any) -> str:
    return re.sub(r"([|`<>\[\]\\*_])", r"\\\1", " ".join(str(value).split()))[:80]


def _values(feature: Any) -> str:
    if isinstance(feature, CategoricalFeature):
        shown = ", ".join(f"{_cell(name)} ({count})" for name, count in list(feature.counts.items())[:5])
        return shown + (", …" if len(feature.counts) > 5 or feature.other else "")
    values = feature.values
    return f"{values.minimum:.6g} to {values.maximum:.6g}, mean {values.mean:.6g}"
