"""Zip files and the Office files that are zips inside: judged by their directory before anything is unpacked."""

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from kb_ingest.content import Source
from kb_ingest.formats.registry import ARCHIVES, ZIP_BASED, check_kind, kind_of, suffix_of
from kb_ingest.refusals import MEGABYTE, Broken, FileRefused, HasMacros, Protected, SuspiciousArchive, TooLarge

MAX_FILE: Final = 100 * MEGABYTE
_MAX_UNPACKED: Final = 200 * MEGABYTE
_MAX_RATIO: Final = 100
_RATIO_MATTERS: Final = 5 * MEGABYTE  # a small file may well be all blanks
_MAX_ENTRIES: Final = 2000
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_PART: Final = "EncryptedPackage".encode("utf-16-le")
_END: Final = struct.Struct("<4s4H2LH")  # the end record of a zip's directory
_JUNK: Final = ("__MACOSX/", "~$", ".DS_Store", "Thumbs.db", "desktop.ini")


def check_source(source: Source) -> None:
    """Refuses what must not reach a parser: too large, protected, with macros, a bomb. Unpacks nothing.

    Raises:
        FileRefused: what its owner can do.
    """
    check_kind(kind_of(source))
    if len(source.data) > MAX_FILE:
        raise TooLarge(limit=MAX_FILE // MEGABYTE)
    if kind_of(source) not in ZIP_BASED:
        return
    if source.data.startswith(_OLE):  # an encrypted Office file is a container of the old kind
        raise Protected if _ENCRYPTED_PART in source.data else Broken
    members = _directory(source.data)
    if any(PurePosixPath(member.filename).name.lower() == "vbaproject.bin" for member in members):
        raise HasMacros


def unpack(source: Source) -> Iterator[Source | tuple[str, FileRefused]]:
    """The files of a zip, named by their path in it; a bad one is named with its reason and never stops the rest.

    Raises:
        FileRefused: the archive as a whole is not safe, or not readable.
    """
    members = [member for member in _directory(source.data) if not member.is_dir() and not _is_junk(member)]
    with zipfile.ZipFile(io.BytesIO(source.data)) as archive:
        for member in members:
            name = f"{source.name}/{_name(member)}"
            try:
                if suffix_of(name) in ARCHIVES:
                    raise SuspiciousArchive
                check_kind(suffix_of(name))
                inner = Source(name, archive.read(member))
                check_source(inner)
            except FileRefused as error:
                yield name, error
            except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError):
                yield name, Broken()
            else:
                yield inner


def _directory(data: bytes) -> list[zipfile.ZipInfo]:
    """The members of an archive that is safe to unpack."""
    _check_end_record(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, struct.error, UnicodeDecodeError) as error:
        raise Broken from error
    if any(member.flag_bits & 0x1 for member in members):
        raise Protected
    unpacked = sum(member.file_size for member in members)
    is_bomb = unpacked > _MAX_UNPACKED or (unpacked > _RATIO_MATTERS and unpacked > _MAX_RATIO * len(data))
    if is_bomb or _overlap(members) or len(members) > _MAX_ENTRIES or any(map(_is_unsafe, members)):
        raise SuspiciousArchive
    return members


def _check_end_record(data: bytes) -> None:
    """Reads the number of members before building a million of them."""
    place = data.rfind(b"PK\x05\x06")
    if place < 0 or place + _END.size > len(data):
        raise Broken
    if _END.unpack_from(data, place)[4] > _MAX_ENTRIES:  # 65535 also stands for "more than that"
        raise SuspiciousArchive


def _overlap(members: list[zipfile.ZipInfo]) -> bool:
    """Whether members share bytes: how a small file pretends to hold a thousand large ones."""
    ordered = sorted(members, key=lambda member: member.header_offset)
    ends = (member.header_offset + member.compress_size for member in ordered)
    return any(end > after.header_offset for end, after in zip(ends, ordered[1:], strict=False))


def _is_unsafe(member: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(member.filename.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or stat.S_ISLNK(member.external_attr >> 16)


def _is_junk(member: zipfile.ZipInfo) -> bool:
    name = PurePosixPath(member.filename).name
    return member.filename.startswith(_JUNK[0]) or name.startswith(_JUNK[1:])


def _name(member: zipfile.ZipInfo) -> str:
    """The member's name; Windows in China writes GBK without saying so."""
    if member.flag_bits & 0x800:
        return member.filename
    try:
        raw = member.filename.encode("cp437")
    except UnicodeEncodeError:
        return member.filename
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return member.filename
