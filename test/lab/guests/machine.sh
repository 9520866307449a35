# What the switch and the fileserver have in common, up to the script of their role; runs as process 1, in busybox.
export PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
role=$1
mount -t tmpfs -o mode=0755 run /run
mount -t tmpfs tmp /tmp
mkdir -p /dev/pts /dev/shm /run/lab
mount -t devpts pts /dev/pts
mount -t tmpfs shm /dev/shm
ip link set lo up
cat /lab/hostname >/proc/sys/kernel/hostname
say() { echo "LAB $(cut -d' ' -f1 /proc/uptime) $*"; }
sh /lab/control.sh &
say "$role starts"
. "/lab/$role.sh"
say "$role has booted"
until [ -f /run/lab/begun ]; do sleep 0.2; done
say "$role is ready"
if [ -f /lab/agent.yaml ]; then . /lab/agent.sh; fi
# A person who looks at the console gets a shell; children that lost their parent are buried here.
while :; do
  /usr/bin/setsid -w sh -c 'exec sh -i </dev/ttyS0 >/dev/ttyS0 2>&1' || sleep 1
done
