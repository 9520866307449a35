#!/bin/busybox sh
# Shows that a kernel runs on QEMU's own Raspberry Pi board, and what it sees there, and ends.
PATH=/bin:/sbin
export PATH
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
for module in bcm2835-dma sdhci-iproc bcm2835 mmc_block bcm2835_wdt bcm2835_thermal; do modprobe "$module" 2>/dev/null; done
tries=0
while [ ! -e /sys/block/mmcblk0 ] && [ "$tries" -lt 100 ]; do busybox usleep 100000; tries=$((tries + 1)); done
echo "MODEL $(cat /proc/device-tree/model)"
echo "CARD $(cat /sys/block/mmcblk0/device/name)"
echo "WATCHDOG $(cat /sys/class/watchdog/watchdog0/identity)"
echo "TEMPERATURE $(cat /sys/class/thermal/thermal_zone0/temp)"
echo DONE
busybox poweroff -f
