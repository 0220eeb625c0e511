package notify

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net"
	"net/http/httptest"
	"net/mail"
	"strings"
	"testing"
)

// mailServer is a real, small SMTP server: it greets, encrypts, logs in, takes mail. Its certificate is httptest's, for
// 127.0.0.1.
type mailServer struct {
	addr   string
	config *tls.Config // for the client
	mails  chan string // each: whether it was encrypted, the receivers, the text
	busy   int         // times that it says 451 first
	plain  bool        // offers no STARTTLS
}

func startMail(t *testing.T, s *mailServer) *mailServer {
	web := httptest.NewTLSServer(nil)
	t.Cleanup(web.Close)
	roots := x509.NewCertPool()
	roots.AddCert(web.Certificate())
	s.config, s.mails = &tls.Config{RootCAs: roots}, make(chan string, 10)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	s.addr = l.Addr().String()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.serve(c, web.TLS.Certificates)
		}
	}()
	return s
}

func (s *mailServer) serve(c net.Conn, certs []tls.Certificate) {
	defer func() { c.Close() }()
	r := bufio.NewReader(c)
	say := func(format string, args ...any) { fmt.Fprintf(c, format+"\r\n", args...) }
	say("220 here")
	encrypted, to, login := false, []string{}, ""
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		switch word, rest, _ := strings.Cut(strings.TrimSpace(line), " "); strings.ToUpper(word) {
		case "EHLO":
			if !s.plain && !encrypted {
				say("250-here\r\n250 STARTTLS")
			} else {
				say("250-here\r\n250 AUTH PLAIN")
			}
		case "STARTTLS":
			say("220 go")
			t := tls.Server(c, &tls.Config{Certificates: certs})
			if t.Handshake() != nil {
				return
			}
			c, r, encrypted = t, bufio.NewReader(t), true
		case "AUTH":
			b, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(rest, "PLAIN "))
			login = strings.ReplaceAll(string(b), "\x00", "/")
			if !strings.HasSuffix(login, "/pass") {
				say("535 no")
				return
			}
			say("235 ok")
		case "RCPT":
			to = append(to, rest)
			say("250 ok")
		case "DATA":
			if s.busy > 0 {
				s.busy--
				say("451 later")
				continue
			}
			say("354 go")
			var b strings.Builder
			for {
				line, err := r.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				b.WriteString(line)
			}
			s.mails <- fmt.Sprintf("%v %v %s\n%s", encrypted, to, login, b.String())
			say("250 ok")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func TestSMTP(t *testing.T) {
	s := startMail(t, &mailServer{busy: 1})
	c := &clock{}
	ch := &SMTP{ChannelName: "mail", Server: s.addr, User: "me", Password: "pass", From: "Weir <weir@example.com>", To: []string{"a@example.com", "B <b@example.com>"}, Clock: c, Config: s.config}
	evil := "x\r\nBcc: victim@example.com\r\n\r\n<script>alert(1)</script> é\u202e"
	if err := ch.Send(t.Context(), notice(evil)); err != nil {
		t.Fatal(err)
	}
	if len(c.slept) != 1 {
		t.Errorf("waits %v, want one: the server was busy once", c.slept)
	}
	head, text, _ := strings.Cut(<-s.mails, "\n")
	if head != "true [TO:<a@example.com> TO:<b@example.com>] /me/pass" {
		t.Errorf("encrypted, receivers, login: %s", head)
	}
	m, err := mail.ReadMessage(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Header["Bcc"]) != 0 || !strings.HasSuffix(m.Header.Get("Message-Id"), "@example.com>") || !strings.HasPrefix(m.Header.Get("Content-Type"), "multipart/alternative") {
		t.Errorf("header %v", m.Header)
	}
	if strings.Contains(text, "<script>") && strings.Contains(text[strings.Index(text, "text/html"):], "<script>") {
		t.Error("the page has a script")
	}
	if !strings.Contains(text, "weir findings show exposed-1") {
		t.Errorf("the mail does not say what to type:\n%s", text)
	}

	again := m.Header.Get("Message-Id")
	if err := ch.Send(t.Context(), notice(evil)); err != nil {
		t.Fatal(err)
	}
	_, text, _ = strings.Cut(<-s.mails, "\n")
	if !strings.Contains(text, again) {
		t.Error("the same notice has another Message-ID")
	}
}

func TestSMTPErrors(t *testing.T) {
	s := startMail(t, &mailServer{})
	ch := &SMTP{Server: s.addr, User: "me", Password: "s3cr3t", From: "weir@example.com", To: []string{"a@example.com"}, Clock: &clock{}, Config: s.config}
	if err := ch.Send(t.Context(), notice("x")); err == nil || strings.Contains(err.Error(), "s3cr3t") || !strings.Contains(err.Error(), "log in: 535") {
		t.Errorf("wrong password: %v", err)
	}
	ch.Config = nil // nobody knows the certificate
	if err := ch.Send(t.Context(), notice("x")); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("unknown certificate: %v", err)
	}
	ch.Config, ch.From = s.config, "weir@example.com>\r\nRCPT TO:<x@y"
	if err := ch.Send(t.Context(), notice("x")); err == nil {
		t.Error("an address with a line break was taken")
	}
	if len(s.mails) > 0 {
		t.Errorf("mail arrived: %s", <-s.mails)
	}
}

// Without encryption mail goes to this machine only.
func TestSMTPInClear(t *testing.T) {
	if isLoopback("mail.example.com") || isLoopback("10.0.0.1") || !isLoopback("127.0.0.1") || !isLoopback("::1") || !isLoopback("localhost") {
		t.Error("isLoopback")
	}
	s := startMail(t, &mailServer{plain: true})
	ch := &SMTP{Server: s.addr, From: "weir@example.com", To: []string{"a@example.com"}, Clock: &clock{}}
	if err := ch.Send(t.Context(), notice("x")); err != nil {
		t.Error(err)
	}
}
