from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from impasto.encoders import Chain, Encoder, Wrapped
from impasto.errors import ShapeError, UsageError
from impasto.units.projection import MethodName, project

CONVOLUTIONS: tuple[Any, ...] = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
MAXIMA: tuple[Any, ...] = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)
NORMS: tuple[Any, ...] = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
POOL: tuple[Any, ...] = (functional.max_pool1d, functional.max_pool2d, functional.max_pool3d)
UNPOOL: tuple[Any, ...] = (
    functional.max_unpool1d,
    functional.max_unpool2d,
    functional.max_unpool3d,
)
TRANSPOSED: tuple[Any, ...] = (
    functional.conv_transpose1d,
    functional.conv_transpose2d,
    functional.conv_transpose3d,
)
SPACES = {1: (23,), 2: (13, 16), 3: (9, 8, 10)}
METHODS: list[MethodName] = ["deconvnet", "guided", "gradient"]

each_axes = pytest.mark.parametrize("axes", [1, 2, 3], ids=["1 axis", "2 axes", "3 axes"])
each_method = pytest.mark.parametrize("method", METHODS)


def chain(axes: int, *, pool: int = 2, **settings: Any) -> Chain:
    """Three convolutions, with ReLU and max pooling behind each but the last."""
    convolution, pooling = CONVOLUTIONS[axes - 1], MAXIMA[axes - 1]
    modules: list[tuple[str, nn.Module]] = []
    for number, (wide_in, wide_out) in enumerate([(2, 4), (4, 5), (5, 3)], start=1):
        modules.append((f"conv{number}", convolution(wide_in, wide_out, 3, padding=1)))
        modules.append((f"relu{number}", nn.ReLU()))
        modules.append((f"pool{number}", pooling(pool, **settings)))
    for _, module in modules:
        for weight in module.parameters():
            nn.init.uniform_(weight, -0.3, 0.5)  # so that most units are excited
    return Chain("toy", nn.Identity(), modules[:-1]).double()


def winners(encoder: Encoder, batch: Tensor, layer: str) -> tuple[Tensor, Tensor]:
    """For each signal a unit, and the position where it is highest."""
    features = encoder(batch, [layer])[layer]
    units = torch.arange(len(batch)) % features.shape[1]
    maps = features[torch.arange(len(batch)), units]
    flat = maps.flatten(1).argmax(1)
    return units, torch.stack(torch.unravel_index(flat, maps.shape[1:]), 1)


def random_batch(axes: int, count: int = 3) -> Tensor:
    return torch.randn(count, 2, *SPACES[axes], dtype=torch.float64)


def plain_deconvnet(encoder: Chain, signal: Tensor, unit: int, position: list[int]) -> Tensor:
    """The paper's recipe, step by step: unpool, rectify, filter."""
    axes = encoder.axes
    filters = [encoder.chain[f"conv{n}"] for n in (1, 2, 3)]
    x, switches, shapes = signal[None], [], []
    for number, own in enumerate(filters):
        x = functional.relu(own(x))
        if number < 2:
            shapes.append(x.shape[2:])
            x, switch = POOL[axes - 1](x, 2, return_indices=True)
            switches.append(switch)
    back = torch.zeros_like(x)
    place = (0, unit, *position)
    back[place] = x[place]
    for number in (2, 1, 0):
        back = TRANSPOSED[axes - 1](functional.relu(back), filters[number].weight, padding=1)
        if number:
            back = UNPOOL[axes - 1](back, switches.pop(), 2, output_size=shapes.pop())
    return back[0]


@each_axes
def test_deconvnet_is_that_of_the_paper(axes: int) -> None:
    encoder, batch = chain(axes), random_batch(axes)
    units, positions = winners(encoder, batch, "relu3")
    projections = project(encoder, batch, "relu3", units, positions)
    assert projections.shape == batch.shape
    for one, signal, unit, position in zip(
        projections, batch, units.tolist(), positions.tolist(), strict=True
    ):
        expected = plain_deconvnet(encoder, signal, unit, position)
        assert expected.abs().sum() > 0
        torch.testing.assert_close(one, expected)


