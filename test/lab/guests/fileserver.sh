# The fileserver: RAID 1 over two disks with btrfs, the Pis' roots on it, NFS, DHCP and TFTP; a thin pool on a third disk.
modprobe -a raid1 btrfs 8021q nfsd tun dm-thin-pool 2>/dev/null
for device in /sys/class/net/*; do
  case $(cat "$device/address") in
    52:54:00:01:00:01) ip link set "${device##*/}" name eth0 ;;
    52:54:00:01:00:02) ip link set "${device##*/}" name eth1 ;;
  esac
done
ip link set eth0 up
ip link set eth1 up
ip addr add 192.168.60.2/24 dev eth1
ip route add default via 192.168.60.1
echo 1 >/proc/sys/net/ipv4/ip_forward

# Disks by the place that they are plugged into: their names follow the order in which the kernel found them.
disk() { echo /dev/"$(ls /sys/class/scsi_disk/*:0:"$1":0/device/block)"; }
mkdir -p /srv /export
mdadm --assemble /dev/md0 "$(disk 0)" "$(disk 1)" 2>/dev/null ||
  mdadm --create /dev/md0 --run --level=1 --raid-devices=2 --metadata=1.0 --bitmap=internal --assume-clean "$(disk 0)" "$(disk 1)"
mount -t btrfs -o noatime /dev/md0 /srv
say "array and file system are there"

# Each line of /lab/pis: name, VLAN, fileserver's address, Pi's address, serial number.
mount -t nfsd nfsd /proc/fs/nfsd
mkdir -p /var/lib/misc /run/rpcbind /var/lib/nfs/rpc_pipefs /srv/roots /srv/tftp
: >/etc/exports
echo "first boot code of boards that have none" >/srv/tftp/bootcode.bin
ranges=
# It routes for its Pis, but never between them: whatever a Pi asks of their networks ends at the Pi's own server address.
apart="add table ip apart
add chain ip apart prerouting { type filter hook prerouting priority 0; }"
while read -r name vlan server address serial; do
  ip link add link eth0 name "eth0.$vlan" type vlan id "$vlan"
  ip addr add "$server/30" dev "eth0.$vlan"
  ip link set "eth0.$vlan" up
  apart="$apart
add rule ip apart prerouting iifname eth0.$vlan ip daddr 10.46.189.0/24 ip daddr != $server counter drop"
  root=/srv/roots/$address
  [ -d "$root" ] || btrfs -q subvolume snapshot /srv/base "$root"
  mkdir -p "/export/$address"
  mount --bind "$root" "/export/$address"
  echo "/export/$address $address(rw,no_root_squash,no_subtree_check,async,fsid=$vlan)" >>/etc/exports
  boot=/srv/tftp/$(printf %s "$serial" | tail -c 8)
  mkdir -p "$boot"
  echo "arm_64bit=1" >"$boot/config.txt"
  for firmware in start.elf start4.elf; do echo "firmware of a real board" >"$boot/$firmware"; done
  echo "kernel of a real board" >"$boot/kernel8.img"
  echo "console=ttyAMA0,115200 root=/dev/nfs rootfstype=nfs ip=$address::$server:255.255.255.252::eth0:off nfsroot=$server:/export/$address rw rootwait" >"$boot/cmdline.txt"
  ranges="$ranges --interface=eth0.$vlan --dhcp-range=$address,$address,255.255.255.252,1h"
done </lab/pis
echo "$apart" | nft -f -
rpcbind -w
exportfs -ra
rpc.nfsd -V 3 8
rpc.mountd
say "nfsd serves"
cat >/run/lab/dnsmasq-start <<X
dnsmasq --conf-file=/dev/null --port=0 --no-ping --bind-dynamic $ranges --enable-tftp --tftp-root=/srv/tftp \
  --log-facility=/var/log/bramble-dnsmasq.log --log-dhcp --dhcp-leasefile=/var/lib/misc/dnsmasq.leases --pid-file=/run/lab/dnsmasq.pid -u root
X
# It is started by begin.sh: boards are answered when their roots are theirs.
# The agent reads its log: dnsmasq keeps the group of a file that is there.
: >/var/log/bramble-dnsmasq.log
chown root:990 /var/log/bramble-dnsmasq.log
chmod 0640 /var/log/bramble-dnsmasq.log
# Nothing of the boot waits for it, and nothing is to be slowed down by it.
{
  until [ -f /run/lab/begun ]; do sleep 1; done
  nice -n 19 sh /lab/thin-pool.sh "$(disk 2)" >/run/lab/thin.log 2>&1 && say "thin pool is there" || say "no thin pool: see /run/lab/thin.log"
} &
