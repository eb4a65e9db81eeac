import com.google.api.HttpBody;
import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.Message;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.Status;
import io.grpc.CallCredentials;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.AbstractStub;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.Iterator;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import portico.objects.v1.BucketServiceGrpc;
import portico.objects.v1.Buckets.CreateBucketRequest;
import portico.objects.v1.Buckets.DeleteBucketRequest;
import portico.objects.v1.ObjectServiceGrpc;
import portico.objects.v1.Objects.GetObjectRequest;
import portico.objects.v1.Objects.GetObjectResponse;
import portico.objects.v1.Objects.HeadObjectRequest;
import portico.objects.v1.Objects.ListObjectsRequest;
import portico.objects.v1.Objects.ListObjectsResponse;
import portico.objects.v1.Objects.PutObjectRequest;
import portico.objects.v1.Objects.PutObjectResponse;

/**
 * The scenario in Java: see ../README.md. grpc-java 1.41 and Java 17 are what Debian 12 has.
 *
 * <p>Scenario ADDRESS PROFILE_FOLDER
 */
public final class Scenario {
  private static final String ACCOUNT = "accounts/default";
  private static final int SIZE_BYTES = 6 * 1024 * 1024 + 7;
  private static final int MESSAGE_BYTES = 1024 * 1024;
  private static final long USUAL_MILLISECONDS = 60_000;
  private static final Metadata.Key<String> TRACEPARENT = key("traceparent");
  private static final Metadata.Key<byte[]> DETAILS =
      Metadata.Key.of("grpc-status-details-bin", Metadata.BINARY_BYTE_MARSHALLER);

  private final BucketServiceGrpc.BucketServiceBlockingStub buckets;
  private final ObjectServiceGrpc.ObjectServiceBlockingStub objects;
  private final ObjectServiceGrpc.ObjectServiceStub streaming;

  private Scenario(ManagedChannel channel, String token, String traceparent) {
    Metadata metadata = new Metadata();
    metadata.put(TRACEPARENT, traceparent);
    buckets = with(BucketServiceGrpc.newBlockingStub(channel), token, metadata);
    objects = with(ObjectServiceGrpc.newBlockingStub(channel), token, metadata);
    streaming = with(ObjectServiceGrpc.newStub(channel), token, metadata);
  }

  public static void main(String[] arguments) throws Exception {
    if (arguments.length != 2) {
      System.err.println("usage: Scenario ADDRESS PROFILE_FOLDER");
      System.exit(1);
    }
    String trace = hexadecimal(random(16));
    String span = hexadecimal(random(8));
    System.out.println("trace " + trace + " " + span);
    Path profile = Path.of(arguments[1]);
    ManagedChannel channel = connect(arguments[0], profile);
    try {
      String token = Files.readString(profile.resolve("token")).strip();
      new Scenario(channel, token, "00-" + trace + "-" + span + "-01").run();
    } finally {
      channel.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
    }
  }

  /** A connection with the profile's certificate. */
  private static ManagedChannel connect(String address, Path profile) throws Exception {
    File certificate = profile.resolve("client.pem").toFile();
    return NettyChannelBuilder.forTarget(address)
        .sslContext(
            GrpcSslContexts.forClient()
                .trustManager(profile.resolve("ca.pem").toFile())
                .keyManager(certificate, profile.resolve("client.key").toFile())
                .build())
        .build();
  }

  private static <S extends AbstractStub<S>> S with(S stub, String token, Metadata metadata) {
    return MetadataUtils.attachHeaders(stub.withCallCredentials(new Bearer(token)), metadata);
  }

  /** A token that is sent with every call. */
  private static final class Bearer extends CallCredentials {
    private final Metadata metadata = new Metadata();

    Bearer(String token) {
      metadata.put(key("authorization"), "Bearer " + token);
    }

    @Override
    public void applyRequestMetadata(RequestInfo call, Executor executor, MetadataApplier applier) {
      applier.apply(metadata);
    }

    @Override
    public void thisUsesUnstableApi() {}
  }

  private void run() throws Exception {
    String bucket = create();
    putAndGet(bucket + "/objects/big");
    list(bucket);
    errors(bucket);
    deadline(bucket + "/objects/late");
    cancel(bucket + "/objects/big");
    usual(buckets).deleteBucket(DeleteBucketRequest.newBuilder().setName(bucket).setForce(true).build());
    System.out.println("deleted " + bucket);
  }

  private static <S extends AbstractStub<S>> S usual(S stub) {
    return stub.withDeadlineAfter(USUAL_MILLISECONDS, TimeUnit.MILLISECONDS);
  }

  private String create() {
    CreateBucketRequest.Builder request = CreateBucketRequest.newBuilder().setParent(ACCOUNT);
    request.setBucketId("java-" + hexadecimal(random(4)));
    String name = usual(buckets).createBucket(request.build()).getBucket().getName();
    System.out.println("bucket " + name);
    return name;
  }

