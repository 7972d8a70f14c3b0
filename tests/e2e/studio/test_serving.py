"""Where the page listens, who may come in, and calls from Python."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect


def test_from_python(studio: Callable[..., str], desk: Any) -> None:
    from gradio_client import Client, handle_file

    client = Client(studio(), verbose=False, download_files=str(desk / "taken"))
    made = client.predict(
        photo=handle_file(desk / "photo.png"),
        sample_paintings=["harvest"],
        size=64,
        steps="3",
        levels="1",
        api_name="/stylize",
    )
    files = [Path(own).name for own in made[4]]
    assert "photo_stylized.png" in files
    assert made[5].startswith("impasto stylize photo.png --style harvest --size 64")
    painted = client.predict(
        sample_photo="horses", model="paintings", style="harvest", api_name="/paint"
    )
    with Image.open(painted) as picture:
        assert max(picture.size) == 512
    patches = client.predict(layer="relu1_2", unit=3, api_name="/unit")
    assert patches
    assert all(Path(own["image"]).is_file() for own in patches)
    excited = client.predict(layer="relu1_2", sample="horses", api_name="/excited")
    assert re.match(r"relu1_2:\d+  ", excited[0]["caption"])
    own = {"layer": "relu1_1", "unit": 0, "pictures": [handle_file(desk / "photo.png")]}
    _, found = client.predict(**own, api_name="/look")
    assert [one["caption"].split(":")[0] for one in found] == ["1. photo.png"]
    refined = client.predict(
        sample_photo="horses", model="any", style="harvest", size=64, refine=5, api_name="/refine"
    )
    assert "--refine 5" in refined[5]
    client.predict(api_name="/stop")


def test_sounds_and_volumes_from_python(studio: Callable[..., str], desk: Any) -> None:
    pytest.importorskip("soundfile")
    from gradio_client import Client, handle_file

    client = Client(studio(), verbose=False, download_files=str(desk / "taken"))
    sung = client.predict(sample="tabla", sample_style="choir", steps=5, api_name="/stylize_sound")
    assert Path(sung[0]).stat().st_size > 10_000
    np.save(desk / "block.npy", np.random.default_rng(0).random((16, 16, 16)))
    solid = client.predict(
        volume=handle_file(desk / "block.npy"),
        sample_style="harvest",
        size=16,
        steps=5,
        api_name="/stylize_volume",
    )
    (made,) = (own for files in solid if isinstance(files, list) for own in files if "styl" in own)
    assert np.load(made).shape == (16, 16, 16)


def test_the_program_says_where_it_listens_and_ends_cleanly(desk: Any) -> None:
    process = desk.start("studio", "--port", "0")
    assert process.stderr is not None
    assert re.match(
        rb"impasto: The studio is at http://127\.0\.0\.1:\d+/ until Ctrl-C\.",
        process.stderr.readline(),
    )
    process.send_signal(2)
    outcome = desk.end(process)
    assert outcome.code == 130
    assert outcome.lines == ["impasto: Interrupted."]


def test_it_does_not_let_everybody_in(desk: Any) -> None:
    desk.impasto("studio", "--host", "0.0.0.0").refuses(2, "--auth USER:PASSWORD_FILE")
    desk.impasto("studio", "--auth", "me").refuses(2, "USER:PASSWORD_FILE")
    desk.impasto("studio", "--auth", "me:nothing.txt").refuses(3, "nothing.txt")
    desk.impasto("studio", "--auth", "me:style.png", "--no-auth").refuses(2, "choose one")


def test_a_password_is_asked_for(
    studio: Callable[..., str], new_page: Callable[..., Page], desk: Any
) -> None:
    (desk / "password").write_text("open sesame\n")
    page = new_page()
    page.goto(studio("--auth", f"me:{desk / 'password'}"))
    expect(page.get_by_label("username")).to_be_visible()
    assert page.get_by_role("button", name="Stylize", exact=True).count() == 0
    page.get_by_label("username").fill("me")
    page.get_by_label("password").fill("open barley")
    page.get_by_role("button", name="Login").click()
    expect(page.get_by_text("Incorrect")).to_be_visible()
    assert page.get_by_role("button", name="Stylize", exact=True).count() == 0
    page.get_by_label("username").fill("me")  # both were cleared
    page.get_by_label("password").fill("open sesame")
    page.get_by_role("button", name="Login").click()
    expect(page.get_by_role("button", name="Stylize", exact=True)).to_be_visible()


def test_pictures_have_a_limit(studio: Callable[..., str], desk: Any) -> None:
    from gradio_client import Client, handle_file

    client = Client(studio("--max-pixels", "1000"), verbose=False)
    with pytest.raises(Exception, match="pixels"):
        client.predict(
            photo=handle_file(desk / "photo.png"),
            sample_paintings=["harvest"],
            api_name="/stylize",
        )


def test_only_pictures_are_taken(studio: Callable[..., str], desk: Any) -> None:
    from gradio_client import Client, handle_file

    (desk / "notes.txt").write_text("no picture")
    client = Client(studio(), verbose=False)
    with pytest.raises(Exception, match=r"notes\.txt"):
        client.predict(
            photo=handle_file(desk / "notes.txt"),
            sample_paintings=["harvest"],
            api_name="/stylize",
        )


def test_uploads_have_a_limit(studio: Callable[..., str], tmp_path: Path) -> None:
    from gradio_client import Client, handle_file

    large = tmp_path / "photo.png"
    large.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(2 * 2**20))
    client = Client(studio("--max-upload", "1"), verbose=False)
    with pytest.raises(Exception, match=r"(?i)too large|413|size"):
        client.predict(photo=handle_file(large), sample_paintings=["harvest"], api_name="/stylize")
