"""A page as its elements and its text, and what must hold of every page of this project."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from pathlib import Path

import pytest

#: Texts that would do harm in a page that does not escape them.
PAYLOADS = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "<svg onload=alert(1)>",
    "</svg><b>bold</b>",
    "</style><style>*{display:none}</style>",
    "</title><h1>x</h1>",
    "</td></tr></table><p>x",
    "<!-- comment",
    "<![CDATA[<b>x</b>]]>",
    "{{ 7 * 7 }}{% raw %}",
    "&lt;script&gt;&#60;b&#62;",
    'x" id="wide-panel-0" href="#x url(#x) #1b1b1b',
    "\u2028\u202e\x00\x1b[31m\ud800",
    '" onmouseover="alert(1)',
    "</text><text>x</text>",
    "<iframe src=javascript:alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    "<base href=//example.org>",
    "<meta http-equiv=refresh content=0>",
    "<link rel=stylesheet href=x>",
    "<form action=x><input name=y>",
    "<object data=x></object>",
    "--><b>x</b>",
    "<math><mi>x</mi></math>",
    "$\\frac{1}{0$ \\undefined{",
    "+ADw-script+AD4-",
]

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")

#: A browser is no package of Python's: where there is none, what it would show is not tested.
needs_browser = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")


class Page(HTMLParser):
    """The elements of a page with their attributes, and its text without scripts."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.elements: list[tuple[str, Mapping[str, str]]] = []
        self.text = ""
        self.cells = ""  # the text, "|" after each table cell
        self.scripts: list[str] = []
        self._open: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))
        self.close()

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag == "script":
            self.scripts.append("")
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag == "td":
            self.cells = f"{self.cells.rstrip()}|"
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "script":
            self.scripts[-1] += data
        elif not (self._open and self._open[-1] == "style"):
            self.text += data
            # a line break of the template is a space, and between two cells it is not drawn
            words = data.replace("\n", " ")
            self.cells += words.lstrip() if self.cells.endswith("|") else words

    @property
    def words(self) -> str:
        """The text, every run of white space one space."""
        return " ".join(self.text.split())

    @property
    def outline(self) -> list[tuple[str, tuple[str, ...]]]:
        """Every element with the names of its attributes: what no text may change."""
        return [(tag, tuple(attributes)) for tag, attributes in self.elements]

    def all(self, *tags: str) -> list[Mapping[str, str]]:
        """The attributes of every such element."""
        return [attributes for tag, attributes in self.elements if tag in tags]


def check(path: Path, *, size: int) -> Page:
    """Assert what a reader with a screen reader, a phone or no network relies on."""
    page = Page(path)
    source = path.read_text(encoding="utf-8")
    assert path.stat().st_size < size
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert all(
        attributes.get("scope") in ("col", "row", "rowgroup") for attributes in page.all("th")
    )
    assert all(attributes.get("alt") for attributes in page.all("img"))
    assert all(a.get("role") == "img" and a.get("aria-label") for a in page.all("svg"))
    tags = [tag for tag, _ in page.elements]
    assert tags.count("main") == tags.count("h1") == 1
    levels = [int(tag[1]) for tag in tags if tag in ("h1", "h2", "h3")]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:], strict=False))
    assert tags.count("table") == tags.count("caption")
    assert page.all("html") == [{"lang": "en"}]
    assert not re.search(r"https?://|//[a-z]+\.", "".join(_addresses(page)))
    assert "@import" not in source and not re.search(r"url\((?!#)", source)
    assert not {"link", "iframe", "object", "embed"} & set(tags)
    return page


def _addresses(page: Page) -> list[str]:
    names = ("href", "src", "srcset", "action", "poster")
    return [value for _, a in page.elements for name, value in a.items() if name in names]


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb`, as WCAG 2 defines it."""
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours, 1 to 21."""
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def browse(path: Path, folder: Path, *, script: str = "") -> tuple[str, list[str]]:
    """Open a page in headless Chromium; return the document after its scripts, and the console.

    `script` runs after the page's own, in a copy without its content security policy.
    """
    assert CHROMIUM is not None
    if script:
        text = path.read_text(encoding="utf-8")
        text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
        path = folder / "page.html"
        added = f"<script>addEventListener('load', () => {{ {script} }})</script></body>"
        path.write_text(text.replace("</body>", added), encoding="utf-8")
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"]
    command += [f"--user-data-dir={folder / 'profile'}", "--window-size=1280,1000"]
    command += ["--virtual-time-budget=2000", "--dump-dom", path.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]