  /** Streams some MiB there and back. */
  private void putAndGet(String name) {
    ByteString content = ByteString.copyFrom(random(SIZE_BYTES));
    System.out.println("put " + put(name, content).getObject().getSizeBytes());
    ByteString received = ByteString.EMPTY;
    Iterator<GetObjectResponse> messages =
        usual(objects).getObject(GetObjectRequest.newBuilder().setName(name).build());
    while (messages.hasNext()) {
      received = received.concat(messages.next().getData().getData());
    }
    System.out.println("got " + received.size() + " " + received.equals(content));
  }

  /** Streams an object: the first message says what it is, each carries some of its bytes. */
  private PutObjectResponse put(String name, ByteString content) {
    Answer answer = new Answer();
    StreamObserver<PutObjectRequest> stream = usual(streaming).putObject(answer);
    for (int start = 0; start < content.size(); start += MESSAGE_BYTES) {
      PutObjectRequest.Builder message = PutObjectRequest.newBuilder();
      if (start == 0) {
        message.setName(name).setSizeBytes(content.size());
      }
      int end = Math.min(start + MESSAGE_BYTES, content.size());
      stream.onNext(message.setData(HttpBody.newBuilder().setData(content.substring(start, end))).build());
    }
    stream.onCompleted();
    return answer.join();
  }

  private void list(String bucket) {
    for (int number = 0; number < 5; number++) {
      put(bucket + "/objects/small/" + number, ByteString.copyFromUtf8("x"));
    }
    ListObjectsRequest.Builder request = ListObjectsRequest.newBuilder().setParent(bucket).setPageSize(4);
    int found = 0;
    int pages = 0;
    do {
      ListObjectsResponse page = usual(objects).listObjects(request.build());
      found += page.getObjectsCount();
      pages++;
      request.setPageToken(page.getNextPageToken());
    } while (!request.getPageToken().isEmpty());
    System.out.println("listed " + found + " " + pages);
  }

  /** Reads the details of two errors: the reason of one, the field that the other is about. */
  private void errors(String bucket) throws Exception {
    HeadObjectRequest missing = HeadObjectRequest.newBuilder().setName(bucket + "/objects/none").build();
    StatusRuntimeException failure = failureOf(() -> usual(objects).headObject(missing));
    System.out.println("not-found " + code(failure) + " " + detail(failure, ErrorInfo.class).getReason());

    CreateBucketRequest wrong = CreateBucketRequest.newBuilder().setParent(ACCOUNT).setBucketId("NO").build();
    failure = failureOf(() -> usual(buckets).createBucket(wrong));
    String field = detail(failure, BadRequest.class).getFieldViolations(0).getField();
    System.out.println("invalid " + code(failure) + " " + field);
  }

  /** Begins a put that it never ends. */
  private void deadline(String name) {
    Answer answer = new Answer();
    streaming
        .withDeadlineAfter(500, TimeUnit.MILLISECONDS)
        .putObject(answer)
        .onNext(
            PutObjectRequest.newBuilder()
                .setName(name)
                .setData(HttpBody.newBuilder().setData(ByteString.copyFromUtf8("x")))
                .build());
    System.out.println("deadline " + code(failureOf(answer::join)));
  }

  /** Ends a get in its middle. */
  private void cancel(String name) {
    Context.CancellableContext context = Context.current().withCancellation();
    StatusRuntimeException failure =
        failureOf(
            () ->
                context.run(
                    () -> {
                      Iterator<GetObjectResponse> messages =
                          usual(objects).getObject(GetObjectRequest.newBuilder().setName(name).build());
                      messages.next();
                      context.cancel(null);
                      messages.forEachRemaining(message -> {});
                    }));
    System.out.println("cancelled " + code(failure));
  }

  /** The answer of a put, when it has come. */
  private static final class Answer extends CompletableFuture<PutObjectResponse>
      implements StreamObserver<PutObjectResponse> {
    @Override
    public void onNext(PutObjectResponse response) {
      complete(response);
    }

    @Override
    public void onError(Throwable failure) {
      completeExceptionally(failure);
    }

    @Override
    public void onCompleted() {}
  }

  private static StatusRuntimeException failureOf(Runnable call) {
    try {
      call.run();
    } catch (StatusRuntimeException failure) {
      return failure;
    } catch (CompletionException failure) {
      return (StatusRuntimeException) failure.getCause();
    }
    throw new IllegalStateException("the call should have failed");
  }

  private static int code(StatusRuntimeException failure) {
    return failure.getStatus().getCode().value();
  }

  /** The error's detail of this type. */
  private static <D extends Message> D detail(StatusRuntimeException failure, Class<D> type) throws Exception {
    for (Any any : Status.parseFrom(failure.getTrailers().get(DETAILS)).getDetailsList()) {
      if (any.is(type)) {
        return any.unpack(type);
      }
    }
    throw new IllegalStateException("the error has no " + type.getSimpleName());
  }

  private static Metadata.Key<String> key(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }

  private static byte[] random(int count) {
    byte[] content = new byte[count];
    new SecureRandom().nextBytes(content);
    return content;
  }

  private static String hexadecimal(byte[] bytes) {
    StringBuilder text = new StringBuilder();
    for (byte value : bytes) {
      text.append(String.format("%02x", value));
    }
    return text.toString();
  }
}
