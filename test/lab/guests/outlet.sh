# outlet.sh NAME on|off|cycle|status: one outlet of the power strip, from inside of the site.
answer=$(printf '%s %s\n' "$1" "$2" | busybox nc -w 20 192.168.60.9 7001)
echo "$answer"
case $answer in
  on | off) ;;
  *) exit 1 ;;
esac
