#!/bin/sh
# try.sh - a headgate of its own, beside whatever else runs here, loads the adapter and takes a message of a made-up provider
set -eu
cd "$(dirname "$0")"
name=${1:?which adapter}
HEADGATE_ADAPTER_DIR=$PWD
TRY_SECRET=only-for-trying
export HEADGATE_ADAPTER_DIR TRY_SECRET
folder=$(mktemp -d)
daemon=
end() {
	[ -z "$daemon" ] || kill "$daemon" 2>/dev/null || :
	[ -z "$daemon" ] || wait "$daemon" || :
	rm -r "$folder"
}
trap end EXIT
trap 'exit 1' HUP INT TERM

cat >"$folder/try.yaml" <<YAML
config_version: 1
gateway: { listen: 127.0.0.1:0, socket: try.sock }
store: { path: try.db }
default: hold
channels:
  try:
    adapter: $name
    url: http://127.0.0.1:9
    secret: env:TRY_SECRET
YAML
ctl() {
	headgatectl -c "$folder/try.yaml" "$@"
}
ctl check
headgated -c "$folder/try.yaml" --ready-fd 3 3>"$folder/port" 2>"$folder/log" &
daemon=$!
until [ -s "$folder/port" ]; do
	kill -0 "$daemon" 2>/dev/null || { cat "$folder/log" >&2; exit 1; }
	sleep 0.1
done

# As the provider does it: signed, and twice, for it did not hear our answer.
body='{"id":"m1","from":"tel:+447700900123","name":"Ana","text":"Hello, is anybody there?"}'
sum=$(printf %s "$body" | openssl dgst -sha256 -hmac "$TRY_SECRET" -r | cut -d' ' -f1)
post() {
	curl --silent --show-error --fail --data "$body" --header "X-Fake-Signature: $1" \
		"http://127.0.0.1:$(cat "$folder/port")/channel/try/webhook"
}
for answer in '"stored":true' '"known":true'; do
	said=$(post "$sum")
	case $said in
	*"$answer"*) echo "posted: $said" ;;
	*) echo "$name: a signed message was answered $said, where $answer is wanted" >&2; exit 1 ;;
	esac
done
# Nobody else's signature will do.
if post 00 2>/dev/null; then
	echo "$name: a message with a wrong signature was taken" >&2
	exit 1
fi
ctl thread show "$(ctl thread list | awk '/Ana/ { print $1 }')"
