package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Webhook is a channel that posts the notice's JSON to a URL.
type Webhook struct {
	ChannelName string
	URL         string // may hold a token, so that it is in no error
	Secret      string // signs the body; "" for no signature
	Clock       Clock
	Client      *http.Client // nil: one that follows no redirects
}

// Name is the channel's.
func (w *Webhook) Name() string { return w.ChannelName }

// Headers of a signed request: the signature is HMAC-SHA256, with the secret, of the timestamp, a full stop and the body.
const (
	headerSignature = "Weir-Signature"
	headerTimestamp = "Weir-Timestamp"
	headerKey       = "Idempotency-Key"
)

// Sign returns the signature of a body that is sent at a time, in seconds since 1970.
func Sign(secret string, seconds int64, body []byte) string {
	m := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(m, "%d.", seconds)
	m.Write(body)
	return "sha256=" + hex.EncodeToString(m.Sum(nil))
}

// Send posts the notice.
func (w *Webhook) Send(ctx context.Context, n Notice) error {
	body, err := n.JSON()
	if err != nil {
		return err
	}
	return retry(ctx, w.Clock, func(ctx context.Context) error {
		header := http.Header{headerKey: {n.Key}}
		if w.Secret != "" {
			at := w.Clock.Now().Unix()
			header.Set(headerTimestamp, strconv.FormatInt(at, 10))
			header.Set(headerSignature, Sign(w.Secret, at, body))
		}
		return post(ctx, w.Client, w.Clock, w.URL, header, body)
	})
}

// plainClient sends a notice where it was told to, and nowhere else: a redirect is an answer, not an order.
var plainClient = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// post is one attempt. No error of it has the URL: *url.Error does, so only its cause is kept.
func post(ctx context.Context, client *http.Client, clock Clock, to string, header http.Header, body []byte) error {
	if client == nil {
		client = plainClient
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return errors.New("post notice: the URL is none")
	}
	req.Header = header
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("User-Agent", "weir")
	resp, err := client.Do(req)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err
		}
		return &temporary{err: fmt.Errorf("post notice: %w", err)}
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, 64<<10) // so that the connection can be used again
	switch s := resp.StatusCode; {
	case s >= 200 && s < 300:
		return nil
	case s == http.StatusTooManyRequests || s >= 500 || s == http.StatusRequestTimeout:
		return &temporary{fmt.Errorf("post notice: HTTP status %d", s), retryAfter(resp.Header.Get("Retry-After"), clock.Now())}
	default:
		return fmt.Errorf("post notice: HTTP status %d", s)
	}
}

// retryAfter reads the header, which is a number of seconds or a date. 0 is no wish.
func retryAfter(s string, now time.Time) time.Duration {
	if n, err := strconv.Atoi(s); err == nil {
		return time.Duration(min(max(n, 0), 1e6)) * time.Second
	}
	if t, err := http.ParseTime(s); err == nil {
		return max(t.Sub(now), 0)
	}
	return 0
}
