"""The coarse network: a superpixel's crop in, a fixed number of closed cubic paths out.

From the published coarse stage (SuperSVG, its section "coarse stage" and training code): a plain ViT over the crop,
learned queries that attend to its patch tokens, a sigmoid on every number, a visibility gate that is hard forward and
soft backward, filled paths of ``segments`` cubics inside the crop. Ours: one query per path (``tokens="path"``;
``"parameter"`` keeps the published layout of one query per *number* with a channel per path), attention scaled by
its own head width, and a start at small discs spread over the crop with every path visible, where the published
zero-initialised queries start all paths on one point and exactly on the gate's threshold.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from supersvg.recipes.coarse import CoarseConfig

COLOR_AND_VISIBILITY = 4
"""Numbers of a path besides its points: red, green, blue, visibility."""

# A bias on the gate at the start, in logits: open, with enough slope (0.2 of the sigmoid's 0.25) left to close.
OPEN_AT_START = 1.0

# Radius of the discs at the start, as a share of the spacing between their centres.
DISC_AT_START = 0.35

# Colours at the start, in logits: unlike the background. Grey paths would first agree on the crop's mean and then take
# long to find a shape again.
COLOR_AT_START = {"white": -2.0, "black": 2.0}


@dataclass(frozen=True)
class Paths:
    """What the network says about a batch of crops."""

    points: Tensor
    """[B, P, 3 * segments, 2], x right, y down, 0..1 of the crop's side."""
    colors: Tensor
    """[B, P, 3], 0..1."""
    visible: Tensor
    """[B, P], exactly 0 or 1, with the gradient of the sigmoid."""
    confidence: Tensor
    """[B, P], 0..1: the sigmoid before the gate."""


def gate(logits: Tensor) -> Tensor:
    """1 where ``logits`` > 0, else 0; backward as if it were the sigmoid (straight-through estimator)."""
    soft = torch.sigmoid(logits)
    return (logits > 0).to(soft.dtype).detach() + (soft - soft.detach())


class Attention(nn.Module):
    """Multi-head attention of ``queries`` to ``context`` (itself by default)."""

    def __init__(self, width: int, heads: int, context_width: int | None = None, *, bias: bool = True) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width, bias=bias)
        self.key_value = nn.Linear(context_width or width, 2 * width, bias=bias)
        self.out = nn.Linear(width, width)

    def forward(self, queries: Tensor, context: Tensor) -> Tensor:
        """[B, N, width], [B, M, context width] -> [B, N, width]."""
        batch, count, width = queries.shape

        def by_head(tensor: Tensor) -> Tensor:
            return tensor.view(batch, -1, self.heads, width // self.heads).transpose(1, 2)

        key, value = self.key_value(context).chunk(2, dim=-1)
        mixed = F.scaled_dot_product_attention(by_head(self.query(queries)), by_head(key), by_head(value))
        out: Tensor = self.out(mixed.transpose(1, 2).reshape(batch, count, width))
        return out


class Block(nn.Module):
    """Pre-norm transformer block; with a ``context_width``, it attends to another sequence than its own."""

    def __init__(self, width: int, heads: int, context_width: int | None = None) -> None:
        super().__init__()
        self.norm_attention = nn.LayerNorm(width)
        self.norm_context = nn.LayerNorm(context_width) if context_width else None
        self.attention = Attention(width, heads, context_width, bias=context_width is None)
        self.norm_mlp = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, tokens: Tensor, context: Tensor | None = None) -> Tensor:
        """[B, N, width] -> the same shape."""
        normed = self.norm_attention(tokens)
        source = normed if context is None or self.norm_context is None else self.norm_context(context)
        tokens = tokens + self.attention(normed, source)
        mixed: Tensor = tokens + self.mlp(self.norm_mlp(tokens))
        return mixed


