package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"text/template"
	"time"

	"weir/internal/traffic"
)

// corpus is traffic to measure on.
type corpus struct {
	name     string
	config   traffic.Config
	last     time.Duration // only the steps of so much at its end are evaluated; 0: all
	ordinary bool          // there is no attack, so hardly anything may be found
}

func corpora() []*corpus {
	demo, fleet, weeks := traffic.DemoConfig(1), traffic.FleetConfig(2), traffic.WeeksConfig(3)
	demo.Attacks = append(demo.Attacks, "skips")
	for _, c := range []*traffic.Config{&demo, &fleet, &weeks} {
		c.Guarded = true // else the noise guesses passwords at the bastion, and that is not labelled
	}
	return []*corpus{
		{name: "demo", config: demo},
		{name: "fleet", config: fleet},
		// The days before the last are history: what a rule makes of them is not asked, for time's sake.
		{name: "weeks", config: weeks, last: 24 * time.Hour},
		{name: "ordinary", config: traffic.OrdinaryDayConfig(4), ordinary: true},
	}
}

// start and end are the ends of the corpus.
func (c *corpus) start() time.Time {
	if c.config.Start.IsZero() {
		return traffic.DefaultStart
	}
	return c.config.Start
}

func (c *corpus) end() time.Time {
	d := c.config.Duration
	if d == 0 {
		d = 24 * time.Hour
	}
	return c.start().Add(d)
}

// known is what the company tells weir of itself, as the templates see it.
type known struct {
	hosts map[string]netip.Addr
	dir   string
}

func (k known) Addr(host string) (string, error) {
	a, ok := k.hosts[host]
	if !ok {
		return "", fmt.Errorf("no host %s", host)
	}
	return netip.PrefixFrom(a, a.BitLen()).String(), nil
}

// Role lists the addresses of the hosts of a role: dev-1, dev-2, …
func (k known) Role(role string) (all []string) {
	for i := 1; ; i++ {
		a, ok := k.hosts[fmt.Sprintf("%s-%d", role, i)]
		if !ok {
			return all
		}
		all = append(all, netip.PrefixFrom(a, a.BitLen()).String())
	}
}

func (k known) File(name string) string { return filepath.Join(k.dir, name) }

//go:embed networks.yaml.tmpl
var networksText string

//go:embed settings.yaml.tmpl
var settingsText string

//go:embed threats.txt
var threatsText []byte

// declare writes what the user of weir would: settings, networks, and lists of threats. The relays of the list of Tor
// are those of the label, for they differ from seed to seed.
func (c *corpus) declare(dir string, labels []*traffic.Label) (settings string, err error) {
	hosts, err := traffic.Hosts(c.config)
	if err != nil {
		return "", err
	}
	tor := []byte("# relays\n185.220.101.1\n")
	for _, l := range labels {
		if l.Name == "tor" {
			for _, a := range l.Targets {
				tor = fmt.Appendln(tor, a)
			}
		}
	}
	k := known{hosts, dir}
	for name, text := range map[string]string{"networks.yaml": networksText, "weir.yaml": settingsText} {
		t, err := template.New(name).Parse(text)
		if err != nil {
			return "", err
		}
		var b bytes.Buffer
		if err := t.Execute(&b, k); err != nil {
			return "", err
		}
		if err := os.WriteFile(k.File(name), b.Bytes(), 0o666); err != nil {
			return "", err
		}
	}
	for name, text := range map[string][]byte{"threats.txt": threatsText, "tor.txt": tor} {
		if err := os.WriteFile(k.File(name), text, 0o666); err != nil {
			return "", err
		}
	}
	return k.File("weir.yaml"), nil
}

func has(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}
