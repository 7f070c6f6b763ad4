"""A process that runs one body after the other is for each as it was for the first."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def surroundings_kept() -> Iterator[None]:
    """Afterwards the working directory, the environment and the file mode mask are as before."""
    folder, variables, mask = os.getcwd(), dict(os.environ), os.umask(0o022)
    os.umask(mask)
    try:
        yield
    finally:
        os.umask(mask)
        with suppress(OSError):  # the folder is gone
            os.chdir(folder)
        if variables != os.environ:
            os.environ.clear()
            os.environ.update(variables)
