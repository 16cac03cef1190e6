"""The head of an HTTP answer: its headers as conditions name them, and the text that its body is by them."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Mapping, Sequence

from drills.model.conditions import Condition

#: Bytes of all headers of one answer, with those of interim answers; h11, by which journeys read, has the same.
HEAD_LIMIT = 102_400

#: Names in small letters and values, in the order in which they came.
Pairs = Sequence[tuple[str, str]]

_LITERAL = re.compile(r"""'([^'\\]*)'|"([^"\\]*)"|\bheaders\.(\w+)""")
_CHARSET = re.compile(r""";\s*charset\s*=\s*(?:"([^"]*)"|'([^']*)'|([^;\s]*))""", re.IGNORECASE)
_META = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([a-zA-Z0-9_:.\-]+)""", re.IGNORECASE)
_META_WITHIN = 1024
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_BE, "utf-16-be"), (codecs.BOM_UTF16_LE, "utf-16-le"))
#: Browsers read these as their supersets (WHATWG Encoding 4.2).
_SUPERSETS = {
    **dict.fromkeys(("ascii", "iso8859-1"), "cp1252"),
    **dict.fromkeys(("gb2312", "gbk"), "gb18030"),
    **{"iso8859-9": "cp1254", "iso8859-11": "cp874", "tis-620": "cp874", "shift_jis": "cp932", "euc_kr": "cp949"},
}
#: Python's names of what WHATWG Encoding has; codecs that are no encodings of text (idna, utf-7 …) are not among them.
_ENCODINGS = frozenset(
    {
        *("utf-8", "utf-16", "utf-16-be", "utf-16-le", "gb18030", "big5", "euc_jp", "iso2022_jp", "cp932", "cp949"),
        *("koi8-r", "koi8-u", "cp866", "cp874", "mac-roman"),
        *(f"iso8859-{part}" for part in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)),
        *(f"cp{number}" for number in range(1250, 1259)),
    }
)


def pairs_of(lines: Iterable[bytes]) -> Pairs:
    """The headers of the final answer among all header lines of one exchange, as libcurl hands them out.

    Headers of interim answers (100, 103) are not of it, nor are trailers. A line that begins with white space goes on
    with the value before it (RFC 9112 5.2).
    """
    pairs: list[tuple[str, str]] = []
    ended = False
    for line in lines:
        if line.startswith(b"HTTP/"):
            pairs, ended = [], False
        elif not line.strip():
            ended = True
        elif not ended:
            text = line.decode("latin-1")
            if text[0] in " \t" and pairs:
                name, value = pairs[-1]
                pairs[-1] = (name, f"{value} {text.strip()}")
            else:
                name, _, value = text.partition(":")
                pairs.append((name.strip().lower(), value.strip()))
    return pairs


def values_of(pairs: Pairs, name: str) -> list[str]:
    """The values of all lines of a name (in small letters)."""
    return [value for key, value in pairs if key == name]


def content_type_of(pairs: Pairs) -> str:
    """The last one of several (Fetch standard 2.2.2); empty when none is."""
    return next(iter(reversed(values_of(pairs, "content-type"))), "")


def joined(pairs: Pairs, spelled: Iterable[str] = ()) -> dict[str, str]:
    """Names in small letters to the values of all their lines, joined by ", " (RFC 9110 5.3).

    Set-Cookie's lines are joined like all others, though only one by one they can be read as cookies. `spelled` are
    names in other letters, as conditions write them: each is there as well when the header is.
    """
    found: dict[str, str] = {}
    for name, value in pairs:
        found[name] = f"{found[name]}, {value}" if name in found else value
    for name in spelled:
        if name.lower() in found:
            found[name] = found[name.lower()]
    return found


def spelled_in(conditions: Iterable[Condition]) -> frozenset[str]:
    """The texts of these conditions that may be names of headers in other than small letters."""
    texts = (text for each in conditions for match in _LITERAL.findall(each.text) for text in match)
    return frozenset(text for text in texts if text != text.lower())


def text_of(body: bytes | bytearray, content_type: str) -> str:
    """The body as browsers read it: by its byte order mark, its charset, an HTML page's `<meta>`, or else UTF-8.

    JSON is UTF-8 whatever is said of it (RFC 8259 8.1). What is not of the encoding becomes U+FFFD.
    """
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, "replace")
    media_type = content_type.partition(";")[0].strip().lower()
    if not content_type or media_type == "application/json" or media_type.endswith("+json"):
        return body.decode("utf-8", "replace")
    if said := _CHARSET.search(content_type):
        return body.decode(_encoding(said[1] or said[2] or said[3] or ""), "replace")
    if media_type == "text/html" and (meta := _META.search(body, 0, _META_WITHIN)):
        # It could be read as ASCII, so it is not UTF-16 whatever it says (WHATWG HTML 13.2.3.2).
        encoding = _encoding(meta[1].decode())
        return body.decode("utf-8" if encoding.startswith("utf-16") else encoding, "replace")
    return body.decode("utf-8", "replace")


def without_mark(body: bytes | bytearray) -> bytes | bytearray:
    """JSON's bytes, without the byte order mark that must not be there and may be ignored (RFC 8259 8.1)."""
    return body[len(codecs.BOM_UTF8) :] if body.startswith(codecs.BOM_UTF8) else body


def _encoding(label: str) -> str:
    """Python's name of it; UTF-8 for one that nobody knows."""
    try:
        name = codecs.lookup(label.strip()).name
    except (LookupError, ValueError):
        return "utf-8"
    name = _SUPERSETS.get(name, name)
    return name if name in _ENCODINGS else "utf-8"


def sent_headers(headers: Mapping[str, str]) -> list[bytes]:
    """Header lines for libcurl, which leaves out a header without a value unless it ends with a semicolon."""
    return [(f"{name}: {value}" if value.strip() else f"{name};").encode("latin-1") for name, value in headers.items()]
