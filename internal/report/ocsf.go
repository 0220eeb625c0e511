package report

import (
	"encoding/json"
	"io"
	"net/netip"
	"strings"
	"time"

	"weir/internal/finding"
)

// ocsfVersion is the newest that custom sources of Security Lake take (Security Lake User Guide, "Custom sources", read
// 2026-07).
const ocsfVersion = "1.3.0"

// attackVersion is the release of MITRE ATT&CK that rules name techniques of.
const attackVersion = "16.0"

// ocsfText is the longest text, in characters. OCSF knows no bound; those who store it do.
const ocsfText = 4000

// OCSF's enumerations, from the schema (ocsf-schema, 1.3.0). Each has the number and the caption.
type caption struct {
	id   int
	name string
}

var (
	ocsfSeverities = map[string]caption{
		"critical": {5, "Critical"}, "high": {4, "High"}, "medium": {3, "Medium"}, "low": {2, "Low"}, "info": {1, "Informational"},
	}
	ocsfStates = map[string]caption{
		"open": {1, "New"}, "regressed": {1, "New"}, "acknowledged": {2, "In Progress"}, "suppressed": {3, "Suppressed"}, "resolved": {4, "Resolved"},
	}
	ocsfConfidences = map[string]caption{"low": {1, "Low"}, "medium": {2, "Medium"}, "high": {3, "High"}}
	ocsfDirections  = map[direction]caption{unknownDirection: {0, "Unknown"}, inbound: {1, "Inbound"}, outbound: {2, "Outbound"}, lateral: {3, "Lateral"}}
)

// ocsfActivity says what happened to the finding: it is created until something is written to it again, and closed when
// it is resolved.
func ocsfActivity(f *finding.Finding) caption {
	switch {
	case f.State == "resolved":
		return caption{3, "Close"}
	case f.State == "open" && !f.Updated.After(f.Created):
		return caption{1, "Create"}
	}
	return caption{2, "Update"}
}

// writeOCSF writes Detection Findings (class 2004), an event a line. The profile cloud demands the object cloud.
func writeOCSF(w io.Writer, d Document) error {
	for _, f := range d.Findings {
		b, err := json.Marshal(bounded(d.ocsf(f), ocsfText))
		if err != nil {
			return err
		}
		if _, err := w.Write(append(EscapeJSON(nil, b), '\n')); err != nil {
			return err
		}
	}
	return nil
}

