package s3test

import (
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Faults says how often answers are broken, each as a share of the requests from 0 to 1, and in which way. What
// happens to a request follows from the seed, the request, and how often it came before: not from the order in which
// requests of several connections come in.
type Faults struct {
	Seed     uint64
	SlowDown float64 // 503, as S3 under load
	Cut      float64 // the connection is cut in the body
	Short    float64 // a whole answer, but with the first part of the body only
	Stall    float64 // a part of the body, and then nothing until the client gives up

	// Only limits faults to requests for which it returns true; nil means GET requests, which is what readers send.
	Only func(*http.Request) bool
}

// Proxy is an S3 server that fails now and then.
type Proxy struct {
	Endpoint string // URL

	faults  Faults
	backend string // URL
	http    http.RoundTripper

	mu     sync.Mutex
	seen   map[string]int
	counts map[string]int
}

// Faulty starts a proxy before the server, until the end of the test.
func (s *Server) Faulty(t testing.TB, f Faults) *Proxy {
	t.Helper()
	if f.Only == nil {
		f.Only = func(r *http.Request) bool { return r.Method == http.MethodGet }
	}
	p := &Proxy{
		faults: f, backend: s.Endpoint,
		http: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true},
		seen: map[string]int{}, counts: map[string]int{},
	}
	server := httptest.NewServer(p)
	p.Endpoint = server.URL
	t.Cleanup(func() {
		server.CloseClientConnections() // ends what stalls
		server.Close()
	})
	return p
}

// Counts says how many requests came, by what became of them: "ok", "503", "cut", "short", "stall".
func (p *Proxy) Counts() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.counts)
}

// ServeHTTP passes a request on, and breaks the answer if it is its turn.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	fault, share := p.draw(r)
	if fault == "503" {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(http.StatusServiceUnavailable)
		io.WriteString(w, `<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>`)
		return
	}
	out := r.Clone(r.Context())
	out.RequestURI = ""
	out.URL.Scheme, out.URL.Host = "http", strings.TrimPrefix(p.backend, "http://")
	out.Host = r.Host // it is signed
	resp, err := p.http.RoundTrip(out)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer resp.Body.Close()
	maps.Copy(w.Header(), resp.Header)
	if fault == "ok" || resp.StatusCode >= 300 || resp.ContentLength == 0 {
		w.WriteHeader(resp.StatusCode)
		io.Copy(w, resp.Body)
		return
	}
	length := resp.ContentLength
	var body io.Reader = resp.Body
	if length < 0 { // sent in chunks: the length must be known to be wrong about it
		all, err := io.ReadAll(resp.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		length, body = int64(len(all)), strings.NewReader(string(all))
	}
	part := int64(share * float64(length))
	if fault == "short" {
		length = part
	}
	w.Header().Set("Content-Length", strconv.FormatInt(length, 10))
	w.WriteHeader(resp.StatusCode)
	io.CopyN(w, body, part)
	switch fault {
	case "cut":
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	case "stall":
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}
}

// draw decides what becomes of a request, and how much of its body arrives.
func (p *Proxy) draw(r *http.Request) (fault string, share float64) {
	id := fmt.Sprintf("%s %s %s", r.Method, r.URL, r.Header.Get("Range"))
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen[id]++
	h := fnv.New64a()
	fmt.Fprintf(h, "%s %d", id, p.seen[id])
	rnd := rand.New(rand.NewPCG(p.faults.Seed, h.Sum64()))
	x, f := rnd.Float64(), p.faults
	fault = "ok"
	if f.Only(r) {
		for _, c := range []struct {
			name  string
			share float64
		}{{"503", f.SlowDown}, {"cut", f.Cut}, {"short", f.Short}, {"stall", f.Stall}} {
			if x < c.share {
				fault = c.name
				break
			}
			x -= c.share
		}
	}
	p.counts[fault]++
	return fault, rnd.Float64()
}
