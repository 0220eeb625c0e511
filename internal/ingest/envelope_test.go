package ingest

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"weir/flowlog"
	"weir/internal/source"
)

// subscription is the payload of a CloudWatch Logs subscription that carries these lines.
func subscription(kind string, lines ...string) string {
	type event struct {
		ID        string `json:"id"`
		Timestamp int64  `json:"timestamp"`
		Message   string `json:"message"`
	}
	var events []event
	for i, l := range lines {
		events = append(events, event{fmt.Sprint(i), 1733430000000, l})
	}
	b, err := json.Marshal(struct {
		MessageType         string   `json:"messageType"`
		Owner               string   `json:"owner"`
		LogGroup            string   `json:"logGroup"`
		LogStream           string   `json:"logStream"`
		SubscriptionFilters []string `json:"subscriptionFilters"`
		LogEvents           []event  `json:"logEvents"`
	}{kind, "123456789012", "/aws/vpc/flowlogs", "eni-1-all", []string{"f"}, events})
	if err != nil {
		panic(err)
	}
	return string(b)
}

// TestWrappedSamples are the wrapped forms that public projects have as test data: four records, which make the sample
// records of package flowlog 73 and one that AWS prints in its text on parseVPC.
func TestWrappedSamples(t *testing.T) {
	// Firehose, elastic/integrations.
	decode(t, []byte(`{"message":"2 428961148399 eni-0e0bf7be352692297 - - - - - - - 1671029698 1671029728 - NODATA"}`), "default").
		want(t, "2 428961148399 eni-0e0bf7be352692297 - - - - - - - 1671029698 1671029728 - NODATA")
	// CloudWatch Logs subscription, opentelemetry-collector-contrib.
	const t2 = `{"messageType":"DATA_MESSAGE","owner":"123456789012","logGroup":"/aws/vpc/flowlogs","logStream":"eni-1234567890abcdef","subscriptionFilters":["MyFlowLogFilter"],"logEvents":[{"id":"35601234567890123456789012345678901234567890123456789","timestamp":1733430000000,"message":"2 eni-1235b8ca123456789 172.31.16.139 172.31.16.21"},{"id":"35601234567890123456789012345678901234567890123456788","timestamp":1733430001000,"message":"2 eni-1235b8ca123456789 172.31.9.69 172.31.9.12"}]}`
	for name, data := range map[string][]byte{"plain": []byte(t2), "gzip": zip(t, t2), "newline": []byte(t2 + "\n")} {
		t.Run(name, func(t *testing.T) {
			decode(t, data, "${version} ${interface-id} ${srcaddr} ${dstaddr}").
				want(t, "2 eni-1235b8ca123456789 172.31.16.139 172.31.16.21", "2 eni-1235b8ca123456789 172.31.9.69 172.31.9.12")
		})
	}
	// The same, of a transit gateway.
	const tgwFormat = "version account-id tgw-id tgw-attachment-id tgw-src-vpc-id tgw-dst-vpc-id tgw-src-subnet-id tgw-dst-subnet-id tgw-src-eni tgw-dst-eni tgw-src-az-id tgw-dst-az-id tgw-pair-attachment-id srcaddr dstaddr srcport dstport protocol packets bytes start end log-status type tcp-flags flow-direction region"
	const tgw = "6 123456789012 tgw-0abc12345def67890 tgw-attach-0abc12345def67890 vpc-0abc12345def67890 vpc-0def12345abc67890 subnet-0abc12345def67890 subnet-0def12345abc67890 eni-0abc12345def67890 eni-0def12345abc67890 use1-az1 use1-az2 tgw-attach-0def12345abc67890 10.0.0.1 10.0.1.1 12345 443 6 10 1000 1700000000 1700000060 OK IPv4 2 ingress us-east-1"
	d := decode(t, []byte(subscription("DATA_MESSAGE", tgw)), tgwFormat)
	d.want(t, tgw)
	if d.table != flowlog.TransitGateway {
		t.Errorf("table %v", d.table.Name)
	}
	// CloudWatch Logs User Guide, parseVPC.
	decode(t, []byte(`{"version":2,"accountId":"123456789010","interfaceId":"eni-abc123de","srcAddr":"192.0.2.0","dstAddr":"192.0.2.24","srcPort":20641,"dstPort":22,"protocol":6,"packets":20,"bytes":4249,"start":1418530010,"end":1418530070,"action":"ACCEPT","logStatus":"OK"}`), "").
		want(t, "2 123456789010 eni-abc123de 192.0.2.0 192.0.2.24 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK")
}

