package network

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/oschwald/maxminddb-golang/v2"
)

// countryOf reads the country of MaxMind's and DB-IP's databases (country.iso_code) and of IPinfo's (country_code, or
// country as text). What a database does not know, or says in another way, is "".
func countryOf(db *maxminddb.Reader, a netip.Addr) string {
	if db == nil || db.Metadata.IPVersion == 4 && !a.Is4() {
		return ""
	}
	r := db.Lookup(a)
	if !r.Found() {
		return ""
	}
	for _, path := range [][]any{{"country", "iso_code"}, {"registered_country", "iso_code"}, {"country_code"}, {"country"}} {
		var s string
		if err := r.DecodePath(&s, path...); err == nil && len(s) == 2 {
			return strings.ToUpper(s)
		}
	}
	return ""
}

// asnOf reads the number of MaxMind's and DB-IP's databases, and IPinfo's "AS64496". 0 is not known.
func asnOf(db *maxminddb.Reader, a netip.Addr) int64 {
	if db == nil || db.Metadata.IPVersion == 4 && !a.Is4() {
		return 0
	}
	r := db.Lookup(a)
	if !r.Found() {
		return 0
	}
	var n uint32
	if err := r.DecodePath(&n, "autonomous_system_number"); err == nil && n > 0 {
		return int64(n)
	}
	var s string
	if err := r.DecodePath(&s, "asn"); err == nil {
		n, _ := strconv.ParseUint(strings.TrimPrefix(s, "AS"), 10, 32)
		return int64(n)
	}
	return 0
}
