"""Chat with `requests`: one answer, then one that is streamed."""

import json
import os

import requests

URL = os.environ.get("GATEWAY_URL", "http://127.0.0.1:8080")
HEADERS = {"Authorization": f"Bearer {os.environ['GATEWAY_TOKEN']}"}
BODY = {
    "model": "MiniMax-M3",
    "messages": [{"role": "user", "content": "Hello, MiniMax!"}],
}


def why(answer):
    """What the gateway says of a call that failed, with the id to ask the operator about."""
    return f"{answer.status_code} {answer.text} (request {answer.headers.get('x-request-id')})"


answer = requests.post(f"{URL}/v1/chat/completions", headers=HEADERS, json=BODY, timeout=600)
if not answer.ok:
    raise SystemExit(why(answer))
print(answer.json()["choices"][0]["message"]["content"])

with requests.post(
    f"{URL}/v1/chat/completions", headers=HEADERS, json={**BODY, "stream": True}, stream=True, timeout=600
) as answer:
    if not answer.ok:
        raise SystemExit(why(answer))
    for line in answer.iter_lines():
        if not line.startswith(b"data: ") or line == b"data: [DONE]":
            continue
        for choice in json.loads(line[len(b"data: ") :])["choices"]:
            print(choice.get("delta", {}).get("content") or "", end="", flush=True)
print()
