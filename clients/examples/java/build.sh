#!/bin/sh
# Generates the contracts' Java and compiles the program: build.sh FOLDER, into FOLDER/scenario. Needs of Debian 12:
# default-jdk-headless protobuf-compiler protobuf-compiler-grpc-java-plugin libgrpc-java libprotobuf-java libnetty-java
# libnetty-tcnative-java libnetty-tcnative-jni libguava-java libgoogle-gson-java libperfmark-java
# libgeronimo-annotation-1.3-spec-java
set -eu
here=$(cd "$(dirname "$0")" && pwd)
contracts=$here/../../../gen/portico/plain.binpb
jars=/usr/share/java
path=$jars/protobuf.jar:$jars/guava.jar:$jars/gson.jar:$jars/opencensus-api.jar:$jars/perfmark-api.jar:$jars/perfmark.jar
for part in api context core netty protobuf protobuf-lite stub; do path=$path:$jars/grpc-$part.jar; done
for jar in "$jars"/netty*.jar "$jars"/geronimo-annotation*.jar; do path=$path:$jar; done
mkdir -p "$1/gen" "$1/classes"
services='portico/objects/v1/buckets.proto portico/objects/v1/objects.proto'
# shellcheck disable=SC2086
protoc --descriptor_set_in="$contracts" --java_out="$1/gen" \
    --grpc-java_out="$1/gen" --plugin=protoc-gen-grpc-java="$(command -v grpc_java_plugin)" $services
protoc --descriptor_set_in="$contracts" --java_out="$1/gen" google/api/httpbody.proto google/longrunning/operations.proto \
    google/rpc/status.proto google/rpc/error_details.proto
# shellcheck disable=SC2046
javac -nowarn -proc:none -d "$1/classes" -cp "$path" $(find "$1/gen" -name '*.java') "$here/Scenario.java"
# Debian's Netty has HTTP/2 over TLS by OpenSSL only, and looks for its library by another name than Debian gives it.
mkdir -p "$1/lib"
cp "$(dpkg -L libnetty-tcnative-jni | grep '/libnetty-tcnative\.so$')" "$1/lib/libnetty_tcnative.so"
printf '#!/bin/sh\nexec java -Djava.library.path="%s" -cp "%s" Scenario "$@"\n' "$1/lib" "$1/classes:$path" > "$1/scenario"
chmod +x "$1/scenario"
