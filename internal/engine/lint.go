package engine

import (
	"fmt"
	"net/netip"
	"strings"
)

// Warnings tells of things in a query that run but surely do not do what was meant. They are for people: print them
// beside the result.
func Warnings(sql string) []string {
	var out []string
	toks := Tokens(sql)
	for i, t := range toks {
		if t.Kind != String || i < 2 || !strings.Contains(t.Value(), "%") {
			continue
		}
		equals := toks[i-1].Is("=") && !toks[i-2].Is("<") && !toks[i-2].Is(">") && !toks[i-2].Is("!")
		unequal := toks[i-1].Is(">") && toks[i-2].Is("<") || toks[i-1].Is("=") && toks[i-2].Is("!")
		v := t.Value()
		if !strings.HasPrefix(v, "%") && !strings.HasSuffix(v, "%") || !equals && !unequal {
			continue
		}
		op, like := "=", "LIKE"
		left := toks[i-2]
		if unequal {
			op, like = "<>", "NOT LIKE"
			if i >= 3 {
				left = toks[i-3]
			}
		}
		msg := fmt.Sprintf("%s compares the whole text; use %s %s", op, like, t.Text)
		if cidr := cidrOf(v); cidr != "" {
			name := "srcaddr"
			if left.Kind == Word || left.Kind == Quoted {
				name = left.Text
			}
			not := ""
			if unequal {
				not = "NOT "
			}
			msg += fmt.Sprintf(", or %scontains('%s', TRY_CAST(%s AS IPADDRESS))", not, cidr, name)
		}
		out = append(out, visible(msg))
	}
	return out
}

// cidrOf is the network that a text pattern of an IPv4 address stands for: %172.24% is 172.24.0.0/16. It is "" where
// the pattern is no beginning of an address.
func cidrOf(pattern string) string {
	parts := strings.Split(strings.Trim(pattern, "%."), ".")
	if len(parts) > 4 {
		return ""
	}
	bits := 8 * len(parts)
	for len(parts) < 4 {
		parts = append(parts, "0")
	}
	a, err := netip.ParseAddr(strings.Join(parts, "."))
	if err != nil {
		return ""
	}
	return netip.PrefixFrom(a, bits).String()
}
