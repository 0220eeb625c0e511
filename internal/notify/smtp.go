package notify

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/smtp"
	"net/textproto"
	"strings"
	"time"
)

// SMTP is a channel that sends mail. The way to the server is encrypted, or the server is this machine.
type SMTP struct {
	ChannelName string
	Server      string // host:port
	TLS         string // starttls (also ""), tls (from the first byte), none
	User        string // "" for no login
	Password    string
	From        string
	To          []string
	Clock       Clock
	Config      *tls.Config // nil: the system's roots
}

// Name is the channel's.
func (s *SMTP) Name() string { return s.ChannelName }

// Send sends one mail to all receivers.
func (s *SMTP) Send(ctx context.Context, n Notice) error {
	from, err := mail.ParseAddress(s.From)
	if err != nil {
		return fmt.Errorf("send mail: from %q: %w", s.From, err)
	}
	var to []*mail.Address
	for _, t := range s.To {
		a, err := mail.ParseAddress(t)
		if err != nil {
			return fmt.Errorf("send mail: to %q: %w", t, err)
		}
		to = append(to, a)
	}
	message, err := mailText(n, from, to)
	if err != nil {
		return fmt.Errorf("send mail: %w", err)
	}
	return retry(ctx, s.Clock, func(ctx context.Context) error { return s.deliver(ctx, from, to, message) })
}

func (s *SMTP) deliver(ctx context.Context, from *mail.Address, to []*mail.Address, message []byte) error {
	host, _, err := net.SplitHostPort(s.Server)
	if err != nil {
		return fmt.Errorf("send mail: server: %w", err)
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.Server)
	if err != nil {
		return &temporary{err: fmt.Errorf("send mail: %w", err)}
	}
	raw := conn
	defer raw.Close()
	if t, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(t)
	}
	defer context.AfterFunc(ctx, func() { raw.Close() })()
	config := &tls.Config{}
	if s.Config != nil {
		config = s.Config.Clone()
	}
	config.ServerName, config.MinVersion = host, tls.VersionTLS12
	if s.TLS == "tls" {
		conn = tls.Client(conn, config)
	}
	c, err := smtp.NewClient(conn, host)
	if err != nil {
		return smtpError("greet", err)
	}
	defer c.Close()
	if s.TLS == "" || s.TLS == "starttls" {
		if ok, _ := c.Extension("STARTTLS"); !ok {
			if !isLoopback(host) {
				return errors.New("send mail: the server offers no STARTTLS, and the mail would go in clear")
			}
		} else if err := c.StartTLS(config); err != nil {
			return smtpError("encrypt", err)
		}
	}
	if s.User != "" {
		if err := c.Auth(smtp.PlainAuth("", s.User, s.Password, host)); err != nil {
			return smtpError("log in", err)
		}
	}
	if err := c.Mail(from.Address); err != nil {
		return smtpError("from", err)
	}
	for _, t := range to {
		if err := c.Rcpt(t.Address); err != nil {
			return smtpError("to "+t.Address, err)
		}
	}
	w, err := c.Data()
	if err != nil {
		return smtpError("data", err)
	}
	if _, err := w.Write(message); err != nil {
		return smtpError("data", err)
	}
	if err := w.Close(); err != nil {
		return smtpError("data", err)
	}
	_ = c.Quit() // the server has said that it has the mail
	return nil
}

// smtpError tells what is worth another try: what the server says with a 4, and a connection that breaks.
func smtpError(doing string, err error) error {
	wrapped := fmt.Errorf("send mail: %s: %w", doing, err)
	var p *textproto.Error
	var n net.Error
	switch {
	case errors.As(err, &p) && p.Code >= 500:
		return wrapped
	case errors.As(err, &p), errors.As(err, &n), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &temporary{err: wrapped}
	}
	return wrapped
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

var mailPage = template.Must(template.New("mail").Parse(`<!doctype html><html><body style="font-family:sans-serif;line-height:1.5">
{{range .Findings}}<p><b>{{.Severity}}: {{.Title}}</b><br>{{.Summary}}<br><span style="color:#555">{{.Where}}</span><br><code>weir findings show {{.ID}}</code></p>
{{end}}{{if .More}}<p>and {{.More}} more ({{.Counts}} in all)</p>{{end}}{{if .Test}}<p>This is a test. Nothing was found.</p>{{end}}
</body></html>
`))

// mailText is the whole mail. Header values are encoded or made by mail.Address, so that no text of a finding can begin
// a header of its own.
func mailText(n Notice, from *mail.Address, to []*mail.Address) ([]byte, error) {
	sum := sha256.Sum256([]byte(n.Key))
	id := hex.EncodeToString(sum[:16])
	_, domain, ok := strings.Cut(from.Address, "@")
	if !ok || strings.ContainsAny(domain, "<> \t\r\n") {
		domain = "weir.invalid"
	}
	var receivers []string
	for _, t := range to {
		receivers = append(receivers, t.String())
	}
	var b bytes.Buffer
	parts := multipart.NewWriter(&b)
	if err := parts.SetBoundary("weir-" + id); err != nil { // the same mail for the same notice
		return nil, err
	}
	for _, h := range [][2]string{
		{"From", from.String()}, {"To", strings.Join(receivers, ", ")}, {"Subject", mime.QEncoding.Encode("utf-8", n.Subject())},
		{"Date", n.Time.UTC().Format(time.RFC1123Z)}, {"Message-ID", "<" + id + "@" + domain + ">"}, {"Auto-Submitted", "auto-generated"},
		{"MIME-Version", "1.0"}, {"Content-Type", `multipart/alternative; boundary="` + parts.Boundary() + `"`},
	} {
		fmt.Fprintf(&b, "%s: %s\r\n", h[0], h[1])
	}
	b.WriteString("\r\n")
	type row struct{ Severity, Title, Summary, Where, ID string }
	page := struct {
		Findings []row
		More     int
		Counts   string
		Test     bool
	}{More: n.More, Counts: n.counts(), Test: n.Kind == KindTest}
	for _, f := range n.Findings {
		page.Findings = append(page.Findings, row{line(f.Severity, 20), line(f.Title, maxLine), line(f.Summary, maxLine), line(place(f), maxLine), line(f.ID, maxLine)})
	}
	var html bytes.Buffer
	if err := mailPage.Execute(&html, page); err != nil {
		return nil, err
	}
	for _, p := range []struct{ kind, text string }{{"plain", n.Text()}, {"html", html.String()}} {
		w, err := parts.CreatePart(textproto.MIMEHeader{"Content-Type": {"text/" + p.kind + "; charset=utf-8"}, "Content-Transfer-Encoding": {"quoted-printable"}})
		if err != nil {
			return nil, err
		}
		q := quotedprintable.NewWriter(w)
		if _, err := io.WriteString(q, p.text); err != nil {
			return nil, err
		}
		if err := q.Close(); err != nil {
			return nil, err
		}
	}
	if err := parts.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
