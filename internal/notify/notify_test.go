package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"weir/internal/finding"
)

// clock is a Clock whose waits take no time, and are remembered.
type clock struct{ slept []time.Duration }

var noon = time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)

func (c *clock) Now() time.Time { return noon }
func (c *clock) Sleep(ctx context.Context, d time.Duration) error {
	c.slept = append(c.slept, d)
	return ctx.Err()
}

func notice(text string) Notice {
	f := &finding.Finding{ID: "exposed-1", Rule: "exposed", Title: text, Severity: "critical", State: "open", Summary: text, InterfaceID: "eni-1", FirstSeen: noon, LastSeen: noon, Count: 1}
	return Notice{Key: "new-exposed-1-1", Kind: finding.KindNew, Findings: []*finding.Finding{f}, Counts: map[string]int{"critical": 1}, Time: noon}
}

type request struct {
	header http.Header
	body   string
}

// receiver answers with the statuses in turn, and then with 200.
func receiver(t *testing.T, statuses ...int) (url string, client *http.Client, got *[]request) {
	got = &[]request{}
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		*got = append(*got, request{r.Header.Clone(), string(b)})
		if n := len(*got); n <= len(statuses) {
			if statuses[n-1] == http.StatusTooManyRequests {
				w.Header().Set("Retry-After", "7")
			}
			if statuses[n-1] == http.StatusFound {
				w.Header().Set("Location", "/elsewhere")
			}
			w.WriteHeader(statuses[n-1])
		}
	}))
	t.Cleanup(s.Close)
	return s.URL + "/hook/s3cr3t", s.Client(), got
}

func TestWebhook(t *testing.T) {
	url, client, got := receiver(t, 503, 429)
	c := &clock{}
	w := &Webhook{ChannelName: "hook", URL: url, Secret: "key", Clock: c, Client: client}
	if err := w.Send(t.Context(), notice("Datastore answers the internet")); err != nil {
		t.Fatal(err)
	}
	if len(*got) != 3 || fmt.Sprint(c.slept) != "[1s 7s]" {
		t.Fatalf("%d requests, waits %v; want 3 and [1s 7s]", len(*got), c.slept)
	}
	for _, r := range *got {
		at, err := strconv.ParseInt(r.header.Get("Weir-Timestamp"), 10, 64)
		if err != nil || r.header.Get("Weir-Signature") != Sign("key", at, []byte(r.body)) || r.header.Get("Weir-Signature") == Sign("other", at, []byte(r.body)) {
			t.Errorf("signature %q at %q", r.header.Get("Weir-Signature"), r.header.Get("Weir-Timestamp"))
		}
		if r.header.Get("Idempotency-Key") != "new-exposed-1-1" {
			t.Errorf("key %q", r.header.Get("Idempotency-Key"))
		}
	}
	var body struct {
		Version             int
		Key, Kind, Severity string
		Findings            []map[string]any
	}
	if err := json.Unmarshal([]byte((*got)[0].body), &body); err != nil || body.Version != 1 || body.Severity != "critical" || len(body.Findings) != 1 || body.Findings[0]["id"] != "exposed-1" {
		t.Errorf("body %+v, %v", body, err)
	}
}

func TestWebhookErrors(t *testing.T) {
	for _, c := range []struct {
		name     string
		statuses []int
		requests int
	}{{"refused", []int{403}, 1}, {"always down", []int{500, 500, 500, 500, 500}, attempts}, {"redirected", []int{302}, 1}} {
		url, client, got := receiver(t, c.statuses...)
		client.CheckRedirect = plainClient.CheckRedirect
		w := &Webhook{ChannelName: "hook", URL: url, Clock: &clock{}, Client: client}
		err := w.Send(t.Context(), notice("x"))
		if err == nil || len(*got) != c.requests || strings.Contains(fmt.Sprint(err), "s3cr3t") {
			t.Errorf("%s: %d requests, %v", c.name, len(*got), err)
		}
	}
	// A server that is not there, one whose certificate nobody knows, and a URL that is none: the secret is in no error.
	s := httptest.NewServer(nil)
	s.Close()
	url, _, _ := receiver(t)
	for _, u := range []string{s.URL + "/s3cr3t", url, "https://h/s3cr3t\x7f", "ftp://h/s3cr3t"} {
		for _, n := range []Notifier{&Webhook{URL: u, Clock: &clock{}}, &Slack{URL: u, Clock: &clock{}}} {
			if err := n.Send(t.Context(), notice("x")); err == nil || strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("%q: %v", u, err)
			}
		}
	}
}

