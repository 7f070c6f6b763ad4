#!/bin/sh
# install.sh WHAT...: install into the environment that is shipped, and compile it ahead.
#
# Unchecked: the files of an image do not change, and their times may when a layer is unpacked. Libraries' own tests,
# which nobody runs there, stay uncompiled.
set -eu
/tools/bin/python -m pip --python /opt/scheduledtask install --quiet --no-compile --no-deps "$@"
/opt/scheduledtask/bin/python -m compileall -q -x '/tests?/' --invalidation-mode unchecked-hash \
    "$(/opt/scheduledtask/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"
