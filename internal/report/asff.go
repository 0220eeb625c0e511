package report

import (
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"time"

	"weir/internal/finding"
)

// Bounds of the AWS Security Finding Format (Security Hub User Guide and Partner Integration Guide, "Guidelines for using the
// BatchImportFindings API", read 2026-11; lengths of single attributes from the API reference, from memory). Text counts
// in characters.
const (
	asffBytes       = 240_000 // of one finding
	asffTitle       = 256
	asffDescription = 1024
	asffID          = 512
	asffRemediation = 512
	asffFields      = 50 // product fields
	asffFieldValue  = 2048
)

// asffTypes has the finding type for each group of rules. Types that are none of AWS's taxonomy are refused.
var asffTypes = map[string]string{
	"exposure":     "Software and Configuration Checks/AWS Security Best Practices/Network Reachability",
	"scan":         "TTPs/Discovery",
	"access":       "TTPs/Initial Access",
	"control":      "TTPs/Command and Control",
	"exfiltration": "Effects/Data Exfiltration",
	"impact":       "Effects/Denial of Service",
	"posture":      "Software and Configuration Checks/AWS Security Best Practices",
	"health":       "Software and Configuration Checks",
}

const asffOtherType = "Unusual Behaviors/Network Flow"

var asffSeverities = map[string]string{"critical": "CRITICAL", "high": "HIGH", "medium": "MEDIUM", "low": "LOW", "info": "INFORMATIONAL"}

var asffConfidences = map[string]int{"low": 30, "medium": 60, "high": 90}

// writeASFF writes one array of findings. Security Hub demands an account and a region: findings without either are
// left out and named in the error. Those who send it cut it into calls of at most 100 findings and 6 MB, by account.
func writeASFF(w io.Writer, d Document) error {
	left := &LeftOutError{Format: "asff", Why: "Security Hub demands an account of 12 digits and a region, and they have none"}
	n := 0
	for _, f := range d.Findings {
		account, region := d.place(f)
		if !isAccount(account) || !isRegion(region) {
			left.IDs = append(left.IDs, f.ID)
			continue
		}
		b, err := d.asff(f, account, region)
		if err != nil {
			return err
		}
		between := "[\n"
		if n > 0 {
			between = ",\n"
		}
		n++
		if _, err := fmt.Fprintf(w, "%s%s", between, b); err != nil {
			return err
		}
	}
	end := "\n]\n"
	if n == 0 {
		end = "[]\n"
	}
	if _, err := io.WriteString(w, end); err != nil {
		return err
	}
	if len(left.IDs) > 0 {
		return left
	}
	return nil
}

func isAccount(s string) bool { return len(s) == 12 && strings.Trim(s, "0123456789") == "" }

