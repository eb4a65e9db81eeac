// The scenario in Go: see ../README.md. go-grpc 1.33 and Go 1.19 are what Debian 12 has.
//
//	scenario ADDRESS PROFILE_FOLDER
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	httpbody "google/api"
	errdetails "google/rpc"
	objects "portico/objects/v1"
)

const (
	account      = "accounts/default"
	sizeBytes    = 6*1024*1024 + 7
	messageBytes = 1024 * 1024
	usualTime    = 60 * time.Second
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: scenario ADDRESS PROFILE_FOLDER")
	}
	connection, err := connect(os.Args[1], os.Args[2])
	check(err)
	defer connection.Close()
	trace, span := random(16), random(8)
	fmt.Println("trace", trace, span)
	traced := metadata.AppendToOutgoingContext(context.Background(), "traceparent", "00-"+trace+"-"+span+"-01")
	ctx, cancel := context.WithTimeout(traced, usualTime)
	defer cancel()

	s := scenario{objects.NewBucketServiceClient(connection), objects.NewObjectServiceClient(connection), "go-" + random(4)}
	name := s.create(ctx)
	s.putAndGet(ctx, name+"/objects/big")
	s.list(ctx, name)
	s.errors(ctx, name)
	s.deadline(traced, name+"/objects/late")
	s.cancel(ctx, name+"/objects/big")
	_, err = s.buckets.DeleteBucket(ctx, &objects.DeleteBucketRequest{Name: name, Force: true})
	check(err)
	fmt.Println("deleted", name)
}

// connect opens a connection with the profile's certificate, whose calls carry the profile's token.
func connect(address, profile string) (*grpc.ClientConn, error) {
	certificate, err := tls.LoadX509KeyPair(filepath.Join(profile, "client.pem"), filepath.Join(profile, "client.key"))
	if err != nil {
		return nil, err
	}
	authority, err := os.ReadFile(filepath.Join(profile, "ca.pem"))
	if err != nil {
		return nil, err
	}
	token, err := os.ReadFile(filepath.Join(profile, "token"))
	if err != nil {
		return nil, err
	}
	authorities := x509.NewCertPool()
	authorities.AppendCertsFromPEM(authority)
	config := &tls.Config{Certificates: []tls.Certificate{certificate}, RootCAs: authorities}
	return grpc.Dial(
		address,
		grpc.WithTransportCredentials(credentials.NewTLS(config)),
		grpc.WithPerRPCCredentials(bearer(strings.TrimSpace(string(token)))),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(codec{})),
	)
}

// bearer is a token that is sent with every call.
type bearer string

func (token bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(token)}, nil
}

func (bearer) RequireTransportSecurity() bool { return true }

// codec is needed because this grpc-go knows the messages of protobuf's first Go API only, and the plugin makes those of
// its second one. A newer grpc-go needs none.
type codec struct{}

func (codec) Name() string { return "proto" }

func (codec) Marshal(message interface{}) ([]byte, error) { return proto.Marshal(message.(proto.Message)) }

func (codec) Unmarshal(data []byte, message interface{}) error {
	return proto.Unmarshal(data, message.(proto.Message))
}

type scenario struct {
	buckets objects.BucketServiceClient
	objects objects.ObjectServiceClient
	bucket  string
}

func (s scenario) create(ctx context.Context) string {
	created, err := s.buckets.CreateBucket(ctx, &objects.CreateBucketRequest{Parent: account, BucketId: s.bucket})
	check(err)
	fmt.Println("bucket", created.Bucket.Name)
	return created.Bucket.Name
}

// putAndGet streams some MiB there and back.
func (s scenario) putAndGet(ctx context.Context, name string) {
	content := make([]byte, sizeBytes)
	_, err := rand.Read(content)
	check(err)
	stored := s.put(ctx, name, content)
	fmt.Println("put", stored.SizeBytes)

	stream, err := s.objects.GetObject(ctx, &objects.GetObjectRequest{Name: name})
	check(err)
	digest := sha256.New()
	received := 0
	for {
		message, err := stream.Recv()
		if err == io.EOF {
			break
		}
		check(err)
		digest.Write(message.Data.GetData())
		received += len(message.Data.GetData())
	}
	sent := sha256.Sum256(content)
	fmt.Println("got", received, bytes.Equal(digest.Sum(nil), sent[:]))
}