func TestEnvelopes(t *testing.T) {
	data, control := subscription("DATA_MESSAGE", line1, line2), subscription("CONTROL_MESSAGE", "CWL CONTROL MESSAGE: Checking health of destination Firehose.")
	withFields := strings.ReplaceAll(data, `"timestamp":`, `"extractedFields":{"bytes":"1","x":{"y":[1,{"z":2}]}},"timestamp":`)
	event := func(l string) string { return `{"message":"` + l + `"}` }
	cell := func(name, value string) string { return fmt.Sprintf(`{"field":%q,"value":%q}`, name, value) }
	check := func(name, data string, lines ...string) {
		t.Run(name, func(t *testing.T) {
			decode(t, []byte(data), "default").want(t, lines...)
			decode(t, zip(t, string(zip(t, data))), "default").want(t, lines...)
			// One byte at a time, as a slow stream gives it.
			decodeFrom(t, source.Stdin(oneByte{strings.NewReader(data)}, time.Unix(0, 0)), "default")
		})
	}
	check("subscription", data, line1, line2)
	check("subscription, control", control)
	check("subscription, extracted fields", withFields, line1, line2)
	check("subscription, glued", control+data+data+control+"\n"+data, line1, line2, line1, line2, line1, line2)
	check("filter-log-events", `{"events": [
		{"logStreamName": "eni-1-all", "timestamp": 1, "message": "`+line1+`", "ingestionTime": 2, "eventId": "3"},
		{"logStreamName": "eni-1-all", "timestamp": 1, "message": "`+line2+`", "ingestionTime": 2, "eventId": "4"}],
		"searchedLogStreams": [{"logStreamName": "x", "searchedCompletely": true}]}`, line1, line2)
	check("get-log-events", `{"nextForwardToken": "f/1", "nextBackwardToken": "b/1", "events": [{"timestamp": 1, "ingestionTime": 2, "message": "`+line3+`"}]}`, line3)
	check("get-log-events, none", `{"events": [], "nextForwardToken": "f/1"}`)
	check("get-query-results", `{"results": [[`+cell("@timestamp", "2026-11-20 00:00:00.000")+","+cell("@message", line1)+","+cell("@ptr", "x")+`],[`+
		cell("@message", line2)+`]], "statistics": {"recordsMatched": 2.0}, "status": "Complete"}`, line1, line2)
	check("get-query-results, fields", `{"results": [[`+cell("@timestamp", "2026-11-20 00:00:00.000")+","+cell("srcAddr", "10.0.0.1")+","+cell("startTime", "5")+","+cell("bytes", "77")+`]]}`,
		"10.0.0.1 5 77")
	check("events one after the other", event(line1)+"\n"+event(line2)+"\n"+event(line3)+"\n", line1, line2, line3)
	check("events without anything between them", event(line1)+event(line2), line1, line2)
	check("events in an array", "["+event(line1)+", "+event(line2)+"]", line1, line2)
	check("events with a newline in them", event(line1+`\n`)+event(line2+`\r\n`), line1, line2)
	check("lines in an array", `["`+line1+`","`+line2+`"]`, line1, line2)
	check("a header among the events", event("action srcport")+event("ACCEPT 80"), "ACCEPT 80")
	check("export to S3", "2026-11-20T00:00:00.000Z "+line1+"\n2026-11-20T00:00:01Z "+line2+"\n", line1, line2)
	check("export, no newline at the end", "2026-11-20T00:00:00.000Z "+line1, line1)
	check("export, glued to bare lines", "2026-11-20T00:00:00.000Z "+line1+"\r\n"+line2+"\n", line1, line2)
	check("console CSV", "timestamp,message\r\n1418530010000,\""+line1+"\"\r\n1431280876000,"+line2+"\r\n", line1, line2)
	check("console CSV, more columns", "\"timestamp\",\"logStreamName\",\"message\"\n1,eni-1-all,\""+line1+"\n\"\n", line1)
	check("Logs Insights CSV", "@timestamp,@message\n2026-11-20 00:00:00.000,"+line1+"\n", line1)
	check("CSV of messages only", "@message\n\""+line1+"\"\n", line1)
	check("CSV dump", "version,account_id,srcaddr,dstport,action\n2,123456789012,10.0.0.1,443,ACCEPT\n2,,10.0.0.2,,\n", "2 123456789012 10.0.0.1 443 ACCEPT", "2 - 10.0.0.2 - -")
	check("CSV dump, quoted, CRLF, BOM", "\xef\xbb\xbf\"srcaddr\",\"log_status\"\r\n\"10.0.0.1\",\"OK\"\r\n", "10.0.0.1 OK")
	check("CSV dump of a data frame", "srcaddr,dstport,bytes,interface_tag\n10.0.0.1,25238.0,40.0,1.0\n", "10.0.0.1 25238 40 1.0")
	check("CSV of Insights fields", "@timestamp,srcAddr,startTime\n2026-11-20 00:00:00.000,10.0.0.1,5\n", "10.0.0.1 5")
	check("JSON records, AWS's names", `{"srcaddr":"10.0.0.1","log-status":"OK","dstport":22}{"srcaddr":"10.0.0.2","log-status":"OK","dstport":null}`, "10.0.0.1 OK 22", "10.0.0.2 OK -")
	check("JSON records, columns", `[{"srcaddr":"10.0.0.1","log_status":"OK"},{"srcaddr":"","log_status":"-"}]`, "10.0.0.1 OK", "- -")
	check("JSON records, floats", `{"srcport":25238.0,"bytes":41,"packets":"7"}`+"\n"+`{"srcport":25238.0,"bytes":40.0,"packets":7.0}`, "25238 41 7", "25238 40 7")
	check("JSON records of several formats", `{"srcport":1,"bytes":2}{"bytes":3,"srcport":4}{"srcport":5,"bytes":6}`, "1 2", "3 4", "5 6")
	check("JSON records with fields that AWS does not have", `{"srcport":1,"my.tag":"x"}{"srcport":2,"My Tag":"-"}`, "1 x", "2 -")
	check("JSON records as weir prints them", `{"srcport":1,"extra":{"new-field":"x"},"source_object":"y","source_line":2,"start_time":"2026-11-20T00:00:00Z"}`, "1 x")
	check("JSON without anything", "[]\n[[], []]\n")
}

