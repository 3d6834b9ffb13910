"""A state's course in time as a short animation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image

from spikeboard.errors import RecordingError
from spikeboard.neuroart.field import field_of, scales_of
from spikeboard.neuroart.passport import as_text, as_xmp
from spikeboard.neuroart.render import Plan, passport_of, pixels_of_field, planned
from spikeboard.version import VERSION

Pixels = NDArray[np.uint8]

MOST_FRAMES = 120
LARGEST = 512


def art_animation(
    states: ArrayLike,
    seconds: float = 4.0,
    fps: float = 12.0,
    size: int = 256,
    format: Literal["gif", "webp"] = "gif",
    style: str = "flow",
    palette: str | None = None,
    window: float = 0.25,
    version: str = VERSION,
    progress: Callable[[float], None] | None = None,
    **settings: Any,
) -> bytes:
    """A state in motion: each frame is the picture of a window that slides over the time of the recording.

    All frames share one scale and one seed, so that what changes in them is the data.

    Parameters
    ----------
    states : (T, U) time × units, T ≥ 2
    seconds : how long it runs, s; with `fps`, at most 120 frames
    fps : frames per second; a GIF keeps durations in hundredths of a second, so it may run a little faster or slower
    size : pixels on each side, 1 to 512
    format : "gif" (256 colours, shared by all frames) or "webp"
    style : any but *classic*, which knows no time
    window : length of the window, as a part of all the time, 0 (a moment) to 1 (excluded)
    version : the program's, for the metadata
    progress : called with the part that is done after each frame; what it raises ends the work
    palette, **settings : as for `art`

    Returns
    -------
    bytes of an animated GIF or WebP file that repeats for ever; its metadata hold the digest of all the states

    Raises
    ------
    RecordingError : as `art`, and for a state without a course in time
    """
    plan = planned(states, style, size, palette, settings, LARGEST)
    count = _frame_count(seconds, fps, window, format)
    if plan.style.own_values or plan.values.ndim != 2 or len(plan.values) < 2:
        raise RecordingError(_why_not(plan))
    frames = []
    for done, frame in enumerate(_frames(plan, count, window), 1):
        frames.append(Image.fromarray(frame))
        if progress:
            progress(done / count)
    metadata = passport_of(plan, version, seconds=float(seconds), fps=float(fps), window=float(window))
    return _file(frames, 1000 / fps, format, metadata)


def _frame_count(seconds: float, fps: float, window: float, format: str) -> int:
    if format not in ("gif", "webp"):
        raise RecordingError(f"an animation is a gif or a webp, not {str(format)[:40]!r}")
    if not 0 <= window < 1:
        raise RecordingError(f"window must be a part of the time from 0 to below 1, not {window}")
    if not 1 <= fps <= 30:
        raise RecordingError(f"fps must be from 1 to 30 frames per second, not {fps}")
    if not 2 <= seconds * fps <= MOST_FRAMES:
        raise RecordingError(
            f"an animation has 2 to {MOST_FRAMES} frames, but {seconds:g} s at {fps:g} per second are {seconds * fps:g}"
        )
    return round(seconds * fps)


def _why_not(plan: Plan) -> str:
    if plan.style.own_values:
        return f"the style {plan.style.name} knows no time; choose another for an animation"
    return f"an animation needs time × units with at least two moments, but this state has shape {plan.values.shape}"


def _frames(plan: Plan, count: int, window: float) -> Iterator[Pixels]:
    scales, length = scales_of(plan.values, plan.style.blocks), len(plan.values)
    width = max(1, round(window * length))
    for frame in range(count):
        start = round((length - width) * frame / (count - 1))
        yield pixels_of_field(plan, field_of(plan.values[start : start + width], scales, plan.style.blocks))


def _file(frames: list[Image.Image], duration: float, format: str, metadata: dict[str, Any]) -> bytes:
    file = BytesIO()
    if format == "gif":
        shared = _shared_colours(frames)
        frames = [frame.quantize(palette=shared, dither=Image.Dither.NONE) for frame in frames]
        options: dict[str, Any] = {"comment": as_text(metadata).encode(), "optimize": False}
    else:
        options = {"xmp": as_xmp(metadata), "quality": 88, "method": 4}
    frames[0].save(
        file, format, save_all=True, append_images=frames[1:], duration=round(duration), loop=0, **options
    )
    return file.getvalue()


def _shared_colours(frames: list[Image.Image]) -> Image.Image:
    """256 colours that serve all frames, from five of them: frames with colours of their own would flicker."""
    few = [frames[n] for n in np.linspace(0, len(frames) - 1, 5).astype(int)]
    sheet = Image.fromarray(np.concatenate([np.asarray(frame) for frame in few]))
    return sheet.quantize(256, method=Image.Quantize.MEDIANCUT)
