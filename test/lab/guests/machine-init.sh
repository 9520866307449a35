#!/bin/busybox sh
# First process of the switch and of the fileserver: finds the disk and what the rack lends, and hands over.
PATH=/bin:/sbin
export PATH
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
for module in virtio_pci virtio_blk virtio_net virtio_console virtio_scsi sd_mod virtio_rng crc32c_generic ext4 9pnet_virtio 9p; do
  modprobe "$module" 2>/dev/null
done
for word in $(cat /proc/cmdline); do
  case $word in lab.role=*) role=${word#*=} ;; esac
done
tries=0
while [ ! -b /dev/vda ] && [ "$tries" -lt 200 ]; do
  busybox usleep 50000
  tries=$((tries + 1))
done
mount -t ext4 -o noatime /dev/vda /newroot || exec sh
# Into memory: what a guest sees mounted read-only, or from another machine, its agent would report.
mkdir -p /newroot/lab /lent
mount -t tmpfs -o mode=0755 lab /newroot/lab
mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144,ro lab /lent
cp -a /lent/. /newroot/lab/
umount /lent
for each in proc sys dev; do mount -o move "/$each" "/newroot/$each"; done
# Its shell is busybox, which takes its own programs for all that it knows: to start another one takes ten times as long here.
exec switch_root /newroot /bin/busybox sh /lab/machine.sh "$role"
