"""The double behaves as Cloud Storage is documented to: 84 checks by plain HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import probe_json
import probe_xml
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from fake_google.double import Double
from fake_google.seed import plant
from fake_google.world import World
from plain_http import Client
from probe import Check, Probe

TOPICS = [
    probe_json.bucket, probe_json.media_insert, probe_json.multipart, probe_json.resumable, probe_json.preconditions,
    probe_json.compose, probe_json.rewrite, probe_json.listing, probe_json.ranges, probe_xml.xml, probe_xml.signed, probe_xml.cors,
    probe_json.bucket_patch, probe_json.batch, probe_json.rights,
]  # fmt: skip
COUNT = 84
SIGNER = "signer@p.iam.gserviceaccount.com"
OPEN: dict[str, Any] = json.loads((Path(__file__).parent / "seeds/open_storage.json").read_text())


def make_key() -> tuple[dict[str, Any], str]:
    """A key file's content for SIGNER, and the public half as PEM."""
    key = rsa.generate_private_key(65537, 2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    file = {
        "type": "service_account",
        "client_email": SIGNER,
        "private_key": private.decode(),
        "private_key_id": "1",
        "token_uri": "http://127.0.0.1/token",
    }
    return file, public.decode()


@pytest.fixture(scope="module")
def checks() -> Iterator[list[Check]]:
    file, public = make_key()
    world = plant(World(), OPEN)
    plant(world, {"accounts": {SIGNER: {"project": "p", "keys": {"1": public}}}})
    world.projects["p"].policy.replace(
        [
            *world.projects["p"].policy.bindings,
            {"role": "roles/storage.objectAdmin", "members": [f"serviceAccount:{SIGNER}"]},
        ],
        0,
        0,
    )
    double = Double(world).start()
    yield Probe(Client(double.endpoints["storage"]), file).run(TOPICS)
    double.stop()


@pytest.mark.parametrize("topic", [topic.__name__ for topic in TOPICS])
def test_the_double_does_as_documented(checks: list[Check], topic: str) -> None:
    assert [check for check in checks if check.topic == topic]
    assert [check for check in checks if check.topic == topic and not check.ok] == []


def test_all_checks_were_made(checks: list[Check]) -> None:
    assert len({check.name for check in checks}) == len(checks) == COUNT
