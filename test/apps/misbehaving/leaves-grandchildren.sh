#!/bin/sh
# One grandchild in the group, one in a session of its own, one that was orphaned on purpose.
sleep 1000 &
echo "group=$!"
setsid sleep 1001 &
setsid sh -c 'sleep 1002 & echo "orphan=$!"' &
exec node "$(dirname "$0")/well-behaved.js"
