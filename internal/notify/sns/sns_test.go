package sns

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/sns"

	"weir/internal/finding"
	"weir/internal/notify"
)

func TestSubject(t *testing.T) {
	for in, want := range map[string]string{
		"plain": "plain", "é\n\x1b": "???", "": "weir", " x ": "x", strings.Repeat("y", 101): strings.Repeat("y", 97) + "...",
	} {
		if got := subject(in); got != want {
			t.Errorf("subject(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestNew(t *testing.T) {
	for _, bad := range []string{"", "topic", "arn:aws:sqs:eu-west-1:123456789012:q", "arn:aws:sns:eu-west-1:123456789012:"} {
		if _, err := New("x", bad, false, nil); err == nil {
			t.Errorf("topic %q is taken", bad)
		}
	}
}

// TestStandin publishes to an AWS stand-in (moto's server), whose URL is in WEIR_AWS_STANDIN. A subscription by HTTP
// brings back what arrived.
func TestStandin(t *testing.T) {
	endpoint := os.Getenv("WEIR_AWS_STANDIN")
	if endpoint == "" {
		t.Skip("WEIR_AWS_STANDIN is not set: it is the URL of an AWS stand-in, http://127.0.0.1:PORT; see scripts/test")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	arrived := make(chan string, 10)
	subscriber := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		if r.Header.Get("X-Amz-Sns-Message-Type") != "SubscriptionConfirmation" {
			arrived <- string(b)
		}
	}))
	t.Cleanup(subscriber.Close)
	// What has other attributes than these does not arrive.
	filter := `{"severity":["critical"],"kind":["new"],"key":["key-1"],"rule":["exposed"]}`
	client := sdk.New(sdk.Options{Region: "eu-west-1", BaseEndpoint: &endpoint, Credentials: credentials.NewStaticCredentialsProvider("test", "test", "")})
	for _, c := range []struct {
		topic string
		raw   bool
	}{{"weir-notify-test", false}, {"weir-notify-test-raw", true}, {"weir-notify-test.fifo", false}} {
		attributes := map[string]string{}
		if strings.HasSuffix(c.topic, ".fifo") {
			attributes["FifoTopic"] = "true"
		}
		made, err := client.CreateTopic(ctx, &sdk.CreateTopicInput{Name: aws.String(c.topic), Attributes: attributes})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_, _ = client.DeleteTopic(context.WithoutCancel(ctx), &sdk.DeleteTopicInput{TopicArn: made.TopicArn})
		})
		if _, err := client.Subscribe(ctx, &sdk.SubscribeInput{TopicArn: made.TopicArn, Protocol: aws.String("http"), Endpoint: &subscriber.URL, Attributes: map[string]string{"FilterPolicy": filter}}); err != nil {
			t.Fatal(err)
		}
		topic, err := New("alerts", *made.TopicArn, c.raw, client)
		if err != nil {
			t.Fatal(err)
		}
		f := &finding.Finding{ID: "exposed-1", Rule: "exposed", Title: "é\nx: y", Severity: "critical", State: "open", Summary: "it answers", Count: 1}
		n := notify.Notice{Key: "key-1", Kind: "new", Findings: []*finding.Finding{f}, Counts: map[string]int{"critical": 1}, Time: time.Unix(0, 0)}
		if err := topic.Send(ctx, n); err != nil {
			t.Fatal(err)
		}
		var got struct {
			Subject, Message string
		}
		select {
		case text := <-arrived:
			if err := json.Unmarshal([]byte(text), &got); err != nil {
				t.Fatalf("%v: %s", err, text)
			}
		case <-ctx.Done():
			t.Fatal("nothing arrived")
		}
		want := "weir findings show exposed-1"
		if c.raw {
			want = `"key":"key-1"`
		}
		if got.Subject != `[weir] critical: ?\nx: y` || !strings.Contains(got.Message, want) {
			t.Errorf("%s: subject %q, message %q", c.topic, got.Subject, got.Message)
		}
	}
	missing, err := New("x", "arn:aws:sns:eu-west-1:123456789012:not-there", false, client)
	if err != nil {
		t.Fatal(err)
	}
	if err := missing.Send(ctx, notify.Test(time.Now())); err == nil {
		t.Error("a topic that is not there is no error")
	}
}
