"""What looks like a secret in text: by the name before it, the command around it, or a form of its own.

Each finder yields the spans of secrets alone: what names them stays readable. Output of a step can be one very long
word, so nothing here may repeat without a bound before it is anchored.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator

from drills.masking.secret_names import LONGEST, tells_secret

Span = tuple[int, int]

#: Values that say that there is none.
_NO_VALUE = frozenset(("null", "none", "nil", "true", "false", "undefined", "•••", "***", "****", "<redacted>"))

_QUOTED = r"""\\?"(?:[^"\\\n]|\\[^"\n])*\\?"|\\?'[^'\n]*'|`[^`\n]*`"""
_BARE = r"""[^\s"'`,;&|<>(){}\[\]\\][^\s"'`,;&|]*"""
_VALUE = re.compile(rf"{_QUOTED}|{_BARE}")
#: A name and what stands between it and its value: `name=`, `"name": `, `name => `.
_NAMED = re.compile(
    rf"""(?<![\w.-])(?:-{{1,2}})?([A-Za-z_][\w.-]{{0,{LONGEST}}})(?:\\?["'`\]]){{0,2}}"""
    r"""[ \t]{0,8}(?:=>|:=|[:=](?!=))[ \t]{0,8}"""
)
#: An option, and its value as the next word.
_OPTION = re.compile(rf"(?<!\S)--?([A-Za-z][\w-]{{1,{LONGEST}}})[ \t]{{1,8}}(?!-)")
_ELEMENT = re.compile(rf"<([A-Za-z_][\w.-]{{0,{LONGEST}}})>(?P<value>[^<>\n]{{1,2000}})</")
#: A YAML block scalar: what is indented deeper than its key.
_BLOCK_SCALAR = re.compile(
    rf"^([ \t]*)(?:- )?([A-Za-z_][\w.-]{{0,{LONGEST}}}):[ \t]*[|>][+-]?[ \t]*\n(?P<value>(?:\1[ \t]+\S.*(?:\n|\Z))+)",
    re.MULTILINE,
)

