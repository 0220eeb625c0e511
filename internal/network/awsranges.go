package network

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/gaissmai/bart"
)

// awsRanges are the blocks of AWS's ip-ranges.json. AWS VPC User Guide, "Syntax for AWS IP address
// range JSON", read 2026-11: AMAZON has all blocks, and those of a service are there again under its name. That anybody's machine may
// be where EC2 is named is our reading; the guide only says that some services use EC2's blocks as well.
type awsRanges struct{ table bart.Table[awsRange] }

type awsRange struct {
	service string // "S3"; "EC2" wherever anybody may rent the address
	region  string
}

// tenants are names that say nothing about who is behind an address: everybody's machines are there.
const (
	allOfAWS = "AMAZON"
	tenants  = "EC2"
)

var errNoRanges = errors.New("no prefixes in it: not AWS's ip-ranges.json")

func readAWSRanges(text []byte) (*awsRanges, error) {
	r := &awsRanges{}
	if len(text) == 0 {
		return r, nil
	}
	var file struct {
		Prefixes []struct {
			Prefix  string `json:"ip_prefix"`
			Service string `json:"service"`
			Region  string `json:"region"`
		} `json:"prefixes"`
		IPv6 []struct {
			Prefix  string `json:"ipv6_prefix"`
			Service string `json:"service"`
			Region  string `json:"region"`
		} `json:"ipv6_prefixes"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return r, err
	}
	type block struct {
		netip.Prefix
		awsRange
	}
	var blocks []block
	add := func(prefix, service, region string) error {
		p, err := parseBlock(prefix)
		if err != nil {
			return fmt.Errorf("%q: %w", shorten(prefix), err)
		}
		blocks = append(blocks, block{p, awsRange{service, region}})
		return nil
	}
	for _, p := range file.Prefixes {
		if err := add(p.Prefix, p.Service, p.Region); err != nil {
			return r, err
		}
	}
	for _, p := range file.IPv6 {
		if err := add(p.Prefix, p.Service, p.Region); err != nil {
			return r, err
		}
	}
	if len(blocks) == 0 {
		return r, errNoRanges
	}
	// Widest first; of one block a service's own name beats EC2, and that AMAZON. The rest is by name, so that the same file
	// always says the same.
	rank := func(service string) int {
		switch service {
		case allOfAWS:
			return 0
		case tenants:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(blocks, func(x, y block) int {
		return cmp.Or(cmp.Compare(x.Bits(), y.Bits()), cmp.Compare(rank(x.service), rank(y.service)), cmp.Compare(y.service, x.service))
	})
	for _, b := range blocks {
		// AMAZON alone means AWS itself, unless the block is a piece of what has a name.
		if around, ok := r.table.LookupPrefix(b.Prefix); ok && b.service == allOfAWS && around.service != allOfAWS {
			continue
		}
		r.table.Insert(b.Prefix, b.awsRange)
	}
	return r, nil
}

// lookup returns the service that has an address, or "". An address of EC2 is the internet like any other: what scans and
// steals is rented there, too.
func (r *awsRanges) lookup(a netip.Addr) string {
	if x, ok := r.table.Lookup(a); ok && x.service != tenants {
		return x.service
	}
	return ""
}
