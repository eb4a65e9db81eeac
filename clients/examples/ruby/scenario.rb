# The scenario in Ruby: see ../README.md. Ruby 3.1 and grpc 1.51 are what Debian 12 has.
#
#   scenario ADDRESS PROFILE_FOLDER

require "digest"
require "grpc"
require "securerandom"
require "google/protobuf/well_known_types"
require "google/rpc/error_details_pb"
require "google/rpc/status_pb"
require "portico/objects/v1/buckets_services_pb"
require "portico/objects/v1/objects_services_pb"

V1 = Portico::Objects::V1
ACCOUNT = "accounts/default"
SIZE_BYTES = 6 * 1024 * 1024 + 7
MESSAGE_BYTES = 1024 * 1024
USUAL_SECONDS = 60

# The program's steps, on a connection with the profile's certificate. Every call carries `metadata`.
class Scenario
  def initialize(address, profile, traceparent)
    read = ->(name) { File.read(File.join(profile, name)) }
    credentials = GRPC::Core::ChannelCredentials.new(read.("ca.pem"), read.("client.key"), read.("client.pem"))
    @metadata = { "authorization" => "Bearer #{read.("token").strip}", "traceparent" => traceparent }
    @buckets = V1::BucketService::Stub.new(address, credentials)
    @objects = V1::ObjectService::Stub.new(address, credentials)
  end

  def run
    bucket = create
    put_and_get("#{bucket}/objects/big")
    list(bucket)
    errors(bucket)
    deadline("#{bucket}/objects/late")
    cancel("#{bucket}/objects/big")
    @buckets.delete_bucket(V1::DeleteBucketRequest.new(name: bucket, force: true), **usual)
    puts "deleted #{bucket}"
  end

  private

  def usual(seconds = USUAL_SECONDS)
    { deadline: Time.now + seconds, metadata: @metadata }
  end

  def create
    request = V1::CreateBucketRequest.new(parent: ACCOUNT, bucket_id: "ruby-#{SecureRandom.hex(4)}")
    name = @buckets.create_bucket(request, **usual).bucket.name
    puts "bucket #{name}"
    name
  end

  # Streams some MiB there and back.
  def put_and_get(name)
    content = SecureRandom.random_bytes(SIZE_BYTES)
    puts "put #{put(name, content).size_bytes}"
    digest = Digest::SHA256.new
    received = 0
    @objects.get_object(V1::GetObjectRequest.new(name: name), **usual) do |message|
      next unless message.data

      digest << message.data.data
      received += message.data.data.bytesize
    end
    puts "got #{received} #{digest.digest == Digest::SHA256.digest(content)}"
  end

  # Streams an object: the first message says what it is, each carries some of its bytes.
  def put(name, content)
    messages = Enumerator.new do |out|
      (0..[content.bytesize - 1, 0].max).step(MESSAGE_BYTES) do |start|
        said = start.zero? ? { name: name, size_bytes: content.bytesize } : {}
        data = Google::Api::HttpBody.new(data: content.byteslice(start, MESSAGE_BYTES))
        out << V1::PutObjectRequest.new(data: data, **said)
      end
    end
    @objects.put_object(messages, **usual).object
  end

  def list(bucket)
    5.times { |number| put("#{bucket}/objects/small/#{number}", "x") }
    found = pages = 0
    token = ""
    loop do
      request = V1::ListObjectsRequest.new(parent: bucket, page_size: 4, page_token: token)
      page = @objects.list_objects(request, **usual)
      found += page.objects.size
      pages += 1
      token = page.next_page_token
      break if token.empty?
    end
    puts "listed #{found} #{pages}"
  end

  # Reads the details of two errors: the reason of one, the field that the other is about.
  def errors(bucket)
    missing = V1::HeadObjectRequest.new(name: "#{bucket}/objects/none")
    failure = failure_of { @objects.head_object(missing, **usual) }
    puts "not-found #{failure.code} #{detail(failure, Google::Rpc::ErrorInfo).reason}"

    wrong = V1::CreateBucketRequest.new(parent: ACCOUNT, bucket_id: "NO")
    failure = failure_of { @buckets.create_bucket(wrong, **usual) }
    puts "invalid #{failure.code} #{detail(failure, Google::Rpc::BadRequest).field_violations.first.field}"
  end

  def failure_of
    yield
    abort "the call should have failed"
  rescue GRPC::BadStatus => failure
    failure
  end

  def detail(failure, type)
    status = Google::Rpc::Status.decode(failure.metadata["grpc-status-details-bin"])
    status.details.find { |any| any.is(type) }.unpack(type)
  end

  # Begins a put that it does not end in time.
  def deadline(name)
    messages = Enumerator.new do |out|
      out << V1::PutObjectRequest.new(name: name, data: Google::Api::HttpBody.new(data: "x"))
      sleep 1
    end
    failure = failure_of { @objects.put_object(messages, **usual(0.5)) }
    puts "deadline #{failure.code}"
  end

  # Ends a get in its middle.
  def cancel(name)
    operation = @objects.get_object(V1::GetObjectRequest.new(name: name), return_op: true, **usual)
    failure = failure_of { operation.execute.each { operation.cancel } }
    puts "cancelled #{failure.code}"
  end
end

abort "usage: scenario ADDRESS PROFILE_FOLDER" unless ARGV.size == 2
trace, span = SecureRandom.hex(16), SecureRandom.hex(8)
puts "trace #{trace} #{span}"
Scenario.new(ARGV[0], ARGV[1], "00-#{trace}-#{span}-01").run