class Encoder(nn.Module):
    """ViT without a class token (the published one is dropped unread): crop -> patch tokens."""

    def __init__(self, config: CoarseConfig) -> None:
        super().__init__()
        self.patch = config.patch_size
        self.embed = nn.Linear(3 * config.patch_size**2, config.width)
        self.position = nn.Parameter(positions(config.input_size // config.patch_size, config.width))
        self.blocks = nn.ModuleList(Block(config.width, config.heads) for _ in range(config.depth))
        self.norm = nn.LayerNorm(config.width)

    def forward(self, crops: Tensor) -> Tensor:
        """[B, 3, S, S] -> [B, (S / patch)^2, width]."""
        # A convolution whose kernel is its stride is a matrix product over patches; as one, it is faster on a CPU.
        patches = F.pixel_unshuffle(crops, self.patch).flatten(2).transpose(1, 2)
        tokens = self.embed(patches) + self.position
        for block in self.blocks:
            tokens = block(tokens)
        normed: Tensor = self.norm(tokens)
        return normed


class Gist(nn.Module):
    """Every path's own linear view of the whole crop, each place with weights of its own.

    Ours. Attention starts out as a mean over the patches, which forgets where things are, and needs hundreds of steps
    to learn to look; this tells every query from the first step what is where.
    """

    CHANNELS = 32

    def __init__(self, config: CoarseConfig, queries: int) -> None:
        super().__init__()
        tokens = (config.input_size // config.patch_size) ** 2
        self.shape = (queries, config.head_width)
        self.narrow = nn.Linear(config.width, self.CHANNELS)
        self.spread = nn.Linear(self.CHANNELS * tokens, queries * config.head_width)

    def forward(self, context: Tensor) -> Tensor:
        """[B, M, width] -> [B, queries, head width]."""
        told: Tensor = self.spread(self.narrow(context).flatten(1))
        return told.view(-1, *self.shape)


class PathHead(nn.Module):
    """Learned queries attend to the patch tokens once, then to each other, then become numbers."""

    def __init__(self, config: CoarseConfig) -> None:
        super().__init__()
        self.paths = config.paths
        self.numbers = 6 * config.segments + COLOR_AND_VISIBILITY
        self.by_parameter = config.tokens == "parameter"
        if self.by_parameter and config.head_width != config.paths:
            raise AssertionError("CoarseConfig lets no such pair through")
        queries = self.numbers if self.by_parameter else config.paths
        self.queries = nn.Parameter(torch.zeros(1, queries, config.head_width))
        self.look = Block(config.head_width, config.head_heads, config.width)
        self.blocks = nn.ModuleList(Block(config.head_width, config.head_heads) for _ in range(config.head_blocks))
        self.gist = None if self.by_parameter else Gist(config, queries)
        self.norm = nn.Identity() if self.by_parameter else nn.LayerNorm(config.head_width)
        self.out = nn.Linear(self.numbers if self.by_parameter else config.head_width, self.numbers)
        self.start = nn.Parameter(starting_logits(config.paths, config.segments, COLOR_AT_START[config.background]))

    def forward(self, context: Tensor) -> Tensor:
        """[B, M, width] -> logits [B, P, 6 * segments + 4]."""
        tokens = self.queries.expand(len(context), -1, -1)
        if self.gist is not None:
            tokens = tokens + self.gist(context)
        tokens = self.look(tokens, context)
        for block in self.blocks:
            tokens = block(tokens)
        # These numbers are pixels in the end: bfloat16 would round them to hundredths of the crop.
        with torch.autocast(tokens.device.type, enabled=False):
            tokens = self.norm(tokens.float())
            logits: Tensor = self.out(tokens.transpose(1, 2) if self.by_parameter else tokens)
            return logits + self.start


class CoarseNetwork(nn.Module):
    """Crops -> `Paths`. Weights are a function of the seed that `build_network` is given."""

    def __init__(self, config: CoarseConfig) -> None:
        super().__init__()
        self.segments = config.segments
        self.encoder = Encoder(config)
        self.head = PathHead(config)
        self.apply(_initialise)
        nn.init.trunc_normal_(self.head.queries, std=0.02 if self.head.by_parameter else 1.0)
        nn.init.trunc_normal_(self.head.out.weight, std=0.02)

    def forward(self, image: Tensor, mask: Tensor) -> Paths:
        """One pass.

        Args:
            image: [B, 3, S, S], 0..1.
            mask: [B, 1, S, S], 0 or 1; where it is 0 the network sees -1 in every channel.
        """
        seen = torch.where(mask > 0.5, image, -1.0)
        logits: Tensor = self.head(self.encoder(seen))
        points, colors, visibility = torch.split(logits, [6 * self.segments, 3, 1], dim=-1)
        visibility = visibility.squeeze(-1)
        return Paths(
            points=torch.sigmoid(points).reshape(*points.shape[:2], 3 * self.segments, 2),
            colors=torch.sigmoid(colors),
            visible=gate(visibility),
            confidence=torch.sigmoid(visibility),
        )


def positions(side: int, width: int) -> Tensor:
    """[1, side^2, width]: sines and cosines of the patches' places.

    A start for learned embeddings. Where a stroke lies is all this network has to say, and random embeddings as small
    as a ViT's usual ones would first have to be learned.
    """
    place = (torch.arange(side) + 0.5) / side
    frequency = torch.pi * torch.arange(1, math.ceil(width / 4) + 1).remainder(2 * side)
    waves = place[:, None] * frequency
    along = torch.cat([waves.sin(), waves.cos()], dim=1)
    half = along.shape[1]
    grid = torch.cat([along[:, None].expand(-1, side, half), along[None].expand(side, -1, half)], dim=-1)
    return grid[..., :width].reshape(1, side * side, width)


def build_network(config: CoarseConfig) -> CoarseNetwork:
    """The network on the CPU in float32; leaves the global random state as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        return CoarseNetwork(config)


def starting_logits(paths: int, segments: int, color: float) -> Tensor:
    """[P, 6 * segments + 4]: visible discs of one colour (in logits) on a grid over the crop."""
    columns = math.ceil(math.sqrt(paths))
    rows = math.ceil(paths / columns)
    index = torch.arange(paths)
    centre = torch.stack([(index % columns + 0.5) / columns, (index // columns + 0.5) / rows], dim=-1)
    points = centre[:, None] + DISC_AT_START / columns * _circle(segments)
    start = torch.zeros(paths, 6 * segments + COLOR_AND_VISIBILITY)
    start[:, : 6 * segments] = torch.logit(points.clamp(0.02, 0.98)).flatten(1)
    start[:, -4:-1] = color
    start[:, -1] = OPEN_AT_START
    return start


def _circle(segments: int) -> Tensor:
    """[3 * segments, 2]: anchors and handles of the unit circle's usual cubic approximation."""
    step = 2 * math.pi / segments
    anchors = step * torch.arange(segments)
    out = torch.stack([anchors.cos(), anchors.sin()], dim=-1)
    tangent = 4 / 3 * math.tan(step / 4) * torch.stack([-out[:, 1], out[:, 0]], dim=-1)
    leaving, arriving = out + tangent, (out - tangent).roll(-1, dims=0)
    return torch.stack([out, leaving, arriving], dim=1).reshape(3 * segments, 2)


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.xavier_uniform_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
