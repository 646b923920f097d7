"""The official OpenAI SDK against the simulator: what it reads there is what the gateway's adapter is written for.

Needs SIMULATOR_URL and SIMULATOR_KEY. It never talks to OpenAI.
"""

import base64
import io
import json
import math
import os
import urllib.request
import warnings

import openai
import pytest

URL = os.environ.get("SIMULATOR_URL", "").rstrip("/")
KEY = os.environ.get("SIMULATOR_KEY", "")
QUESTION = [{"role": "user", "content": "Why is the sea salty and the river is not?"}]
PNG = b"\x89PNG\r\n\x1a\n"
POLLS = 2_000


def sdk(key=KEY):
    return openai.OpenAI(base_url=f"{URL}/openai/v1", api_key=key, max_retries=0, timeout=60)


@pytest.fixture
def client():
    assert URL and KEY, "set SIMULATOR_URL and SIMULATOR_KEY"
    warnings.simplefilter("ignore", DeprecationWarning)
    with sdk() as made:
        yield made


def fault(**fields):
    """What goes wrong with the next call."""
    body = json.dumps({"faults": [fields]}).encode()
    request = urllib.request.Request(f"{URL}/_sim/faults", data=body, method="POST")
    request.add_header("content-type", "application/json")
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 200


def test_chat(client):
    raw = client.chat.completions.with_raw_response.create(model="gpt-6-luna", messages=QUESTION)
    answer = raw.parse()
    assert answer.object == "chat.completion" and answer.choices[0].message.content
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer.usage.completion_tokens_details.reasoning_tokens > 0
    assert raw.headers["x-request-id"] and raw.headers["openai-processing-ms"].isdigit()
    assert int(raw.headers["x-ratelimit-remaining-requests"]) > 0


def test_streamed_chat(client):
    chunks = list(
        client.chat.completions.create(
            model="gpt-4o-mini", messages=QUESTION, stream=True, max_tokens=30, stream_options={"include_usage": True}
        )
    )
    assert chunks[0].choices[0].delta.role == "assistant"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert chunks[-1].choices == [] and chunks[-1].usage.completion_tokens == 30
    assert all(chunk.usage is None for chunk in chunks[:-1])


def test_a_function_is_called_in_a_stream(client):
    function = {"name": "get_weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}
    with client.chat.completions.stream(
        model="gpt-6-luna",
        messages=[{"role": "user", "content": "What is the weather in Oslo?"}],
        tools=[{"type": "function", "function": function}],
        tool_choice="required",
    ) as stream:
        [called] = stream.get_final_completion().choices[0].message.tool_calls
    assert called.function.name == "get_weather" and "city" in json.loads(called.function.arguments)


def test_embeddings_in_both_encodings(client):
    ask = {"model": "text-embedding-3-small", "input": ["a salty sea", "a fresh river"], "dimensions": 256}
    default, floats = client.embeddings.create(**ask), client.embeddings.create(encoding_format="float", **ask)
    for one, other in zip(default.data, floats.data, strict=True):
        assert len(one.embedding) == 256
        assert all(math.isclose(a, b, abs_tol=1e-6) for a, b in zip(one.embedding, other.embedding, strict=True))
    assert client.embeddings.create(model="text-embedding-3-large", input=[[1, 2, 3]]).usage.prompt_tokens == 3


def picture(client):
    made = client.images.generate(model="gpt-image-2", prompt="A lighthouse at dusk", quality="low")
    return base64.b64decode(made.data[0].b64_json)


def test_images(client):
    made = client.images.generate(model="gpt-image-2", prompt="Two boats", size="1536x1024", n=2, quality="low")
    assert [base64.b64decode(image.b64_json)[:8] for image in made.data] == [PNG, PNG]
    assert made.usage.output_tokens == 2 * 408 and made.usage.input_tokens_details.image_tokens == 0
    assert made.size == "1536x1024" and made.output_format == "png" and made.quality == "low"


def test_a_streamed_image(client):
    events = list(client.images.generate(model="gpt-image-2", prompt="A boat", stream=True, partial_images=2))
    assert [event.type.rsplit(".")[1] for event in events] == ["partial_image", "partial_image", "completed"]
    assert events[-1].usage.total_tokens > 0


def test_edits_of_one_image_and_of_several(client):
    one = picture(client)
    ask = {"model": "gpt-image-2", "prompt": "The same by day", "quality": "low", "output_format": "jpeg"}
    single = client.images.edit(image=("one.png", one, "image/png"), mask=("mask.png", one, "image/png"), **ask)
    several = client.images.edit(image=[("a.png", one, "image/png"), ("b.png", io.BytesIO(one), "image/png")], **ask)
    for edited in (single, several):
        assert base64.b64decode(edited.data[0].b64_json).startswith(b"\xff\xd8\xff")
    tokens = single.usage.input_tokens_details.image_tokens
    assert tokens > 0 and several.usage.input_tokens_details.image_tokens == 2 * tokens


def test_models(client):
    models = {model.id for model in client.models.list()}
    assert {"gpt-6-luna", "text-embedding-3-small", "gpt-image-2"} <= models
    assert client.models.retrieve("gpt-image-2").owned_by == "openai"


def test_videos(client):
    reference = ("start.png", picture(client), "image/png")
    ask = {"model": "sora-2", "prompt": "A kite over the sea", "seconds": "4", "size": "1280x720"}
    video = client.videos.create(input_reference=reference, **ask)
    assert video.object == "video" and video.status in ("queued", "in_progress")
    for _ in range(POLLS):
        video = client.videos.retrieve(video.id)
        if video.status not in ("queued", "in_progress"):
            break
    assert video.status == "completed" and video.progress == 100 and video.seconds == "4"
    film = client.videos.download_content(video.id)
    assert film.response.headers["content-type"] == "video/mp4" and film.read()[4:8] == b"ftyp"
    assert video.id in [listed.id for listed in client.videos.list()]
    assert client.videos.delete(video.id).deleted is True
    with pytest.raises(openai.NotFoundError):
        client.videos.retrieve(video.id)


def test_errors_are_of_their_class(client):
    with pytest.raises(openai.AuthenticationError) as caught:
        sdk("nobody").models.list()
    assert caught.value.code == "invalid_api_key"
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="gpt-9", messages=QUESTION)
    assert caught.value.code == "model_not_found" and caught.value.param == "model"
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="gpt-5-mini", messages=QUESTION, max_tokens=5)
    assert caught.value.code == "unsupported_parameter" and caught.value.param == "max_tokens"
    fault(match={"provider": "openai"}, status=429, code="rate_limit_exceeded", retry_after=7)
    with pytest.raises(openai.RateLimitError) as caught:
        client.models.list()
    assert caught.value.code == "rate_limit_exceeded" and caught.value.response.headers["retry-after"] == "7"
    fault(match={"provider": "openai"}, status=500, code="server_error")
    with pytest.raises(openai.InternalServerError):
        client.models.list()
