"""What the server lets in: this machine only, under its own names, and no file but those of the components."""

import http.client
import os
import re
import socket
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[2]
CONFIG = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
OUTSIDE = (
    "../../../pyproject.toml",
    "../lab.py",
    "%2e%2e/lab.py",
    "..%2flab.py",
    "....//lab.py",
    "/etc/passwd",
    "..\\lab.py",
)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The port of `streamlit run app.py` as the README starts it, and its process."""
    home = tmp_path_factory.mktemp("server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true", f"--server.port={port}"]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "DCVIZ_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    end = time.monotonic() + 60
    try:
        while answer(port, "/_stcore/health")[0] != 200:
            assert process.poll() is None, "the server ended"
            assert time.monotonic() < end, "the server did not answer"
            time.sleep(0.1)
        yield port, process
    finally:
        process.terminate()
        process.wait(20)


def answer(port, path, method="GET", **headers):
    """Status and body of one request, sent as it stands: nothing tidies the path."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.putrequest(method, path, skip_host="Host" in headers)
        for key, value in headers.items():
            connection.putheader(key.replace("_", "-"), value)
        connection.endheaders()
        response = connection.getresponse()
        return response.status, response.read(200_000)
    except ConnectionRefusedError:
        return 0, b""
    finally:
        connection.close()


def handshake(port, host, origin):
    """The status with which a browser's page of ``origin`` is answered when it asks ``host`` for the live line."""
    key = {"Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec_WebSocket_Version": "13"}
    up = {"Connection": "Upgrade", "Upgrade": "websocket", "Host": host, "Origin": origin, **key}
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in up.items()]
        line.sendall(("GET /_stcore/stream HTTP/1.1\r\n" + "\r\n".join(lines) + "\r\n\r\n").encode())
        return int(line.recv(100).split()[1])


def test_it_listens_on_this_machine_only(server):
    port, process = server
    open_there = [c.laddr for c in psutil.Process(process.pid).net_connections("tcp") if c.status == psutil.CONN_LISTEN]
    assert [(at.ip, at.port) for at in open_there] == [("127.0.0.1", port)]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_a_page_of_this_machine_is_let_in(server, host):
    port, _ = server
    assert handshake(port, f"{host}:{port}", f"http://{host}:{port}") == 101


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("evil.test", "http://evil.test"),  # a name that was pointed at this machine
        ("127.0.0.1", "http://evil.test"),  # a page of elsewhere that asks this machine
        ("localhost.evil.test", "http://localhost.evil.test"),
        ("user@localhost", "http://localhost"),
    ],
)
def test_a_page_of_elsewhere_is_not(server, host, origin):
    port, _ = server
    assert handshake(port, f"{host}:{port}", f"{origin}:{port}") == 403


def test_no_file_is_served_but_those_of_the_components(server):
    port, _ = server
    shell = answer(port, "/")[1]  # what every unknown address is answered with
    assert answer(port, "/_stcore/bidi-components/dcviz.stage/main.js")[0] in (200, 404)
    for root in ("/_stcore/bidi-components/dcviz.stage/", "/app/static/", "/component/", "/static/", "/media/"):
        for path in OUTSIDE:
            status, body = answer(port, root + path)
            assert status in (400, 403, 404) or body == shell, (root + path, status)
            assert b"import streamlit" not in body
            assert b"root:x" not in body
            assert b"[build-system]" not in body


@pytest.mark.parametrize("path", ["/", "/Runs", "/_stcore/health", "/static/nothing.js"])
def test_every_answer_says_that_nothing_comes_from_elsewhere(server, path):
    port, _ = server
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    told = connection.getresponse()
    said = dict(part.split(" ", 1) for part in told.getheader("Content-Security-Policy").split("; "))
    connection.close()
    assert said["default-src"] == said["connect-src"] == "'self'"
    assert said["object-src"] == "'none'"
    assert said["frame-ancestors"] == "'self'"
    assert "'unsafe-inline'" not in said["script-src"]
    assert "'sha256-" in said["script-src"], "the one script within streamlit's page"
    assert not re.search(r"https?:|\*|\bws", " ".join(said.values()))
    assert told.getheader("X-Content-Type-Options") == "nosniff"


def test_nobody_uploads_without_a_window(server):
    port, _ = server
    status, _ = answer(port, "/_stcore/upload_file/nobody/nothing", "PUT", Content_Length="0")
    assert status in (400, 401, 403, 404)


def test_what_is_switched_off_stays_off(server):
    port, _ = server
    for path in ("/_stcore/agent/interact", "/_stcore/agent/mcp"):
        status, body = answer(port, path, "POST", Content_Length="0", Content_Type="application/json")
        assert status == 404 or (status in (400, 403) and b"does not serve the agent API" in body), (path, status, body)


def test_the_configuration_says_all_of_it():
    wanted = CONFIG["server"]
    assert wanted["address"] == "127.0.0.1"
    assert set(wanted["allowedHosts"]) == {"localhost", "127.0.0.1", "::1"}
    assert not wanted["enableStaticServing"]
    assert wanted["maxUploadSize"] <= 200
    assert not CONFIG["browser"]["gatherUsageStats"]
    for switched in ("enableCORS", "enableXsrfProtection"):
        assert wanted.get(switched, True), "these are on unless somebody switches them off"
    assert not wanted.get("enableAgentApi", False)


def test_no_component_asks_anybody_else_for_anything():
    components = ROOT / "dcviz" / "ui" / "components"
    for path in [*components.rglob("*.js"), *components.rglob("*.css"), *(ROOT / "dcviz").rglob("*.html")]:
        if path.name != "plotly.min.js":
            text = path.read_text()
            assert not re.search(r"(?:src|href|url|import|fetch)\W{0,3}\s*[(=\"']\s*[\"']?(?:https?:)?//", text), path
            for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"):
                assert word not in text, (path, word)
