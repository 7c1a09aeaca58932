"""Charts of the built-in page as SVG: drawn by the server, so that the page runs no script and loads no library.

Only shapes are drawn here, since shapes may be stretched; words stand beside them in HTML, where they keep their size.
"""

from collections.abc import Sequence

STEP, WIDTH = 10, 7.4
"""Of the columns, in units that the page stretches."""
HEIGHT = 100
SLIVER = 1.0
"""What is there at all can be seen."""

Column = tuple[Sequence[int], str]
"""Parts from the bottom up, and what it says when pointed at."""


def columns(shown: Sequence[Column], colours: Sequence[str], label: str) -> str:
    """Stacked columns on a common scale, as an image with a description."""
    top = ceiling(max((sum(parts) for parts, _ in shown), default=0))
    drawn = "".join(
        f'<g><title>{title}</title><rect class="air" x="{index * STEP}" width="{WIDTH}" height="{HEIGHT}"/>'
        f"{_stack(parts, colours, index * STEP, top)}</g>"
        for index, (parts, title) in enumerate(shown)
    )
    size = f"0 0 {len(shown) * STEP - STEP + WIDTH:.1f} {HEIGHT}"
    return f'<svg class="columns" viewBox="{size}" preserveAspectRatio="none" role="img" aria-label="{label}">{drawn}</svg>'


def ceiling(most: int) -> int:
    """The end of the scale: the next number that people count with, whose half is one, too."""
    size: int = 10 ** (len(str(most)) - 1)
    return next(step * size // 10 for step in (10, 12, 16, 20, 30, 40, 50, 60, 80, 100) if step * size >= most * 10)


def _stack(parts: Sequence[int], colours: Sequence[str], x: int, top: int) -> str:
    drawn, floor = [], float(HEIGHT)
    for part, colour in zip(parts, colours, strict=True):
        if part <= 0:
            continue
        tall = max(HEIGHT * part / top, SLIVER if floor == HEIGHT else 0.0)
        floor -= tall
        drawn.append(f'<rect class="{colour}" x="{x}" y="{max(floor, 0.0):.1f}" width="{WIDTH}" height="{tall:.1f}"/>')
    return "".join(drawn)


def strip(parts: Sequence[tuple[str, int]], label: str) -> str:
    """One bar cut into parts by class, as an image with a description."""
    whole = sum(part for _, part in parts)
    drawn, x = [], 0.0
    for colour, part in parts:
        wide = 100 * part / whole
        drawn.append(f'<rect class="{colour}" x="{x:.2f}" width="{max(wide - 0.4, 0.2):.2f}" height="8"/>')
        x += wide
    return (
        f'<svg class="strip" viewBox="0 0 100 8" preserveAspectRatio="none" role="img" aria-label="{label}">'
        f"{''.join(drawn)}</svg>"
    )
