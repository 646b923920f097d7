"""The official Ark SDK against the simulator: what the SDK accepts is what the wire format is.

Needs SIMULATOR_URL (http://host:port) and SIMULATOR_KEY (begins with `sim`), and a small time scale.
"""

import json
import os
import struct
import time
import urllib.request

import httpx
import pytest
from volcenginesdkarkruntime import Ark
from volcenginesdkarkruntime._exceptions import (
    ArkAPIError,
    ArkAuthenticationError,
    ArkBadRequestError,
    ArkConflictError,
    ArkInternalServerError,
    ArkNotFoundError,
    ArkPermissionDeniedError,
    ArkRateLimitError,
)
from volcenginesdkarkruntime.types.images.images import SequentialImageGenerationOptions

URL = os.environ.get("SIMULATOR_URL", "").rstrip("/")
KEY = os.environ.get("SIMULATOR_KEY", "")
CHAT = "doubao-seed-2-1-pro-260628"
IMAGE = "doubao-seedream-4-0-250828"
VIDEO = "doubao-seedance-2-0-260128"
TASK_DEADLINE_S = 60
QUESTION = [{"role": "user", "content": "Why is the sea salty and the river is not?"}]


@pytest.fixture(scope="session")
def ark():
    assert URL and KEY, "set SIMULATOR_URL and SIMULATOR_KEY"
    return client(KEY)


@pytest.fixture(autouse=True)
def no_faults():
    yield
    control("DELETE", "/_sim/faults")


def client(key):
    return Ark(base_url=f"{URL}/ark/api/v3", api_key=key, max_retries=0, timeout=30)


def control(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(URL + path, data=data, method=method)
    request.add_header("content-type", "application/json")
    with urllib.request.urlopen(request, timeout=10) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def fault(**fields):
    control("POST", "/_sim/faults", {"faults": [fields]})


def last_request(op):
    return control("GET", f"/_sim/requests?op={op}")["requests"][-1]


def download(url):
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.headers["content-type"], answer.read()


def wait_for(ark, task_id, *states):
    end = time.monotonic() + TASK_DEADLINE_S
    while True:
        task = ark.content_generation.tasks.get(task_id=task_id)
        if task.status in states:
            return task
        assert time.monotonic() < end, f"the task is still {task.status}"
        time.sleep(0.05)


# Chat


def test_chat_counts_its_tokens(ark):
    answer = ark.chat.completions.create(model=CHAT, messages=QUESTION, thinking={"type": "disabled"})
    message = answer.choices[0].message
    assert "sea salty" in message.content
    assert not message.reasoning_content
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer.usage.completion_tokens_details.reasoning_tokens == 0


def test_chat_thinks_by_default(ark):
    answer = ark.chat.completions.create(model=CHAT, messages=QUESTION)
    assert answer.choices[0].message.reasoning_content
    assert 0 < answer.usage.completion_tokens_details.reasoning_tokens < answer.usage.completion_tokens


def test_chat_is_limited_by_max_tokens(ark):
    answer = ark.chat.completions.create(model=CHAT, messages=QUESTION, max_tokens=7, thinking={"type": "disabled"})
    assert answer.choices[0].finish_reason == "length"
    assert answer.usage.completion_tokens == 7


def test_stream_says_what_the_whole_answer_says(ark):
    whole = ark.chat.completions.create(model=CHAT, messages=QUESTION)
    chunks = list(
        ark.chat.completions.create(model=CHAT, messages=QUESTION, stream=True, stream_options={"include_usage": True})
    )
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    assert "".join(delta.content or "" for delta in deltas) == whole.choices[0].message.content
    thought = "".join(delta.reasoning_content or "" for delta in deltas if getattr(delta, "reasoning_content", None))
    assert thought == whole.choices[0].message.reasoning_content
    assert chunks[-1].choices == []
    assert chunks[-1].usage == whole.usage
    assert all(chunk.usage is None for chunk in chunks[:-1])


def test_stream_can_show_usage_in_every_chunk(ark):
    options = {"include_usage": True, "chunk_include_usage": True}
    chunks = list(ark.chat.completions.create(model=CHAT, messages=QUESTION, stream=True, stream_options=options))
    counts = [chunk.usage.completion_tokens for chunk in chunks]
    assert counts == sorted(counts)
    assert counts[0] == 1


WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]}},
            "required": ["city"],
        },
    },
}


