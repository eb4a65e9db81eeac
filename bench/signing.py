"""Requests of S3 over HTTP/1.1, signed (AWS Signature Version 4 in the header, as SDKs sign), whole as they are sent.

Source: Amazon S3 API Reference, "Signature Calculations for the Authorization Header".
"""

from __future__ import annotations

import hashlib
import hmac
import time
from dataclasses import dataclass, field
from urllib.parse import quote

from portico.presigning import AccessKey

UNSIGNED = "UNSIGNED-PAYLOAD"
_SIGNED = "host;x-amz-content-sha256;x-amz-date"


@dataclass(slots=True)
class Signer:
    """Writes the requests to one door. A signature is good for 15 minutes from the time when this was made.

    `key` None: nothing is signed, for a server that knows no keys.
    """

    port: int
    key: AccessKey | None
    region: str = "auto"
    _at: str = field(default_factory=lambda: time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()))
    _derived: bytes = b""

    def request(self, verb: str, path: str, query: str = "", body: bytes = b"", body_bytes: int | None = None) -> bytes:
        """`path` begins with the bucket's, `query` is encoded and in order. `body_bytes`: the length of a body that is
        sent behind, and is not part of the signature."""
        length = len(body) if body_bytes is None else body_bytes
        head = [f"{verb} {quote(path)}{'?' + query if query else ''} HTTP/1.1", f"host: localhost:{self.port}"]
        if verb == "PUT":
            head.append(f"content-length: {length}")
        head += self._headers(verb, path, query, hashlib.sha256(body).hexdigest() if body_bytes is None else UNSIGNED)
        return "\r\n".join([*head, "", ""]).encode() + body

    def _headers(self, verb: str, path: str, query: str, digest: str) -> list[str]:
        if self.key is None:
            return []
        scope = f"{self._at[:8]}/{self.region}/s3/aws4_request"
        headers = f"host:localhost:{self.port}\nx-amz-content-sha256:{digest}\nx-amz-date:{self._at}\n"
        canonical = f"{verb}\n{quote(path)}\n{query}\n{headers}\n{_SIGNED}\n{digest}"
        to_sign = f"AWS4-HMAC-SHA256\n{self._at}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        if not self._derived:
            self._derived = b"AWS4" + self.key.secret.encode()
            for part in scope.split("/"):
                self._derived = hmac.digest(self._derived, part.encode(), "sha256")
        signature = hmac.digest(self._derived, to_sign.encode(), "sha256").hex()
        credential = f"Credential={self.key.id}/{scope}"
        return [
            f"x-amz-content-sha256: {digest}",
            f"x-amz-date: {self._at}",
            f"authorization: AWS4-HMAC-SHA256 {credential}, SignedHeaders={_SIGNED}, Signature={signature}",
        ]
