package report

import (
	"encoding/json"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"weir/internal/finding"
)

// severities has the severities, the worst first.
var severities = worstFirst()

func worstFirst() []string {
	s := slices.Clone(finding.Severities)
	slices.Reverse(s)
	return s
}

// Severities lists the severities, the worst first.
func Severities() []string { return slices.Clone(severities) }

// Sorted returns findings in the order in which people want them: what is open before what is settled, the worst first,
// then the latest, then by ID so that the order is always the same.
func Sorted(in []*finding.Finding) []*finding.Finding {
	out := slices.Clone(in)
	slices.SortStableFunc(out, func(a, b *finding.Finding) int {
		if sa, sb := isSettled(a.State), isSettled(b.State); sa != sb {
			if sa {
				return 1
			}
			return -1
		}
		if d := finding.Rank(b.Severity) - finding.Rank(a.Severity); d != 0 {
			return d
		}
		if d := b.LastSeen.Compare(a.LastSeen); d != 0 {
			return d
		}
		return strings.Compare(a.ID, b.ID)
	})
	return out
}

func isSettled(state string) bool {
	return state == finding.StateResolved || state == finding.StateSuppressed
}

// pair is a name with its value, where the order matters.
type pair struct{ name, value string }

// details are a finding's details by name, as text.
func details(f *finding.Finding) (out []pair) {
	for name, v := range f.Details {
		out = append(out, pair{name, valueText(v)})
	}
	slices.SortFunc(out, func(a, b pair) int { return strings.Compare(a.name, b.name) })
	return out
}

// valueText is a value of a details column or an argument as text. NULL is the empty text.
func valueText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case time.Time:
		return timeText(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case fmt.Stringer:
		return v.String()
	}
	if b, err := json.Marshal(plain(v)); err == nil {
		return string(b)
	}
	return fmt.Sprint(v)
}

// plain is a value that JSON can hold: it has no number that is none, and bytes are text.
func plain(v any) any {
	switch v := v.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return strconv.FormatFloat(v, 'g', -1, 64)
		}
	case float32:
		return plain(float64(v))
	case []byte:
		return fmt.Sprintf("%x", v)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = plain(v[i])
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(v))
		for k := range v {
			out[k] = plain(v[k])
		}
		return out
	}
	if _, err := json.Marshal(v); err != nil {
		return fmt.Sprint(v)
	}
	return v
}

func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// number is the value of a column that may be NULL.
func number(n *int) string {
	if n == nil {
		return ""
	}
	return strconv.Itoa(*n)
}

// protocolNames has IANA's names of the protocols that people know by name.
var protocolNames = map[int]string{1: "ICMP", 6: "TCP", 17: "UDP", 47: "GRE", 50: "ESP", 58: "ICMPv6", 132: "SCTP"}

func protocolName(f *finding.Finding) string {
	if f.Protocol == nil {
		return ""
	}
	if n := protocolNames[*f.Protocol]; n != "" {
		return n
	}
	return number(f.Protocol)
}

// direction says which way the client's traffic goes across the border of what is ours, as far as two addresses tell.
type direction int

const (
	unknownDirection direction = iota
	inbound
	outbound
	lateral
)

// directionOf tells it from the addresses. Public addresses of one's own make it unknown, not wrong.
func directionOf(f *finding.Finding) direction {
	client, errC := netip.ParseAddr(f.Client)
	server, errS := netip.ParseAddr(f.Server)
	if errC != nil || errS != nil {
		return unknownDirection
	}
	switch in, out := isInside(client), isInside(server); {
	case in && out:
		return lateral
	case in:
		return outbound
	case out:
		return inbound
	}
	return unknownDirection
}

// sharedSpace is carrier-grade NAT's, RFC 6598, which VPCs may use, too.
var sharedSpace = netip.MustParsePrefix("100.64.0.0/10")

func isInside(a netip.Addr) bool { return a.IsPrivate() || sharedSpace.Contains(a) }

// title is what a finding is called: by itself, else by its rule.
func (d *Document) title(f *finding.Finding) string {
	for _, t := range []string{f.Title, d.Rules(f.Rule).Title, f.Rule} {
		if t != "" {
			return t
		}
	}
	return f.ID
}

// techniques are those of the finding, else of its rule.
func (d *Document) techniques(f *finding.Finding) []string {
	if len(f.Techniques) > 0 {
		return f.Techniques
	}
	return d.Rules(f.Rule).Techniques
}

// techniqueURL is the page of a technique of MITRE ATT&CK: T1021.001 is at T1021/001.
func techniqueURL(id string) string {
	return "https://attack.mitre.org/techniques/" + strings.ReplaceAll(id, ".", "/") + "/"
}

// isTechnique tells whether id is one, and not text that would make a link to somewhere else.
func isTechnique(id string) bool {
	main, sub, has := strings.Cut(id, ".")
	digits := func(s string, n int) bool {
		return len(s) == n && strings.Trim(s, "0123456789") == ""
	}
	return strings.HasPrefix(main, "T") && digits(main[1:], 4) && (!has || digits(sub, 3))
}

// isURL tells whether a reference may be a link. What is longer than any browser likes is none.
func isURL(s string) bool {
	return len(s) <= 2000 && (strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://"))
}

// bounded is a value of JSON in which no text, and no key, is longer than n characters.
func bounded(v any, n int) any {
	switch v := v.(type) {
	case string:
		return Cut(v, n)
	case []string:
		out := make([]string, len(v))
		for i := range v {
			out[i] = Cut(v[i], n)
		}
		return out
	case []any:
		for i := range v {
			v[i] = bounded(v[i], n)
		}
	case []object:
		for i := range v {
			v[i] = bounded(v[i], n).(object)
		}
	case object:
		out := make(object, len(v))
		for k := range v {
			out[Cut(k, n)] = bounded(v[k], n)
		}
		return out
	}
	return v
}

// partition is the part of AWS that a region is in.
func partition(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}

// resource is a thing of AWS that a finding is about.
type resource struct{ kind, id, arn string }

// resources are the things that a finding names, the nearest first.
func (d *Document) resources(f *finding.Finding) (out []resource) {
	account, region := d.place(f)
	add := func(kind, path, id string) {
		if id != "" {
			out = append(out, resource{kind, id, fmt.Sprintf("arn:%s:ec2:%s:%s:%s/%s", partition(region), region, account, path, id)})
		}
	}
	add("AwsEc2NetworkInterface", "network-interface", f.InterfaceID)
	for _, p := range details(f) {
		switch p.name {
		case "instance_id":
			add("AwsEc2Instance", "instance", p.value)
		case "subnet_id":
			add("AwsEc2Subnet", "subnet", p.value)
		}
	}
	add("AwsEc2Vpc", "vpc", f.VPCID)
	return out
}

// place is the account and region of a finding, or those that stand in for them.
func (d *Document) place(f *finding.Finding) (account, region string) {
	account, region = f.AccountID, f.Region
	if account == "" {
		account = d.Account
	}
	if region == "" {
		region = d.Region
	}
	return account, region
}