func isRegion(s string) bool {
	return s != "" && len(s) <= 30 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// asff is one finding, shorter than Security Hub's bound: product fields are dropped, the last first, until it is.
func (d *Document) asff(f *finding.Finding, account, region string) ([]byte, error) {
	o, fields := d.asffObject(f, account, region)
	for {
		product := map[string]string{}
		for _, p := range fields {
			product[p.name] = p.value
		}
		o["ProductFields"] = product
		b, err := json.Marshal(o)
		if err != nil {
			return nil, fmt.Errorf("write finding %s: %w", f.ID, err)
		}
		b = EscapeJSON(nil, b)
		if len(b) <= asffBytes {
			return b, nil
		}
		if len(fields) == 0 {
			return nil, fmt.Errorf("write finding %s: BUG: %d bytes without its details", f.ID, len(b))
		}
		fields = fields[:len(fields)-1]
	}
}

// asffObject is a finding but for the product fields, which it returns, the most important first.
func (d *Document) asffObject(f *finding.Finding, account, region string) (object, []pair) {
	info := d.Rules(f.Rule)
	short := func(s string, n int) string { return Cut(Visible(s, "\n"), n) }
	label := asffSeverities[f.Severity]
	if label == "" {
		label = "INFORMATIONAL"
	}
	types := []string{asffType(info.Group, d.techniques(f))}
	provider := object{"Severity": object{"Label": label, "Original": short(f.Severity, 64)}, "Types": types}
	created, updated := f.Created, f.Updated
	if created.IsZero() {
		created = d.Generated
	}
	if updated.IsZero() {
		updated = created
	}
	o := object{
		"SchemaVersion": "2018-10-08", "AwsAccountId": account, "Region": region,
		"ProductArn":  fmt.Sprintf("arn:%s:securityhub:%s:%s:product/%s/default", partition(region), region, account, account),
		"ProductName": "weir", "CompanyName": "weir",
		"GeneratorId": short(f.Rule, asffID), "Id": short("weir/"+f.ID, asffID),
		"CreatedAt": asffTime(created), "UpdatedAt": asffTime(updated),
		"Severity": object{"Label": label}, "Types": types, "FindingProviderFields": provider,
		"Title": short(first(d.title(f), "-"), asffTitle), "Description": short(first(f.Summary, d.title(f), "-"), asffDescription),
		"RecordState": "ACTIVE",
	}
	if isSettled(f.State) {
		o["RecordState"] = "ARCHIVED"
	}
	if !f.FirstSeen.IsZero() {
		o["FirstObservedAt"] = asffTime(f.FirstSeen)
	}
	if !f.LastSeen.IsZero() {
		o["LastObservedAt"] = asffTime(f.LastSeen)
	}
	if c := asffConfidences[f.Confidence]; c > 0 {
		o["Confidence"], provider["Confidence"] = c, c
	}
	if info.Fix != "" {
		r := object{"Text": short(info.Fix, asffRemediation)}
		if i := slices.IndexFunc(info.References, isURL); i >= 0 {
			r["Url"] = short(info.References[i], asffFieldValue)
		}
		o["Remediation"] = object{"Recommendation": r}
	}
	var resources []object
	for _, r := range d.resources(f) {
		resources = append(resources, object{"Type": r.kind, "Id": short(r.arn, asffID), "Partition": partition(region), "Region": region})
	}
	if resources == nil { // one is required
		id := first(f.Server, f.Client, f.ID)
		resources = []object{{"Type": "Other", "Id": short("weir/"+id, asffID), "Partition": partition(region), "Region": region}}
	}
	o["Resources"] = resources
	if a := asffAction(f); a != nil {
		o["Action"] = a
	}

	fields := []pair{
		{"weir/state", f.State}, {"weir/count", valueText(f.Count)}, {"weir/client", f.Client}, {"weir/server", f.Server},
		{"weir/port", number(f.Port)}, {"weir/protocol", protocolName(f)}, {"weir/techniques", strings.Join(d.techniques(f), " ")}, {"weir/evidence", f.Evidence.SQL},
	}
	for _, p := range details(f) {
		fields = append(fields, pair{"weir/details/" + p.name, p.value})
	}
	fields = slices.DeleteFunc(fields, func(p pair) bool { return p.value == "" })
	fields = fields[:min(len(fields), asffFields)]
	for i, p := range fields {
		fields[i] = pair{short(p.name, 127), short(p.value, asffFieldValue-1)}
	}
	return o, fields
}

// asffType is the type of a group, sharper where a technique says more.
func asffType(group string, techniques []string) string {
	for _, t := range techniques {
		switch main, _, _ := strings.Cut(t, "."); {
		case group == "access" && (main == "T1021" || main == "T1570"):
			return "TTPs/Lateral Movement"
		case group == "impact" && main == "T1496":
			return "Effects/Resource Consumption"
		}
	}
	return first(asffTypes[group], asffOtherType)
}

// asffAction says who talked to whom. It has room for one IPv4 peer, and knows ways in and out only.
func asffAction(f *finding.Finding) object {
	dir := directionOf(f)
	peer, word := f.Client, "INBOUND"
	if dir == outbound {
		peer, word = f.Server, "OUTBOUND"
	}
	a, err := netip.ParseAddr(peer)
	if dir != inbound && dir != outbound || err != nil || !a.Is4() {
		return nil
	}
	c := object{"ConnectionDirection": word, "RemoteIpDetails": object{"IpAddressV4": peer}}
	if p := protocolName(f); p != "" {
		c["Protocol"] = p
	}
	if f.Port != nil {
		key := "LocalPortDetails"
		if dir == outbound {
			key = "RemotePortDetails"
		}
		c[key] = object{"Port": *f.Port}
	}
	return object{"ActionType": "NETWORK_CONNECTION", "NetworkConnectionAction": c}
}

func asffTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
