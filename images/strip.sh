#!/bin/sh
# strip.sh: take pip out of the base, compile the standard library, and add the user and the folder of the sockets.
set -eu
library=$(python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')
rm -rf "$library"/ensurepip "$library"/site-packages/pip "$library"/site-packages/pip-* /usr/share/python-wheels \
    /usr/lib/python3/dist-packages/pip /usr/lib/python3/dist-packages/pip-* /usr/local/bin/pip* /usr/bin/pip*
python3 -m compileall -q -x '/(tests?|idlelib|lib2to3|turtledemo|(site|dist)-packages)/' "$library"
echo 'scheduledtask:x:65532:65532:scheduledtask:/tmp:/usr/sbin/nologin' >> /etc/passwd
echo 'scheduledtask:x:65532:' >> /etc/group
mkdir -p /run/scheduledtask
chown 65532:65532 /run/scheduledtask
