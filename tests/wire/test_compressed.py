"""Bodies that are compressed by gzip: read, refused when they are none, and stopped when they do not end."""

from __future__ import annotations

import gzip
import json
import time
import tracemalloc

import pytest

from tests.wire.calling import Api

PRODUCT = json.dumps({"product_name": "API"}).encode()
ZIPPED = gzip.compress(PRODUCT)


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "x-gzip", " gzip "])
def test_a_compressed_body_is_read(api: Api, encoding: str):
    told = api.send("POST", "product", ZIPPED, Content_Encoding=encoding)
    assert (told.status, told["product_name"]) == (201, "API")


def test_a_body_in_two_members_is_one_body(api: Api):
    two = gzip.compress(PRODUCT[:9]) + gzip.compress(PRODUCT[9:])
    assert api.send("POST", "product", two, Content_Encoding="gzip")["product_name"] == "API"


@pytest.mark.parametrize("encoding", ["", "identity", "Identity"])
def test_a_body_that_is_not_compressed_is_read_as_it_is(api: Api, encoding: str):
    assert api.send("POST", "product", PRODUCT, Content_Encoding=encoding).status == 201


@pytest.mark.parametrize(
    "content",
    [PRODUCT, ZIPPED[:-9], ZIPPED[:5], ZIPPED + b"more", ZIPPED[:-8] + b"\0" * 8, b"\x1f\x8b" + b"\0" * 30],
    ids=["label only", "cut", "head only", "more", "other sum", "no such method"],
)
def test_a_label_without_its_compression_is_400(api: Api, content: bytes):
    told = api.send("POST", "product", content, Content_Encoding="gzip")
    assert told.status == 400
    assert told["detail"].startswith("Parse error - the body is said to be compressed by gzip, and is not")
    assert api.get("product")["count"] == 0


@pytest.mark.parametrize("encoding", ["br", "deflate", "zstd", "gzip, gzip", "compress", "a" * 500])
def test_another_compression_is_415(api: Api, encoding: str):
    told = api.send("POST", "product", ZIPPED, Content_Encoding=encoding)
    assert (told.status, told["detail"]) == (415, f'Unsupported content encoding "{encoding[:50]}" in request.')
    assert api.get("product")["count"] == 0


def test_a_bomb_is_413_at_once_and_costs_nothing(api: Api):
    bomb = gzip.compress(b"[" * 100_000_000, compresslevel=1)
    assert len(bomb) < 2_500_000
    assert api.get("product").status == 200  # whatever is imported at the first request is there
    tracemalloc.start()
    began = time.thread_time()  # not by the clock: others work on this machine
    told = api.send("POST", "product", bomb, Content_Encoding="gzip")
    seconds, (_, peak) = time.thread_time() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (told.status, told.body) == (413, {"detail": "Request body is too large."})
    assert seconds < 1
    assert peak < 30_000_000


def test_a_form_may_be_compressed_too(api: Api):
    content = gzip.compress(b'--b\r\nContent-Disposition: form-data; name="product_name"\r\n\r\nSeats\r\n--b--\r\n')
    told = api.send("POST", "product", content, content_type="multipart/form-data; boundary=b", Content_Encoding="gzip")
    assert (told.status, told["product_name"]) == (201, "Seats")