def test_tools_are_called_and_answered(ark):
    messages = [{"role": "user", "content": "What is the weather in Paris today?"}]
    answer = ark.chat.completions.create(model=CHAT, messages=messages, tools=[WEATHER])
    assert answer.choices[0].finish_reason == "tool_calls"
    call = answer.choices[0].message.tool_calls[0]
    assert call.function.name == "get_weather"
    assert json.loads(call.function.arguments) == {"city": "Paris", "unit": "celsius"}
    messages += [
        {"role": "assistant", "content": "", "tool_calls": [call.model_dump()]},
        {"role": "tool", "tool_call_id": call.id, "content": "18 degrees, sunny"},
    ]
    final = ark.chat.completions.create(model=CHAT, messages=messages, tools=[WEATHER])
    assert "18 degrees" in final.choices[0].message.content


def test_tool_calls_stream_in_pieces(ark):
    messages = [{"role": "user", "content": "Hello"}]
    stream = ark.chat.completions.create(
        model=CHAT, messages=messages, tools=[WEATHER], tool_choice="required", stream=True
    )
    pieces = [
        call for chunk in stream for choice in chunk.choices for call in (choice.delta.tool_calls or [])
    ]
    assert pieces[0].id and pieces[0].function.name == "get_weather"
    assert json.loads("".join(piece.function.arguments or "" for piece in pieces))["unit"] == "celsius"


def test_a_stream_that_is_cut_raises(ark):
    fault(match={"op": "chat"}, cut_after_chunks=3)
    with pytest.raises((ArkAPIError, httpx.HTTPError)):
        list(ark.chat.completions.create(model=CHAT, messages=QUESTION, stream=True))
    assert last_request("chat")["outcome"] == "cut"


# Images


def test_images_by_url(ark):
    answer = ark.images.generate(model=IMAGE, prompt="A red fox", size="1280x720")
    assert answer.data[0].size == "1280x720"
    assert answer.usage.generated_images == 1
    assert answer.usage.output_tokens == 1280 * 720 // 256
    kind, content = download(answer.data[0].url)
    assert kind == "image/jpeg" and content.startswith(b"\xff\xd8")


def test_images_in_base64(ark):
    answer = ark.images.generate(model=IMAGE, prompt="A red fox", size="1K", response_format="b64_json")
    assert answer.data[0].b64_json.startswith("/9j/")


def test_image_stream_tells_each_picture(ark):
    events = list(
        ark.images.generate(
            model=IMAGE,
            prompt="Four seasons",
            size="2K",
            stream=True,
            sequential_image_generation="auto",
            sequential_image_generation_options=SequentialImageGenerationOptions(max_images=3),
        )
    )
    assert [event.type for event in events] == ["image_generation.partial_succeeded"] * 3 + ["image_generation.completed"]
    assert [event.image_index for event in events[:3]] == [0, 1, 2]
    assert events[-1].usage["generated_images"] == 3  # this SDK leaves the usage of this event a dict


def test_image_stream_stops_at_a_failed_picture(ark):
    """The provider's partial_failed event carries `error`, which this SDK raises, so that the later pictures are lost."""
    fault(match={"op": "images"}, fail_images=[1])
    seen = []
    with pytest.raises(ArkAPIError):
        for event in ark.images.generate(
            model=IMAGE,
            prompt="Four seasons",
            stream=True,
            sequential_image_generation="auto",
            sequential_image_generation_options=SequentialImageGenerationOptions(max_images=3),
        ):
            seen.append(event.type)
    assert seen == ["image_generation.partial_succeeded"]


def test_image_size_by_model(ark):
    with pytest.raises(ArkBadRequestError) as refused:
        ark.images.generate(model="doubao-seedream-4-5-251128", prompt="A red fox", size="1024x1024")
    assert refused.value.code == "InvalidParameter"


# Video


def test_video_from_queue_to_file(ark):
    made = ark.content_generation.tasks.create(
        model=VIDEO,
        content=[{"type": "text", "text": "A red fox runs"}],
        resolution="720p",
        ratio="16:9",
        duration=5,
        return_last_frame=True,
        safety_identifier="user-hash",
    )
    assert made.id.startswith("cgt-")
    assert made.safety_identifier == "user-hash"
    task = wait_for(ark, made.id, "succeeded")
    assert task.usage.completion_tokens == 1280 * 720 * 121 // 1024 == 108900
    assert (task.resolution, task.ratio, task.duration, task.framespersecond) == ("720p", "16:9", 5, 24)
    assert task.safety_identifier == "user-hash"
    kind, film = download(task.content.video_url)
    assert kind == "video/mp4" and film[4:8] == b"ftyp"
    kind, frame = download(task.content.last_frame_url)
    assert kind == "image/png" and struct.unpack(">II", frame[16:24]) == (1280, 720)
    ark.content_generation.tasks.delete(task_id=made.id)
    with pytest.raises(ArkNotFoundError):
        ark.content_generation.tasks.get(task_id=made.id)