@each_axes
@pytest.mark.parametrize("layer", ["conv1", "relu2", "pool2", "conv3"])
def test_gradient_is_the_derivative_of_the_activation(axes: int, layer: str) -> None:
    encoder, batch = chain(axes), random_batch(axes)
    units, positions = winners(encoder, batch, layer)
    projections = project(encoder, batch, layer, units, positions, method="gradient")
    leaf = batch.clone().requires_grad_()
    features = encoder(leaf, [layer])[layer]
    activations = features[(torch.arange(3), units, *positions.unbind(1))]
    torch.testing.assert_close(projections, torch.autograd.grad(activations.sum(), leaf)[0])


@pytest.mark.parametrize(
    ("method", "expected"), [("deconvnet", 4.0), ("guided", 12.0), ("gradient", 2.0)]
)
def test_known_values(method: MethodName, expected: float) -> None:
    """x = 2 gives (2, -2, 4, 2), rectified (2, 0, 4, 2), and 2 + 0 + 4 - 2 = 4.

    4 comes back as (4, 8, 4, -4). Rectified, 4 - 8 + 8 + 0 = 4; open are all but the second.
    """
    first, second = nn.Conv1d(1, 4, 1, bias=False), nn.Conv1d(4, 1, 1, bias=False)
    with torch.no_grad():
        first.weight.copy_(torch.tensor([1.0, -1.0, 2.0, 1.0]).view(4, 1, 1))
        second.weight.copy_(torch.tensor([1.0, 2.0, 1.0, -1.0]).view(1, 4, 1))
    encoder = Chain(
        "toy", nn.Identity(), [("conv1", first), ("relu1", nn.ReLU()), ("conv2", second)]
    )
    nothing = torch.zeros(1).long()
    signal = torch.full((1, 1, 1), 2.0)
    found = project(encoder, signal, "conv2", nothing, nothing[None], method=method)
    assert found.flatten().tolist() == [expected]


class Residual(nn.Module):
    """Batch normalization, in-place ReLU, and an addition, as in ResNet."""

    def __init__(self, axes: int) -> None:
        super().__init__()
        convolution, norm = CONVOLUTIONS[axes - 1], NORMS[axes - 1]
        self.first = nn.Sequential(convolution(2, 4, 3, padding=1), norm(4), nn.ReLU(inplace=True))
        self.second = nn.Sequential(convolution(4, 4, 3, padding=1), norm(4))
        self.relu, self.last = nn.ReLU(inplace=True), convolution(4, 3, 3, stride=2)
        for module in self.modules():
            if isinstance(module, NORMS):
                nn.init.uniform_(module.running_mean)
                nn.init.uniform_(module.running_var, 0.5, 2.0)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        out = self.second(x)
        out += x
        out = self.relu(out)
        last: Tensor = self.last(out)
        return last


def rectify_on_the_way_back(module: nn.Module) -> None:
    """Do with hooks of torch what the deconvnet asks for; not for modules that work in place."""
    for part in module.modules():
        if isinstance(part, nn.ReLU):
            part.inplace = False
            part.register_forward_hook(lambda own, args, out: _through(args[0]))


def _through(x: Tensor) -> Tensor:
    """ReLU forward; back as if it were linear, with a hook that rectifies."""
    straight = x + (functional.relu(x) - x).detach()
    straight.register_hook(lambda gradient: functional.relu(gradient))
    return straight


