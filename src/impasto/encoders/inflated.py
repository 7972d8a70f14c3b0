"""Networks for pictures, inflated to volumes."""

from __future__ import annotations

from torch import nn

from impasto.encoders.encoder import Chain, channels_last
from impasto.encoders.front_end import Gray
from impasto.errors import UsageError

_POOLINGS: dict[type[nn.Module], type[nn.Module]] = {
    nn.MaxPool2d: nn.MaxPool3d,
    nn.AvgPool2d: nn.AvgPool3d,
}


def inflate(chain: Chain) -> Chain:
    """Build the network over three axes that says of a volume of equal slices what it said of one.

    Kernels are repeated along the new axis, which comes first, and divided by its length. Away from
    the two ends of the new axis, where the padding lacks slices, features of a stack of equal
    pictures are those of the picture.

    Args:
        chain: A network over two axes, of convolutions, poolings and what works by positions.
    Returns:
        The same layers over three axes. Volumes of one channel are seen as gray.
    Raises:
        UsageError: If the network has other axes, or modules that cannot be inflated.
    Source:
        Carreira, Zisserman, arXiv:1705.07750, section 2.4 "Bootstrapping 3D filters".
    """
    if chain.axes != 2:
        raise UsageError(f"{chain.name} has {chain.axes} axes: only two can become three.")
    modules = [(name, _inflated(module)) for name, module in chain.chain.items()]
    return Chain(
        f"{chain.name}-inflated",
        Gray.before(chain.front_end),
        modules,
        source=chain.source,
        weights_hash=chain.weights_hash,
    )


def _inflated(module: nn.Module) -> nn.Module:
    if isinstance(module, nn.Conv2d):
        return _convolution(module)
    if isinstance(module, nn.MaxPool2d | nn.AvgPool2d):
        kind = _POOLINGS[type(module)]
        kernel, stride = _side(module.kernel_size), _side(module.stride)
        padding = _side(module.padding)
        return kind(kernel, stride, padding, ceil_mode=module.ceil_mode)
    if isinstance(module, nn.ReLU | nn.Identity):
        return type(module)()
    raise UsageError(f"A {type(module).__name__} cannot be inflated to three axes.")


def _convolution(flat: nn.Conv2d) -> nn.Conv3d:
    depth = _side(flat.kernel_size)
    made = nn.Conv3d(
        flat.in_channels,
        flat.out_channels,
        depth,
        _side(flat.stride),
        _side(flat.padding),
        _side(flat.dilation),
        flat.groups,
        bias=flat.bias is not None,
        device="meta",
    )
    kernel = flat.weight.detach().unsqueeze(2).expand(-1, -1, depth, -1, -1) / depth
    state = {"weight": channels_last(kernel)}
    if flat.bias is not None:
        state["bias"] = flat.bias.detach()
    made.load_state_dict(state, assign=True)
    return made


def _side(lengths: object) -> int:
    """Return the one length of a window that is as long along every axis."""
    along = set(lengths) if isinstance(lengths, tuple) else {lengths}
    side = along.pop()
    if along or not isinstance(side, int):
        raise UsageError(f"A window of {lengths} cannot be inflated: it must be square.")
    return side
