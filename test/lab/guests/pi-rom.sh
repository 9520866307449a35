#!/bin/busybox sh
# Stands in for a Pi's boot ROM, its firmware and the kernel's own ip= parser: DHCP, TFTP below its serial number, root
# over NFS. It tries for some minutes, longer than a real one, because servers here are slow when the host is; then it hangs like one: only power brings it back.
# A server that says that there is no such file has answered: nothing is asked for twice.
PATH=/bin:/sbin
export PATH
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
mount -t tmpfs -o mode=0755 run /run
say() { echo "LAB $(cut -d' ' -f1 /proc/uptime) $*"; }
hang() {
  say "hangs: $*"
  while :; do sleep 3600; done
}
for module in virtio_pci virtio_net virtio_console virtio_rng nfs nfsv3 9pnet_virtio 9p sdhci-pci mmc_block ext4 i6300esb; do
  modprobe "$module" 2>/dev/null
done
# The rack's own way in lives in memory: it answers when the root does not.
mkdir -p /run/lab
cp /bin/busybox /run/lab/busybox
# What a Pi's agent runs on: see pi-init.sh.
mkdir -p /run/lab/lent
mount -t 9p -o trans=virtio,version=9p2000.L,msize=524288,ro lab /run/lab/lent
cp /lab-control /run/lab/control.sh
LAB_BUSYBOX=/run/lab/busybox LAB_SHELL='/run/lab/busybox sh' /run/lab/busybox sh /run/lab/control.sh &
control=$!

serial=$(tr -d '\0' </proc/device-tree/serial-number)
board=$(printf %s "$serial" | busybox tail -c 8)
say "powered on, serial $serial"
ip link set lo up
tries=0
while [ ! -d /sys/class/net/eth0 ] && [ "$tries" -lt 100 ]; do busybox usleep 50000; tries=$((tries + 1)); done
ip link set eth0 up
cat >/run/lab/lease.sh <<'X'
#!/bin/busybox sh
[ "$1" = bound ] || exit 0
busybox ip addr flush dev eth0
busybox ip addr add "$ip/${mask:-30}" dev eth0
echo "server=${siaddr:-$serverid}" >/run/lab/lease
X
chmod 755 /run/lab/lease.sh
tries=0
until busybox udhcpc -i eth0 -s /run/lab/lease.sh -n -q -t 3 -T 1 -V PXEClient:Arch:00000:UNDI:002001 >/dev/null 2>&1; do
  tries=$((tries + 1))
  say "no answer to DHCP"
  [ "$tries" -lt 60 ] || hang "nobody answers DHCP"
done
. /run/lab/lease
say "DHCP answered by $server"
fetch() {
  tries=0
  until why=$(tftp -g -r "$1" -l "/run/lab/${1##*/}" "$server" 2>&1); do
    case $why in *'server error'*) return 1 ;; esac
    tries=$((tries + 1))
    say "$1 was not fetched: $why"
    [ "$tries" -lt 20 ] || return 1
    sleep 1
  done
}
firmware=start4.elf filter=pi4
case $(tr -d '\0' </proc/device-tree/model) in
  *'Pi 3'*)
    firmware=start.elf filter=pi3
    fetch bootcode.bin || hang "no bootcode.bin"
    ;;
esac
# What is not below its serial number the firmware fetches without it.
at=$board/
fetch "$at$firmware" || { at=; fetch "$firmware"; } || hang "no $firmware for $board"
fetch "$at"config.txt || hang "no ${at}config.txt"
cmdline=$(sed -n "/^\[$filter\]/,/^\[/s/^cmdline=//p" /run/lab/config.txt)
cmdline=${cmdline:-cmdline.txt}
for file in "$cmdline" kernel8.img; do fetch "$at$file" || hang "no $at$file"; done
say "files fetched"

access=rw
for word in $(cat "/run/lab/$cmdline"); do
  case $word in
    ro) access=ro ;;
    nfsroot=*) nfsroot=${word#*=} nfsroot=${nfsroot%%,*} ;;
    ip=*) own=${word#*=} ;;
  esac
done
rest=${own#*::}
address=${own%%:*}
gateway=${rest%%:*}
ip addr flush dev eth0
ip addr add "$address/30" dev eth0
ip route add default via "$gateway"
# no timeout: a kernel waits for its root for ever, and its log shows that it does
until mount -t nfs -o "vers=3,proto=tcp,nolock,addr=${nfsroot%%:*},$access" "$nfsroot" /newroot; do
  say "root over NFS cannot be mounted"
  sleep 3
done
say "root is mounted"
kill "$control" # the next stage starts its own, below the new root
wait "$control"
for each in proc sys dev run; do mount -o move "/$each" "/newroot/$each"; done
exec switch_root /newroot /run/lab/busybox sh /pi-init
