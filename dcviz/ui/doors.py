"""What the server says with every answer: a page loads nothing from elsewhere, and sends nothing there.

Nothing of dcviz asks anybody else for anything; with this the browser refuses, too, should something slip into a page.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Awaitable, Callable, MutableMapping
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.middleware import Middleware

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


@cache
def policy() -> str:
    """The Content-Security-Policy of all answers."""
    import streamlit

    shell = (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    inline = re.findall(r"<script>(.*?)</script>", shell, re.DOTALL)  # that of the page itself is let in by its content
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in inline]
    parts = {
        "default-src": "'self'",
        # plotly compiles its WebGL programs in the page; none of the components does (tests/doors)
        "script-src": " ".join(["'self'", "'unsafe-eval'", *(f"'sha256-{one}'" for one in hashes)]),
        "style-src": "'self' 'unsafe-inline'",  # streamlit and plotly write their styles into the page
        "img-src": "'self' data: blob:",  # sheets and thumbnails; a picture that is saved
        "font-src": "'self' data:",
        "connect-src": "'self'",  # websockets of this address included
        "worker-src": "'self' blob:",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'self'",
    }
    return "; ".join(f"{name} {value}" for name, value in parts.items())


def known(host: str) -> bool:
    """Whether a request came under a name of this server: streamlit looks at that of the live line alone.

    A page of elsewhere whose name was pointed at this machine would come under its own (DNS rebinding).
    """
    from streamlit import config

    names = config.get_option("server.allowedHosts")
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return not names or any(fnmatch(name, known.lower()) for known in names)


class Headers:
    """Adds the policy to every answer."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """One request, or one live line."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = [(b"content-security-policy", policy().encode()), (b"x-content-type-options", b"nosniff")]
                names = {name for name, _ in own}
                message = {**message, "headers": [*(h for h in message["headers"] if h[0].lower() not in names), *own]}
            await send(message)

        await self.app(scope, receive, told)


MIDDLEWARE = [Middleware(Headers)]
