#!/bin/sh
# One call of every modality with curl. Speaks to GATEWAY_URL with GATEWAY_TOKEN, and stops at the first that fails.
set -eu

: "${GATEWAY_TOKEN:?set it to a token of the gateway}"
url=${GATEWAY_URL:-http://127.0.0.1:8080}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# call <method> <path> [further options of curl]
call() {
  method=$1 path=$2
  shift 2
  curl --fail-with-body --silent --show-error --request "$method" "$url$path" \
    --header "Authorization: Bearer $GATEWAY_TOKEN" "$@"
}

# json <path> <document>: posts it. MiniMax says in base_resp how it went, with HTTP 200 as well.
json() {
  call POST "$1" --header 'Content-Type: application/json' --data "$2" >"$folder/answer"
  if grep -Eq '"status_code": ?[1-9]' "$folder/answer"; then
    cat "$folder/answer" >&2
    exit 1
  fi
  cat "$folder/answer"
}

# field <name>: the value of the first field of that name
field() { sed -E "s/.*\"$1\": ?\"?([^\",}]*).*/\1/"; }

printf '\n== chat\n'
json /v1/chat/completions '{"model": "MiniMax-M3", "messages": [{"role": "user", "content": "Hello, MiniMax!"}]}'

printf '\n== chat, streamed\n'
call POST /v1/chat/completions --no-buffer --header 'Content-Type: application/json' \
  --data '{"model": "MiniMax-M3", "stream": true, "messages": [{"role": "user", "content": "Hello again!"}]}'

printf '\n== speech\n'
json /v1/t2a_v2 '{"model": "speech-2.8-hd", "text": "Good morning", "voice_setting": {"voice_id": "male-qn-qingse"}}' |
  cut -c -120

printf '\n== image\n'
json /v1/image_generation '{"model": "image-01", "prompt": "A calm lake in the morning"}'

printf '\n== music\n'
json /v1/music_generation '{"model": "music-2.5", "prompt": "Calm piano", "lyrics": "[verse]\nGood morning"}' |
  cut -c -120

printf '\n== video: made in the background, then asked for\n'
task=$(json /v1/video_generation '{"model": "MiniMax-Hailuo-02", "prompt": "Waves"}' | field task_id)
call GET "/v1/query/video_generation?task_id=$task"

printf '\n== files\n'
printf 'Good morning' >"$folder/words.txt"
file=$(call POST /v1/files/upload --form purpose=t2a_async_input --form "file=@$folder/words.txt" | field file_id)
call GET "/v1/files/retrieve_content?file_id=$file"

printf '\n== transcription\n'
head -c 2000 /dev/zero >"$folder/silence.wav"
call POST /v1/speech_to_text --form model=asr-1.0 --form "file=@$folder/silence.wav" || true

printf '\n== what it cost\n'
call GET '/gateway/v1/usage?group_by=modality'
printf '\n'
