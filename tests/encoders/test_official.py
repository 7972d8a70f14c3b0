from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import torch

from impasto.encoders import official
from impasto.encoders.official import OFFICIAL, Official, cache_folder
from impasto.errors import WeightsError


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("IMPASTO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def toy(cache: Path) -> Official:
    """Weights that lie in the cache."""
    cache.mkdir()
    torch.save({"a": torch.ones(2)}, cache / "toy.pth")
    content = (cache / "toy.pth").read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    return Official("toy", "http://there/toy.pth", digest, len(content))


class TestTable:
    @pytest.mark.parametrize("network", OFFICIAL)
    def test_files_are_named_after_their_hashes(self, network: str) -> None:
        entry = OFFICIAL[network]
        assert entry.network == network
        assert len(entry.sha256) == 64
        assert entry.url.startswith("https://download.pytorch.org/models/")
        assert entry.url.endswith(f"-{entry.sha256[:8]}.pth")

    def test_well_known_names(self) -> None:
        assert {entry.path.name for entry in OFFICIAL.values()} == {
            "alexnet-owt-7be5be79.pth",
            "resnet18-f37072fd.pth",
            "resnet50-0676ba61.pth",
            "vgg16-397923af.pth",
            "vgg19-dcbb9e9d.pth",
        }


class TestCacheFolder:
    def test_is_the_users_own(self, monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
        assert cache_folder() == cache
        monkeypatch.delenv("IMPASTO_CACHE")
        monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
        assert cache_folder() == Path("/somewhere/impasto")
        monkeypatch.setenv("XDG_CACHE_HOME", "")
        monkeypatch.setenv("HOME", "/home/anna")
        assert cache_folder() == Path("/home/anna/.cache/impasto")


class TestRead:
    def test_from_the_cache(self, toy: Official, cache: Path) -> None:
        state = toy.read()
        assert (state.path, state.sha256) == (cache / "toy.pth", toy.sha256)
        assert state.tensors["a"].tolist() == [1, 1]

    def test_damaged(self, toy: Official) -> None:
        toy.path.write_bytes(b"damaged")
        with pytest.raises(WeightsError, match=r"toy\.pth is damaged.*encoders --download toy"):
            toy.read()

    @pytest.mark.parametrize("network", OFFICIAL)
    def test_missing(self, network: str, cache: Path) -> None:
        """The sentence names the command, the URL, the place and the other way."""
        with pytest.raises(WeightsError) as caught:
            OFFICIAL[network].read()
        for hint in (
            f"impasto encoders --download {network}",
            OFFICIAL[network].url,
            f"into {cache}",
            "--weights FILE",
        ):
            assert hint in str(caught.value)
        assert not cache.exists()


class TestFetch:
    def test_what_is_there_is_not_fetched(
        self, toy: Official, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(official, "fetch", lambda *_, **__: pytest.fail("fetched"))
        assert list(toy.fetch()) == []

    def test_what_is_not(self, toy: Official, monkeypatch: pytest.MonkeyPatch) -> None:
        toy.path.unlink()
        asked: list[tuple[str, Path, str]] = []

        def fetch(url: str, path: Path, *, sha256: str) -> list[int]:
            asked.append((url, path, sha256))
            return [1, 2]

        monkeypatch.setattr(official, "fetch", fetch)
        assert list(toy.fetch()) == [1, 2]
        assert asked == [(toy.url, toy.path, toy.sha256)]
