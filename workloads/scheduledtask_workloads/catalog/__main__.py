"""`python -m scheduledtask_workloads.catalog`: the catalog document as JSON on standard output.

With `--validate`: a catalog question a line on standard input, the answer to each a line on standard output. With
`--serve`: the document first, then answers.
What task code prints while it is imported goes to standard error.
"""

import os
import sys
from typing import TextIO

from pydantic import ValidationError

from scheduledtask_workloads.catalog.loading import Catalog, load_catalog
from scheduledtask_workloads.contract.catalog_document import ArgumentProblem, ArgumentsAnswer, ArgumentsQuestion


def _claim_stdout() -> TextIO:
    """Standard output for us alone; everybody else's is standard error from here on."""
    own = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return own


def _claim_stdin() -> TextIO:
    """The questions for us alone; for everybody else, standard input has ended."""
    own = os.fdopen(os.dup(0), encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return own


def _answer(catalog: Catalog, line: str) -> ArgumentsAnswer:
    try:
        question = ArgumentsQuestion.model_validate_json(line)
    except ValidationError as error:
        problem = ArgumentProblem(
            field="", value=line.strip(), message=f"is not a question: {error.errors()[0]['msg']}"
        )
        return ArgumentsAnswer(problems=(problem,))
    problems = catalog.validate(question.task, question.arguments)
    return ArgumentsAnswer(task=question.task, problems=tuple(problems))


def main(arguments: list[str]) -> int:
    output, questions = _claim_stdout(), _claim_stdin()
    catalog = load_catalog()
    if "--validate" not in arguments:
        output.write(catalog.document.model_dump_json() + "\n")
        output.flush()
    if not {"--validate", "--serve"} & set(arguments):
        return 0
    for line in questions:
        output.write(_answer(catalog, line).model_dump_json() + "\n")
        output.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
