package main

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"weir/internal/network"
)

// knownNetworks are what the user's file and the files that it names say, and weir's own ports where there is no file.
type knownNetworks struct {
	Book  *network.Book
	Ports *network.Ports
	File  *network.File
	Lists []networkList
}

// networkList is a list of threats with the time of its file.
type networkList struct {
	*network.List
	Changed time.Time
}

// networks reads the file of the setting network, and what it names. Lines of lists that are left out are said on stderr.
func (a *app) networks(now time.Time) (*knownNetworks, error) {
	k := &knownNetworks{Ports: network.DefaultPorts(), File: &network.File{}}
	path := a.settings.Network
	if path != "" {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read networks: %w", err)
		}
		if k.File, err = network.ParseFile(path, text); err != nil {
			return nil, err
		}
		k.Ports = k.File.Ports
	}
	c := network.Config{Networks: k.File.Networks, Now: now}
	for _, name := range k.File.Threats {
		name = besideFile(path, name)
		info, err := os.Stat(name)
		if err != nil {
			return nil, fmt.Errorf("read list: %w", err)
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read list: %w", err)
		}
		l, err := network.ReadList(filepath.Base(name), text)
		if err != nil {
			return nil, err
		}
		a.sayBadLines(l)
		k.Lists = append(k.Lists, networkList{l, info.ModTime()})
		c.Lists = append(c.Lists, l)
	}
	for _, f := range []struct {
		name string
		to   *[]byte
	}{{k.File.AWSRanges, &c.AWSRanges}, {k.File.Country, &c.Country}, {k.File.ASN, &c.ASN}} {
		if f.name == "" {
			continue
		}
		text, err := os.ReadFile(besideFile(path, f.name))
		if err != nil {
			return nil, fmt.Errorf("read networks: %w", err)
		}
		if len(text) == 0 {
			return nil, fmt.Errorf("read networks: %s is empty", besideFile(path, f.name))
		}
		*f.to = text
	}
	var err error
	k.Book, err = network.New(c)
	return k, err
}

// sayBadLines says what of a list does not count: a few lines, and how many.
func (a *app) sayBadLines(l *network.List) {
	const most = 3
	for i, bad := range l.Bad {
		if i == most {
			fmt.Fprintf(a.stderr, "warning: %s: left out, %s more\n", printable(l.Name), counted(len(l.Bad)-most, "line"))
			break
		}
		fmt.Fprintf(a.stderr, "warning: %s: left out\n", printable(bad.Error()))
	}
}

func newNetworkCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "network [ADDRESS...]",
		Short: "Say what is known of addresses, or what weir was told of networks",
		Long: `Says what weir knows of each address: its scope (own, private, internet, aws, special), the row of IANA's
registries that it is in, and what the file of the setting network says: the network of yours, its zone and
whether it is trusted, lists of threats, country and autonomous system.

Without an address, it says what was read: networks, lists with the age of their files, databases, and sets of ports.`,
		Example: `  weir network 10.20.3.4 100.64.0.1 8.8.8.8
  weir network --network-file networks.yaml -o json 192.0.2.1
  weir network`,
		RunE: func(cmd *cobra.Command, args []string) error {
			out, err := a.outputFormat("table", outputFormats...)
			if err != nil {
				return err
			}
			addresses := make([]netip.Addr, len(args))
			for i, arg := range args {
				if addresses[i], err = netip.ParseAddr(arg); err != nil {
					return fmt.Errorf("%q is not an address", arg)
				}
			}
			now := time.Now()
			k, err := a.networks(now)
			if err != nil {
				return err
			}
			if len(args) == 0 {
				return k.summary(a.settings.Network, now).write(a.stdout, out)
			}
			l := list{columns: []string{"address", "scope", "registry", "rfc", "network", "zone", "trusted", "country", "asn", "service", "lists"}}
			if out != "table" {
				l.columns = append(l.columns, "registry_block", "network_block", "expires", "note", "region")
			}
			for i, addr := range addresses {
				l.add(explained(args[i], k.Book.Explain(addr))[:len(l.columns)]...)
			}
			return l.write(a.stdout, out)
		},
	}
	addSettingFlags(cmd, "network")
	return cmd
}

func explained(address string, d network.Details) []any {
	var registry, rfc, registryBlock, block, expires, asn any
	if e := d.Entry; e != nil {
		registry, rfc, registryBlock = e.Name, e.RFC, e.Block.String()
	}
	if d.Block.IsValid() {
		block = d.Block.String()
	}
	if !d.Expires.IsZero() {
		expires = d.Expires.UTC().Format(time.RFC3339)
	}
	if d.ASN > 0 {
		asn = d.ASN
	}
	return []any{address, string(d.Scope), registry, rfc, nullIfEmpty(d.Network), nullIfEmpty(d.Zone), d.Trusted, nullIfEmpty(d.Country), asn,
		nullIfEmpty(d.Service), nullIfEmpty(strings.Join(d.Lists, ", ")), registryBlock, block, expires, nullIfEmpty(d.Note), nullIfEmpty(d.Region)}
}

// summary says what there is: one row per thing.
func (k *knownNetworks) summary(file string, now time.Time) *list {
	l := &list{columns: []string{"kind", "name", "entries", "detail"}}
	l.add("registry", "IANA special-purpose addresses", len(network.Registry()), "comes with weir")
	if file != "" {
		l.add("file", file, nil, nil)
	}
	for _, n := range k.File.Networks {
		var words []string
		if n.Zone != "" {
			words = append(words, "zone "+n.Zone)
		}
		if n.Own {
			words = append(words, "own")
		}
		switch {
		case n.Trusted && n.Expires.IsZero():
			words = append(words, "trusted")
		case n.Trusted && now.Before(n.Expires):
			words = append(words, "trusted until "+n.Expires.UTC().Format(time.RFC3339))
		case n.Trusted:
			words = append(words, "trusted no longer, since "+n.Expires.UTC().Format(time.RFC3339))
		}
		l.add("network", n.Name, len(n.Prefixes), nullIfEmpty(strings.Join(words, ", ")))
	}
	for _, t := range k.Lists {
		detail := "changed " + counted(int(now.Sub(t.Changed).Hours()/24), "day") + " ago"
		if len(t.Bad) > 0 {
			detail += ", " + counted(len(t.Bad), "line") + " left out"
		}
		if t.Inside > 0 {
			detail += ", " + count(int64(t.Inside)) + " not of the internet"
		}
		l.add("list", t.Name, len(t.Prefixes), detail)
	}
	for _, f := range []struct{ kind, name string }{{"aws ranges", k.File.AWSRanges}, {"countries", k.File.Country}, {"asns", k.File.ASN}} {
		if f.name != "" {
			l.add(f.kind, f.name, nil, nil)
		}
	}
	for _, set := range k.Ports.Sets() {
		n, words := 0, []string{}
		for _, r := range k.Ports.Ranges(set) {
			n += r.Last - r.First + 1
			if r.First == r.Last {
				words = append(words, fmt.Sprint(r.First))
			} else {
				words = append(words, fmt.Sprintf("%d-%d", r.First, r.Last))
			}
		}
		l.add("ports", set, n, strings.Join(words, " "))
	}
	return l
}
