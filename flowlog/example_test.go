package flowlog_test

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"weir/flowlog"
)

const object = `version srcaddr dstaddr dstport bytes action
2 203.0.113.7 10.0.0.5 6379 60 ACCEPT
2 203.0.113.9 10.0.0.5 6379 - REJECT
2 203.0.113.9 10.0.0.5 what 40 REJECT
`

// Records come in batches, by column. A line that is not a record is told of, and the rest goes on.
func ExampleReader() {
	r := flowlog.NewReader(strings.NewReader(object), flowlog.ReaderOptions{
		Object: "flow.log",
		Reject: func(e *flowlog.LineError) { fmt.Println("rejected:", e) },
	})
	b := flowlog.NewBatch(flowlog.VPC, 1000)
	for {
		_, err := r.Read(b)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			fmt.Println(err)
			return
		}
	}
	port := b.Column(flowlog.VPC.Field("dstport").Index())
	action := b.Column(flowlog.VPC.Field("action").Index())
	for row := range b.Len() {
		fmt.Println(port.Int32[row], action.Dict.String(action.Codes[row]))
	}
	fmt.Printf("%+v\n", r.Stats())
	// Output:
	// rejected: flow.log:4: dstport "what": not a number
	// 6379 ACCEPT
	// 6379 REJECT
	// {Records:3 Rows:2 Rejected:1 NoData:0 SkipData:0 Headers:1 Bytes:158}
}

// A log format is what DescribeFlowLogs shows, a header, or "default". Names that AWS adds later are kept apart.
func ExampleParseFormat() {
	f, err := flowlog.ParseFormat("${srcaddr} ${dstport} ${next-year}")
	fmt.Println(f, f.Has("dstport"), f.Unknown(), err)
	_, err = flowlog.ParseFormat("${srcaddr} ${srcaddr}")
	fmt.Println(err)
	// Output:
	// srcaddr dstport next-year true [next-year] <nil>
	// parse log format: field srcaddr stands twice, at positions 1 and 2
}

// AppendRecord writes a record as AWS does, in any order of fields.
func ExampleBatch_AppendRecord() {
	b := flowlog.NewBatch(flowlog.VPC, 1000)
	if _, err := flowlog.NewReader(strings.NewReader(object), flowlog.ReaderOptions{}).Read(b); err != nil {
		fmt.Println(err)
		return
	}
	f, _ := flowlog.ParseFormat("action bytes srcaddr vpc-id")
	for row := range b.Len() {
		fmt.Println(string(b.AppendRecord(nil, f, row)))
	}
	// Output:
	// ACCEPT 60 203.0.113.7 -
	// REJECT - 203.0.113.9 -
}
