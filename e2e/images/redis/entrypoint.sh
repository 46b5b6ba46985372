#!/bin/sh
# As the public image does: options alone are options of redis-server, and a server that is not given a
# configuration file listens to the other pods, who are outside its loopback interface.
set -e
case ${1:-} in
-* | *.conf) set -- redis-server "$@" ;;
esac
if [ "$1" = redis-server ]; then
    case ${2:-} in
    "" | -*)
        shift
        set -- redis-server --protected-mode no "$@"
        ;;
    esac
fi
exec "$@"
