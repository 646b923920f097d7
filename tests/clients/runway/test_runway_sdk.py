"""The official Runway SDK against the simulator: what the SDK accepts is what the wire format is.

Needs SIMULATOR_URL (http://host:port) and SIMULATOR_KEY (begins with `sim`), and a small time scale.
"""

import json
import os
import struct
import time
import urllib.request

import pytest
from runwayml import (
    AuthenticationError,
    BadRequestError,
    InternalServerError,
    NotFoundError,
    RateLimitError,
    RunwayML,
)

URL = os.environ.get("SIMULATOR_URL", "").rstrip("/")
KEY = os.environ.get("SIMULATOR_KEY", "")
TASK_DEADLINE_S = 60
PICTURE = "data:image/png;base64,iVBORw0KGgo="
# Real time per simulated time at which a task all but stands still.
STILL = 1_000


@pytest.fixture(scope="session")
def runway():
    assert URL and KEY, "set SIMULATOR_URL and SIMULATOR_KEY"
    return client(KEY)


@pytest.fixture(autouse=True)
def no_faults():
    yield
    control("DELETE", "/_sim/faults")


@pytest.fixture
def still():
    """The simulator's time all but stands still."""
    before = control("GET", "/_sim/clock")["time_scale"]
    time_scale(STILL)
    yield
    time_scale(before)


def client(key):
    return RunwayML(base_url=f"{URL}/runway", api_key=key, max_retries=0, timeout=30)


