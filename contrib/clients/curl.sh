#!/bin/sh
# curl.sh - a conversation with nothing but curl and jq: what an app does with headgate's client API
#
#	contrib/clients/curl.sh https://chat.acme.example web "Where is my order?" [FILE]
#
# Begins a session, says the text (with the file), waits for an answer and prints it.  The environment may give
#
#	HEADGATE_JWT	what your site's server signed about its user; anonymous without
#	HEADGATE_STATE	a file that keeps the session and the conversation for the next run; nobody else may read it
#	HEADGATE_WAIT	seconds to wait for an answer, 60 without; 0: none
#
# Exit code: 0 answered (or nothing was to be waited for), 1 no answer came, 2 the server refused, 64 wrong use.
set -eu

[ $# -ge 3 ] && [ $# -le 4 ] || { sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 64; }
base=${1%/}/client/v1 channel=$2 text=$3 file=${4-}
wait=${HEADGATE_WAIT:-60} state=${HEADGATE_STATE:-}
umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# call METHOD PATH [curl's options]: the answer's body; says what the server says when it refuses.
# The token goes in by a file, so that no other user sees it among the arguments.
call() {
	method=$1 path=$2
	shift 2
	status=$(curl -sS --max-time 40 -X "$method" -H @"$work/headers" -o "$work/body" -w '%{http_code}' "$@" "$base$path") || status=000
	echo "$status" >"$work/status"
	case $status in
	2??) cat "$work/body" ;;
	*) jq -r '"curl.sh: \(.title // "refused"): \(.detail // "")"' "$work/body" >&2 2>/dev/null || echo "curl.sh: no answer from $base" >&2
	   return 2 ;;
	esac
}
json() { call "$1" "$2" -H 'Content-Type: application/json' --data-binary "$3"; }

# A message is known by the id its sender gives it: a UUIDv7 (RFC 9562, section 5.7).
uuid7() {
	now=$(printf '%012x' "$(($(date +%s) * 1000))")
	rest=$(od -An -N10 -tx1 /dev/urandom | tr -d ' \n')
	printf '%.8s-%s-7%.3s-8%.3s-%.12s\n' "$now" "${now#????????}" "$rest" "${rest#???}" "${rest#??????}"
}

# ---- the session ----
: >"$work/headers"
if [ -n "$state" ] && [ -s "$state" ]; then token=$(jq -r .token "$state") thread=$(jq -r .thread "$state"); else token= thread=; fi
jq -n --arg channel "$channel" --arg token "$token" --arg jwt "${HEADGATE_JWT:-}" '
	{ channel: $channel } + (if $token != "" then { token: $token } else {} end) +
	(if $jwt != "" then { identity: { jwt: $jwt } } else {} end)' >"$work/ask"
session=$(json POST /session @"$work/ask")
token=$(echo "$session" | jq -r .token)
cursor=$(echo "$session" | jq -r .cursor)
echo "Authorization: Bearer $token" >"$work/headers"

# ---- a file: announced, then sent in pieces; after a broken connection GET says how much is there ----
upload() {
	size=$(wc -c <"$1")
	jq -n --arg name "$(basename "$1")" --arg type "$(file --brief --mime-type "$1")" --argjson bytes "$size" \
		'{ name: $name, type: $type, bytes: $bytes }' >"$work/ask"
	made=$(json POST /uploads @"$work/ask")
	id=$(echo "$made" | jq -r .id)
	offset=0 tries=0
	while [ "$offset" -lt "$size" ]; do
		tail -c "+$((offset + 1))" "$1" | head -c 262144 >"$work/piece"
		last=$((offset + $(wc -c <"$work/piece") - 1))
		if said=$(call PUT "/uploads/$id" -H 'Content-Type: application/octet-stream' \
				-H "Content-Range: bytes $offset-$last/$size" --data-binary @"$work/piece"); then
			offset=$(echo "$said" | jq -r .offset) tries=0
		else
			tries=$((tries + 1))
			[ $tries -lt 5 ] || return 2
			sleep $tries
			said=$(call GET "/uploads/$id") && offset=$(echo "$said" | jq -r .offset)
		fi
	done
	echo "$id"
}
files='[]'
if [ -n "$file" ]; then
	id=$(upload "$file")
	files="[\"$id\"]"
fi

# ---- the message: the same id however often it has to be sent, so that it is there once ----
jq -n --arg id "$(uuid7)" --arg text "$text" --argjson files "$files" '{ id: $id, text: $text, files: $files }' >"$work/message"
path=/threads
[ -z "$thread" ] || path=/threads/$thread/messages
tries=0
until said=$(json POST "$path" @"$work/message"); do
	tries=$((tries + 1))
	case $(cat "$work/status") in 000 | 5??) ;; *) exit 2 ;; esac
	[ $tries -lt 5 ] || exit 2
	sleep $tries
done
thread=$(echo "$said" | jq -r .thread.id)
[ -z "$state" ] || jq -n --arg token "$token" --arg thread "$thread" '{ token: $token, thread: $thread }' >"$state"
echo "you: $text"

# ---- what comes back: each answer names the cursor to go on from ----
end=$(($(date +%s) + wait))
while [ "$(date +%s)" -lt "$end" ]; do
	left=$((end - $(date +%s)))
	said=$(call GET "/events?wait=$((left < 25 ? left : 25))&cursor=$cursor") || { sleep 2; continue; }
	cursor=$(echo "$said" | jq -r .cursor)
	echo "$said" | jq -c --arg thread "$thread" '.events[] | select(.type == "message" and .data.thread.id == $thread and
		(.data.message.author.me | not)) | .data.message' >"$work/news"
	[ -s "$work/news" ] || continue
	jq -r '"\(.author.name // "they"): \(.text)"' "$work/news"
	json POST "/threads/$thread/read" "$(tail -n 1 "$work/news" | jq -c '{ message: .id }')" >/dev/null
	exit 0
done
[ "$wait" = 0 ] || { echo "curl.sh: no answer within $wait s" >&2; exit 1; }
