"""Speech with nothing but Python itself: makes `speech.mp3`, or the file that is named."""

import json
import os
import sys
import urllib.request

URL = os.environ.get("GATEWAY_URL", "http://127.0.0.1:8080")
FILE = sys.argv[1] if len(sys.argv) > 1 else "speech.mp3"

request = urllib.request.Request(
    f"{URL}/v1/t2a_v2",
    data=json.dumps(
        {
            "model": "speech-2.8-hd",
            "text": "Good morning",
            "voice_setting": {"voice_id": "male-qn-qingse"},
        }
    ).encode(),
    headers={
        "Authorization": f"Bearer {os.environ['GATEWAY_TOKEN']}",
        "Content-Type": "application/json",
        # The same request under the same key is made and paid for once, whatever happens on the way.
        "Idempotency-Key": os.environ.get("ORDER", "speech-1"),
    },
)
with urllib.request.urlopen(request, timeout=600) as answer:
    document = json.load(answer)
    charged = answer.headers.get("x-gateway-charged")

# MiniMax says here how it went: HTTP 200 alone does not mean that it went well.
status = document["base_resp"]
if status["status_code"] != 0:
    raise SystemExit(f"{status['status_code']} {status['status_msg']}")
with open(FILE, "wb") as file:
    file.write(bytes.fromhex(document["data"]["audio"]))
print(f"{FILE}: {document['extra_info']['audio_length']} ms, charged {charged}")