_SQL_LITERAL = (
    # Within a word of a shell that is quoted itself: '\\''x'\\'' and '"'"'x'"'"'.
    r"""(?:(?:'\\''.*?'\\'')|(?:'"'"'.*?'"'"')"""
    r"""|(?:[EeNn]'(?:[^'\\]|''|\\.)*')|(?:[Uu]&'(?:[^']|'')*')|(?:'(?:[^'\n]|'')*'(?:\s*\n\s*'(?:[^'\n]|'')*')*)"""
    r"""|(?:\\?\$(?P<tag>[A-Za-z_]\w*)?\\?\$.*?\\?\$(?(tag)(?P=tag))\\?\$)"""
    r"""|(?:\\"[^"\n]*\\")|(?:"[^"\n]*")|(?:'[^'\n]*$))"""
)
#: One word of a shell, perhaps in quotation marks; the separator after a header's name; the rest of a command's line.
_WORD = r"""["']?[^\s"']+["']?"""
_AFTER_NAME = r"""\\?["']?[ \t]{0,8}[:=][ \t]{0,8}\\?["']?"""
_ON_THE_LINE = r"[^\n|;]{0,400}?\s"
_IN_SQL = (
    # ALTER ROLE … PASSWORD '…', IDENTIFIED BY '…', SET PASSWORD = PASSWORD('…'), crypt('…', …).
    r"\b(?:password|identified\s+(?:with\s+\S{1,60}\s+)?(?:by|as)|crypt)\s{0,9}\(?\s{0,9}"
    rf"(?P<value>{_SQL_LITERAL})"
)
_IN_HEADERS = (
    rf"(?<![A-Za-z])(?:proxy-)?authorization{_AFTER_NAME}"
    r"""(?:(?:digest|aws4-hmac-sha256|oauth|signature|hmac)[ \t]+(?P<value>[^"'\n\r\\]+)"""
    r"""|(?:(?:bearer|basic|token|negotiate|apikey|api-key|ntlm)[ \t]+)?(?P<value2>[^\s"'\\,;]+))""",
    rf"""\b(?:set-)?cookie2?{_AFTER_NAME}(?P<value>[^"'\n\r\\]+)""",
    r"\bbearer[ \t]+(?P<value>(?=[A-Za-z._~+/-]{0,40}[0-9=])[A-Za-z0-9._~+/=-]{6,})",
    rf"""\bx-[a-z-]{{0,30}}(?:key|token|auth|secret|signature){_AFTER_NAME}(?P<value>[^\s"'\\]+)""",
    # Signed addresses, and addresses that are secrets.
    r"""[?&](?:sig|signature|key|auth|code|x-[a-z]{3,5}-signature)=(?P<value>[^\s&"'<>]+)""",
    r"hooks\.slack\.com/(?:services|workflows)/(?P<value>[\w/-]{10,})",
    r"discord(?:app)?\.com/api/webhooks/(?P<value>\d+/[\w-]{10,})",
)
#: Commands whose options do not show by their names that a secret follows.
_IN_COMMANDS = (
    rf"\b(?:curl|wget|https?|xh|ab|hey|wrk)\b{_ON_THE_LINE}(?:-u|-U|--user|--proxy-user)[ \t=]{{0,4}}[\"']?"
    r"""[^\s:"']{0,120}:(?P<value>[^\s"']+)""",
    rf"\b(?:mysql|mariadb)[a-z-]{{0,20}}\b{_ON_THE_LINE}-p(?P<value>{_WORD})",
    rf"\b(?:sshpass|sqlcmd|bcp)\b{_ON_THE_LINE}-[pP][ \t]{{0,4}}(?P<value>{_WORD})",
    r"\b(?:mongo[a-z]{0,10}|docker login|podman login|az login|ldap[a-z]{3,8})\b"
    rf"{_ON_THE_LINE}-[pw][ \t]{{1,4}}(?P<value>{_WORD})",
    rf"\b(?:redis|valkey|keydb)-(?:cli|benchmark)\b{_ON_THE_LINE}(?:-a|--pass)[ \t]{{1,4}}(?P<value>{_WORD})",
    rf"\bhtpasswd\b{_ON_THE_LINE}-[a-zA-Z]*b[a-zA-Z]*[ \t]+\S+[ \t]+\S+[ \t]+(?P<value>\S+)",
    r"""\bpass(?:in|out)?[ \t=]+["']?pass:(?P<value>[^\s"']+)""",
    r"\blogin\s+\S{1,200}\s+password\s+(?P<value>\S+)",
    # Redis, as typed and as it answers.
    rf"""(?i:(?<![\w-])(?:requirepass|masterauth)\\?["']?[\s:=]{{1,8}}(?P<value>{_WORD}))""",
    rf"(?i:(?<![\w-])(?:AUTH2|HELLO[ \t]+\d[ \t]+AUTH)[ \t]+{_WORD}[ \t]+(?P<value>{_WORD}))",
    rf"(?i:\b(?:redis|valkey)(?:-cli)?\b{_ON_THE_LINE}[\"']?AUTH[\"']?[ \t]+(?P<value>{_WORD}(?:[ \t]+[^\s|;&]+)?))",
    r"^[ \t]*AUTH[ \t]+(?P<value>[^\n|;&]+)",
    r"""(?i:\bSETUSER\b[^\n]{0,400}?[\s"'][><#!](?P<value>[^\s"']+))""",
)
#: Secrets with a form of their own: keys, tokens with their issuers' prefixes, hashes of passwords.
_BY_FORM = (
    r"(?s:(?P<value>-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,10}-----.*?"
    r"(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY[A-Z ]{0,10}-----|\Z)))",
    r"(?<![\w-])(?P<value>eyJ[\w-]{6,}(?:\.[\w-]{0,8000}){1,4})",
    r"(?<![\w-])(?P<value>(?:AKIA|ASIA)[A-Z0-9]{16}|gh[opsur]_[A-Za-z0-9]{20,}|github_pat_\w{20,}"
    r"|gl(?:pat|ptt|rt|dt)-[\w-]{16,}|xox[a-z]-[\w-]{8,}|xapp-[\w-]{8,}|[rsp]k_(?:live|test)_\w{8,}"
    r"|whsec_[\w+/=-]{8,}|sk-[\w-]{20,}|AIza[\w-]{35}|ya29\.[\w-]{10,}|npm_[A-Za-z0-9]{30,}|pypi-[\w-]{16,}"
    r"|hv[sb]\.[\w-]{20,}|dop_v1_[0-9a-f]{32,}|SG\.[\w-]{16,}\.[\w-]{16,}|shp(?:at|ss|ca)_[0-9a-fA-F]{32}"
    r"|AGE-SECRET-KEY-1[A-Z0-9]{50,})",
    r"(?P<value>SCRAM-SHA-(?:1|256|512)\$\d{1,9}:[A-Za-z0-9+/=$:]{20,})",
    r"(?<![\w$])(?P<value>md5[0-9a-f]{32})(?!\w)",
    r"(?P<value>\$(?:2[abxy]|5|6|y|argon2(?:id?|d)|scrypt)\$[A-Za-z0-9./+=,$-]{20,})",
)
_WHOLE = (
    re.compile(_IN_SQL, re.IGNORECASE | re.DOTALL | re.MULTILINE),
    *(re.compile(pattern, re.IGNORECASE) for pattern in _IN_HEADERS),
    *(re.compile(pattern, re.MULTILINE) for pattern in (*_IN_COMMANDS, *_BY_FORM)),
)
_URL = re.compile(r"\b([A-Za-z][\w+.-]{0,30})://([^\s/@:\"'<>]{0,200})(:)?")
_BASIC = re.compile(r"\bbasic[ \t]+([A-Za-z0-9+/]{4,2000}={0,2})(?![\w])", re.IGNORECASE)
#: The last one counts: a password may hold what it ought to escape. `/@scope` is of a path.
_USERINFO_END = re.compile(r"(?<!/)@(?=[\w.\[\]${}-]{1,255}(?:[:/?#\s\"'`,;)>\\]|\Z)|/)")