// oneByte reads a byte at a time.
type oneByte struct{ r io.Reader }

func (o oneByte) Read(p []byte) (int, error) { return o.r.Read(p[:min(1, len(p))]) }

// TestNoShift: a value that would be two tokens, a name that is none, a field that stands twice. None may put values
// into the columns of others, or make two records of one.
func TestNoShift(t *testing.T) {
	good := `{"srcport":1,"action":"ACCEPT"}`
	for name, bad := range map[string]string{
		"blank":             `{"srcport":1,"action":"AC CEPT"}`,
		"newline":           `{"srcport":1,"action":"ACCEPT\n2 REJECT"}`,
		"NUL":               `{"srcport":1,"action":"ACC\u0000EPT"}`,
		"no field":          `{"foo":1,"bar":"ACCEPT"}`,
		"twice":             `{"srcport":1,"srcPort":2}`,
		"empty":             `{}`,
		"number":            `17`,
		"null":              `null`,
		"message behind it": `{"message":"1 ACCEPT"}`,
		"line behind it":    `"1 ACCEPT"`,
		"nested":            `{"message":{"srcport":1}}`,
	} {
		d := decode(t, []byte(good+bad+good), "")
		d.wantLines(t, "1 ACCEPT", "1 ACCEPT")
		if want := map[string]int{"empty": 0, "nested": 0}; d.err != nil || len(d.rejects) > 1 || len(d.rejects) == 0 && want[name] == 0 && name != "empty" && name != "nested" {
			t.Errorf("%s: error %v, rejects %q", name, d.err, d.rejects)
		}
	}
	for name, bad := range map[string]string{
		"short row with a blank": "1 ACCEPT\n", "long row": "1,ACCEPT,x\n", "short row": "1\n", "blank": "1,AC CEPT\n", "newline": "1,\"ACCEPT\n2\"\n",
	} {
		d := decode(t, []byte("srcport,action\n1,ACCEPT\n"+bad+"2,REJECT\n"), "")
		d.wantLines(t, "1 ACCEPT", "2 REJECT")
		if d.err != nil || len(d.rejects) != 1 {
			t.Errorf("CSV, %s: error %v, rejects %q", name, d.err, d.rejects)
		}
	}
}

