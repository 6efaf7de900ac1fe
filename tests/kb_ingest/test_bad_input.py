"""Files that would harm: refused with a plain sentence, nothing executed, nothing hung, nothing read but the file."""

import io
import struct
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter

from kb_ingest.archives import MAX_FILE
from kb_ingest.isolation import Limits
from kb_ingest.refusals import FileRefused, refusal
from tests.kb_ingest.documents import docx, docx_parts, pairs, pdf, pptx, read, read_one, write, xlsx, zipped

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
BLANKS = " " * 30_000_000


def code_of(path: Path, limits: Limits | None = None) -> str:
    """The code with which a file is refused."""
    (file,) = read(path, limits=limits)
    assert file.refused is not None, file
    assert file.entries == ()
    return file.refused.code


def _bomb(path: Path) -> Path:
    return zipped(path, docx_parts(f"<w:document>{BLANKS}</w:document>"))


def _many(path: Path) -> Path:
    return zipped(path, {f"{number}.txt": b"x" for number in range(2500)})


def _traversal(path: Path) -> Path:
    return zipped(path, {"../../etc/passwd.txt": b"x"})


def _symlink(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("a.txt")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    return path


def _overlapping(path: Path) -> Path:
    """Two members of the directory that point to the same bytes."""
    zipped(path, {"a.txt": b"0123456789" * 1000})
    data = path.read_bytes()
    start = data.index(b"PK\x01\x02")
    end = data.index(b"PK\x05\x06")
    entry = data[start:end]
    many = 300
    record = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, many, many, len(entry) * many, start, 0)
    return write(path, data[:start] + entry * many + record)


def _encrypted_zip(path: Path) -> Path:
    zipped(path, {"a.txt": b"secret"})
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return write(path, bytes(data))


def _macros(path: Path) -> Path:
    return zipped(path, {**docx_parts("<w:document/>"), "word/vbaProject.bin": "macro"})


def _protected_pdf(path: Path) -> Path:
    entry = b"<< /Filter /Standard /V 1 /R 2 /O <%s> /U <%s> /P -4 >>" % (b"11" * 32, b"22" * 32)
    return pdf(path, [(11, "机密")], extra=entry, trailer=b"/Encrypt 8 0 R /ID [<00> <00>]")


