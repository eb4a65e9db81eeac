"""The S3 door of a platform, and how tests speak to it: by boto3, and by bare requests that are signed or not."""

from __future__ import annotations

import http.client
import itertools
import ssl
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.client import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

NAMESPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"
TIMEOUT_SECONDS = 30

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Answer:
    """What came back, whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def error(self) -> dict[str, str]:
        """The elements of S3's error document."""
        return {found.tag: found.text or "" for found in ElementTree.fromstring(self.body)}


@dataclass
class S3Door:
    """`endpoint` is an URL; `authority` the file of the certificate authority, for https."""

    endpoint: str
    access_key_id: str
    secret_access_key: str
    authority: str = ""
    made: list[Any] = field(default_factory=list)

    def client(self, *, style: str = "path", region: str = "auto", attempts: int = 1, **config: Any) -> Any:
        """A client of boto3, by default without retries, so that each error is told."""
        made = boto3.session.Session().client(
            "s3",
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret_access_key,
            endpoint_url=self.endpoint,
            verify=self.authority or None,
            config=Config(
                region_name=region,
                s3={"addressing_style": style},
                retries={"total_max_attempts": attempts},
                connect_timeout=TIMEOUT_SECONDS,
                read_timeout=TIMEOUT_SECONDS,
                **config,
            ),
        )
        self.made.append(made)
        return made

    def request(
        self,
        verb: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        *,
        signed: bool = True,
        host: str = "",
    ) -> Answer:
        """One request over a connection of its own; `path` as it is to be sent, with its query. `host`: the name that
        it is sent to, by default the endpoint's."""
        address = urlsplit(self.endpoint)
        named = f"{host or address.hostname}:{address.port}"
        request = AWSRequest(verb, f"{address.scheme}://{named}{path}", headers=dict(headers or {}), data=body)
        if signed:
            signer = S3SigV4Auth(Credentials(self.access_key_id, self.secret_access_key), "s3", "auto")
            announced = request.headers.get("x-amz-content-sha256")
            if announced is not None:
                signer.payload = lambda request: announced
            signer.add_auth(request)
        sent = {"host": named, "content-length": str(len(body)), **{k.lower(): v for k, v in request.headers.items()}}
        with self.connection() as connection:
            connection.putrequest(verb, path, skip_host=True, skip_accept_encoding=True)
            for name, value in sent.items():
                connection.putheader(name, value.encode() if isinstance(value, str) else value)
            connection.endheaders(body)
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, found, response.read())

    def connection(self) -> Any:
        address = urlsplit(self.endpoint)
        assert address.hostname
        assert address.port
        if address.scheme == "http":
            return closing(http.client.HTTPConnection(address.hostname, address.port, timeout=TIMEOUT_SECONDS))
        context = ssl.create_default_context(cafile=self.authority)
        return closing(
            http.client.HTTPSConnection(address.hostname, address.port, timeout=TIMEOUT_SECONDS, context=context)
        )


def new_name(prefix: str = "bucket") -> str:
    """A bucket's name that no other test of this run has."""
    return f"{prefix}-{next(_numbers)}"


def code_of(call: Any, **parameters: Any) -> tuple[int, str]:
    """Status and code of the error that a call must end in."""
    try:
        call(**parameters)
    except ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]
    raise AssertionError("the call ended well")
