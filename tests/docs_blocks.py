"""The blocks of code in the docs: what tests hold against the parser, the chart and the programs."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_COMMENT = re.compile(r"\s#\s.*$")


@dataclass(frozen=True, slots=True)
class Block:
    place: str
    """`docs/runs.md:12`, the line of its first line."""
    language: str
    text: str


def pages() -> list[Path]:
    """README and every page of docs/."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(*languages: str) -> list[Block]:
    """Every block of these languages, in the order of the pages."""
    return [
        Block(f"{page.relative_to(ROOT)}:{text.count(chr(10), 0, match.start(2)) + 1}", match[1], match[2])
        for page in pages()
        for text in (page.read_text(encoding="utf-8"),)
        for match in _BLOCK.finditer(text)
        if match[1] in languages
    ]


def commands() -> list[tuple[str, str]]:
    """Place and text of each command line of a shell's block, continued lines joined, without its comment.

    A `console` block's commands begin with `$`; its other lines are what they print.
    """
    return [
        (block.place, _COMMENT.sub("", line.removeprefix("$ ")).strip())
        for block in blocks("sh", "console")
        for line in block.text.replace("\\\n", " ").splitlines()
        if block.language == "sh" or line.startswith("$ ")
    ]


def inline_code() -> list[tuple[str, str]]:
    """Page and text of each `code` within a sentence or a table, blocks apart."""
    return [
        (str(page.relative_to(ROOT)), text)
        for page in pages()
        for text in _INLINE.findall(_BLOCK.sub("", page.read_text(encoding="utf-8")))
    ]