FILES: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "bomb.docx": ("archive_suspicious", _bomb),
    "bomb.xlsx": ("archive_suspicious", _bomb),
    "bomb.pptx": ("archive_suspicious", _bomb),
    "bomb.zip": ("archive_suspicious", lambda path: zipped(path, {"a.txt": BLANKS})),
    "many.zip": ("archive_suspicious", _many),
    "traversal.zip": ("archive_suspicious", _traversal),
    "symlink.zip": ("archive_suspicious", _symlink),
    "overlapping.zip": ("archive_suspicious", _overlapping),
    "password.zip": ("file_protected", _encrypted_zip),
    "password.docx": ("file_protected", lambda p: write(p, OLE + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"))),
    "password.pdf": ("file_protected", _protected_pdf),
    "macro.docx": ("file_has_macros", _macros),
    "macro.xlsm": ("file_has_macros", lambda path: write(path, b"PK")),
    "old.doc": ("file_old_format", lambda path: write(path, OLE)),
    "program.exe": ("file_unsupported", lambda path: write(path, b"MZ")),
    "noname": ("file_unsupported", lambda path: write(path, "问：甲\n答：乙")),
    "renamed.docx": ("file_broken", lambda path: write(path, OLE + b"\0" * 600)),
    "broken.docx": ("file_broken", lambda path: write(path, b"PK\x03\x04 not a zip")),
    "empty.docx": ("file_broken", lambda path: write(path, b"")),
    "other.docx": ("file_broken", lambda path: zipped(path, {"a.txt": b"x"})),
    "nonsense.docx": ("file_broken", lambda path: zipped(path, docx_parts("<w:document"))),
    "broken.xlsx": ("file_broken", lambda path: zipped(path, {"xl/workbook.xml": b"<x"})),
    "broken.xls": ("file_broken", lambda path: write(path, OLE + b"\0" * 100)),
    "broken.pptx": ("file_broken", lambda path: zipped(path, {"ppt/presentation.xml": b"<x"})),
    "broken.pdf": ("file_broken", lambda path: write(path, b"%PDF-1.7\ngarbage")),
    "empty.pdf": ("file_broken", lambda path: write(path, b"")),
    "scan.pdf": ("file_only_scans", lambda path: pdf(path, [], [])),
    "empty.xlsx": ("file_empty", lambda path: xlsx(path)),
    "empty.md": ("file_empty", lambda path: write(path, b"")),
    "links.html": ("file_empty", lambda path: write(path, "<nav>首页</nav><script>1</script>")),
    "binary.txt": ("file_broken", lambda path: write(path, bytes(range(128, 256)) * 20)),
    "broken.yml": ("file_broken", lambda path: write(path, "nlu: [")),
    "list.yml": ("file_broken", lambda path: write(path, "- 1")),
    "tag.yml": ("file_broken", lambda path: write(path, "nlu: !!python/object/apply:os.system [id]")),
    "other.yml": ("file_empty", lambda path: write(path, "services: {}")),
}  # fmt: skip


class TestRefusals:
    @pytest.mark.parametrize("name", FILES)
    def test_file_gets_its_sentence(self, tmp_path: Path, name: str) -> None:
        code, make = FILES[name]
        started = time.monotonic()
        assert code_of(make(tmp_path / name)) == code
        assert time.monotonic() - started < 10

    def test_every_sentence_is_there_in_both_languages(self) -> None:
        for kind in FileRefused.__subclasses__():
            error = refusal(
                kind.code, {"limit": 1, "seconds": 1, "better": "docx", "header": "甲", "reason": "乙", "kind": "丙"}
            )
            assert type(error) is kind
            assert error.detail("zh") != error.detail("en")

    def test_depth_and_unclosed_comments_cost_no_text_and_no_time(self, tmp_path: Path) -> None:
        deep = read_one(write(tmp_path / "a.html", "<div>" * 2000 + "深处的话。" + "</div>" * 2000))
        assert [answer for _, answer in pairs(deep)] == ["深处的话。"]
        started = time.monotonic()
        open_ended = read_one(write(tmp_path / "a.md", "说明如下。\n\n" + "<!-- " * 100_000))
        assert "说明如下。" in pairs(open_ended)[0][1]
        assert time.monotonic() - started < 10

    def test_cell_in_the_last_corner_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "a.xlsx"
        with xlsxwriter.Workbook(path) as book:
            sheet = book.add_worksheet()
            sheet.write_row(0, 0, ("问题", "答案"))
            sheet.write(1_048_575, 16_383, "x")  # a grid of 17 thousand million cells
        assert code_of(path) == "file_too_heavy"

    def test_huge_file_is_refused_without_reading_it(self, tmp_path: Path) -> None:
        path = tmp_path / "huge.xlsx"
        with path.open("wb") as file:
            file.truncate(2 * MAX_FILE)  # a hole: 200 MB long, nothing on the disk
        started = time.monotonic()
        assert code_of(path) == "file_too_large"
        assert time.monotonic() - started < 1

    def test_nested_archive_is_named_and_its_neighbours_are_read(self, tmp_path: Path) -> None:
        inner = io.BytesIO()
        with zipfile.ZipFile(inner, "w") as archive:
            archive.writestr("a.txt", "x")
        path = zipped(tmp_path / "a.zip", {"in.zip": inner.getvalue(), "好.txt": "营业到十八点。".encode()})
        files = read(path)
        assert [file.refused.code if file.refused else len(file.entries) for file in files] == ["archive_suspicious", 1]

    def test_member_that_lies_about_its_content_is_named(self, tmp_path: Path) -> None:
        path = zipped(
            tmp_path / "a.zip", {"a.txt": ("营业到十八点。" * 20).encode(), "b.txt": "地址在人民路。".encode()}
        )
        data = bytearray(path.read_bytes())
        data[40:60] = bytes(20)  # inside the first member's packed bytes
        files = read(write(path, bytes(data)))
        assert [file.refused.code if file.refused else len(file.entries) for file in files] == ["file_broken", 1]


class TestIsolation:
    def test_entities_and_linked_files_are_never_opened(self, tmp_path: Path) -> None:
        secret = write(tmp_path / "secret.txt", "绝密内容")
        head = f'<!DOCTYPE d [<!ENTITY x SYSTEM "file://{secret}"><!ENTITY l0 "哈哈">'
        head += "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 9)) + "]>"
        for text in ("看&x;这里", "看&l8;这里"):
            (file,) = read(docx(tmp_path / "a.docx", ("Normal", text), head=head), limits=Limits(seconds=10))
            assert "绝密" not in repr(file)
            assert len(repr(file)) < 2000

    def test_memory_is_limited(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.csv", "问题,答案\n" + "怎么办,好\n" * 2_000_000)
        assert code_of(path, Limits(memory=150 * 1024 * 1024)) == "file_too_heavy"

    def test_time_is_limited(self, tmp_path: Path) -> None:
        path = write(tmp_path / "a.csv", "问题,答案\n" + "怎么办,好\n" * 2_000_000)
        assert code_of(path, Limits(seconds=1)) == "file_too_slow"

    @pytest.mark.parametrize(
        "attempt",
        [
            "import socket; socket.create_connection(('127.0.0.1', 9))",
            "import socket; socket.getaddrinfo('localhost', 80)",
            "import subprocess; subprocess.run(['true'])",
            "import os; os.system('true')",
            "open('/etc/hostname').read()",
            "open('made.txt', 'w')",
            "import os; os.remove('nothing')",
        ],
    )
    def test_parser_has_nothing_but_its_file(self, tmp_path: Path, attempt: str) -> None:
        program = f"from kb_ingest import worker; worker._give_up_everything_else(); {attempt}"
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 1
        assert "NotAllowed" in done.stderr

    def test_slides_and_sheets_work_inside_those_walls(self, tmp_path: Path) -> None:
        assert pairs(read_one(pptx(tmp_path / "a.pptx", ("几点下班？", "六点。")))) == [("几点下班？", "六点。")]
        assert pairs(read_one(xlsx(tmp_path / "a.xlsx", ("问", "答"), ("几点", "六点")))) == [("几点", "六点")]
