# thin-pool.sh DEVICE: a thin pool with one volume. There is no udev here: whoever makes volumes makes their names too.
cat >/etc/lvm/lvmlocal.conf <<'X'
activation { udev_sync = 0 udev_rules = 0 monitoring = 0 }
devices { obtain_device_list_from_udev = 0 }
X
vgchange -q -ay thin 2>/dev/null && exit 0
pvcreate -q "$1" && vgcreate -q thin "$1" &&
  lvcreate -q -L 512M --thinpool pool thin &&
  lvcreate -q -V 128M --thin -n root1 thin/pool
