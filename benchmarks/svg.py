"""A line plot as SVG, readable on light and dark pages: both axes logarithmic, a label at the end of each line."""

import math
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

Points = Sequence[tuple[float, float]]

WIDTH, HEIGHT = 720, 380
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 120, 44, 52
_COLOURS = ("#3b82f6", "#d97706", "#16a34a", "#db2777", "#7c3aed", "#0891b2")


def lines(title: str, across: str, up: str, series: Mapping[str, Points]) -> str:
    """The plot of these series; values must be positive."""
    every = [point for points in series.values() for point in points]
    x = _scale([point[0] for point in every], _LEFT, WIDTH - _RIGHT)
    y = _scale([point[1] for point in every], HEIGHT - _BOTTOM, _TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="system-ui, sans-serif"'
        f' font-size="13" fill="#808891"><title>{escape(title)}</title>',
        f'<text x="{_LEFT}" y="24" font-size="15" font-weight="600">{escape(title)}</text>',
        f'<text x="{(WIDTH - _RIGHT + _LEFT) / 2}" y="{HEIGHT - 12}" text-anchor="middle">{escape(across)}</text>',
        f'<text x="16" y="{HEIGHT / 2}" text-anchor="middle" transform="rotate(-90 16 {HEIGHT / 2})">{escape(up)}</text>',
    ]
    for value in _ticks([point[1] for point in every]):
        parts.append(f'<path d="M{_LEFT} {y(value):.1f}H{WIDTH - _RIGHT}" stroke="#808891" stroke-opacity=".25"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y(value) + 4:.1f}" text-anchor="end">{short(value)}</text>')
    parts += [
        f'<text x="{x(value):.1f}" y="{HEIGHT - _BOTTOM + 20}" text-anchor="middle">{short(value)}</text>'
        for value in _ticks([point[0] for point in every])
    ]
    for colour, (name, points) in zip(_COLOURS, series.items(), strict=False):
        path = "L".join(f"{x(across_):.1f} {y(up_):.1f}" for across_, up_ in points)
        parts.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        parts += [f'<circle cx="{x(a):.1f}" cy="{y(b):.1f}" r="3.5" fill="{colour}"/>' for a, b in points]
        last = points[-1]
        parts.append(f'<text x="{x(last[0]) + 8:.1f}" y="{y(last[1]) + 4:.1f}" fill="{colour}">{escape(name)}</text>')
    return "\n".join((*parts, "</svg>\n"))


def _scale(values: Sequence[float], start: float, end: float):
    """From a value to its place, logarithmically, with some room at both ends."""
    low, high = math.log10(min(values)) - 0.08, math.log10(max(values)) + 0.08
    return lambda value: start + (math.log10(value) - low) / (high - low) * (end - start)


def _ticks(values: Sequence[float]) -> list[float]:
    low, high = math.log10(min(values)), math.log10(max(values))
    steps = (1, 2, 5) if high - low < 2.2 else (1,)
    made = [step * 10.0**power for power in range(math.floor(low) - 1, math.ceil(high) + 1) for step in steps]
    return [value for value in made if low - 0.05 <= math.log10(value) <= high + 0.05] or [min(values), max(values)]


def short(value: float) -> str:
    """A number as people say it: 300, 1.2k, 5M."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"
