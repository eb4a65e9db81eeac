#!/bin/sh
# Generates the contracts' C++ and builds the program: build.sh FOLDER, into FOLDER/scenario. Needs of Debian 12:
# g++ make protobuf-compiler protobuf-compiler-grpc libprotobuf-dev libgrpc++-dev
set -eu
here=$(cd "$(dirname "$0")" && pwd)
contracts=$here/../../../gen/portico/plain.binpb
mkdir -p "$1/gen"
services='portico/objects/v1/buckets.proto portico/objects/v1/objects.proto'
# shellcheck disable=SC2086
protoc --descriptor_set_in="$contracts" --cpp_out="$1/gen" \
    --grpc_out="$1/gen" --plugin=protoc-gen-grpc="$(command -v grpc_cpp_plugin)" $services
protoc --descriptor_set_in="$contracts" --cpp_out="$1/gen" google/api/httpbody.proto google/longrunning/operations.proto \
    google/rpc/status.proto google/rpc/error_details.proto
make --silent --jobs=2 --directory="$1" --file="$here/Makefile" EXAMPLE="$here"
