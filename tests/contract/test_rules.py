"""The checks of contracts can fail: a contract with every mistake in it, and what is said of each."""

from __future__ import annotations

from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2

from proto import check
from proto.generate import ROOT
from tests.contract import rules

HEAD = """
syntax = "proto3";

package portico.bad.v1;

import "buf/validate/validate.proto";
import "google/api/annotations.proto";
import "google/protobuf/timestamp.proto";
import "portico/options/v1/options.proto";
"""

MISTAKES = (
    HEAD
    + """
// A service.
service BadService {
  // Has no option at all.
  rpc Bare(BareRequest) returns (BareResponse);

  // Is public and has requirements; its permissions and fields are wrong.
  rpc GetThing(GetThingRequest) returns (GetThingResponse) {
    option (google.api.http) = {post: "/v1/{thing=things/**}:copy" body: "nothing"};
    option (portico.options.v1.authorization) = {
      public: true
      requirements: [
        {permission: "good.thing.read", resource_field: "name"},
        {permission: "bad.read", resource_field: "name"},
        {permission: "bad.thing.read", resource_field: "thing.name"},
        {permission: "bad.thing.read", resource_field: "size"}
      ]
    };
  }

  // Has neither.
  rpc ListThings(ListThingsRequest) returns (ListThingsResponse) {
    option (google.api.http) = {get: "/v2/{parent=accounts/*}/things"};
    option (portico.options.v1.authorization) = {};
  }

  // Has the path of the list.
  rpc UpdateThings(UpdateThingsRequest) returns (UpdateThingsResponse) {
    option (google.api.http) = {get: "/v2/{name=accounts/*}/things"};
    option (portico.options.v1.authorization) = {public: true};
  }

  rpc Uncommented(BareRequest) returns (BareResponse);
}

// A message.
message BareRequest {
  // A field.
  string plain = 1;
  // A field.
  string wide = 2 [(buf.validate.field).string.pattern = "^[a-z*]+$"];
  // A field.
  string loose = 3 [(buf.validate.field).string.pattern = "[a-z]{1,3}"];
  // A field.
  string ignored = 4 [(buf.validate.field).ignore = IGNORE_ALWAYS, (buf.validate.field).string.max_len = 3];
  // A field.
  bytes data = 5;
  // A field.
  double ratio = 6;
  // A field.
  Kind kind = 7;
  // A field.
  repeated string many = 8;
  // A field.
  repeated string wild = 9 [(buf.validate.field).repeated.max_items = 3];
  // A field.
  map<string, string> pairs = 10 [(buf.validate.field).map = {max_pairs: 3, keys: {string: {max_len: 3}}}];
  // A field.
  google.protobuf.Timestamp start_time = 11;
  // A field.
  map<string, Deep> deep = 12 [(buf.validate.field).map = {max_pairs: 3, keys: {string: {max_len: 3}}}];
  // A field.
  string fine = 13 [(buf.validate.field).string.pattern = "^[a-z*+]{1,3}$"];
}
// A message.
message Deep {
  // A field.
  int64 depth = 1;
}
// A message.
message BareResponse {
  string uncommented = 1;
}
// A message.
message GetThingRequest {
  // A field.
  string name = 1 [(buf.validate.field).string.max_len = 3];
  // A field.
  int64 size = 2 [(buf.validate.field).int64.gte = 0];
}
// A message.
message GetThingResponse {
  // A field.
  google.protobuf.Timestamp created = 1;
  // A field.
  int64 expire_time = 2;
}
// A message.
message ListThingsRequest {
  // A field.
  string page_size = 1 [(buf.validate.field).string.max_len = 3];
}
// A message.
message ListThingsResponse {
  // A field.
  string thing = 1;
}
// A message.
message UpdateThingsRequest {
  // A field.
  string name = 1 [(buf.validate.field).string.uuid = true];
}
// A message.
message UpdateThingsResponse {}

// An enum.
enum Kind {
  // A value.
  GOOD = 0;
}
"""
)

