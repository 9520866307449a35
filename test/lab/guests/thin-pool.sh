# thin-pool.sh DEVICE: a thin pool with one volume.
no_udev='activation{udev_sync=0 udev_rules=0 monitoring=0}'
vgchange -q -ay --config "$no_udev" thin 2>/dev/null && exit 0
pvcreate -q "$1" && vgcreate -q --config "$no_udev" thin "$1" &&
  lvcreate -q --config "$no_udev" -L 256M --thinpool pool thin &&
  lvcreate -q --config "$no_udev" -V 128M --thin -n root1 thin/pool
