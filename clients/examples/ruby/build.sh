#!/bin/sh
# Generates the contracts' Ruby: build.sh FOLDER, into FOLDER/lib. Needs of Debian 12: ruby-grpc ruby-grpc-tools
# protobuf-compiler ruby-googleapis-common-protos-types
set -eu
here=$(cd "$(dirname "$0")" && pwd)
contracts=$here/../../../gen/portico/plain.binpb
mkdir -p "$1/lib"
protoc --descriptor_set_in="$contracts" --ruby_out="$1/lib" \
    --grpc_out="$1/lib" --plugin=protoc-gen-grpc="$(command -v grpc_ruby_plugin)" \
    portico/objects/v1/buckets.proto portico/objects/v1/objects.proto google/api/httpbody.proto \
    google/longrunning/operations.proto google/rpc/status.proto google/rpc/error_details.proto
cp "$here/scenario.rb" "$1/"
printf '#!/bin/sh\nexec ruby -I "%s/lib" "%s/scenario.rb" "$@"\n' "$1" "$1" > "$1/scenario"
chmod +x "$1/scenario"
