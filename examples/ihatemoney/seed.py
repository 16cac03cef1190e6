"""Makes the projects with their members and bills, through the API. What is there already stays as it is."""

import base64
import json
import urllib.error
import urllib.request

PROJECTS = 5
MEMBERS = ("Ada", "Ben", "Cleo")
BILLS = ("breakfast", "ferry", "tickets", "dinner", "taxi")


def ask(method, path, body=None, who=None):
    """The answer's JSON; None where the request was refused as bad, missing or not allowed."""
    headers = {"Content-Type": "application/json"}
    if who is not None:
        headers["Authorization"] = f"Basic {base64.b64encode(':'.join(who).encode()).decode()}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://web:8000/api{path}", data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or "null")
    except urllib.error.HTTPError as error:
        if error.code not in (400, 401, 404):
            raise
        return None


for number in range(PROJECTS):
    name, code = f"trip-{number}", f"drill-{number}"
    ask("POST", "/projects", {"name": name, "id": name, "password": code, "contact_email": "drill@example.org"})
    if not ask("GET", f"/projects/{name}/members", who=(name, code)):
        payers = [ask("POST", f"/projects/{name}/members", {"name": each}, (name, code)) for each in MEMBERS]
        for day, what in enumerate(BILLS, 1):
            bill = {
                "date": f"2024-06-0{day}",
                "what": what,
                "payer": payers[day % len(payers)],
                "payed_for": payers,
                "amount": 10 * day,
            }
            ask("POST", f"/projects/{name}/bills", bill, (name, code))
    if len(ask("GET", f"/projects/{name}/bills", who=(name, code))) < len(BILLS):
        raise SystemExit(f"{name} has too few bills")
print(f"{PROJECTS} projects with bills")
