"""The only importer of css_inline: templates become the text and the page of a mail.

Mail programs drop style sheets, so the rules of `templates/style.css` are written onto the elements they are for; what needs a question
asked (a small screen, the dark) stays in a sheet, which a program may ignore.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from css_inline import CSSInliner
from jinja2 import Environment, FileSystemLoader, StrictUndefined

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=lambda name: name is not None and ".html" in name,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_CHARSET = '<meta charset="utf-8">'
_INLINER = CSSInliner(keep_at_rules=True, minify_css=True, load_remote_stylesheets=False)


def render_text(template: str, /, **values: Any) -> str:
    """Return the plain text of a template."""
    return _TEMPLATES.get_template(template).render(values)


def render_page(template: str, /, **values: Any) -> str:
    """Return the page of a template with its styles on the elements. Names and titles are escaped, nothing is fetched."""
    page = _INLINER.inline(_TEMPLATES.get_template(template).render(values))
    # The kept sheet is moved to the very front, where a page that lies as a file must already have said how it is written.
    return page.replace("<head>", f"<head>{_CHARSET}", 1)