FOUND = (
    "portico.bad.v1.BadService/Bare has no option (portico.options.v1.authorization)",
    "portico.bad.v1.BadService/GetThing must be either public or have requirements",
    "portico.bad.v1.BadService/ListThings must be either public or have requirements",
    "portico.bad.v1.BadService/GetThing: the permission 'good.thing.read' is not bad.<noun>.<verb>",
    "portico.bad.v1.BadService/GetThing: the permission 'bad.read' is not bad.<noun>.<verb>",
    "portico.bad.v1.BadService/GetThing: its request has no string field 'thing.name'",
    "portico.bad.v1.BadService/GetThing: its request has no string field 'size'",
    "portico.bad.v1.BadService/Bare has no REST path (google.api.http)",
    "portico.bad.v1.BadService/GetThing: /v1/{thing=things/**}:copy has a custom verb after `**`",
    "portico.bad.v1.BadService/GetThing: /v1/{thing=things/**}:copy names 'thing', which its request lacks",
    "portico.bad.v1.BadService/GetThing: its request has no field 'nothing' for the body",
    "portico.bad.v1.BadService/ListThings: /v2/{parent=accounts/*}/things does not begin with /v1/",
    "2 methods have the REST path get /v2/{=accounts/*}/things",
    "portico.bad.v1.BadService/ListThings: NO_SIDE_EFFECTS and REST's GET belong together",
    "portico.bad.v1.BadService/GetThing is a read by its name",
    "portico.bad.v1.BadService/ListThings: its request has no field parent of the usual type",
    "portico.bad.v1.BadService/ListThings: its request has no field page_size of the usual type",
    "portico.bad.v1.BadService/ListThings: its response has no string next_page_token",
    "portico.bad.v1.BadService/ListThings: the results are not the response's field 1",
    "portico.bad.v1.BadService/UpdateThings: its request has no google.protobuf.FieldMask update_mask",
    "portico.bad.v1.GetThingResponse.created: a time is a google.protobuf.Timestamp",
    "portico.bad.v1.GetThingResponse.expire_time: a time is a google.protobuf.Timestamp",
    "portico.bad.v1.GetThingRequest.size: a size says its unit: size_bytes",
    "portico.bad.v1.BareRequest.plain has no bound of its length",
    "portico.bad.v1.BareRequest.wide has no bound of its length",
    "portico.bad.v1.BareRequest.loose has no bound of its length",
    "portico.bad.v1.BareRequest.ignored has rules that are ignored always",
    "portico.bad.v1.BareRequest.data has no bound of its length",
    "portico.bad.v1.BareRequest.ratio has no range",
    "portico.bad.v1.BareRequest.kind has no enum.defined_only",
    "portico.bad.v1.BareRequest.many has no repeated.max_items",
    "portico.bad.v1.BareRequest.wild items: has no bound of its length",
    "portico.bad.v1.BareRequest.pairs values: has no bound of its length",
    "portico.bad.v1.BareRequest.start_time has no rule for its Timestamp",
    "portico.bad.v1.Deep.depth has no range",
)


def compiled(folder: Path, contract: str) -> descriptor_pb2.FileDescriptorSet:
    """A contract `portico.bad.v1` beside the options that it imports."""
    options = folder / "portico" / "options" / "v1" / "options.proto"
    bad = folder / "portico" / "bad" / "v1" / "bad.proto"
    for path, text in ((options, (ROOT / "proto/portico/options/v1/options.proto").read_text()), (bad, contract)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return check.compiled(folder)


@pytest.fixture(scope="module")
def mistakes(tmp_path_factory: pytest.TempPathFactory) -> descriptor_pb2.FileDescriptorSet:
    return compiled(tmp_path_factory.mktemp("mistakes"), MISTAKES)


@pytest.fixture(scope="module")
def findings(mistakes: descriptor_pb2.FileDescriptorSet) -> list[str]:
    contracts = rules.Contracts(mistakes)
    return [finding for rule in rules.ALL for finding in rule(contracts)]


@pytest.mark.parametrize("expected", FOUND)
def test_a_mistake_is_found(findings: list[str], expected: str) -> None:
    assert [finding for finding in findings if finding.startswith(expected)]


def test_what_is_right_is_not_complained_of(findings: list[str]) -> None:
    assert not [finding for finding in findings if ".fine" in finding or ".page_size:" in finding]


@pytest.mark.parametrize(
    "expected",
    [
        'RPC "Uncommented" should have a non-empty comment',
        'Field "uncommented" should have a non-empty comment',
        "is used as the request or response type for multiple RPCs",
        'Enum zero value name "GOOD" should be suffixed with "_UNSPECIFIED"',
    ],
)
def test_buf_finds_what_is_left_to_it(mistakes: descriptor_pb2.FileDescriptorSet, expected: str) -> None:
    findings = "\n".join(check.lint(mistakes))
    assert expected in findings
    assert "bad.proto" in findings
    assert "google/" not in findings, "third-party files are not ours to lint"


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        (("string name = 1", "string name = 3"), "was deleted"),
        (("string name = 1", "int64 name = 1"), "changed type"),
        (("rpc Get(GetRequest)", "rpc Fetch(GetRequest)"), 'RPC "Get"'),
    ],
)
def test_a_change_that_breaks_clients_is_found(tmp_path: Path, change: tuple[str, str], finding: str) -> None:
    contract = HEAD + (
        "// S.\nservice BadService {\n  // G.\n  rpc Get(GetRequest) returns (GetResponse);\n}\n"
        "// M.\nmessage GetRequest {\n  // F.\n  string name = 1;\n}\n// M.\nmessage GetResponse {}\n"
    )
    baseline = check.baseline_image(compiled(tmp_path, contract))
    assert check.breaking(compiled(tmp_path, contract.replace("// F.", "// Another comment.")), baseline) == []
    assert finding in "\n".join(check.breaking(compiled(tmp_path, contract.replace(*change)), baseline))
