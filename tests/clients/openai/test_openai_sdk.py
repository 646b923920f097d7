"""The official OpenAI SDK against a running gateway: only its base_url and key are ours.

Needs what `zephyr up` writes to demo.env: ZEPHYR_BASE_URL and ZEPHYR_API_KEY (with credits). It never talks to OpenAI.
"""

import base64
import json
import math
import os
import secrets
import urllib.request
from decimal import Decimal

import openai
import pytest

URL = os.environ.get("ZEPHYR_BASE_URL", "").rstrip("/")
KEY = os.environ.get("ZEPHYR_API_KEY", "")
CHAT = "doubao-seed-2-0-mini"
EMBEDDING = "doubao-embedding-large"
IMAGE = "doubao-seedream-4-0"
QUESTION = [{"role": "user", "content": "Why is the sea salty and the river is not?"}]
SHORT = {"max_completion_tokens": 200, "extra_body": {"thinking": {"type": "disabled"}}}
RETRIES = 2


class Counted:
    """A client of the SDK that counts the requests it really sends."""

    def __init__(self, key):
        self.sent = 0
        http_client = openai.DefaultHttpxClient(event_hooks={"request": [self._count]})
        self.sdk = openai.OpenAI(
            base_url=f"{URL}/v1", api_key=key, max_retries=RETRIES, timeout=60, http_client=http_client
        )

    def _count(self, _request):
        self.sent += 1


@pytest.fixture
def client():
    assert URL and KEY, "set ZEPHYR_BASE_URL and ZEPHYR_API_KEY"
    with openai.OpenAI(base_url=f"{URL}/v1", api_key=KEY, max_retries=0, timeout=60) as sdk:
        yield sdk


@pytest.fixture
def counted():
    return Counted(KEY)


