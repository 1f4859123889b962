"""The look of every figure, and its way to SVG and PNG. No statistics, no page.

A figure is drawn once and written three times: as a file on white, as a picture, and as an
element of a page whose style sheet decides the colours, for light, dark and paper.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from markupsafe import escape
from matplotlib import style
from matplotlib.figure import Figure
from PIL import Image

INK, FAINT, RULE, PAPER = "#1b1b1b", "#6f6f6f", "#d4d4d4", "#ffffff"
# Blue and vermilion stay apart under every form of colour blindness; the vermilion is
# darkened until text in it is legible on white. On grey paper the dashes tell.
BASELINE, VARIANT = "#0072b2", "#b84a00"
#: Further arms. All are dark enough to be read on white; marks and dashes tell them apart too.
FURTHER = ("#00735c", "#8f3f7f", "#7a6200", "#4b4fa8", "#a8324a", "#4a5a66")
ARMS = (BASELINE, VARIANT, *FURTHER)

_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "ablations",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.color": INK,
    "text.parse_math": False,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.facecolor": "none",
    **dict.fromkeys(("axes.spines.top", "axes.spines.right"), False),
    **{"axes.titlelocation": "left", "axes.titleweight": "bold", "axes.titlesize": 10},
    "axes.axisbelow": True,
    "grid.color": RULE,
    "grid.linewidth": 0.5,
    **dict.fromkeys(("xtick.color", "ytick.color"), FAINT),
    **dict.fromkeys(("xtick.labelcolor", "ytick.labelcolor"), INK),
    "legend.frameon": False,
    "figure.facecolor": PAPER,
}

#: What the page's style sheet decides instead, so that one drawing suits light and dark.
_PAGE_COLOURS: Mapping[str, str] = {
    INK: "currentColor",
    FAINT: "var(--faint)",
    RULE: "var(--rule)",
    PAPER: "var(--page)",
    BASELINE: "var(--baseline)",
    VARIANT: "var(--variant)",
    **{colour: f"var(--arm-{number})" for number, colour in enumerate(FURTHER, start=2)},
    "'DejaVu Sans'": "system-ui, sans-serif",
}


_SHORT = {"lrn": "LRN", "gpu": "GPU", "pca": "PCA", "relu": "ReLU"}


@contextmanager
def styled() -> Iterator[None]:
    """Draw by this module's style alone, whatever the user's matplotlibrc says.

    Use as a context around all drawing, and around the making of a figure.
    """
    with style.context(_STYLE, after_reset=True), warnings.catch_warnings():
        # A name may use letters that the font lacks; a box in their place is enough.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        yield


def settle(figure: Figure) -> None:
    """Lay the figure out once and for all, the same for every kind of file.

    The last bits of what the layout's solver finds depend on the order of a hash table;
    rounded, they reach no file.
    """
    figure.draw_without_rendering()
    figure.set_layout_engine(None)  # "none" would have every file laid out again
    for axes in figure.axes:
        left, bottom, width, height = (round(value, 5) for value in axes.get_position().bounds)
        axes.set_position((left, bottom, width, height))


def panels(figure: Figure) -> list[dict[str, Any]]:
    """Return where the panels of curves lie on a settled drawing, and their axes' ends.

    They are the axes whose id begins with "panel-". The box is left, top, right, bottom in
    the units of the SVG, 72 an inch; errors are in percent.

    Returns:
        A dict a panel: box, x and y, the last two the ends of the axes in epochs and percent.
    """
    found = []
    width, height = (72 * inches for inches in figure.get_size_inches())
    for axes in figure.axes:
        if not str(axes.get_gid()).startswith("panel-"):
            continue
        place = axes.get_position()
        box = [place.x0 * width, (1 - place.y1) * height]
        box += [place.x1 * width, (1 - place.y0) * height]
        values = {"box": box, "x": axes.get_xlim(), "y": axes.get_ylim()}
        found.append({key: [round(float(v), 3) for v in item] for key, item in values.items()})
    return found


def svg(figure: Figure) -> str:
    """Return the figure as a standalone SVG on white; the same bytes for the same figure."""
    return _shorter(_render(figure, "svg", {"Date": None, "Creator": None}).decode())


def png(figure: Figure) -> bytes:
    """Return the figure as a PNG on white, of 160 pixels an inch and up to 128 colours.

    Full colour would take three times the bytes; these drawings have a dozen and their edges.
    """
    width, height = (int(160 * inches) for inches in figure.get_size_inches())
    drawn = Image.frombytes("RGBA", (width, height), _render(figure, "rgba", None, dpi=160))
    few = drawn.convert("RGB").quantize(
        128, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE
    )
    buffer = io.BytesIO()
    few.save(buffer, "png", optimize=True, dpi=(160, 160))
    return buffer.getvalue()


def inline_svg(standalone: str, description: str, prefix: str) -> str:
    """Return `svg`'s text as an element of a page that defines the colours of `_PAGE_COLOURS`.

    Args:
        standalone: the drawing's text.
        description: what it shows, in words, for those who cannot see it.
        prefix: begins every id in it, so that a page can hold several drawings.
    """
    text = standalone[standalone.index("<svg") :]
    text = text.replace(f"fill: {PAPER}", "fill: none", 1)  # the sheet that all is drawn on
    text = re.sub(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>", "", text, flags=re.DOTALL)
    # a tag only: a name in the drawing may read like an attribute
    text = re.sub(r"<\w[^<>]*>", lambda tag: _for_page(tag.group(), prefix), text)
    return text.replace("<svg", f'<svg role="img" aria-label="{escape(clean(description))}"', 1)


def page_colour(colour: str) -> str:
    """Return what a page's style sheet has in place of one of the drawings' colours.

    >>> page_colour(BASELINE), page_colour("#123456")
    ('var(--baseline)', '#123456')
    """
    return _PAGE_COLOURS.get(colour, colour)


def _shorter(text: str) -> str:
    """Return an SVG whose paths are one line each, lines to a tenth of a point.

    Arcs, such as those of a dot of three points, are to a hundredth.
    """

    def path(found: re.Match[str]) -> str:
        digits = 2 if "C" in found.group(1) else 1
        places = re.sub(r"\d+\.\d+", lambda x: f"{float(x.group()):.{digits}f}", found.group(1))
        return (
            f'<path{found.group(0)[5 : found.start(1) - found.start()]}{" ".join(places.split())}"'
        )

    return re.sub(r'<path[^<>]*? d="([^"]*)"', path, text)


def _for_page(tag: str, prefix: str) -> str:
    """Return an SVG tag with the page's colours and ids, and without a size of its own."""
    tag = re.sub(r' xmlns(:xlink)?="[^"]*"| (width|height)="[\d.]+pt"', "", tag)
    tag = re.sub(r'( id="|url\(#|href="#)', rf"\g<1>{prefix}-", tag.replace("xlink:href", "href"))
    for colour, replacement in _PAGE_COLOURS.items():
        tag = tag.replace(colour, replacement)
    return tag


def _render(figure: Figure, kind: str, metadata: dict[str, Any] | None, **options: Any) -> bytes:
    buffer = io.BytesIO()
    with styled():
        figure.savefig(buffer, format=kind, metadata=metadata, **options)
    return buffer.getvalue()


def readable(name: str) -> str:
    """Turn an identifier such as `no_lrn` into words.

    >>> readable("no_lrn"), readable("halved_dropout")
    ('No LRN', 'Halved dropout')
    """
    words = " ".join(_SHORT.get(word, word) for word in clean(name).replace("_", " ").split(" "))
    return words.strip()[:1].upper() + words.strip()[1:]


def clean(text: str) -> str:
    """Replace what XML and HTML cannot hold: control characters and half surrogates.

    Tabs and line feeds stay.
    """
    text = text.encode("utf-8", "replace").decode()
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff]", "\ufffd", text)
