"""Amazon's own examples, as numbers and names.

Source: Amazon S3 API Reference, "Signature Calculations for the Authorization Header: Transferring Payload in a Single
Chunk", "… in Multiple Chunks", "… Including Trailing Headers", and "Authenticating Requests: Using Query Parameters".
"""

from __future__ import annotations

import calendar

from portico_server.objects.faces.s3.signers import Signers
from tests.unit.objects.s3.signing import Keys, Sent

KEY_ID = "AKIAIOSFODNN7EXAMPLE"
SIGNERS = Signers(Keys({KEY_ID: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}))
HOST = "examplebucket.s3.amazonaws.com"
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
TIME = "20130524T000000Z"


class Clock:
    """Of that day."""

    def now_us(self) -> int:
        return calendar.timegm((2013, 5, 24, 0, 0, 1)) * 1_000_000


def sent(verb: str, path: str, query: str, headers: dict[str, str], signature: str) -> Sent:
    """With `host` and `x-amz-date`, all of it signed."""
    headers = {"host": HOST, "x-amz-date": TIME, **headers}
    names = ";".join(sorted(headers))
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={KEY_ID}/20130524/us-east-1/s3/aws4_request,SignedHeaders={names},"
        f"Signature={signature}"
    )
    pairs = tuple((name.encode(), value.encode()) for name, value in headers.items())
    return Sent(verb, path.encode(), query.encode(), pairs)


GET = sent(
    "GET",
    "/test.txt",
    "",
    {"range": "bytes=0-9", "x-amz-content-sha256": EMPTY},
    "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
)
PUT = sent(
    "PUT",
    "/test$file.text",
    "",
    {
        "date": "Fri, 24 May 2013 00:00:00 GMT",
        "x-amz-storage-class": "REDUCED_REDUNDANCY",
        "x-amz-content-sha256": "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
    },
    "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
)
LIFECYCLE = sent(
    "GET",
    "/",
    "lifecycle",
    {"x-amz-content-sha256": EMPTY},
    "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
)
LIST = sent(
    "GET",
    "/",
    "max-keys=2&prefix=J",
    {"x-amz-content-sha256": EMPTY},
    "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
)
PRESIGNED = Sent(
    "GET",
    b"/test.txt",
    b"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2F"
    b"aws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
    b"&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
    ((b"host", HOST.encode()),),
)
CHUNKED = sent(
    "PUT",
    "/examplebucket/chunkObject.txt",
    "",
    {
        "host": "s3.amazonaws.com",
        "x-amz-storage-class": "REDUCED_REDUNDANCY",
        "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "content-encoding": "aws-chunked",
        "x-amz-decoded-content-length": "66560",
        "content-length": "66824",
    },
    "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
)
CHUNK_SIGNATURES = (
    "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
    "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
    "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
)
WITH_TRAILER = sent(
    "PUT",
    "/examplebucket/chunkObject.txt",
    "",
    {
        "host": "s3.amazonaws.com",
        "x-amz-storage-class": "REDUCED_REDUNDANCY",
        "x-amz-content-sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
        "content-encoding": "aws-chunked",
        "x-amz-decoded-content-length": "66560",
        "x-amz-trailer": "x-amz-checksum-crc32c",
    },
    "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
)
TRAILED_CHUNK_SIGNATURES = (
    "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
    "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
    "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
)
TRAILER = ("x-amz-checksum-crc32c", "sOO8/Q==")
TRAILER_SIGNATURE = "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435"
CHUNK_BYTES = (65_536, 1_024, 0)
"""All of them the letter a."""
