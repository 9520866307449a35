# Keeps the agent of this guest running, as the service manager of a real machine does. Reads /lab/agent.yaml.
mkdir -p /var/lib/bramble-agent /run/lab
chown 990:990 /var/lib/bramble-agent
if [ ! -f /var/lib/bramble-agent/identity.json ] && [ -f /lab/token ]; then
  cp /lab/token /var/lib/bramble-agent/join-token
  chown 990:990 /var/lib/bramble-agent/join-token
  chmod 400 /var/lib/bramble-agent/join-token
fi
touch /run/lab/agent-wanted
as='/usr/bin/setpriv --reuid 990 --regid 990 --clear-groups --inh-caps=-all'
# Where the agent acts by itself: every request to a helper would start a program that takes half a minute here.
[ -f /lab/agent-is-root ] && as=
node=/run/lab/node # of a Pi, in memory
[ -x "$node" ] || node=node
(
  while :; do
    if [ -f /run/lab/agent-wanted ]; then
      $as "$node" --lite-mode --expose-gc --max-semi-space-size=1 --v8-pool-size=1 --disable-proto=delete /lab/agent.mjs run --config /lab/agent.yaml >>/run/lab/agent.log 2>&1 3<&- &
      echo $! >/run/lab/agent.pid
      wait $!
      echo "agent ended with status $?" >>/run/lab/agent.log
    fi
    sleep 1
  done
) &
