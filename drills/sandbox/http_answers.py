"""A short look at an HTTP endpoint of the sandbox, with a deadline, around any proxy of the environment."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit


def look(url: str, timeout: float = 3.0) -> tuple[int, str]:
    """Status and the beginning of the body; status 0 and the reason when there is no answer in time."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
    try:
        connection.request("GET", parts.path or "/")
        response = connection.getresponse()
        return response.status, response.read(400).decode(errors="replace").strip()
    except TimeoutError:
        return 0, f"no answer within {timeout:g} s"
    except (OSError, http.client.HTTPException) as error:
        return 0, getattr(error, "strerror", None) or str(error) or type(error).__name__
    finally:
        connection.close()


def answers_well(url: str, timeout: float = 1.0) -> bool:
    return look(url, timeout)[0] == 200
