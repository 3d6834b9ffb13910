"""Text files, whatever their encoding and size: opened safely and cut into blocks of whole lines."""

from __future__ import annotations

import codecs
import gzip
import re
import zlib
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from spikeboard.errors import RecordingError
from spikeboard.progress import tell

CHUNK = 2**20
LONGEST_LINE = 64 * 2**10
LONGEST_QUOTE = 16 * 2**20
GZIP = b"\x1f\x8b"
# Lists of spikes shrink three- to eightfold; repetition shrinks a thousandfold.
GREATEST_RATIO = 30
RATIO_MATTERS_ABOVE = 8 * 2**20
COMMENT = re.compile(rb"(?m)^[ \t]*[#%][^\n]*")

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL = bytes(code for code in range(32) if code not in b"\t\n\r\f")


@dataclass(frozen=True)
class Head:
    """The beginning of a text file.

    text : decoded, lines ending in a newline alone; the last line may be cut
    encoding : as Python calls it
    gzipped : whether the file is compressed
    returns_only : whether lines end in a carriage return alone, as on an old Macintosh
    whole : whether `text` is all there is
    """

    text: str
    encoding: str
    gzipped: bool
    returns_only: bool
    whole: bool


@dataclass(frozen=True)
class Block:
    """Whole lines of a file in UTF-8, and the number of the first of them, counted from 1."""

    first_line: int
    data: bytes


def head(path: Path) -> Head | None:
    """The first 64 KiB of a text file; None where the file is no text.

    Raises
    ------
    OSError : where it cannot be read
    """
    with path.open("rb") as file:
        raw = file.read(LONGEST_LINE + 1)
    gzipped = raw.startswith(GZIP)
    start = _inflated(raw) if gzipped else raw
    encoding = _encoding(start)
    text = _decoded(start[:LONGEST_LINE], encoding)
    if not _is_text(text):
        return None
    whole = len(start) <= LONGEST_LINE and len(raw) <= LONGEST_LINE
    return Head(with_newlines(text), encoding, gzipped, "\r" in text and "\n" not in text, whole)


def blocks(path: Path, beginning: Head, longest_line: int = LONGEST_LINE) -> Iterator[Block]:
    """The whole file in blocks of whole lines, a few megabytes each.

    A quoted field that holds a line break is never cut.

    Parameters
    ----------
    beginning : of the file
    longest_line : characters

    Raises
    ------
    RecordingError : for a line or a quoted field without an end, or a compressed file that is cut or a bomb
    """
    pending, line = b"", 1
    for chunk in _utf8(path, beginning):
        pending += chunk
        end = pending.rfind(b"\n") + 1
        _check_line(path, len(pending) - end, line, longest_line)
        if end and not _is_open(pending[:end]):
            yield Block(line, pending[:end])
            line += pending.count(b"\n", 0, end)
            pending = pending[end:]
        elif len(pending) > LONGEST_QUOTE:
            raise _unclosed(path, line)
    if _is_open(pending):
        raise _unclosed(path, line)
    if pending:
        yield Block(line, pending)


def with_newlines(text: str) -> str:
    """The text with every line ending in a newline alone."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def without_comments(data: bytes) -> bytes:
    """The lines with those that begin with # or % left empty."""
    return COMMENT.sub(b"", data) if b"#" in data or b"%" in data else data


def _is_open(data: bytes) -> bool:
    return b'"' in data and without_comments(data).count(b'"') % 2 == 1


def _check_line(path: Path, length: int, line: int, longest: int) -> None:
    if length > longest:
        raise RecordingError(
            f"{path.name}: line {line:,} or a later one is longer than {longest:,} characters: this is no table"
        )


def _unclosed(path: Path, line: int) -> RecordingError:
    return RecordingError(f"{path.name}: a quotation mark after line {line:,} is never closed: correct it")


def _utf8(path: Path, beginning: Head) -> Iterator[bytes]:
    plain = beginning.encoding == "utf-8" and not beginning.returns_only
    decoder = codecs.getincrementaldecoder(beginning.encoding)("replace")
    for chunk in _chunks(path, beginning.gzipped):
        if plain:
            yield chunk
        else:
            text = decoder.decode(chunk)
            yield (text.replace("\r", "\n") if beginning.returns_only else text).encode("utf-8", "replace")


def _chunks(path: Path, gzipped: bool) -> Iterator[bytes]:
    size = path.stat().st_size
    most = max(RATIO_MATTERS_ABOVE, GREATEST_RATIO * size) if gzipped else None
    total = 0
    try:
        with path.open("rb") as raw, gzip.open(raw) if gzipped else nullcontext(raw) as file:
            while chunk := file.read(CHUNK):
                total += len(chunk)
                tell("reading", raw.tell(), size)
                if most and total > most:
                    raise RecordingError(
                        f"{path.name}: its text is more than {GREATEST_RATIO} times as large as the compressed "
                        "file, which no list of spikes is: unpack it yourself if you trust it"
                    )
                yield chunk
    except (EOFError, zlib.error, gzip.BadGzipFile) as problem:
        raise RecordingError(
            f"{path.name}: the compressed file is cut or damaged ({problem}): copy it again"
        ) from None


def _inflated(raw: bytes) -> bytes:
    try:
        return zlib.decompressobj(wbits=31).decompress(raw, LONGEST_LINE + 1)
    except zlib.error:
        return b"\0"


def _encoding(start: bytes) -> str:
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding
    for first, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if len(start) > 3 and start[first::2].count(0) > 0.8 * len(start[first::2]):
            return encoding
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start[:LONGEST_LINE])
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def _decoded(start: bytes, encoding: str) -> str:
    return codecs.getincrementaldecoder(encoding)("replace").decode(start)


def _is_text(text: str) -> bool:
    """Binary data may hold any byte anywhere; a table's first line holds none that a keyboard lacks."""
    first = re.split(r"[\r\n]", text.lstrip("\r\n"), maxsplit=1)[0]
    if any((ord(sign) < 32 and sign not in "\t\f") or 127 <= ord(sign) < 160 for sign in first):
        return False
    control = sum(text.count(chr(code)) for code in _CONTROL)
    return bool(text) and control <= 0.25 * len(text)