@each_axes
def test_residual_networks(axes: int) -> None:
    module, batch = Residual(axes).double(), random_batch(axes)
    encoder = Wrapped(module, {"last": "last"}, example=batch[:1])
    units, positions = winners(encoder, batch, "last")
    found = project(encoder, batch, "last", units, positions)
    rectify_on_the_way_back(module)
    leaf = batch.clone().requires_grad_()
    features = encoder(leaf, ["last"])["last"]
    place = (torch.arange(3), units, *positions.unbind(1))
    start = torch.zeros_like(features)
    start[place] = features.detach()[place]
    (expected,) = torch.autograd.grad(features, leaf, start)
    torch.testing.assert_close(found, expected)
    assert not torch.allclose(
        found, project(encoder, batch, "last", units, positions, method="gradient")
    )


@each_method
@each_axes
def test_chains_go_back_in_the_order_of_their_modules(axes: int, method: MethodName) -> None:
    """They may pool first and rectify then, which is not the same where windows overlap."""
    encoder, batch = chain(axes, pool=3, stride=2, padding=1), random_batch(axes)
    plain = Wrapped(nn.Sequential(*encoder.chain.values()), {"conv3": "6"}, example=batch[:1])
    units, positions = winners(encoder, batch, "conv3")
    torch.testing.assert_close(
        project(encoder, batch, "conv3", units, positions, method=method),
        project(plain, batch, "conv3", units, positions, method=method),
    )


@each_method
def test_one_of_a_batch_does_not_see_the_others(method: MethodName) -> None:
    encoder, batch = chain(2), random_batch(2)
    units, positions = winners(encoder, batch, "relu3")
    together = project(encoder, batch, "relu3", units, positions, method=method)
    for n in range(3):
        alone = project(encoder, batch[[n]], "relu3", units[[n]], positions[[n]], method=method)
        torch.testing.assert_close(together[[n]], alone)


@each_method
@each_axes
def test_half_precision_within(axes: int, method: MethodName) -> None:
    """What comes back is float32, and nearly that of a network in float32."""
    encoder, batch = chain(axes).float(), random_batch(axes).float()
    units, positions = winners(encoder, batch, "conv2")
    exact = project(encoder, batch, "conv2", units, positions, method=method)
    half = project(encoder.bfloat16(), batch, "conv2", units, positions, method=method)
    assert half.dtype == exact.dtype == torch.float32
    alike = functional.cosine_similarity(exact.flatten(1), half.flatten(1))
    assert alike.min() > 0.9


def test_leaves_signals_and_gradients_alone() -> None:
    encoder, batch = chain(2), random_batch(2)
    before = batch.clone()
    with torch.no_grad():
        units, positions = winners(encoder, batch, "relu3")
        found = project(encoder, batch, "relu3", units, positions)
    assert torch.equal(batch, before)
    assert not batch.requires_grad
    assert not found.requires_grad


class TestRefusals:
    def test_of_wrong_names(self) -> None:
        encoder, batch = chain(1), random_batch(1, 1)
        nothing = torch.zeros(1).long()
        with pytest.raises(UsageError, match="conv3"):
            project(encoder, batch, "conv4", nothing, nothing[None])
        with pytest.raises(UsageError, match="deconvnet"):
            project(encoder, batch, "conv3", nothing, nothing[None], method="deconv")  # type: ignore[arg-type]

    @pytest.mark.parametrize(("unit", "position"), [(5, 0), (-1, 0), (0, 11), (0, -1)])
    def test_of_what_is_not_there(self, unit: int, position: int) -> None:
        encoder, batch = chain(1), random_batch(1, 1)
        with pytest.raises(UsageError, match=r"0 to 4.* 11 positions"):
            project(encoder, batch, "conv2", torch.tensor([unit]), torch.tensor([[position]]))

    def test_of_shapes_that_do_not_fit(self) -> None:
        encoder, batch = chain(1), random_batch(1, 2)
        for units, positions in ((1, (2, 1)), (2, (2, 2)), (2, (1, 1))):
            with pytest.raises(ShapeError):
                project(
                    encoder,
                    batch,
                    "conv2",
                    torch.zeros(units).long(),
                    torch.zeros(positions).long(),
                )
