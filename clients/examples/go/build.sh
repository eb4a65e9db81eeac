#!/bin/sh
# Generates the contracts' Go and builds the program: build.sh FOLDER, into FOLDER/scenario. Needs of Debian 12:
# protobuf-compiler protoc-gen-go protoc-gen-go-grpc golang-go golang-google-protobuf-dev golang-google-grpc-dev
set -eu
here=$(cd "$(dirname "$0")" && pwd)
contracts=$here/../../../gen/portico/plain.binpb
mkdir -p "$1/src/scenario"
cd "$1"
files='google/api/httpbody.proto google/rpc/status.proto google/rpc/error_details.proto google/longrunning/operations.proto
    portico/objects/v1/buckets.proto portico/objects/v1/objects.proto'
# The contracts name no Go package: so each file is told which one it is, that of its folder.
packages=paths=import
for file in $files; do packages="$packages,M$file=${file%/*};pb"; done
# shellcheck disable=SC2086
protoc --descriptor_set_in="$contracts" --go_out=src --go_opt="$packages" --go-grpc_out=src --go-grpc_opt="$packages" $files
cp "$here/scenario.go" src/scenario/
GO111MODULE=off GOPATH="$PWD:/usr/share/gocode" GOCACHE="$PWD/cache" go build -p 2 -o scenario scenario
