"""Google's conformance vectors for V4 signatures, on the double's own verifier."""

from __future__ import annotations

import calendar
import json
import time
import urllib.parse
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import Start
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from fake_google.errors import ApiError
from fake_google.storage.signing import SignedUrl, of_request
from plain_http import Client

DATA = Path(__file__).parent / "data"
VECTORS: list[dict[str, Any]] = json.loads((DATA / "v4_signatures.json").read_text())["signingV4Tests"]
ACCOUNT = json.loads((DATA / "test_service_account.not-a-test.json").read_text())
KEY = load_pem_private_key(ACCOUNT["private_key"].encode(), None)
assert isinstance(KEY, RSAPrivateKey)
PUBLIC = KEY.public_key()
# Its canonical request contradicts its own string to sign and URL, which agree.
CONTRADICTORY = {"Universe domain with virtual hosted style"}
NAMES = [vector["description"] for vector in VECTORS]


def when(vector: dict[str, Any]) -> float:
    return calendar.timegm(time.strptime(vector["timestamp"], "%Y-%m-%dT%H:%M:%SZ"))


def signed(vector: dict[str, Any]) -> SignedUrl:
    """The request that the vector's URL stands for."""
    url = urllib.parse.urlparse(vector["expectedUrl"])
    headers = {name.lower(): value for name, value in vector.get("headers", {}).items()}
    found = of_request(vector["method"], url.path, url.query, {**headers, "host": url.netloc})
    assert found is not None
    return found


def test_there_are_29() -> None:
    assert len(set(NAMES)) == len(VECTORS) == 29


@pytest.mark.parametrize("vector", VECTORS, ids=NAMES)
def test_a_vector_is_verified(vector: dict[str, Any]) -> None:
    request = signed(vector)
    assert request.string_to_sign() == vector["expectedStringToSign"]
    assert (request.canonical() == vector["expectedCanonicalRequest"]) != (
        vector["description"] in CONTRADICTORY
    )
    assert request.is_signed_by(PUBLIC)
    request.check_form(when(vector))


@pytest.mark.parametrize("vector", VECTORS, ids=NAMES)
def test_a_changed_request_is_not(vector: dict[str, Any]) -> None:
    request = signed(vector)
    other = "PUT" if request.method == "GET" else "GET"
    assert not replace(request, method=other).is_signed_by(PUBLIC)
    assert not replace(request, path=request.path + "x").is_signed_by(PUBLIC)
    assert not replace(request, query=[*request.query, ("generation", "1")]).is_signed_by(PUBLIC)
    for name in request.signed_headers:
        changed = {**request.headers, name: request.headers[name] + "x"}
        assert not replace(request, headers=changed).is_signed_by(PUBLIC)
    longer = [(key, "604800" if key == "X-Goog-Expires" else value) for key, value in request.query]
    assert not replace(request, query=longer).is_signed_by(PUBLIC)
    with pytest.raises(ApiError) as caught:
        request.check_form(when(vector) + vector["expiration"] + 1)
    assert caught.value.xml["Code"] == "ExpiredToken"


def test_the_whole_server_takes_them(start: Start) -> None:
    """Those that read by a path: a server that has the objects answers with them, and refuses each a second too late."""
    email = ACCOUNT["client_email"]
    pem = PUBLIC.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    place = start(
        projects={
            "dummy-project-id": {
                "bindings": {"roles/storage.admin": ["user:admin@example.com", f"serviceAccount:{email}"]}
            }
        },
        accounts={email: {"project": "dummy-project-id", "keys": {"1": pem}}},
        tokens={"operator": "user:admin@example.com"},
    )
    storage, taken = place.to("storage"), 0
    for bucket in ("test-bucket", "test-bucket2"):
        assert storage.post("/storage/v1/b?project=dummy-project-id", {"name": bucket}).status == 200
    for vector in VECTORS:
        if vector["method"] != "GET" or "urlStyle" in vector or "object" not in vector:
            continue
        if "encryption" in vector["description"]:
            continue  # keys of the customer's are not modelled
        taken += 1
        upload = f"/upload/storage/v1/b/{vector['bucket']}/o?uploadType=media&name={urllib.parse.quote(vector['object'], safe='')}"
        assert storage.post(upload, b"content").status == 200
        host = urllib.parse.urlparse(vector["expectedUrl"]).netloc
        reader = Client(place.double.endpoints["storage"], host=host)
        place.world.clock.set(when(vector))
        answer = reader.get(vector["expectedUrl"], headers=vector.get("headers"))
        assert (answer.status, answer.body) == (200, b"content"), vector["description"]
        place.wait(vector["expiration"] + 1)
        assert reader.get(vector["expectedUrl"], headers=vector.get("headers")).status == 400
        place.world.clock.set(1_600_000_000)
        place.world.tokens.issue("user:admin@example.com", lifetime_s=1e9, value="operator")
    assert taken == 20
