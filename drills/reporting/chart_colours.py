"""The colours of a chart, which follow the page: light, dark and on paper with the same bytes.

matplotlib draws in placeholder colours; `in_css` replaces them by CSS variables. Text stays text, in the page's font.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.sax.saxutils import escape


@dataclass(frozen=True, slots=True)
class Ink:
    """A colour: what matplotlib draws, and what it becomes in light and in dark."""

    variable: str
    placeholder: str
    light: str
    dark: str


TEXT = Ink("--c-text", "#010101", "#1f2937", "#e5e7eb")
FAINT = Ink("--c-faint", "#020202", "#6b7280", "#9ca3af")
GRID = Ink("--c-grid", "#030303", "#e5e7eb", "#374151")
FAILED = Ink("--c-failed", "#040404", "#b91c1c", "#f87171")
WAITING = Ink("--c-waiting", "#050505", "#d97706", "#fbbf24")
P95 = Ink("--c-p95", "#060606", "#1d4ed8", "#93c5fd")
P50 = Ink("--c-p50", "#070707", "#0f766e", "#5eead4")
OFFERED = Ink("--c-offered", "#080808", "#6b7280", "#9ca3af")
ANSWERED = Ink("--c-answered", "#090909", "#0f766e", "#5eead4")
FAULT = Ink("--c-fault", "#0a0a0a", "#dc2626", "#f87171")
CALM = Ink("--c-calm", "#0b0b0b", "#059669", "#34d399")
MARK = Ink("--c-mark", "#0c0c0c", "#4338ca", "#a5b4fc")
INKS = (TEXT, FAINT, GRID, FAILED, WAITING, P95, P50, OFFERED, ANSWERED, FAULT, CALM, MARK)


def in_css(svg: str, described: tuple[str, str]) -> str:
    """matplotlib's document as one element: in CSS colours, sized by its container, with (title, description)."""
    body = svg[svg.index("<svg") :]
    head, rest = body[: body.index(">") + 1], body[body.index(">") + 1 :]
    box = re.search(r'viewBox="[^"]+"', head)
    rest = re.sub(r"<metadata>.*?</metadata>\s*", "", rest, flags=re.DOTALL)
    rest = re.sub(r'<g id="patch_1">.*?</g>\s*', "", rest, count=1, flags=re.DOTALL)
    # Nothing refers to a group by its name, and names of groups would be met twice on a page with two charts.
    rest = rest.replace('<g id="milestone">', '<g class="milestone">')
    rest = re.sub(r'<g id="[^"]*">', "<g>", rest)
    for ink in INKS:
        rest = rest.replace(ink.placeholder, f"var({ink.variable})")
    rest = re.sub(r"font: ([\d.]+px) [^;\"]+", r"font-size: \1", rest)
    rest = re.sub(r" font-family: [^;\"]+;?", "", rest).replace("*{stroke", ".drill-chart *{stroke")
    # A hundredth of a point is finer than any screen or printer.
    rest = re.sub(r"(\d\.\d\d)\d+", r"\1", rest)
    title, desc = (escape(text) for text in described)
    light = "".join(f"{ink.variable}:{ink.light};" for ink in INKS)
    dark = "".join(f"{ink.variable}:{ink.dark};" for ink in INKS)
    style = (
        f".drill-chart{{{light}font-family:system-ui,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif}}"
        f"@media screen and (prefers-color-scheme:dark){{.drill-chart{{{dark}}}}}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" class="drill-chart" '
        f'{box[0] if box else ""} role="img" aria-labelledby="chart-title chart-desc">\n'
        f'<title id="chart-title">{title}</title>\n<desc id="chart-desc">{desc}</desc>\n<style>{style}</style>{rest}'
    )
