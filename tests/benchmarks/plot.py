"""The growth figures as an SVG: responses per second and p99 by the number of things. Plain Python, no library."""

import math
from collections.abc import Sequence
from typing import Final

Points = Sequence[dict[str, float]]

WIDTH, HEIGHT, LEFT, TOP, GAP = 320, 190, 56, 40, 76
TITLES: Final = {
    "namespaces": "namespaces in the token",
    "projects": "projects in the list",
    "concurrent": "concurrent requests, as shipped",
    "concurrent_uncached": "concurrent requests, cache off",
}
COLOURS: Final = {"rate": "#0066cc", "p99": "#c9190b"}


def draw(figures: dict[str, Points]) -> str:
    panels = [
        _panel(title, figures[name], LEFT + (n % 2) * (WIDTH + 2 * GAP), TOP + (n // 2) * (HEIGHT + GAP))
        for n, (name, title) in enumerate(TITLES.items())
    ]
    width, height = 2 * WIDTH + 3 * GAP + LEFT, 2 * (HEIGHT + GAP) + TOP
    legend = "responses per second (left, blue) and p99 in ms (right, red), both from 0"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img"',
            'font-family="sans-serif" font-size="12">',
            f"<title>How cost grows: {legend}</title>",
            f'<rect width="{width}" height="{height}" fill="white"/>',
            f'<text x="{LEFT}" y="16" fill="#333">{legend}</text>',
            *panels,
            "</svg>\n",
        ]
    )


def nice_top(value: float) -> float:
    """The next 1, 2 or 5 times a power of ten."""
    scale: float = 10 ** math.floor(math.log10(value))
    return next(step * scale for step in (1, 2, 5, 10) if value <= step * scale)


def _panel(title: str, points: Points, left: float, top: float) -> str:
    first, last = math.log2(points[0]["n"]), math.log2(points[-1]["n"])
    xs = [left + WIDTH * (math.log2(point["n"]) - first) / (last - first) for point in points]
    bottom = top + HEIGHT
    parts = [
        f'<rect x="{left}" y="{top}" width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="#bbb"/>',
        f'<text x="{left + WIDTH / 2}" y="{bottom + 36}" text-anchor="middle" fill="#333">{title}</text>',
    ]
    for x, point in zip(xs, points, strict=True):
        parts.append(f'<text x="{x:.0f}" y="{bottom + 16}" text-anchor="middle" fill="#666">{point["n"]:.0f}</text>')
    for side, name in ((left - 6, "rate"), (left + WIDTH + 6, "p99")):
        highest = nice_top(max(point[name] for point in points))
        anchor = "end" if name == "rate" else "start"
        for share in (0.5, 1.0):
            y = bottom - HEIGHT * share
            label = f"{highest * share:g}"
            parts.append(
                f'<text x="{side}" y="{y + 4:.0f}" text-anchor="{anchor}" fill="{COLOURS[name]}">{label}</text>'
            )
        dots = [(x, bottom - HEIGHT * point[name] / highest) for x, point in zip(xs, points, strict=True)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in dots)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{COLOURS[name]}" stroke-width="2"/>')
        parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{COLOURS[name]}"/>' for x, y in dots]
    return "\n".join(parts)