def test_video_list_by_ids(ark):
    content = [{"type": "text", "text": "A blue bird"}]
    ids = [
        ark.content_generation.tasks.create(model=VIDEO, content=content, safety_identifier="user-hash").id
        for _ in range(3)
    ]
    page = ark.content_generation.tasks.list(task_ids=ids[:2], page_size=10)
    assert page.total == 2
    assert {task.id for task in page.items} == set(ids[:2])
    assert page.items[0].safety_identifier == "user-hash"


def test_video_is_cancelled_only_while_queued(ark):
    content = [{"type": "text", "text": "A green frog"}]
    before = control("GET", "/_sim/clock")["time_scale"]
    control("POST", "/_sim/clock", {"time_scale": 100})
    try:
        made = ark.content_generation.tasks.create(model=VIDEO, content=content)
        ark.content_generation.tasks.delete(task_id=made.id)
        assert ark.content_generation.tasks.get(task_id=made.id).status == "cancelled"
        with pytest.raises(ArkConflictError):
            ark.content_generation.tasks.delete(task_id=made.id)
    finally:
        control("POST", "/_sim/clock", {"time_scale": before})


def test_video_that_fails_tells_why(ark):
    fault(match={"op": "video_create"}, task_error={"code": "OutputVideoSensitiveContentDetected", "message": "no"})
    made = ark.content_generation.tasks.create(model=VIDEO, content=[{"type": "text", "text": "A red fox"}])
    task = wait_for(ark, made.id, "failed", "succeeded")
    assert task.status == "failed"
    assert task.error.code == "OutputVideoSensitiveContentDetected"
    assert task.usage is None


# Embeddings


def test_embeddings(ark):
    answer = ark.embeddings.create(
        model="doubao-embedding-large-text-250515", input=["a fox", "a red fox"], encoding_format="float"
    )
    assert [item.index for item in answer.data] == [0, 1]
    assert len(answer.data[0].embedding) == 2048
    assert answer.usage.prompt_tokens == answer.usage.total_tokens == 5


def test_multimodal_embeddings(ark):
    answer = ark.multimodal_embeddings.create(
        model="doubao-embedding-vision-250615",
        input=[
            {"type": "text", "text": "a red fox"},
            {"type": "image_url", "image_url": {"url": "https://example.com/fox.png"}},
        ],
    )
    assert len(answer.data.embedding) == 2048
    assert answer.usage["prompt_tokens_details"]["text_tokens"] == 3  # this SDK leaves this usage a dict


# Errors


def test_a_bad_key_is_401():
    with pytest.raises(ArkAuthenticationError) as refused:
        client("wrong-key").chat.completions.create(model=CHAT, messages=QUESTION)
    assert refused.value.code == "AuthenticationError"


def test_bad_parameters_are_400(ark):
    with pytest.raises(ArkBadRequestError) as refused:
        ark.chat.completions.create(model=CHAT, messages=QUESTION, temperature=9)
    assert refused.value.code == "InvalidParameter"


def test_an_unknown_model_is_404(ark):
    with pytest.raises(ArkNotFoundError) as refused:
        ark.chat.completions.create(model="doubao-nothing", messages=QUESTION)
    assert refused.value.code == "InvalidEndpointOrModel.NotFound"


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (403, "AccountOverdueError", ArkPermissionDeniedError),
        (429, "RateLimitExceeded.EndpointRPMExceeded", ArkRateLimitError),
        (500, "InternalServiceError", ArkInternalServerError),
    ],
)
def test_scheduled_refusals_are_typed(ark, status, code, error):
    fault(match={"op": "chat", "key": KEY}, status=status, code=code, retry_after=1)
    with pytest.raises(error) as refused:
        ark.chat.completions.create(model=CHAT, messages=QUESTION)
    assert refused.value.code == code
    ark.chat.completions.create(model=CHAT, messages=QUESTION, max_tokens=5)
