// The scenario in C++: see ../README.md. gRPC 1.51 and protobuf 3.21 are what Debian 12 has.
//
//   scenario ADDRESS PROFILE_FOLDER

#include <google/rpc/error_details.pb.h>
#include <google/rpc/status.pb.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>

#include "portico/objects/v1/buckets.grpc.pb.h"
#include "portico/objects/v1/objects.grpc.pb.h"

namespace {

namespace objects = portico::objects::v1;

constexpr char kAccount[] = "accounts/default";
constexpr std::size_t kSizeBytes = 6 * 1024 * 1024 + 7;
constexpr std::size_t kMessageBytes = 1024 * 1024;
constexpr std::chrono::milliseconds kUsualTime{60'000};

std::string Read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error("cannot read " + path);
  std::stringstream content;
  content << file.rdbuf();
  return content.str();
}

// For names and content, not for secrets. The device only begins it: some processors take 50 us for each of its numbers.
std::string Random(std::size_t bytes) {
  static std::random_device device;
  static std::seed_seq seed{device(), device(), device(), device()};
  static std::mt19937_64 generator(seed);
  std::string content(bytes, '\0');
  for (char& byte : content) byte = static_cast<char>(generator());
  return content;
}

std::string Hexadecimal(const std::string& bytes) {
  static const char kDigits[] = "0123456789abcdef";
  std::string text;
  for (unsigned char byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

void Check(const grpc::Status& status) {
  if (!status.ok()) throw std::runtime_error(std::to_string(status.error_code()) + ": " + status.error_message());
}

// The error's detail of this type.
template <typename Detail>
Detail DetailOf(const grpc::Status& status) {
  google::rpc::Status told;
  Detail detail;
  told.ParseFromString(status.error_details());
  for (const auto& any : told.details()) {
    if (any.Is<Detail>()) any.UnpackTo(&detail);
  }
  return detail;
}

// The program's steps, on a connection with the profile's certificate.
class Scenario {
 public:
  Scenario(const std::string& address, const std::string& profile, std::string traceparent)
      : traceparent_(std::move(traceparent)) {
    const grpc::SslCredentialsOptions files{Read(profile + "/ca.pem"), Read(profile + "/client.key"),
                                            Read(profile + "/client.pem")};
    std::string token = Read(profile + "/token");
    token.erase(token.find_last_not_of(" \n") + 1);
    const auto credentials =
        grpc::CompositeChannelCredentials(grpc::SslCredentials(files), grpc::AccessTokenCredentials(token));
    const auto channel = grpc::CreateChannel(address, credentials);
    buckets_ = objects::BucketService::NewStub(channel);
    objects_ = objects::ObjectService::NewStub(channel);
  }

  void Run() {
    const std::string bucket = Create();
    PutAndGet(bucket + "/objects/big");
    List(bucket);
    Errors(bucket);
    Deadline(bucket + "/objects/late");
    Cancel(bucket + "/objects/big");
    objects::DeleteBucketRequest request;
    request.set_name(bucket);
    request.set_force(true);
    objects::DeleteBucketResponse response;
    Check(buckets_->DeleteBucket(Context().get(), request, &response));
    std::cout << "deleted " << bucket << std::endl;
  }

 private:
  // What one call takes: its deadline, and the trace that it belongs to.
  std::unique_ptr<grpc::ClientContext> Context(std::chrono::milliseconds time = kUsualTime) const {
    auto context = std::make_unique<grpc::ClientContext>();
    context->set_deadline(std::chrono::system_clock::now() + time);
    context->AddMetadata("traceparent", traceparent_);
    return context;
  }

  std::string Create() {
    objects::CreateBucketRequest request;
    request.set_parent(kAccount);
    request.set_bucket_id("cpp-" + Hexadecimal(Random(4)));
    objects::CreateBucketResponse response;
    Check(buckets_->CreateBucket(Context().get(), request, &response));
    std::cout << "bucket " << response.bucket().name() << std::endl;
    return response.bucket().name();
  }

  // Streams some MiB there and back.
  void PutAndGet(const std::string& name) {
    const std::string content = Random(kSizeBytes);
    std::cout << "put " << Put(name, content).size_bytes() << std::endl;
    objects::GetObjectRequest request;
    request.set_name(name);
    const auto context = Context();
    const auto stream = objects_->GetObject(context.get(), request);
    objects::GetObjectResponse message;
    std::string received;
    while (stream->Read(&message)) received += message.data().data();
    Check(stream->Finish());
    std::cout << "got " << received.size() << (received == content ? " true" : " false") << std::endl;
  }

  // Streams an object: the first message says what it is, each carries some of its bytes.
  objects::Object Put(const std::string& name, const std::string& content) {
    objects::PutObjectResponse response;
    const auto context = Context();
    const auto stream = objects_->PutObject(context.get(), &response);
    for (std::size_t start = 0; start < content.size(); start += kMessageBytes) {
      objects::PutObjectRequest message;
      if (start == 0) {
        message.set_name(name);
        message.set_size_bytes(static_cast<std::int64_t>(content.size()));
      }
      message.mutable_data()->set_data(content.substr(start, kMessageBytes));
      if (!stream->Write(message)) break;  // Finish says why
    }
    stream->WritesDone();
    Check(stream->Finish());
    return response.object();
  }

  void List(const std::string& bucket) {
    for (int number = 0; number < 5; ++number) Put(bucket + "/objects/small/" + std::to_string(number), "x");
    objects::ListObjectsRequest request;
    request.set_parent(bucket);
    request.set_page_size(4);
    int found = 0, pages = 0;
    do {
      objects::ListObjectsResponse page;
      Check(objects_->ListObjects(Context().get(), request, &page));
      found += page.objects_size();
      ++pages;
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
    std::cout << "listed " << found << " " << pages << std::endl;
  }

  // Reads the details of two errors: the reason of one, the field that the other is about.
  void Errors(const std::string& bucket) {
    objects::HeadObjectRequest missing;
    missing.set_name(bucket + "/objects/none");
    objects::HeadObjectResponse object;
    grpc::Status status = objects_->HeadObject(Context().get(), missing, &object);
    std::cout << "not-found " << status.error_code() << " " << DetailOf<google::rpc::ErrorInfo>(status).reason()
              << std::endl;

    objects::CreateBucketRequest wrong;
    wrong.set_parent(kAccount);
    wrong.set_bucket_id("NO");
    objects::CreateBucketResponse created;
    status = buckets_->CreateBucket(Context().get(), wrong, &created);
    const auto bad = DetailOf<google::rpc::BadRequest>(status);
    std::cout << "invalid " << status.error_code() << " "
              << (bad.field_violations_size() > 0 ? bad.field_violations(0).field() : "?") << std::endl;
  }

  // Begins a put that it never ends.
  void Deadline(const std::string& name) {
    objects::PutObjectResponse response;
    const auto context = Context(std::chrono::milliseconds(500));
    const auto stream = objects_->PutObject(context.get(), &response);
    objects::PutObjectRequest message;
    message.set_name(name);
    message.mutable_data()->set_data("x");
    stream->Write(message);
    std::cout << "deadline " << stream->Finish().error_code() << std::endl;
  }

  // Ends a get in its middle.
  void Cancel(const std::string& name) {
    objects::GetObjectRequest request;
    request.set_name(name);
    const auto context = Context();
    const auto stream = objects_->GetObject(context.get(), request);
    objects::GetObjectResponse message;
    stream->Read(&message);
    context->TryCancel();
    while (stream->Read(&message)) {
    }
    std::cout << "cancelled " << stream->Finish().error_code() << std::endl;
  }

  std::string traceparent_;
  std::unique_ptr<objects::BucketService::Stub> buckets_;
  std::unique_ptr<objects::ObjectService::Stub> objects_;
};

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) {
    std::cerr << "usage: scenario ADDRESS PROFILE_FOLDER" << std::endl;
    return EXIT_FAILURE;
  }
  const std::string trace = Hexadecimal(Random(16)), span = Hexadecimal(Random(8));
  std::cout << "trace " << trace << " " << span << std::endl;
  try {
    Scenario(arguments[1], arguments[2], "00-" + trace + "-" + span + "-01").Run();
  } catch (const std::exception& error) {
    std::cerr << error.what() << std::endl;
    return EXIT_FAILURE;
  }
  return EXIT_SUCCESS;
}