func (d *Document) ocsf(f *finding.Finding) object {
	info := d.Rules(f.Rule)
	activity, severity, state := ocsfActivity(f), ocsfSeverities[f.Severity], ocsfStates[f.State]
	account, region := d.place(f)
	short := func(s string) string { return Cut(Visible(s, "\n"), ocsfText) }

	// A word that the schema has no number for is told as it is, beside the number for "other".
	if severity.id == 0 {
		severity = caption{99, short(f.Severity)}
	}
	if state.id == 0 {
		state = caption{99, short(f.State)}
	}
	at := f.Updated
	if at.IsZero() {
		at = d.Generated
	}
	analytic := object{"type_id": 1, "type": "Rule", "uid": f.Rule, "name": short(first(info.Title, f.Title, f.Rule))}
	if f.RuleVersion > 0 {
		analytic["version"] = valueText(f.RuleVersion)
	}
	findingInfo := object{"uid": f.ID, "title": short(d.title(f)), "desc": short(f.Summary), "analytic": analytic}
	addTime(findingInfo, "first_seen_time", f.FirstSeen)
	addTime(findingInfo, "last_seen_time", f.LastSeen)
	addTime(findingInfo, "created_time", f.Created)
	addTime(findingInfo, "modified_time", f.Updated)
	if info.Group != "" {
		findingInfo["types"] = []string{info.Group}
	}
	if info.Explain != "" {
		findingInfo["desc"] = short(f.Summary + "\n\n" + info.Explain)
	}
	if attacks := ocsfAttacks(d.techniques(f)); len(attacks) > 0 {
		findingInfo["attacks"] = attacks
	}

	product := object{"name": "weir", "vendor_name": "weir", "version": first(d.Version, "unknown")}
	cloud := object{"provider": "AWS"}
	if region != "" {
		cloud["region"] = region
	}
	if account != "" {
		cloud["account"] = object{"uid": account, "type_id": 10, "type": "AWS Account"}
	}
	event := object{
		"activity_id": activity.id, "activity_name": activity.name,
		"category_uid": 2, "category_name": "Findings", "class_uid": 2004, "class_name": "Detection Finding",
		"type_uid": 2004*100 + activity.id, "type_name": "Detection Finding: " + activity.name,
		"time": at.UnixMilli(), "severity_id": severity.id, "severity": severity.name,
		"status_id": state.id, "status": state.name, "status_detail": f.State,
		"message": short(f.Summary), "count": max(f.Count, 1),
		"metadata":     object{"version": ocsfVersion, "product": product, "profiles": []string{"cloud"}, "uid": f.ID, "event_code": f.Rule},
		"finding_info": findingInfo, "cloud": cloud,
	}
	if c := ocsfConfidences[f.Confidence]; c.id != 0 {
		event["confidence_id"], event["confidence"] = c.id, c.name
	}
	addTime(event, "start_time", f.FirstSeen)
	addTime(event, "end_time", f.LastSeen)
	if info.Fix != "" {
		fix := object{"desc": short(info.Fix)}
		if len(info.References) > 0 {
			fix["references"] = info.References
		}
		event["remediation"] = fix
	}
	event["evidences"] = []object{d.ocsfEvidence(f)}

	var resources []object
	observables := []object{}
	observe := func(name string, id int, typ, value string) {
		if value != "" {
			observables = append(observables, object{"name": name, "type_id": id, "type": typ, "value": short(value)})
		}
	}
	for _, r := range d.resources(f) {
		o := object{"uid": short(r.id), "type": r.kind, "cloud_partition": partition(region)}
		if region != "" {
			o["region"] = region
		}
		if account != "" {
			o["owner"] = object{"account": object{"uid": account, "type_id": 10, "type": "AWS Account"}}
		}
		resources = append(resources, o)
		observe("resources.uid", 10, "Resource UID", r.id)
	}
	if resources != nil {
		event["resources"] = resources
	}
	for _, end := range []struct{ name, ip string }{{"src_endpoint", f.Client}, {"dst_endpoint", f.Server}} {
		if isIP(end.ip) {
			observe("evidences."+end.name+".ip", 2, "IP Address", end.ip)
		}
	}
	if len(observables) > 0 {
		event["observables"] = observables
	}
	return event
}

func (d *Document) ocsfEvidence(f *finding.Finding) object {
	client, server := object{}, object{}
	dir := directionOf(f)
	if c := f.Client; isIP(c) {
		client["ip"] = c
	}
	if s := f.Server; isIP(s) {
		server["ip"] = s
	}
	if f.Port != nil {
		server["port"] = *f.Port
	}
	// The interface is at the end that is inside; where both are, nobody knows which.
	mine := server
	if dir == outbound {
		mine = client
	}
	if dir == inbound || dir == outbound {
		if id := f.InterfaceID; id != "" {
			mine["interface_uid"] = id
		}
		if id := f.VPCID; id != "" {
			mine["vpc_uid"] = id
		}
	}
	data := object{"sql": f.Evidence.SQL, "details": plain(f.Details)}
	if len(f.Evidence.Args) > 0 {
		data["args"] = plain(f.Evidence.Args)
	}
	e := object{"data": data}
	if len(client) > 0 {
		e["src_endpoint"] = client
	}
	if len(server) > 0 {
		e["dst_endpoint"] = server
	}
	if len(client)+len(server) > 0 {
		c := ocsfDirections[dir]
		connection := object{"direction_id": c.id, "direction": c.name}
		if f.Protocol != nil {
			connection["protocol_num"] = *f.Protocol
			connection["protocol_name"] = strings.ToLower(protocolName(f))
		}
		e["connection_info"] = connection
	}
	return e
}

func ocsfAttacks(ids []string) (out []object) {
	for _, id := range ids {
		if !isTechnique(id) {
			continue
		}
		main, _, sub := strings.Cut(id, ".")
		o := object{"version": attackVersion, "technique": object{"uid": main, "src_url": techniqueURL(main)}}
		if sub {
			o["sub_technique"] = object{"uid": id, "src_url": techniqueURL(id)}
		}
		out = append(out, o)
	}
	return out
}

func addTime(o object, key string, t time.Time) {
	if !t.IsZero() {
		o[key] = t.UnixMilli()
	}
}

func isIP(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
