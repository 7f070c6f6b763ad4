"""What MkDocs needs beyond the pages as GitHub shows them; mkdocs.yml names this file as its hook.

Links that leave docs/ go to files of the repository, which a site has no page for: their text stays, with the file's
path, and one that leads nowhere is a warning, which fails a strict build. A list may follow its paragraph directly.
"""

import logging
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(((?:\.\./)+[^)#\s]*)(?:#[^)\s]*)?\)")
_ITEM = re.compile(r"(?:[-*]|\d+\.) ")
_log = logging.getLogger("mkdocs.hooks.site_pages")  # a strict build counts the warnings of loggers below `mkdocs`


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """The page's text for Python-Markdown."""
    docs = Path(config.docs_dir)
    folder = (docs / page.file.src_uri).parent
    return _LINK.sub(lambda match: _inside(match, folder, docs, page), lists_apart(markdown))


def _inside(match: re.Match[str], folder: Path, docs: Path, page: Page) -> str:
    target = (folder / match[2]).resolve()
    if target.is_relative_to(docs.resolve()):
        return match[0]
    if not target.exists():
        _log.warning("%s links to %s, which is not in the repository", page.file.src_uri, match[2])
    return f"{match[1]} (`{target.relative_to(docs.resolve().parent)}`)"


def lists_apart(markdown: str) -> str:
    """With an empty line between a paragraph and the list that follows it directly, outside of code."""
    lines: list[str] = []
    in_code = False
    for line in markdown.splitlines():
        in_code ^= line.lstrip().startswith("```")
        before = lines[-1] if lines else ""
        if not in_code and _ITEM.match(line) and before and not before[0].isspace() and not _ITEM.match(before):
            lines.append("")
        lines.append(line)
    return "\n".join(lines)
