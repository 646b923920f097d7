"""The official OpenAI SDK against a running gateway, where files go up: images that are edited, and videos.

Needs what `zephyr up` writes to demo.env. The models are the gateway's, of whichever provider. It never talks to OpenAI.
"""

import base64
import time
import warnings
from decimal import Decimal

import openai
import pytest
from test_openai_sdk import IMAGE, QUESTION, available, call, client, counted, is_picture  # noqa: F401

CHAT = "gpt-6-luna"
EMBEDDING = "text-embedding-3-small"
IMAGE_BY_TOKENS = "gpt-image-2"
IMAGE_BY_TASK = "gen4_image"
VIDEO = "doubao-seedance-1-0-pro"
VIDEO_IN_PIXELS = "gen4.5"
PNG = b"\x89PNG\r\n\x1a\n"
LONGEST_WAIT = 60


@pytest.fixture(autouse=True)
def without_warnings():
    """OpenAI's own video API is retired, which its SDK says at each call."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


@pytest.fixture
def picture(client):  # noqa: F811
    made = client.images.generate(model=IMAGE_BY_TOKENS, prompt="A lighthouse at dusk", quality="low")
    content = base64.b64decode(made.data[0].b64_json)
    assert content.startswith(PNG)
    return ("lighthouse.png", content, "image/png")


def test_chat_of_another_provider(client):  # noqa: F811
    before = available()
    answer = client.chat.completions.create(
        model=CHAT, messages=QUESTION, max_tokens=120, extra_body={"unheard_of": {"x": 1}}
    )
    assert answer.model == CHAT and 0 < answer.usage.completion_tokens <= 120
    assert before - available() == Decimal(answer.usage.model_extra["cost"]) > 0


def test_streamed_chat_of_another_provider(client):  # noqa: F811
    before = available()
    ask = {"model": CHAT, "messages": QUESTION, "stream": True, "max_completion_tokens": 200}
    chunks = list(client.chat.completions.create(stream_options={"include_usage": True}, **ask))
    last = chunks[-1]
    assert last.choices == [] and last.usage.completion_tokens > 0
    assert before - available() == Decimal(last.usage.model_extra["cost"]) > 0
    silent = list(client.chat.completions.create(**ask))
    assert all(chunk.usage is None and chunk.choices for chunk in silent)


def test_embeddings_of_another_provider(client):  # noqa: F811
    made = client.embeddings.create(model=EMBEDDING, input=["a salty sea", "a fresh river"], dimensions=64)
    assert [len(item.embedding) for item in made.data] == [64, 64] and made.model == EMBEDDING


@pytest.mark.parametrize("model", [IMAGE, IMAGE_BY_TOKENS, IMAGE_BY_TASK])
def test_edits_of_one_image_and_of_several(client, picture, model):  # noqa: F811
    before = available()
    one = client.images.edit(model=model, image=picture, prompt="The same by day", size="1024x1024")
    several = client.images.edit(
        model=model, image=[picture, picture], prompt="Both in one", size="1024x1024", response_format="b64_json"
    )
    assert is_picture(base64.b64decode(several.data[0].b64_json, validate=True))
    assert len(one.data) == len(several.data) == 1
    assert available() < before


def test_an_edit_takes_numbers_and_a_mask(client, picture):  # noqa: F811
    made = client.images.edit(
        model=IMAGE_BY_TOKENS, image=picture, mask=picture, prompt="Two of them", n=2, quality="low", output_format="webp"
    )
    assert [base64.b64decode(image.b64_json)[8:12] for image in made.data] == [b"WEBP", b"WEBP"]


def test_the_same_edit_twice_is_made_once(client, picture):  # noqa: F811
    ask = {"model": IMAGE, "image": picture, "prompt": "The same by night", "size": "1024x1024"}
    key = {"Idempotency-Key": f"edit-{time.time_ns()}"}
    first = client.images.edit(extra_headers=key, **ask)
    before = available()
    again = client.images.with_raw_response.edit(extra_headers=key, **ask)
    assert again.headers["idempotent-replayed"] == "true" and available() == before
    assert again.parse().data == first.data
    with pytest.raises(openai.UnprocessableEntityError) as caught:
        client.images.edit(extra_headers=key, **(ask | {"prompt": "Something else"}))
    assert caught.value.code == "idempotency_key_reused"


def test_an_edit_without_an_image_is_a_bad_request(counted):  # noqa: F811
    with pytest.raises(openai.BadRequestError) as caught:
        counted.sdk.images.edit(model=IMAGE, image=[], prompt="Nothing")
    assert caught.value.param == "image" and counted.sent == 1


def test_a_file_that_is_no_image_is_refused(client):  # noqa: F811
    with pytest.raises(openai.APIStatusError) as caught:
        client.images.edit(model=IMAGE, image=("x.png", b"%PDF-1.7 not an image", "image/png"), prompt="x")
    assert caught.value.status_code == 415 and caught.value.param == "image"


def ended(client, video):  # noqa: F811
    deadline = time.monotonic() + LONGEST_WAIT
    while video.status in ("queued", "in_progress"):
        assert time.monotonic() < deadline, video
        time.sleep(0.05)
        video = client.videos.retrieve(video.id)
    return video


def test_a_video_from_its_making_to_its_end(client):  # noqa: F811
    before = available()
    video = client.videos.create(model=VIDEO, prompt="A kite over the sea", seconds="4", size="1280x720")
    assert video.id.startswith("job_") and video.object == "video" and video.status in ("queued", "in_progress")
    assert (video.seconds, video.size, video.model) == ("4", "1280x720", VIDEO)
    with pytest.raises(openai.ConflictError):
        client.videos.delete(video.id)
    video = ended(client, video)
    assert video.status == "completed" and video.progress == 100 and video.completed_at >= video.created_at
    film = client.videos.download_content(video.id)
    assert film.response.headers["content-type"] == "video/mp4" and film.read()[4:8] == b"ftyp"
    job = call("GET", f"/v1/jobs/{video.id}", client.api_key)
    assert (job["params"]["duration"], job["params"]["resolution"], job["params"]["ratio"]) == (4, "720p", "16:9")
    assert before - available() == Decimal(job["cost"]["charged"]) > 0
    assert video.id in [listed.id for listed in client.videos.list(limit=5)]
    assert video.id == next(listed.id for listed in client.videos.list(order="desc"))
    deleted = client.videos.delete(video.id)
    assert deleted.deleted is True and deleted.object == "video.deleted"
    for gone in (client.videos.retrieve, client.videos.download_content, client.videos.delete):
        with pytest.raises(openai.NotFoundError):
            gone(video.id)
    assert video.id not in [listed.id for listed in client.videos.list(limit=5)]


def test_a_size_is_put_into_the_words_of_each_model(client):  # noqa: F811
    video = client.videos.create(model=VIDEO_IN_PIXELS, prompt="A kite over the sea", seconds="5", size="720x1280")
    assert ended(client, video).status == "completed"
    job = call("GET", f"/v1/jobs/{video.id}", client.api_key)
    assert (job["params"]["duration"], job["params"]["ratio"]) == (5, "720:1280")


def test_a_video_from_an_image(client, picture):  # noqa: F811
    video = client.videos.create(model=VIDEO, prompt="The lamp turns", seconds="4", input_reference=picture)
    assert ended(client, video).status == "completed"
    job = call("GET", f"/v1/jobs/{video.id}", client.api_key)
    assert job["capability"] == "image_to_video" and job["params"]["image"].startswith("asset://")


def test_the_same_video_twice_is_made_once(client):  # noqa: F811
    ask = {"model": VIDEO, "prompt": "A paper boat", "seconds": "4", "size": "720x1280"}
    key = {"Idempotency-Key": f"video-{time.time_ns()}"}
    first = client.videos.create(extra_headers=key, **ask)
    again = client.videos.with_raw_response.create(extra_headers=key, **ask)
    assert again.parse().id == first.id and again.headers["idempotent-replayed"] == "true"


@pytest.mark.parametrize(
    ("param", "more"),
    [("seconds", {"seconds": "long"}), ("seconds", {"seconds": "99"}), ("size", {"size": "3840x2160"}), ("size", {"size": "big"})],
)
def test_what_a_model_can_not_do_is_a_bad_request(counted, param, more):  # noqa: F811
    before = available()
    with pytest.raises(openai.BadRequestError) as caught:
        counted.sdk.videos.create(model=VIDEO, prompt="A kite", **more)
    assert caught.value.code == "invalid_parameter" and caught.value.param == param and counted.sent == 1
    assert available() == before


def test_a_video_of_nobody_is_not_found(client):  # noqa: F811
    text = client.chat.completions.create(model=CHAT, messages=QUESTION, max_completion_tokens=50)
    for unknown in ("job_0", "video_1", text.id):
        with pytest.raises(openai.NotFoundError):
            client.videos.retrieve(unknown)
