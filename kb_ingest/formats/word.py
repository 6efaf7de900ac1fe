"""Word documents (docx): through simple HTML, which keeps headings, lists and tables."""

import io

import mammoth

from kb_ingest.content import Options, Parsed, Source
from kb_ingest.formats.html_page import read_html


def parse(source: Source, options: Options) -> Parsed:
    """Blocks of a document. Pictures are left out, linked files never opened."""
    del options
    html = mammoth.convert_to_html(
        io.BytesIO(source.data),
        convert_image=mammoth.images.img_element(_no_picture),
        external_file_access=False,
        style_map="p[style-name='Title'] => h1:fresh\np[style-name='标题'] => h1:fresh",
    )
    return Parsed(blocks=tuple(read_html(html.value)))


def _no_picture(image: object) -> dict[str, str]:
    return {}
