#!/bin/sh
# The rack's way into a guest, beside every network: a line "ID BASE64" on a virtio port is run as a script; the answer
# is "ID STATUS BASE64-OF-OUTPUT BASE64-OF-ERRORS". One at a time; what has to stay is to be put into the background.
# On a Pi the loop runs on busybox alone, in a root of its own in memory: even looking up /dev asks the server of a root
# over NFS. Its scripts run in the root of the Pi (LAB_ENTER), but those whose ID ends in "!": they answer without one.
b=${LAB_BUSYBOX:-busybox}
shell=${LAB_SHELL:-/bin/sh}
cd /run/lab || exit 1
modprobe virtio_console 2>/dev/null
while :; do
  for port in /sys/class/virtio-ports/*; do
    [ "$($b cat "$port/name" 2>/dev/null)" = bramble.lab ] && break 2
  done
  $b sleep 0.1
done
# One process at a time: what the loop before this one started may not have ended with it.
until true 3<>"/dev/${port##*/}"; do $b sleep 0.1; done 2>/dev/null
exec 3<>"/dev/${port##*/}"
while :; do
  if IFS= read -r line <&3; then
    id=${line%% *}
    printf '%s' "${line#* }" | $b base64 -d >script
    case $id in
      *!) $b setsid $shell /run/lab/script >out 2>err 3<&- </dev/null ;;
      *) $b setsid $LAB_ENTER $shell /run/lab/script >out 2>err 3<&- </dev/null ;;
    esac
    status=$?
    printf '%s %s %s %s\n' "$id" "$status" "$($b base64 out | $b tr -d '\n')" "$($b base64 err | $b tr -d '\n')" >&3
  else
    $b sleep 0.5 3<&- # nobody is connected
  fi
done
