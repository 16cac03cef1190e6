"""Makes the readers and subscribes each to the feed, through Miniflux's API. What is there already stays as it is."""

import base64
import json
import urllib.error
import urllib.request

ADMIN = ("admin", "first-reader")
READERS = 10
FEED = "http://feeds:8000/news.xml"


def ask(who, method, path, body=None):
    """The answer's JSON; None where the request was refused as bad, as it is for what is there already."""
    token = base64.b64encode(":".join(who).encode()).decode()
    request = urllib.request.Request(
        f"http://web:8080/v1{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Basic {token}", "Content-Type": "application/json"},
        method=method,
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or "null")
    except urllib.error.HTTPError as error:
        if error.code != 400:
            raise
        return None


for number in range(READERS):
    reader = (f"reader{number}", f"drill-{number}")
    ask(ADMIN, "POST", "/users", {"username": reader[0], "password": reader[1], "is_admin": False})
    if not ask(reader, "GET", "/feeds"):
        category = ask(reader, "GET", "/categories")[0]["id"]
        ask(reader, "POST", "/feeds", {"feed_url": FEED, "category_id": category})
    if not ask(reader, "GET", "/entries?limit=1")["total"]:
        raise SystemExit(f"{reader[0]} has nothing to read")
print(f"{READERS} readers, each with the feed")
