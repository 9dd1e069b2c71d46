"""The coarse stage's three losses and one of ours, every sample normalised by itself.

The published code divides by the whole batch's mask area (0 / 0 where no crop has an outside) and renders twice. Here
a sample's terms are divided by its own areas, floored at one pixel, so that means over batches, accumulation passes
and ranks add up; and the second render is gone, since `Rendering.union` already holds what it drew.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from supersvg.models.supersvg.network import Paths
from supersvg.raster import Rendering, render
from supersvg.recipes.coarse import CoarseConfig

BACKGROUNDS = {"white": 1.0, "black": 0.0}


def draw(paths: Paths, size: int, background: str) -> Rendering:
    """The paths of [B] crops on canvases of ``size`` x ``size`` pixels, in float32 whatever autocast says."""
    with torch.autocast(paths.points.device.type, enabled=False):
        points = paths.points.float() * size
        under = points.new_full((3,), BACKGROUNDS[background])
        return render(points, paths.colors.float(), paths.visible.float(), (size, size), background=under)


def pixel_loss(image: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """Mean squared error inside the mask: [B, 3, S, S], [B, 3, S, S], [B, 1, S, S] -> [B]."""
    error = ((image - target).square().mean(dim=1, keepdim=True) * mask).sum(dim=(1, 2, 3))
    return error / mask.sum(dim=(1, 2, 3)).clamp(min=1.0)


def boundary_loss(union: Tensor, mask: Tensor, radius: int) -> Tensor:
    """Mean paint outside the mask grown by ``radius`` pixels: [B, 1, S, S] twice -> [B]; 0 where nothing is outside.

    ``union`` ignores visibility, as in the published loss: a hidden path is kept at home too.
    """
    outside = 1.0 - F.max_pool2d(mask, 2 * radius + 1, stride=1, padding=radius)
    return (union * outside).sum(dim=(1, 2, 3)) / outside.sum(dim=(1, 2, 3)).clamp(min=1.0)


def boundary_weight(config: CoarseConfig, epoch: float) -> float:
    """The weight's schedule: down by ``boundary_decay`` with every epoch begun, to ``boundary_floor``."""
    return max(
        config.boundary_weight - config.boundary_decay * (int(epoch) + 1),
        min(config.boundary_floor, config.boundary_weight),
    )


def fold_loss(points: Tensor, visible: Tensor) -> Tensor:
    """How far paths run backwards around their own centre: [B, P, K, 2], [B, P] -> [B], 0..0.5 per visible path.

    Ours. A path whose control points go around their mean in one direction, each segment within half a turn, crosses
    itself nowhere (variation diminishing, seen from the centre). Crossings matter because area coverage is exact only
    without them: there the SVG's independent drawing would differ from what the loss saw. The share of the control
    polygon's area that is swept backwards has a slope that unfolds it, whatever the path's size.
    """
    spokes = points - points.mean(dim=2, keepdim=True)
    following = spokes.roll(-1, dims=2)
    swept = spokes[..., 0] * following[..., 1] - spokes[..., 1] * following[..., 0]
    backwards = F.relu(-swept).sum(dim=2) / swept.abs().sum(dim=2).clamp(min=1e-6)
    shown = visible.detach()
    return (backwards * shown).sum(dim=1) / shown.sum(dim=1).clamp(min=1.0)


def coarse_losses(paths: Paths, target: Tensor, mask: Tensor, config: CoarseConfig, epoch: float) -> dict[str, Tensor]:
    """Scalars, each a mean over the batch; ``loss`` is the weighted sum.

    Args:
        target: [B, 3, S, S], 0..1.
        mask: [B, 1, S, S], 0 or 1.
        epoch: epochs seen so far, for the boundary weight.
    """
    rendering = draw(paths, config.input_size, config.background)
    pixel = pixel_loss(rendering.image, target, mask).mean()
    boundary = boundary_loss(rendering.union, mask, config.dilate).mean()
    count = paths.visible.sum(dim=1).mean()
    fold = fold_loss(paths.points.float(), paths.visible).mean()
    loss = pixel + boundary_weight(config, epoch) * boundary + config.count_weight * count
    loss = loss + config.fold_weight * fold
    return {
        "loss": loss,
        "pixel": pixel.detach(),
        "boundary": boundary.detach(),
        "visible": count.detach(),
        "fold": fold.detach(),
    }