def control(method, path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(URL + path, data=data, method=method)
    request.add_header("content-type", "application/json")
    with urllib.request.urlopen(request, timeout=10) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def time_scale(scale):
    control("POST", "/_sim/clock", {"time_scale": scale})


def fault(**fields):
    control("POST", "/_sim/faults", {"faults": [fields]})


def download(url):
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.headers["content-type"], answer.read()


def film(runway, **fields):
    asked = {"model": "gen4.5", "prompt_text": "A red fox runs", "ratio": "1280:720", "duration": 2}
    return runway.text_to_video.create(**{**asked, **fields})


def wait_for(runway, task_id, *states):
    end = time.monotonic() + TASK_DEADLINE_S
    while True:
        task = runway.tasks.retrieve(task_id)
        if task.status in states:
            return task
        assert time.monotonic() < end, f"the task is still {task.status}"
        time.sleep(0.02)


# The three creates


def test_text_to_video(runway):
    made = film(runway)
    assert made.estimated_cost.credits == 24
    task = wait_for(runway, made.id, "SUCCEEDED")
    assert task.cost.credits == 24
    assert task.created_at.tzinfo is not None
    kind, content = download(task.output[0])
    assert kind == "video/mp4" and content[4:8] == b"ftyp"


def test_image_to_video(runway):
    frames = [{"uri": PICTURE, "position": "first"}, {"uri": PICTURE, "position": "last"}]
    for fields in (
        {"model": "gen4_turbo", "prompt_image": PICTURE, "ratio": "960:960", "duration": 2},
        {"model": "veo3.1_fast", "prompt_image": frames, "ratio": "1920:1080", "duration": 4, "audio": False},
    ):
        made = runway.image_to_video.create(**fields)
        assert download(wait_for(runway, made.id, "SUCCEEDED").output[0])[0] == "video/mp4"


def test_text_to_image(runway):
    references = [{"uri": PICTURE, "tag": "cat"}]
    for model, ratio, credits in (("gen4_image", "1920:1080", 8), ("gen4_image_turbo", "720:720", 2)):
        made = runway.text_to_image.create(
            model=model, prompt_text="@cat on a roof", ratio=ratio, reference_images=references, seed=7
        )
        assert made.estimated_cost.credits == credits
        kind, picture = download(wait_for(runway, made.id, "SUCCEEDED").output[0])
        assert kind == "image/png"
        assert struct.unpack(">II", picture[16:24]) == tuple(int(side) for side in ratio.split(":"))


def test_the_sdk_waits_by_itself(runway, monkeypatch):
    monkeypatch.setattr("runwayml.lib.polling.POLL_TIME", 0.02)
    monkeypatch.setattr("runwayml.lib.polling.POLL_JITTER", 0)
    assert film(runway).wait_for_task_output(timeout=TASK_DEADLINE_S).status == "SUCCEEDED"


# The six states of a task


def test_pending_and_throttled(runway, still):
    places = runway.organization.retrieve().tier.models["gen4.5"].max_concurrent_generations
    waiting = [film(runway).id for _ in range(places + 1)]
    first, last = runway.tasks.retrieve(waiting[0]), runway.tasks.retrieve(waiting[-1])
    assert (first.status, last.status) == ("PENDING", "THROTTLED")
    assert first.estimated_cost.credits == last.estimated_cost.credits == 24
    for task_id in waiting:
        runway.tasks.delete(task_id)


def test_running_tells_its_progress(runway):
    before = control("GET", "/_sim/clock")["time_scale"]
    try:
        # It runs for longer than the pause between two looks.
        time_scale(0.2)
        made = film(runway)
        running = wait_for(runway, made.id, "RUNNING", "SUCCEEDED")
        time_scale(STILL)
        assert running.status == "RUNNING"
        assert 0 <= running.progress <= 1
    finally:
        time_scale(before)


@pytest.mark.parametrize(
    ("code", "credits"), [("SAFETY.OUTPUT.VIDEO", 24), ("INTERNAL.BAD_OUTPUT.CODE01", 0), ("", 0)]
)
def test_failed_tells_why_and_what_it_cost(runway, code, credits):
    fault(match={"op": "text_to_video"}, task_error={"code": code, "message": "Something went wrong."})
    task = wait_for(runway, film(runway).id, "FAILED", "SUCCEEDED")
    assert (task.status, task.failure, task.failure_code) == ("FAILED", "Something went wrong.", code or None)
    assert task.cost.credits == credits


def test_cancelled_in_the_providers_console(runway):
    fault(match={"op": "text_to_video"}, task_error={"code": "CANCELLED"})
    task = wait_for(runway, film(runway).id, "CANCELLED", "SUCCEEDED")
    assert (task.status, task.cost.credits) == ("CANCELLED", 0)


# Deleting, the organization, errors


def test_a_deleted_task_is_gone(runway, still):
    made = film(runway)
    answer = runway.tasks.with_raw_response.delete(made.id)
    assert answer.status_code == 204
    with pytest.raises(NotFoundError):
        runway.tasks.retrieve(made.id)


def test_the_organization_counts_what_was_made(runway):
    before = runway.organization.retrieve()
    film(runway)
    after = runway.organization.retrieve()
    assert after.credit_balance == before.credit_balance - 24
    day = "gen4.5"
    assert after.usage.models[day].daily_generations == before.usage.models[day].daily_generations + 1


def test_bad_parameters_are_400_with_a_text(runway):
    with pytest.raises(BadRequestError) as refused:
        film(runway, ratio="16:9", duration=11)
    assert refused.value.body["error"] == "Validation of body failed"
    assert [issue["path"] for issue in refused.value.body["issues"]] == [["ratio"], ["duration"]]


def test_a_prompt_is_counted_in_utf16(runway):
    film(runway, prompt_text="\U0001f98a" * 500)
    with pytest.raises(BadRequestError):
        film(runway, prompt_text="\U0001f98a" * 501)


def test_a_bad_key_is_401():
    with pytest.raises(AuthenticationError) as refused:
        client("key_0").organization.retrieve()
    assert refused.value.body == {"error": "Unauthorized"}


@pytest.mark.parametrize(("status", "error"), [(429, RateLimitError), (503, InternalServerError)])
def test_scheduled_refusals_are_typed(runway, status, error):
    fault(match={"op": "text_to_video", "key": KEY}, status=status, message="Later.")
    with pytest.raises(error) as refused:
        film(runway)
    assert refused.value.body == {"error": "Later."}
    film(runway)
