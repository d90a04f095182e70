#!/bin/sh
# One grandchild in the group; without STAY also one in a session of its own, and one orphaned on purpose.
sleep 1000 &
echo "group=$!"
if [ -z "$STAY" ]; then
  setsid sleep 1001 &
  setsid sh -c 'sleep 1002 & echo "orphan=$!"' &
fi
exec node "$(dirname "$0")/well-behaved.js"
