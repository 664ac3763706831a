"""Signed URLs as a browser uses them: what was signed is what is allowed, for as long as Google's key lasts."""

from __future__ import annotations

import base64
import time
from urllib.parse import urlencode

import pytest
from conftest import ACME, Place, Start
from fake_google.storage.signing import SignedUrl
from plain_http import Answer

PROJECT = "acme-zerve-infra"
APP = f"app@{PROJECT}.iam.gserviceaccount.com"
CALLER = "serviceAccount:zerve-caller@zerve-saas.iam.gserviceaccount.com"
HOST = "storage.googleapis.com"


class Signer:
    """Signs as the app account by signBlob, with the caller's own token."""

    def __init__(self, place: Place) -> None:
        self.place = place
        body = {"name": "signed-b", "iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}}}
        assert place.to("storage").post(f"/storage/v1/b?project={PROJECT}", body).status == 200
        policy = place.to("storage").get("/storage/v1/b/signed-b/iam").json()
        policy["bindings"].append({"role": "roles/storage.objectAdmin", "members": [f"serviceAccount:{APP}"]})
        assert place.to("storage").put("/storage/v1/b/signed-b/iam", policy).status == 200

    def url(self, method: str, expires_s: int = 600, **headers: str) -> str:
        when = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self.place.world.clock.now()))
        signed = {"host": HOST, **{name.replace("_", "-"): value for name, value in headers.items()}}
        query = [
            ("X-Goog-Algorithm", "GOOG4-RSA-SHA256"),
            ("X-Goog-Credential", f"{APP}/{when[:8]}/auto/storage/goog4_request"),
            ("X-Goog-Date", when),
            ("X-Goog-Expires", str(expires_s)),
            ("X-Goog-SignedHeaders", ";".join(sorted(signed))),
        ]
        text = SignedUrl(method, "/signed-b/x", query, signed).string_to_sign()
        path = f"/v1/projects/-/serviceAccounts/{APP}:signBlob"
        token = self.place.token(CALLER)
        answer = self.place.to("iamcredentials", token).post(
            path, {"payload": base64.b64encode(text.encode()).decode()}
        )
        signature = base64.b64decode(answer.json()["signedBlob"]).hex()
        return f"/signed-b/x?{urlencode(query)}&X-Goog-Signature={signature}"

    def send(self, method: str, url: str, body: bytes | None = None, **headers: str) -> Answer:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.place.to("storage", None).send(method, url, body, headers=sent, host=HOST)


@pytest.fixture
def signer(start: Start) -> Signer:
    bindings = {"roles/iam.serviceAccountTokenCreator": [CALLER]}
    return Signer(start(ACME, accounts={APP: {"project": PROJECT, "bindings": bindings}}))


def test_a_url_is_good_until_it_ends(signer: Signer) -> None:
    url = signer.url("PUT")
    assert signer.send("PUT", url, b"x").status == 200
    signer.place.wait(601)
    answer = signer.send("PUT", url, b"x")
    assert (answer.status, b"<Code>ExpiredToken</Code>" in answer.body) == (400, True)


def test_google_s_key_signs_for_twelve_hours_whatever_the_url_says(signer: Signer) -> None:
    assert signer.send("PUT", signer.url("PUT"), b"x").status == 200
    url = signer.url("GET", 7 * 86400)
    signer.place.wait(11 * 3600)
    assert signer.send("GET", url).status == 200
    signer.place.wait(2 * 3600)
    answer = signer.send("GET", url)
    assert (answer.status, b"<Code>SignatureDoesNotMatch</Code>" in answer.body) == (403, True)


def test_a_clock_ahead_signs_for_nobody(signer: Signer) -> None:
    url = signer.url("PUT")
    signer.place.wait(-3600)
    assert signer.send("PUT", url, b"x").status == 403


def test_the_size_that_was_signed_is_the_most_that_is_taken(signer: Signer) -> None:
    for name in ("PUT", "POST"):
        more = {"x_goog_content_length_range": "1,3"} | (
            {"x_goog_resumable": "start"} if name == "POST" else {}
        )
        url = signer.url(name, **more)
        if name == "PUT":
            assert [signer.send("PUT", url, data, **more).status for data in (b"", b"four", b"abc")] == [
                400,
                400,
                200,
            ]
            assert signer.send("PUT", url, b"abc").status == 400  # the header is left out
        else:
            session = signer.send("POST", url, b"", **more).headers["location"]
            assert signer.send("PUT", session, b"four", Content_Range="bytes 0-3/4").status == 400


def test_a_header_of_google_s_that_was_not_signed_is_refused(signer: Signer) -> None:
    answer = signer.send("PUT", signer.url("PUT"), b"x", x_goog_meta_k="v")
    assert (answer.status, b"<Code>MalformedSecurityHeader</Code>" in answer.body) == (400, True)


def test_an_object_that_must_not_be_there_is_not_replaced(signer: Signer) -> None:
    guard = {"x_goog_if_generation_match": "0"}
    url = signer.url("PUT", **guard)
    assert [signer.send("PUT", url, b"x", **guard).status for _ in range(2)] == [200, 412]


def test_an_account_that_is_disabled_signs_no_more(signer: Signer) -> None:
    url = signer.url("PUT")
    signer.place.world.accounts[APP].disabled = True
    assert signer.send("PUT", url, b"x").status == 403
