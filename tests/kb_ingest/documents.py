"""Documents made by hand, so that each test shows what is in its file."""

import zipfile
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import xlsxwriter
from pptx import Presentation
from pptx.util import Inches

from kb_ingest.content import Options
from kb_ingest.isolation import Limits
from kb_ingest.reading import ReadFile, join_projects, open_files, read_source

WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def read(*paths: Path, options: Options | None = None, limits: Limits | None = None) -> list[ReadFile]:
    """What import reads from files: the whole way but the database."""
    sources = join_projects(open_files(paths))
    return [read_source(source, options or Options(), limits or Limits()) for source in sources]


def read_one(path: Path, **columns: str) -> ReadFile:
    """What import reads from one file, with columns mapped as the editor says."""
    (file,) = read(path, options=Options(columns=tuple(columns.items())))
    return file


def pairs(file: ReadFile) -> list[tuple[str, str]]:
    """Questions and answers of a file that was taken."""
    assert file.refused is None, file.refused
    return [(entry.question, entry.answer) for entry in file.entries]


def write(path: Path, data: bytes | str) -> Path:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


def docx(path: Path, *paragraphs: tuple[str, str], table: Sequence[Sequence[str]] = (), head: str = "") -> Path:
    """A Word document of (style, text) paragraphs, then a table."""
    body = "".join(
        f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>'
        for style, text in paragraphs
    )
    rows = "".join(
        "<w:tr>" + "".join(f"<w:tc><w:p><w:r><w:t>{escape(cell)}</w:t></w:r></w:p></w:tc>" for cell in row) + "</w:tr>"
        for row in table
    )
    document = (
        f"{head}<w:document {WORD}><w:body>{body}{f'<w:tbl>{rows}</w:tbl>' if rows else ''}</w:body></w:document>"
    )
    return zipped(path, docx_parts(document))


def docx_parts(document: str) -> dict[str, str]:
    """The parts of a Word document around its text."""
    main = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
    styles = "".join(
        f'<w:style w:type="paragraph" w:styleId="Heading{n}"><w:name w:val="heading {n}"/></w:style>' for n in (1, 2, 3)
    )
    package = "http://schemas.openxmlformats.org/package/2006"
    return {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Override PartName="/word/document.xml" '
        f'ContentType="{main}"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type="{office}" '
        'Target="word/document.xml"/></Relationships>',
        "word/document.xml": document,
        "word/styles.xml": f"<w:styles {WORD}>{styles}</w:styles>",
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/>'
        "</Relationships>",
    }


def zipped(path: Path, parts: dict[str, str] | dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


def xlsx(path: Path, *rows: Sequence[object], sheet: str = "知识") -> Path:
    """A workbook of one sheet; a string that begins with = is a formula."""
    with xlsxwriter.Workbook(path) as workbook:
        page = workbook.add_worksheet(sheet)
        for number, row in enumerate(rows):
            page.write_row(number, 0, row)
    return path


def pptx(path: Path, *slides: tuple[str, str], table: Sequence[Sequence[str]] = ()) -> Path:
    """Slides of (title, text); the table stands on the last."""
    deck = Presentation()
    for title, text in slides:
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = text
    if table:
        shape = slide.shapes.add_table(len(table), len(table[0]), Inches(1), Inches(1), Inches(6), Inches(2))
        for y, row in enumerate(table):
            for x, cell in enumerate(row):
                shape.table.cell(y, x).text = cell
    deck.save(str(path))
    return path


def pdf(path: Path, *pages: Iterable[tuple[int, str]], extra: bytes = b"", trailer: bytes = b"") -> Path:
    """A PDF whose pages are lines of (font size, text), in a Chinese font that every reader knows."""
    objects: list[bytes] = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"",
        b"<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UCS2-H /DescendantFonts [4 0 R] >>",
        b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /CIDSystemInfo << /Registry (Adobe) "
        b"/Ordering (GB1) /Supplement 2 >> /DW 1000 /FontDescriptor 5 0 R >>",
        b"<< /Type /FontDescriptor /FontName /STSong-Light /Flags 6 /FontBBox [-25 -254 1000 880] /ItalicAngle 0 "
        b"/Ascent 880 /Descent -120 /CapHeight 880 /StemV 93 >>",
    ]
    kids = []
    for lines in pages:
        stream, y = b"", 780
        for size, text in lines:
            code = text.encode("utf-16-be").hex().encode()
            stream += b"BT /F1 %d Tf 1 0 0 1 60 %d Tm <%s> Tj ET\n" % (size, y, code)
            y -= size * 2
        packed = zlib.compress(stream)
        objects.append(b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(packed), packed))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> "
            b"/Contents %d 0 R >>" % len(objects)
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(kids), len(kids))
    objects += [extra] if extra else []
    data, places = b"%PDF-1.6\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    start = len(data)
    data += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    data += b"".join(b"%010d 00000 n \n" % place for place in places)
    data += b"trailer << /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, trailer, start)
    return write(path, data)
