# outlet.sh NAME|PORT on|off|cycle|status: one outlet of the power strip, from inside of the site.
name=$(sed -n "s/^$1 //p" /lab/outlets 2>/dev/null)
answer=$(printf '%s %s\n' "${name:-$1}" "$2" | busybox nc -w 20 192.168.60.9 7001)
echo "$answer"
case $answer in
  on | off) ;;
  *) exit 1 ;;
esac
