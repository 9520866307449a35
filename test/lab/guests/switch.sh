# The switch: ports swpN by the last byte of their address, one bridge that knows VLANs, configured by ifupdown2 as on a
# real white-box switch. mgmt0 is its own way to the controller, beside the fileserver's.
modprobe -a bridge 8021q 2>/dev/null
for device in /sys/class/net/*; do
  address=$(cat "$device/address")
  case $address in
    52:54:00:05:00:*) ip link set "${device##*/}" name "swp$((0x${address##*:}))" ;;
    52:54:00:05:01:01) ip link set "${device##*/}" name mgmt0 ;;
  esac
done
mkdir -p /run/network # ifupdown2 says "another instance is running" when it is missing
cp /lab/interfaces /etc/network/interfaces
ifreload -a || say "ifreload failed with status $?"
