"""The blocks of code in the docs: what tests hold against the parser, the chart and the programs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_COMMENT = re.compile(r"\s#\s.*$")
_FENCE = re.compile(r"^([ \t]*)```(\w+)", re.MULTILINE)
_HERE = re.compile(r"<<'(\w+)'$")


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


def fences() -> list[tuple[str, str, str]]:
    """Page, indentation and language of each block's first line; an indented one is not among `blocks`."""
    return [
        (str(page.relative_to(ROOT)), *found)
        for page in pages()
        for found in _FENCE.findall(page.read_text(encoding="utf-8"))
    ]


def commands() -> list[tuple[str, str]]:
    """Place and text of each command of a shell's block: continued lines joined, without its comment.

    What a command is given by `<<'WORD'` follows it, as it is written. A `console` block's commands begin with `$`;
    its other lines are what they print.
    """
    return [
        (block.place, text)
        for block in blocks("sh", "console")
        for text in _commands(block.text.replace("\\\n", " "), prompt="$ " if block.language == "console" else "")
    ]


def _commands(text: str, prompt: str) -> Iterator[str]:
    lines = iter(text.splitlines())
    for line in lines:
        if line.strip() and line.startswith(prompt):
            command = _COMMENT.sub("", line.removeprefix(prompt)).strip()
            if here := _HERE.search(command):
                given = takewhile(lambda each, word=here[1]: each != word, lines)
                command = "\n".join([command, *given, here[1]])
            yield command


def inline_code() -> list[tuple[str, str]]:
    """Page and text of each `code` within a sentence or a table, blocks apart."""
    return [
        (str(page.relative_to(ROOT)), text)
        for page in pages()
        for text in _INLINE.findall(_BLOCK.sub("", page.read_text(encoding="utf-8")))
    ]
