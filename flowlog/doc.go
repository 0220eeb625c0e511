// Package flowlog is what a flow record of AWS is: its fields, its formats, and a fast reader of its text.
//
// Start at Reader, which takes the text of one delivered object and fills a Batch, column by column:
//
//	r := flowlog.NewReader(file, flowlog.ReaderOptions{})
//	b := flowlog.NewBatch(flowlog.VPC, 1<<16)
//	for {
//		n, err := r.Read(b) // … the records are in b …
//	}
//
// The field table (VPC, TransitGateway) is the single source of what a field is; Parquet and SQL schemas, the
// documentation and Terraform's log format are derived from it. Decompression, envelopes and storage are other
// packages' business; this one needs the standard library only.
//
// What must not break: "-" is NULL and 0 is 0; a name in a header that the table does not know never shifts another
// column; every line is either a record, a header, or a LineError.
package flowlog
