"""The site of the docs: links, anchors and the navigation hold, and a browser asks nobody else for anything."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.docs_blocks import ROOT

_LOADED = re.compile(
    r"<(?:script|img|iframe|source)\b[^>]*?\ssrc=[\"']?([^\"'\s>]+)|<link\b[^>]*?\shref=[\"']?([^\"'\s>]+)"
)


def _build(folder: Path, config: Path) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "--strict",
        "--config-file",
        str(config),
        "--site-dir",
        str(folder),
    ]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=environment)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    built = _build(folder, ROOT / "mkdocs.yml")
    assert built.returncode == 0, built.stderr
    return folder


def test_each_page_of_docs_is_a_page_of_the_site(site: Path) -> None:
    expected = {page.relative_to(ROOT / "docs").with_suffix(".html") for page in (ROOT / "docs").rglob("*.md")}
    assert expected <= {page.relative_to(site) for page in site.rglob("*.html")}


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        loaded = [first or second for first, second in _LOADED.findall(page.read_text(encoding="utf-8"))]
        assert loaded, page
        assert not [each for each in loaded if each.startswith(("http:", "https:", "//"))], page


def test_each_link_that_leads_nowhere_is_named_and_fails_the_build(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    links = "[a](nowhere.md), [b](other.md#no-such-heading), [c](../no-such-file.py), [d](other.md)"
    (docs / "index.md").write_text(f"# Start\n{links}\n", encoding="utf-8")
    (docs / "other.md").write_text("# Other\n", encoding="utf-8")
    built = _build(tmp_path / "site", _config_without_navigation(tmp_path))
    assert built.returncode != 0
    warnings = [line for line in built.stderr.splitlines() if line.startswith("WARNING")]
    assert len(warnings) == 3
    for bad in ("no-such-file.py", "nowhere.md", "no-such-heading"):
        assert any(bad in line for line in warnings), bad


def _config_without_navigation(folder: Path) -> Path:
    """Ours, for pages of the folder's docs/."""
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").split("\nnav:\n", maxsplit=1)[0]
    config = folder / "mkdocs.yml"
    config.write_text(text.replace("docs/site_pages.py", str(ROOT / "docs" / "site_pages.py")), encoding="utf-8")
    return config
