"""Chat with the OpenAI SDK (`pip install openai`)."""

import os

from openai import OpenAI

client = OpenAI(
    base_url=os.environ.get("GATEWAY_URL", "http://127.0.0.1:8080") + "/v1",
    api_key=os.environ["GATEWAY_TOKEN"],
)
stream = client.chat.completions.create(
    model="MiniMax-M3",
    messages=[{"role": "user", "content": "Hello, MiniMax!"}],
    stream=True,
)
for chunk in stream:
    for choice in chunk.choices:
        print(choice.delta.content or "", end="", flush=True)
print()
