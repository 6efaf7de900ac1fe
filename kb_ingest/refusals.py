"""Why a whole file is refused. Each says in a sentence what its owner can do; the rest of the import goes on."""

from typing import Final

from core.errors import Detail, Invalid

MEGABYTE: Final = 1024 * 1024


class FileRefused(Invalid):
    """A file that cannot be taken in. `data` travels between processes, so it holds plain values only."""

    code = "file_refused"
    zh = "文件不能导入。"
    en = "The file cannot be imported."


class UnsupportedFile(FileRefused):
    code = "file_unsupported"
    zh = "不支持这种文件。支持 jsonl、csv、xlsx、xls、ods、docx、pdf、pptx、html、md、txt、yml 和它们的 zip。"
    en = "This kind of file is not supported. Use jsonl, csv, xlsx, xls, ods, docx, pdf, pptx, html, md, txt, yml, zip."


class OldFormat(FileRefused):
    code = "file_old_format"
    zh = "这是旧版 Office 格式，请另存为 {better} 后再导入。"
    en = "This is an old Office format. Save it as {better} and import that."


class MissingFile(FileRefused):
    code = "file_missing"
    zh, en = "文件不存在或打不开。", "The file does not exist or cannot be opened."


class TooLarge(FileRefused):
    code = "file_too_large"
    zh = "文件超过 {limit} MB，请拆成几个文件再导入。"
    en = "The file is larger than {limit} MB. Split it and import the parts."


class Protected(FileRefused):
    code = "file_protected"
    zh = "文件有密码保护，请去掉密码后再导入。"
    en = "The file is protected by a password. Remove the password and import it again."


class HasMacros(FileRefused):
    code = "file_has_macros"
    zh = "文件含有宏，为安全起见不导入。请另存为不含宏的 docx、xlsx 或 pptx。"
    en = "The file contains macros and is not imported for safety. Save it as docx, xlsx or pptx without macros."


class Broken(FileRefused):
    code = "file_broken"
    zh = "文件已损坏，或内容与扩展名不符。请用原来的软件打开、另存后再试。"
    en = "The file is damaged, or is not what its name says. Open it in its own program, save it again and retry."


class SuspiciousArchive(FileRefused):
    code = "archive_suspicious"
    zh = "压缩内容异常（解开后过大、文件过多、层层嵌套或路径不正常），为安全起见不导入。"
    en = "The archive is not safe to unpack (too large, too many files, nested, or strange paths) and is not imported."


class TooSlow(FileRefused):
    code = "file_too_slow"
    zh = "{seconds} 秒内没有读完这个文件，已停止。请拆成几个文件再导入。"
    en = "The file was not read within {seconds} seconds and was stopped. Split it and import the parts."


class TooHeavy(FileRefused):
    code = "file_too_heavy"
    zh = "读这个文件需要的内存太多，已停止。请拆成几个文件再导入。"
    en = "Reading the file needs too much memory and was stopped. Split it and import the parts."


class TooMany(FileRefused):
    code = "file_too_many_entries"
    zh = "文件超过 {limit} 条知识，请拆成几个文件再导入。"
    en = "The file holds more than {limit} entries. Split it and import the parts."


class OnlyScans(FileRefused):
    code = "file_only_scans"
    zh = "这份 PDF 是扫描件，没有文字层。请先做文字识别（OCR）再导入。"
    en = "This PDF is a scan without a text layer. Run text recognition (OCR) on it first."


class NothingFound(FileRefused):
    code = "file_empty"
    zh, en = "文件里没有可以导入的文字。", "The file holds no text that can be imported."


class NoQuestionColumn(FileRefused):
    code = "file_without_columns"
    zh = "没有找到“问题”和“答案”两列（表头是：{header}）。请改表头，或用 --map 列名=question 指明。"
    en = "No columns for question and answer were found (header: {header}). Rename them, or use --map NAME=question."


def refusal(code: str, data: dict[str, Detail]) -> FileRefused:
    """The refusal that another process reported; `Broken` if this program knows no such code."""
    kinds = {kind.code: kind for kind in FileRefused.__subclasses__()}
    kind = kinds.get(code, Broken)
    return kind(**data)
