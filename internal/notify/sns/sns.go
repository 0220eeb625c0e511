// Package sns is the channel that publishes notices to a topic of Amazon SNS.
//
// Start at New. The text is for people, as subscriptions by mail show it; programs read the attributes, and with Raw the
// notice's JSON. It leaves retries to the AWS SDK, bounded by timeout. What must hold: a notice that is sent again has
// the same deduplication ID, so that a FIFO topic drops it.
package sns

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"weir/internal/notify"
)

// Topic is a Notifier.
type Topic struct {
	name, arn string
	raw       bool
	client    *sdk.Client
}

// New makes the channel. Raw publishes JSON instead of text.
func New(name, arn string, raw bool, client *sdk.Client) (*Topic, error) {
	if p := strings.Split(arn, ":"); len(p) != 6 || p[0] != "arn" || p[2] != "sns" || p[5] == "" {
		return nil, fmt.Errorf("topic %q: must be arn:aws:sns:REGION:ACCOUNT:NAME", arn)
	}
	return &Topic{name, arn, raw, client}, nil
}

// Name is the channel's.
func (t *Topic) Name() string { return t.name }

// timeout bounds a Send with all of the SDK's retries.
const timeout = time.Minute

// Bounds of SNS (API reference, Publish, from memory): a subject has at most 100 characters of ASCII and begins with no
// blank; a message has 256 KB, of which some are left for attributes.
const (
	maxSubject = 100
	maxMessage = 200 << 10
)

// Send publishes the notice.
func (t *Topic) Send(ctx context.Context, n notify.Notice) error {
	message := n.Text()
	if t.raw {
		b, err := n.JSON()
		if err != nil {
			return err
		}
		message = string(b)
		for len(message) > maxMessage && len(n.Findings) > 1 { // fewer findings, and JSON all the same
			n.More += len(n.Findings) - len(n.Findings)/2
			n.Findings = n.Findings[:len(n.Findings)/2]
			if b, err = n.JSON(); err != nil {
				return err
			}
			message = string(b)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	rule := ""
	if len(n.Findings) == 1 {
		rule = n.Findings[0].Rule
	}
	in := &sdk.PublishInput{TopicArn: &t.arn, Message: &message, Subject: aws.String(subject(n.Subject())), MessageAttributes: map[string]types.MessageAttributeValue{}}
	for name, value := range map[string]string{"severity": n.Severity(), "kind": n.Kind, "key": n.Key, "rule": rule} {
		if value != "" {
			in.MessageAttributes[name] = types.MessageAttributeValue{DataType: aws.String("String"), StringValue: aws.String(value)}
		}
	}
	if strings.HasSuffix(t.arn, ".fifo") {
		sum := sha256.Sum256([]byte(n.Key))
		in.MessageDeduplicationId, in.MessageGroupId = aws.String(hex.EncodeToString(sum[:])), aws.String("weir")
	}
	if _, err := t.client.Publish(ctx, in); err != nil {
		return fmt.Errorf("publish to %s: %w", t.arn, err)
	}
	return nil
}

// subject is text as SNS takes it: what is not ASCII is a question mark.
func subject(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
	s = strings.TrimSpace(s)
	if len(s) > maxSubject {
		s = s[:maxSubject-3] + "..."
	}
	if s == "" {
		s = "weir"
	}
	return s
}
