# personalise.sh NAME ROOT: gives a Pi's root what is its own.
name=$1
root=$2
echo "$name" >"$root/etc/hostname"
mkdir -p "$root/lab"
if [ -f "/lab/$name.yaml" ]; then
  cp /lab/pi-agent.mjs "$root/lab/agent.mjs"
  cp "/lab/$name.yaml" "$root/lab/agent.yaml"
  cp "/lab/$name.token" "$root/lab/token" 2>/dev/null
fi
cp /lab/agent.sh "$root/lab/agent.sh"