def secret_spans(text: str, tells: Callable[[str], bool] = tells_secret) -> Iterator[Span]:
    """Where secrets stand, in no order; spans may overlap. `tells` says whether a name shows that its value is one."""
    for pattern in (_NAMED, _OPTION):
        end = 0
        for found in pattern.finditer(text):
            # A name within a value is part of it; to check again from each would cost the square of the text.
            if found.start() < end or not tells(found[1]):
                continue
            value = _VALUE.match(text, found.end())
            end = found.end() if value is None else value.end()
            if value is not None and _has_value(value[0]) and not _read_elsewhere(found[1], value[0]):
                yield _unquoted(text, value.span())
    for found in _BLOCK_SCALAR.finditer(text):
        if tells(found[2]):
            yield found.span("value")
    for found in _ELEMENT.finditer(text):
        if tells(found[1]):
            yield found.span("value")
    for pattern in _WHOLE:
        for found in pattern.finditer(text):
            groups = found.groupdict()
            name = "value" if groups["value"] is not None else "value2"
            if _has_value(found[name]):
                yield _unquoted(text, found.span(name))
    yield from _in_addresses(text)
    for found in _BASIC.finditer(text):
        if _holds_user_and_password(found[1]):
            yield found.span(1)


def _has_value(value: str) -> bool:
    return value.strip("\"'`\\").lower() not in {"", *_NO_VALUE}


def _read_elsewhere(name: str, value: str) -> bool:
    """What another rule reads better (a header with its scheme, a function of SQL), or is no password at all.

    PWD is a password in a connection string, and the working folder in a shell's environment.
    """
    folder = name in ("PWD", "OLDPWD") and value.lstrip("\"'").startswith("/")
    return folder or name.lower().endswith("authorization") or value.lower().startswith("password(")


def _unquoted(text: str, span: Span) -> Span:
    """Without quotation marks around it, so that what stands there can still be read."""
    start, end = span
    for mark in ("'\\''", "'\"'\"'", '\\"', '"', "'", "`"):
        if text.startswith(mark, start) and text.endswith(mark, start, end) and end - start > 2 * len(mark):
            return start + len(mark), end - len(mark)
    return span


def _in_addresses(text: str) -> Iterator[Span]:
    """The password of `scheme://user:password@host`, which may hold what it ought to escape; a long user alone."""
    for found in _URL.finditer(text):
        start = found.end()
        if found[3] is None:
            if text.startswith("@", start) and len(found[2]) >= 16 and found[1].lower() in ("http", "https"):
                yield found.span(2)
            continue
        stop = re.compile(r"[\s\"'`<>]").search(text, start, start + 400)
        ends = list(_USERINFO_END.finditer(text, start, stop.start() + 1 if stop else start + 400))
        if ends and ends[-1].start() > start and not re.match(r"\d{1,5}[/?#]", text[start : start + 6]):
            yield start, ends[-1].start()


def _holds_user_and_password(encoded: str) -> bool:
    try:
        return b":" in base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return False