func TestBadEnvelopes(t *testing.T) {
	endless := func(head, repeat string, n int) *made {
		return &made{objects: []object{{uri: "o", data: []byte(head + strings.Repeat(repeat, n))}}}
	}
	decodeFrom(t, endless(`{"message":"`, "x", 100<<20), "default").wantErr(t, "8 MiB")
	decodeFrom(t, endless(`{"a":[`, `"`+strings.Repeat("y", 9<<20)+`",`, 1), "default").wantErr(t, "8 MiB")
	decodeFrom(t, endless(`{"a":1`, `,"b":1`, 1<<20), "default").wantErr(t, "more than 1000 members")
	decodeFrom(t, endless(``, `[`, 1<<20), "default").wantErr(t, "nests deeper")
	decodeFrom(t, endless(`{"x":`, `[`, 1<<20), "default").wantErr(t, "nests deeper")
	decodeFrom(t, endless(``, `{"a":`, 1<<20), "default").wantErr(t, "nests deeper")
	decodeFrom(t, endless("timestamp,message\n1,\"", "x", 20<<20), "default").wantErr(t, "8 MiB")
	decode(t, []byte(`{"message":"`+line1+"\"}\nthis is not JSON\n"), "default").wantErr(t, "byte")
	decode(t, []byte(`{"message":`), "default").wantErr(t, "truncated JSON")

	// What comes and goes without a record does not add up to a value without end.
	control := subscription("CONTROL_MESSAGE", strings.Repeat("x", 1000))
	decodeFrom(t, endless("", control, 12<<10), "default").want(t)
	empty := `{"events": [], "searchedLogStreams": [{"logStreamName": "` + strings.Repeat("x", 1000) + `"}]}`
	decodeFrom(t, endless("", empty, 12<<10), "default").want(t)

	// JSON that is cut gives what was whole.
	whole := `{"message":"` + line1 + `"}`
	for n := len(whole) + 1; n < 2*len(whole); n += 7 {
		d := decode(t, []byte((whole + whole)[:n]), "default")
		if d.err != nil || !strings.HasPrefix(d.problem, "truncated JSON") || len(d.rejects) > 0 {
			t.Errorf("cut at %d: error %v, problem %q, rejects %q", n, d.err, d.problem, d.rejects)
		}
		d.wantLines(t, line1)
	}
	// A line of an export that is too long is one reject.
	d := decode(t, []byte("2026-11-20T00:00:00Z "+line1+"\n2026-11-20T00:00:00Z "+strings.Repeat("x", 10<<20)+"\n2026-11-20T00:00:00Z "+line2+"\n"), "default")
	if d.wantLines(t, line1, line2); d.err != nil || len(d.rejects) != 1 {
		t.Errorf("error %v, rejects %.200q", d.err, d.rejects)
	}
	// A tenth of the events is no record.
	var b strings.Builder
	for i := range 1000 {
		l := record(1, i, day0)
		if i%10 == 3 {
			l = "no flow"
		}
		fmt.Fprintf(&b, "{\"message\":%q}\n", l)
	}
	if d := decode(t, []byte(b.String()), "default"); d.err != nil || len(d.lines) != 900 || len(d.rejects) != 100 || !strings.HasPrefix(d.rejects[0], "4 ") {
		t.Errorf("error %v, %d records, %d rejects", d.err, len(d.lines), len(d.rejects))
	}
}