// put streams an object: the first message says what it is, each carries some of its bytes.
func (s scenario) put(ctx context.Context, name string, content []byte) *objects.Object {
	stream, err := s.objects.PutObject(ctx)
	check(err)
	size := int64(len(content))
	message := &objects.PutObjectRequest{Name: name, SizeBytes: &size}
	for {
		part := content
		if len(part) > messageBytes {
			part = part[:messageBytes]
		}
		content = content[len(part):]
		message.Data = &httpbody.HttpBody{Data: part}
		check(stream.Send(message))
		if len(content) == 0 {
			break
		}
		message = &objects.PutObjectRequest{}
	}
	answer, err := stream.CloseAndRecv()
	check(err)
	return answer.Object
}

func (s scenario) list(ctx context.Context, bucket string) {
	for number := 0; number < 5; number++ {
		s.put(ctx, fmt.Sprintf("%s/objects/small/%d", bucket, number), []byte("x"))
	}
	request := &objects.ListObjectsRequest{Parent: bucket, PageSize: 4}
	found, pages := 0, 0
	for {
		page, err := s.objects.ListObjects(ctx, request)
		check(err)
		found += len(page.Objects)
		pages++
		if page.NextPageToken == "" {
			break
		}
		request.PageToken = page.NextPageToken
	}
	fmt.Println("listed", found, pages)
}

// errors reads the details of two errors: the reason of one, the field that the other is about.
func (s scenario) errors(ctx context.Context, bucket string) {
	_, err := s.objects.HeadObject(ctx, &objects.HeadObjectRequest{Name: bucket + "/objects/none"})
	info := &errdetails.ErrorInfo{}
	fmt.Println("not-found", detail(err, info), info.Reason)

	_, err = s.buckets.CreateBucket(ctx, &objects.CreateBucketRequest{Parent: account, BucketId: "NO"})
	bad := &errdetails.BadRequest{}
	fmt.Println("invalid", detail(err, bad), bad.FieldViolations[0].Field)
}

// detail fills the message from the error's detail of its type, and answers the error's code.
func detail(err error, message proto.Message) uint32 {
	failure := status.Convert(err)
	for _, found := range failure.Proto().Details {
		if strings.HasSuffix(found.TypeUrl, "/"+string(message.ProtoReflect().Descriptor().FullName())) {
			check(proto.Unmarshal(found.Value, message))
		}
	}
	return uint32(failure.Code())
}

// deadline begins a put that it never ends.
func (s scenario) deadline(traced context.Context, name string) {
	ctx, cancel := context.WithTimeout(traced, 500*time.Millisecond)
	defer cancel()
	stream, err := s.objects.PutObject(ctx)
	check(err)
	check(stream.Send(&objects.PutObjectRequest{Name: name, Data: &httpbody.HttpBody{Data: []byte("x")}}))
	err = stream.RecvMsg(&objects.PutObjectResponse{})
	fmt.Println("deadline", uint32(status.Code(err)))
}

// cancel ends a get in its middle.
func (s scenario) cancel(ctx context.Context, name string) {
	cancellable, cancel := context.WithCancel(ctx)
	stream, err := s.objects.GetObject(cancellable, &objects.GetObjectRequest{Name: name})
	check(err)
	_, err = stream.Recv()
	check(err)
	cancel()
	for err == nil {
		_, err = stream.Recv()
	}
	fmt.Println("cancelled", uint32(status.Code(err)))
}

func random(bytes int) string {
	content := make([]byte, bytes)
	_, err := rand.Read(content)
	check(err)
	return hex.EncodeToString(content)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
