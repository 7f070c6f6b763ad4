# One image a part: docker build --target operator | scheduler | runners | worker | worker-ml .
#
# 3.13 and not plain `3-slim`: that is always the newest Python, and scheduledtask runs on 3.11 to 3.13 (scheduledtask's
# requires-python). Any other base needs such a Python with its venv module, a shell, and glibc (the wheels are built for it).
ARG BASE=python:3.13-slim

# The tools that build: they have an environment of their own, and the one that is shipped starts without pip.
FROM ${BASE} AS tools
WORKDIR /source
ENV PIP_CACHE_DIR=/var/cache/pip PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
COPY requirements/image.txt requirements/
RUN --mount=type=cache,target=/var/cache/pip \
    python3 -m venv /tools \
    && /tools/bin/python -m pip install --quiet --require-hashes --no-deps --requirement requirements/image.txt \
    && python3 -m venv --without-pip /opt/scheduledtask
COPY images/install.sh images/
COPY images/sbom.sh /tools/

# The libraries of each part are layers of their own, which stay as they are when only scheduledtask changes.
FROM tools AS operator-libraries
COPY requirements/operator.txt requirements/
RUN --mount=type=cache,target=/var/cache/pip sh images/install.sh --require-hashes --requirement requirements/operator.txt

FROM tools AS workloads-libraries
COPY requirements/workloads.txt requirements/
RUN --mount=type=cache,target=/var/cache/pip sh images/install.sh --require-hashes --requirement requirements/workloads.txt

FROM tools AS runners-libraries
COPY requirements/runners.txt requirements/
RUN --mount=type=cache,target=/var/cache/pip sh images/install.sh --require-hashes --requirement requirements/runners.txt

FROM tools AS worker-ml-libraries
COPY requirements/worker-ml.txt requirements/
RUN --mount=type=cache,target=/var/cache/pip sh images/install.sh --require-hashes --requirement requirements/worker-ml.txt

FROM tools AS own
COPY pyproject.toml README.md LICENSE ./
COPY operator operator
COPY workloads workloads
RUN /tools/bin/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir /wheels . \
    && sh images/install.sh /wheels/*.whl

# What every image starts from: the base without pip, and with its standard library compiled (python:slim ships none of
# it compiled, and on a read-only root file system each start would compile it again). Sockets are shared in
# /run/scheduledtask; mount a volume there and on /tmp.
FROM ${BASE} AS runtime
COPY images/strip.sh /tmp/strip.sh
RUN sh /tmp/strip.sh && rm /tmp/strip.sh
ENV PATH=/opt/scheduledtask/bin:$PATH HOME=/tmp PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
ENTRYPOINT ["scheduledtask"]
LABEL org.opencontainers.image.licenses="Apache-2.0"

FROM runtime AS operator
COPY --from=operator-libraries /opt/scheduledtask /opt/scheduledtask
COPY --from=own /opt/scheduledtask /opt/scheduledtask
RUN --mount=type=bind,from=tools,source=/tools,target=/tools sh /tools/sbom.sh
USER 65532:65532
LABEL org.opencontainers.image.title="scheduledtask operator" \
      org.opencontainers.image.description="Watches ScheduledTasks, and decides where, how large and when"
CMD ["operator"]

FROM runtime AS workloads
COPY --from=workloads-libraries /opt/scheduledtask /opt/scheduledtask
COPY --from=own /opt/scheduledtask /opt/scheduledtask
RUN --mount=type=bind,from=tools,source=/tools,target=/tools sh /tools/sbom.sh
USER 65532:65532

FROM workloads AS scheduler
LABEL org.opencontainers.image.title="scheduledtask scheduler" \
      org.opencontainers.image.description="Fires slots: light tasks to the runners, heavy ones to the workers"
CMD ["scheduler"]

FROM runtime AS runners
COPY --from=runners-libraries /opt/scheduledtask /opt/scheduledtask
COPY --from=own /opt/scheduledtask /opt/scheduledtask
RUN --mount=type=bind,from=tools,source=/tools,target=/tools sh /tools/sbom.sh
USER 65532:65532
LABEL org.opencontainers.image.title="scheduledtask runners" \
      org.opencontainers.image.description="Runs the bodies of light tasks in child processes"
CMD ["runners"]

FROM runtime AS worker-ml
COPY --from=worker-ml-libraries /opt/scheduledtask /opt/scheduledtask
COPY --from=own /opt/scheduledtask /opt/scheduledtask
RUN --mount=type=bind,from=tools,source=/tools,target=/tools sh /tools/sbom.sh
USER 65532:65532
LABEL org.opencontainers.image.title="scheduledtask worker-ml" \
      org.opencontainers.image.description="Runs heavy tasks, with the libraries that the built-in ones need"
CMD ["worker"]

# Last, so that a build without --target makes this one.
FROM workloads AS worker
LABEL org.opencontainers.image.title="scheduledtask worker" \
      org.opencontainers.image.description="Runs heavy tasks; the base of an image with your own"
CMD ["worker"]
