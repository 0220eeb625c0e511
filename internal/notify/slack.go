package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"weir/internal/report"
)

// Slack is a channel that posts to an incoming webhook of Slack, or of what speaks like it. Slack knows no keys: a
// repeat is shown twice, and the key is in its text to tell.
type Slack struct {
	ChannelName string
	URL         string // is a secret
	Clock       Clock
	Client      *http.Client
}

// Name is the channel's.
func (s *Slack) Name() string { return s.ChannelName }

// mrkdwn makes text that Slack shows as it is (Slack, "Formatting text for app surfaces", from memory): without &, < and
// > there are neither mentions nor links, and a zero-width space after what begins formatting keeps it from doing so. Bare
// addresses would become links, so their :// and their dots are broken, too.
func mrkdwn(s string, n int) string {
	s = line(s, n)
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "*", "*\u200b", "_", "_\u200b", "~", "~\u200b", "`", "'", "@", "@\u200b", "://", ":\u200b//", "www.", "www\u200b.").Replace(s)
}

// slackFindings is the number of findings in a message. Slack cuts texts of more than 4,000 characters.
const slackFindings = 5

// Send posts the notice.
func (s *Slack) Send(ctx context.Context, n Notice) error {
	var b strings.Builder
	fmt.Fprintf(&b, "*%s*\n", mrkdwn(strings.TrimPrefix(n.Subject(), "[weir] "), maxSubject))
	for i, f := range n.Findings {
		if i == slackFindings {
			break
		}
		fmt.Fprintf(&b, "\n*%s* %s\n%s\n", mrkdwn(f.Severity, 20), mrkdwn(f.Title, maxSubject), mrkdwn(f.Summary, 300))
		if where := place(f); where != "" {
			b.WriteString(mrkdwn(where, maxSubject) + "\n")
		}
		fmt.Fprintf(&b, "`weir findings show %s`\n", strings.ReplaceAll(mrkdwn(f.ID, 100), "\u200b", ""))
	}
	if more := n.total() - min(len(n.Findings), slackFindings); more > 0 {
		fmt.Fprintf(&b, "\nand %d more (%s in all)\n", more, n.counts())
	}
	body, err := json.Marshal(map[string]any{
		"text": report.Cut(b.String(), 3900), "mrkdwn": true, "unfurl_links": false, "unfurl_media": false, "parse": "none", "link_names": false,
	})
	if err != nil {
		return fmt.Errorf("write notice: %w", err)
	}
	return retry(ctx, s.Clock, func(ctx context.Context) error {
		return post(ctx, s.Client, s.Clock, s.URL, http.Header{headerKey: {n.Key}}, body)
	})
}
