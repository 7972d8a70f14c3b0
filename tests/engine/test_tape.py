from __future__ import annotations

import torch
from torch import Tensor

from impasto.encoders import Chain, Wrapped, random_encoder
from impasto.engine.tape import Tape

LAYERS = ("relu1_1", "conv2_1", "pool2")


def chain_of(space: tuple[int, ...]) -> Chain:
    return random_encoder(len(space), 2, channels=(3, 4)).double()


def pulled(tape: Tape, cotangents: dict[str, Tensor]) -> Tensor:
    def add(layer: str, _features: Tensor, gradient: Tensor) -> None:
        gradient += cotangents[layer]

    return tape.rewind(add)


def test_the_way_back_is_the_gradient(space: tuple[int, ...]) -> None:
    chain = chain_of(space)
    signal = torch.randn(2, 2, *(2 * n for n in space), dtype=torch.float64)
    modules = dict(zip(chain.chain, map(str, range(len(chain.chain))), strict=True))
    sequential = torch.nn.Sequential(*chain.chain.values())
    wrapped = Wrapped(sequential, modules, example=signal[:1])
    for encoder in (chain, wrapped):
        tape = Tape()
        seen = dict(tape.record(encoder.parts(LAYERS), signal))
        leaf = signal.clone().requires_grad_()
        features = chain(leaf, LAYERS)
        assert list(seen) == list(LAYERS)
        for layer, own in seen.items():
            torch.testing.assert_close(own, features[layer])
            assert not own.requires_grad
        cotangents = {layer: torch.randn_like(own) for layer, own in seen.items()}
        (expected,) = torch.autograd.grad(
            [features[layer] for layer in LAYERS], leaf, [cotangents[layer] for layer in LAYERS]
        )
        torch.testing.assert_close(pulled(tape, cotangents), expected)


def test_layers_come_back_from_deep_to_shallow() -> None:
    tape, order = Tape(), []
    list(tape.record(chain_of((8,)).parts(LAYERS), torch.rand(1, 2, 8).double()))
    tape.rewind(lambda layer, *_: order.append(layer))
    assert order == list(reversed(LAYERS))


def test_features_are_seen_before_what_lies_behind_them_is_computed() -> None:
    order: list[str] = []

    def part(name: str) -> Tensor:
        def run(x: Tensor) -> dict[str, Tensor]:
            order.append(f"computed {name}")
            return {name: 2 * x}

        return run

    for layer, _ in Tape().record([part("a"), part("b")], torch.ones(1)):
        order.append(f"seen {layer}")
    assert order == ["computed a", "seen a", "computed b", "seen b"]


def test_a_new_run_replaces_the_old() -> None:
    tape, parts = Tape(), [lambda x: {"a": x * x}]
    list(tape.record(parts, torch.tensor([5.0])))
    list(tape.record(parts, torch.tensor([3.0])))
    assert pulled(tape, {"a": torch.ones(1)}).tolist() == [6.0]