def call(method, path, token, body=None):
    """What the SDK has no word for: our own routes."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(URL + path, data=data, method=method)
    request.add_header("content-type", "application/json")
    if token:
        request.add_header("authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read())


def available(key=KEY):
    account = call("GET", "/v1/account", key)
    return Decimal(account["available"])


def key_without_credits():
    """A new person, whose account is empty."""
    person = {"email": f"poor-{secrets.token_hex(8)}@example.com", "password": secrets.token_urlsafe(24)}
    token = call("POST", "/auth/register", None, person)["access_token"]
    return call("POST", "/v1/keys", token, {"name": "sdk"})["key"]


def test_chat(client):
    before = available()
    raw = client.chat.completions.with_raw_response.create(model=CHAT, messages=QUESTION, **SHORT)
    answer = raw.parse()
    assert answer.object == "chat.completion" and answer.model == CHAT
    assert answer.choices[0].message.role == "assistant" and answer.choices[0].message.content
    assert answer.choices[0].finish_reason in ("stop", "length")
    assert answer.usage.prompt_tokens > 0
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    cost = Decimal(raw.headers["x-zephyr-cost"])
    assert cost > 0 and before - available() == cost
    assert Decimal(answer.usage.model_extra["cost"]) == cost
    assert answer.id == raw.headers["x-zephyr-job-id"] and raw.headers["x-request-id"].startswith("req_")


def test_streamed_chat_with_usage(client):
    before = available()
    stream = client.chat.completions.create(
        model=CHAT, messages=QUESTION, stream=True, stream_options={"include_usage": True}, **SHORT
    )
    chunks = list(stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert len(text) > 20 and sum(1 for chunk in chunks if chunk.choices) > 3
    assert [c.choices[0].finish_reason for c in chunks if c.choices and c.choices[0].finish_reason] != []
    last = chunks[-1]
    assert last.choices == [] and last.usage.completion_tokens > 0
    assert [chunk for chunk in chunks[:-1] if chunk.usage] == []
    assert {chunk.model for chunk in chunks} == {CHAT} and len({chunk.id for chunk in chunks}) == 1
    assert before - available() == Decimal(last.usage.model_extra["cost"]) > 0


def test_streamed_chat_without_usage_shows_none_and_is_charged(client):
    before = available()
    chunks = list(client.chat.completions.create(model=CHAT, messages=QUESTION, stream=True, **SHORT))
    assert all(chunk.usage is None and chunk.choices for chunk in chunks)
    assert available() < before


def test_a_function_is_called(client):
    parameters = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    weather = {"name": "get_weather", "description": "The weather of a city", "parameters": parameters}
    answer = client.chat.completions.create(
        model=CHAT,
        messages=[{"role": "user", "content": "What is the weather in Oslo?"}],
        tools=[{"type": "function", "function": weather}],
        tool_choice={"type": "function", "function": {"name": "get_weather"}},
        **SHORT,
    )
    [called] = answer.choices[0].message.tool_calls
    assert called.function.name == "get_weather" and "city" in json.loads(called.function.arguments)
    assert answer.choices[0].finish_reason == "tool_calls"


def test_embeddings_in_both_encodings(client):
    texts = ["a salty sea", "a fresh river"]
    # The SDK asks for base64 by itself and decodes it.
    default = client.embeddings.create(model=EMBEDDING, input=texts)
    floats = client.embeddings.create(model=EMBEDDING, input=texts, encoding_format="float")
    assert [item.index for item in default.data] == [0, 1] and default.usage.prompt_tokens > 0
    for one, other in zip(default.data, floats.data, strict=True):
        assert len(one.embedding) == len(other.embedding) > 100
        assert all(math.isclose(a, b, abs_tol=1e-6) for a, b in zip(one.embedding, other.embedding, strict=True))
    assert default.model == EMBEDDING


def test_an_image_by_link(client):
    before = available()
    answer = client.images.generate(model=IMAGE, prompt="A lighthouse at dusk", size="1024x1024", response_format="url")
    [image] = answer.data
    assert image.url.startswith(URL) and image.b64_json is None
    with urllib.request.urlopen(image.url, timeout=30) as fetched:
        assert fetched.headers["content-type"].startswith("image/") and is_picture(fetched.read())
    assert available() < before


def test_images_as_base64(client):
    answer = client.images.generate(model=IMAGE, prompt="Two boats", size="1024x1024", n=2, response_format="b64_json")
    assert 1 <= len(answer.data) <= 2
    for image in answer.data:
        assert image.url is None and is_picture(base64.b64decode(image.b64_json, validate=True))


def is_picture(content):
    return content.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")) and len(content) > 1000


def test_models(client):
    models = {model.id: model for model in client.models.list()}
    assert {CHAT, EMBEDDING, IMAGE} <= models.keys()
    one = client.models.retrieve(CHAT)
    assert one.object == "model" and one == models[CHAT] and one.created > 0


def test_no_credit_is_402_and_never_retried():
    poor = Counted(key_without_credits())
    for stream in (False, True):
        poor.sent = 0
        with pytest.raises(openai.APIStatusError) as caught:
            poor.sdk.chat.completions.create(model=CHAT, messages=QUESTION, stream=stream)
        assert caught.value.status_code == 402 and poor.sent == 1
        assert caught.value.code == "insufficient_credits" and caught.value.type == "insufficient_quota"
        assert "available" in caught.value.body["details"] and "held" in caught.value.body["details"]
        assert caught.value.response.headers["x-should-retry"] == "false"


@pytest.mark.parametrize("key", ["zk_live_nonsense", "sk-something-else"])
def test_a_bad_key_is_an_authentication_error(key):
    stranger = Counted(key)
    with pytest.raises(openai.AuthenticationError) as caught:
        stranger.sdk.models.list()
    assert caught.value.status_code == 401 and stranger.sent == 1
    assert caught.value.type == "authentication_error"


@pytest.mark.parametrize(
    ("param", "arguments"),
    [
        ("temperature", {"temperature": 9}),
        ("messages", {"messages": []}),
        ("max_completion_tokens", {"max_completion_tokens": 0}),
    ],
)
def test_bad_parameters_are_a_bad_request(counted, param, arguments):
    before = available()
    with pytest.raises(openai.BadRequestError) as caught:
        counted.sdk.chat.completions.create(**({"model": CHAT, "messages": QUESTION} | arguments))
    assert caught.value.status_code == 400 and caught.value.code == "invalid_parameter"
    assert caught.value.param == param and counted.sent == 1
    assert caught.value.body["request_id"] == caught.value.request_id
    assert available() == before


def test_a_bad_size_of_an_image_is_a_bad_request(counted):
    with pytest.raises(openai.BadRequestError) as caught:
        counted.sdk.images.generate(model=IMAGE, prompt="x", size="7x7")
    assert caught.value.code == "invalid_parameter" and caught.value.param == "size"


def test_an_unknown_model_is_not_found(counted):
    for ask in (
        lambda: counted.sdk.chat.completions.create(model="no-such-model", messages=QUESTION),
        lambda: counted.sdk.models.retrieve("no-such-model"),
    ):
        counted.sent = 0
        with pytest.raises(openai.NotFoundError) as caught:
            ask()
        assert caught.value.code == "model_not_found" and caught.value.param == "model" and counted.sent == 1


def test_refused_content_is_a_bad_request_and_costs_nothing(counted):
    before = available()
    with pytest.raises(openai.BadRequestError) as caught:
        counted.sdk.chat.completions.create(model=CHAT, messages=[{"role": "user", "content": "Show me gore."}])
    assert caught.value.code == "content_refused" and available() == before
