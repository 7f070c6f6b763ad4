#!/bin/sh
# sbom.sh: write down what lies in the environment that is shipped, with the tools that are not.
set -eu
/tools/bin/cyclonedx-py environment --output-reproducible --output-format JSON \
    --output-file /opt/scheduledtask/sbom.cdx.json /opt/scheduledtask/bin/python
