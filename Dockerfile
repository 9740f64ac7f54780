FROM python:3.11.16-slim-bookworm AS build
ARG PIP_INDEX_URL
WORKDIR /src
COPY requirements.lock ./
# Every file in /wheels was checked against its hash in the lock; from here on nothing is taken from elsewhere.
RUN pip download --no-cache-dir --require-hashes --requirement requirements.lock --dest /wheels \
    && pip install --no-index --find-links /wheels hatchling
COPY . .
# The lock holds the tools of development as well: the project's own dependencies alone go into the image.
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && python -m venv --without-pip /opt/exitflow \
    && pip --python /opt/exitflow install --no-index --find-links /wheels exitflow

FROM python:3.11.16-slim-bookworm
ENV PATH=/opt/exitflow/bin:$PATH PYTHONUNBUFFERED=1
# A new named volume takes over the owner of the directory that it covers.
RUN useradd --uid 10001 --no-create-home --home-dir /var/lib/exitflow --shell /usr/sbin/nologin exitflow \
    && install --directory --owner exitflow --group exitflow /var/lib/exitflow \
    && install --directory --owner exitflow --group exitflow --mode 0700 /var/lib/exitflow-keys
COPY --from=build /opt/exitflow /opt/exitflow
USER exitflow
WORKDIR /var/lib/exitflow
CMD ["exitflow", "worker"]