func TestSlackIsOnlyText(t *testing.T) {
	url, client, got := receiver(t)
	s := &Slack{ChannelName: "chat", URL: url, Clock: &clock{}, Client: client}
	if err := s.Send(t.Context(), notice("<!channel> <https://evil.example|click> @here *bold* https://evil.example & \u202e")); err != nil {
		t.Fatal(err)
	}
	var m struct{ Text string }
	if err := json.Unmarshal([]byte((*got)[0].body), &m); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<", ">", "@here", "https://", "*bold*", "\u202e"} {
		if strings.Contains(m.Text, bad) {
			t.Errorf("the message has %q: %s", bad, m.Text)
		}
	}
	for _, want := range []string{"&lt;!channel&gt;", "weir findings show exposed-1"} {
		if !strings.Contains(m.Text, want) {
			t.Errorf("the message has no %q: %s", want, m.Text)
		}
	}
}

func TestMain(m *testing.M) {
	switch os.Getenv("NOTIFY_TEST_PROGRAM") { // the test binary is the program of TestCommand
	case "print":
		b, _ := io.ReadAll(os.Stdin)
		if err := os.WriteFile(os.Args[1], append(b, strings.Join(os.Environ(), "\n")...), 0o600); err != nil {
			os.Exit(3)
		}
		os.Exit(0)
	case "fail":
		fmt.Fprintln(os.Stderr, "no\x1b[31m way")
		os.Exit(4)
	case "hang":
		time.Sleep(time.Minute)
	}
	os.Exit(m.Run())
}

func TestCommand(t *testing.T) {
	t.Setenv("WEIR_TRINO_PASSWORD", "hunter2")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	out := t.TempDir() + "/got; touch x"
	c := &Command{ChannelName: "cmd", Argv: []string{self, out}, Env: []string{"NOTIFY_TEST_PROGRAM=print"}}
	if err := c.Send(t.Context(), notice("$(id)")); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	for want, has := range map[string]bool{`"key":"new-exposed-1-1"`: true, "$(id)": true, "WEIR_NOTICE_SEVERITY=critical": true, "hunter2": false, "PATH=": false} {
		if strings.Contains(string(b), want) != has {
			t.Errorf("the program has %q: %v, want %v", want, !has, has)
		}
	}
	c.Env = []string{"NOTIFY_TEST_PROGRAM=fail"}
	if err := c.Send(t.Context(), notice("x")); err == nil || !strings.Contains(err.Error(), `exit status 4: no\x1b[31m way`) && !strings.Contains(err.Error(), `no\x1b`) {
		t.Errorf("a program that fails: %v", err)
	}
	c.Env, c.Timeout = []string{"NOTIFY_TEST_PROGRAM=hang"}, 50*time.Millisecond
	if err := c.Send(t.Context(), notice("x")); err == nil || !strings.Contains(err.Error(), "not done after 50ms") {
		t.Errorf("a program that hangs: %v", err)
	}
}

func TestRetryAfter(t *testing.T) {
	for in, want := range map[string]time.Duration{"": 0, "5": 5 * time.Second, "-1": 0, "soon": 0, noon.Add(time.Minute).Format(http.TimeFormat): time.Minute, noon.Add(-time.Minute).Format(http.TimeFormat): 0} {
		if got := retryAfter(in, noon); got != want {
			t.Errorf("retryAfter(%q) = %s, want %s", in, got, want)
		}
	}
	c := &clock{}
	err := retry(t.Context(), c, func(context.Context) error { return &temporary{errors.New("busy"), time.Hour} })
	if err == nil || len(c.slept) != 0 {
		t.Errorf("a receiver that asks for an hour: %v, waits %v", err, c.slept)
	}
}
