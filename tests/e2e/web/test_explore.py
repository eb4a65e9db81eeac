"""What a platform says of itself: the OpenAPI document, which real answers keep to, and the page of reference."""

from __future__ import annotations

import gzip
import json
from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import validate

from tests.harness import RunningPlatform
from tests.harness.web import web

ACCOUNT = "accounts/default"


@pytest.fixture(scope="module")
def document(platform: RunningPlatform) -> Any:
    answer = web(platform, "GET", "/openapi.json", token=None)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    return answer.json()


def schema_of(document: Any, path: str, verb: str, status: str = "200") -> dict[str, Any]:
    """Of an answer, with all that it refers to."""
    answer = document["paths"][path][verb]["responses"][status]
    if "$ref" in answer:
        answer = document["components"]["responses"]["Error"]
    schema = answer["content"]["application/json"]["schema"]
    return {**schema, "components": document["components"]}


def test_the_document_is_openapi(document: Any) -> None:
    validate(document)
    assert document["openapi"] == "3.1.0"


def test_both_doors_show_it_without_a_token(platform: RunningPlatform, document: Any) -> None:
    assert platform.http("GET", "/openapi.json", token=None).json() == document


def test_every_rest_path_is_in_it_those_of_extra_products_too(document: Any) -> None:
    operations = {op["operationId"] for path in document["paths"].values() for op in path.values()}
    assert {"BucketService_CreateBucket", "ObjectService_PutObject", "CredentialService_CreateToken"} <= operations
    assert {"TestingService_Unary", "Operations_GetOperation"} <= operations
    assert not any("ClientStream" in name for name in operations), "what has no REST path is not"


def test_a_name_in_a_path_is_made_of_parameters(document: Any) -> None:
    operation = document["paths"]["/v1/accounts/{account}/buckets/{bucket}/objects/{object}"]["get"]
    by_name = {parameter["name"]: parameter for parameter in operation["parameters"]}
    assert by_name["bucket"]["schema"]["pattern"] == "^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$"
    assert by_name["versionId"]["in"] == "query"
    assert operation["x-portico-permissions"][0]["permission"] == "objects.object.read"
    assert operation["x-grpc-method"] == "/portico.objects.v1.ObjectService/GetObject"


def test_rules_are_keywords(document: Any) -> None:
    schemas = document["components"]["schemas"]
    assert schemas["portico.objects.v1.ObjectMetadata"]["properties"]["contentType"]["maxLength"] == 1024
    page_size = next(
        parameter
        for parameter in document["paths"]["/v1/accounts/{account}/buckets"]["get"]["parameters"]
        if parameter["name"] == "pageSize"
    )
    assert page_size["schema"] == {"type": "integer", "format": "int32", "minimum": 0}
    assert page_size["description"]


def test_what_is_required_is_said(document: Any) -> None:
    operation = document["paths"]["/v1/accounts/{account}/buckets"]["post"]
    bucket_id = next(each for each in operation["parameters"] if each["name"] == "bucketId")
    assert bucket_id["required"]
    assert operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("v1.Bucket")


def test_security_is_a_token_and_at_the_api_door_a_certificate(document: Any) -> None:
    assert document["security"] == [{"bearer": []}, {"bearer": [], "mutualTLS": []}]
    assert {} in document["paths"]["/v1/testing:empty"]["get"]["security"]


def test_real_answers_keep_to_the_document(platform: RunningPlatform, document: Any) -> None:
    buckets = "/v1/accounts/{account}/buckets"
    made = platform.http("POST", f"/v1/{ACCOUNT}/buckets?bucketId=documented", json_body={})
    jsonschema.validate(made.json(), schema_of(document, buckets, "post"))
    name = f"{ACCOUNT}/buckets/documented"
    put = platform.http(
        "PUT", f"/v1/{name}/objects/a%2Fb?metadata.contentType=text%2Fplain", body=b"x" * 100, headers={}
    )
    jsonschema.validate(put.json(), schema_of(document, f"{buckets}/{{bucket}}/objects/{{object}}", "put"))
    listed = platform.http("GET", f"/v1/{name}/objects")
    assert len(listed.json()["objects"]) == 1
    jsonschema.validate(listed.json(), schema_of(document, f"{buckets}/{{bucket}}/objects", "get"))
    events = platform.http("GET", f"/v1/{ACCOUNT}/requestEvents")
    jsonschema.validate(events.json(), schema_of(document, "/v1/accounts/{account}/requestEvents", "get"))
    deleted = platform.http("DELETE", f"/v1/{name}/objects/a%2Fb")
    jsonschema.validate(deleted.json(), schema_of(document, f"{buckets}/{{bucket}}/objects/{{object}}", "delete"))
    gone = platform.http("DELETE", f"/v1/{name}")
    jsonschema.validate(gone.json(), schema_of(document, f"{buckets}/{{bucket}}", "delete"))


@pytest.mark.parametrize(
    ("path", "token", "status"),
    [
        (f"/v1/{ACCOUNT}/buckets/not-there", True, 404),
        (f"/v1/{ACCOUNT}/buckets?pageSize=-1", True, 400),
        (f"/v1/{ACCOUNT}/buckets", False, 401),
    ],
)
def test_real_errors_keep_to_the_document(
    platform: RunningPlatform, document: Any, path: str, token: bool, status: int
) -> None:
    answer = platform.http("GET", path, **({} if token else {"token": None}))
    assert answer.status == status
    jsonschema.validate(answer.json(), schema_of(document, "/v1/accounts/{account}/buckets", "get", "default"))


def test_it_is_sent_compressed_and_not_twice(platform: RunningPlatform, document: Any) -> None:
    packed = web(platform, "GET", "/openapi.json", token=None, headers={"accept-encoding": "br, gzip;q=0.5"})
    assert packed.headers["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(packed.body)) == document
    again = web(platform, "GET", "/openapi.json", headers={"if-none-match": f"W/{packed.headers['etag']}"})
    assert (again.status, again.body) == (304, b"")
    head = web(platform, "HEAD", "/openapi.json", token=None)
    assert (head.status, head.body) == (200, b"")
    assert web(platform, "POST", "/openapi.json", body=b"{}").status == 405


def test_the_page_of_reference_has_every_method_and_needs_nothing_else(platform: RunningPlatform) -> None:
    answer = web(platform, "GET", "/reference", token=None)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    text = answer.body.decode()
    for word in ("/portico.testing.v1.TestingService/BidiStream", "objects.object.read", "BUCKET_NOT_FOUND", "8,192"):
        assert word in text, word
    for outside in ("<link", "<img", "src=", "@import", "url("):
        assert outside not in text, "neither scripts nor styles nor pictures of others"
