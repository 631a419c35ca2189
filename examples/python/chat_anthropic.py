"""Chat with the Anthropic SDK (`pip install anthropic`)."""

import os

from anthropic import Anthropic

client = Anthropic(
    base_url=os.environ.get("GATEWAY_URL", "http://127.0.0.1:8080") + "/anthropic",
    api_key=os.environ["GATEWAY_TOKEN"],
)
with client.messages.stream(
    model="MiniMax-M3",
    max_tokens=500,
    messages=[{"role": "user", "content": "Hello, MiniMax!"}],
) as stream:
    for text in stream.text_stream:
        print(text, end="", flush=True)
print()
