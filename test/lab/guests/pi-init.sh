#!/bin/sh
# First process of a Pi after its root is mounted.
# Read by a busybox in memory, which takes its own programs for all that it knows.
export PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
mount -t tmpfs tmp /tmp
mkdir -p /dev/pts /dev/shm
mount -t devpts pts /dev/pts
mount -t tmpfs shm /dev/shm
cat /etc/hostname >/proc/sys/kernel/hostname
say() { echo "LAB $(cut -d' ' -f1 /proc/uptime) $*"; }
# See control.sh. Mounts of its own: nobody else sees its root. It goes apart before the card is mounted, which it would
# keep in use otherwise.
unshare -m sh -c '
  : >/run/lab/apart
  root=/run/lab/root
  mkdir -p "$root"
  mount -t tmpfs root "$root"
  mkdir -p "$root/proc" "$root/sys" "$root/dev" "$root/run"
  for each in proc sys dev run; do mount --rbind "/$each" "$root/$each"; done
  export LAB_BUSYBOX=/run/lab/busybox LAB_SHELL="/run/lab/busybox sh" LAB_ENTER="/run/lab/busybox nsenter -t 1 -m"
  exec chroot "$root" /run/lab/busybox sh /run/lab/control.sh
' &
until [ -e /run/lab/apart ]; do sleep 0.1; done
# What outlives the root, where it is a product's: volumes of the fileserver.
[ ! -f /etc/fstab ] || while read -r from to type options rest; do
  [ "$type" = nfs ] && [ "$to" != / ] || continue
  /run/lab/busybox mount -t nfs -o "$options,addr=${from%%:*}" "$from" "$to" || say "$to cannot be mounted"
done </etc/fstab
mkdir -p /card 2>/dev/null # there is one in a root that cannot be written
mount -t ext4 -o noatime /dev/mmcblk0 /card
say "$(cat /etc/hostname) is ready"
# A hundred megabytes that a Pi would read through an emulated switch: half of the time until its agent reports. Copied, because
# an agent tells of every mount that it sees.
if [ -f /lab/agent.yaml ]; then cp /run/lab/lent/node /run/lab/node; fi
umount /run/lab/lent
if [ -f /lab/agent.yaml ]; then . /lab/agent.sh; fi
while :; do
  (exec setsid sh -c 'exec sh -i </dev/ttyAMA0 >/dev/ttyAMA0 2>&1') || sleep 1
done
