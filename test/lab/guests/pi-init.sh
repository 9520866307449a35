#!/bin/sh
# First process of a Pi after its root is mounted.
# Its own programs come from memory (what a Pi shows is what its agent and its people do, not how this script is read).
export PATH=/run/lab/bin HOME=/root LANG=C.UTF-8
mount -t tmpfs tmp /tmp
mkdir -p /dev/pts /dev/shm
mount -t devpts pts /dev/pts
mount -t tmpfs shm /dev/shm
cat /etc/hostname >/proc/sys/kernel/hostname
say() { echo "LAB $(cut -d' ' -f1 /proc/uptime) $*"; }
mkdir -p /card
mount -t ext4 -o noatime /dev/mmcblk0 /card
export PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LAB_BUSYBOX=./busybox LAB_SHELL='./busybox sh' /run/lab/busybox sh /run/lab/control.sh &
say "$(cat /etc/hostname) is ready"
if [ -f /lab/agent.yaml ]; then . /lab/agent.sh; fi
while :; do
  setsid -w sh -c 'exec sh -i </dev/ttyAMA0 >/dev/ttyAMA0 2>&1' || sleep 1
done
