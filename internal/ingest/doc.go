// Package ingest brings waiting objects into a lake: the path that every record takes.
//
// Start at Run: it lists, skips what the ledger knows, and hands the rest to workers. A worker opens an object
// (decode.go: compression and envelopes are told by content), lets flowlog or columnar read it into a batch, and
// when a batch is full writes it to data files and commits (worker.go). Open and Spool serve those who want records
// without a lake.
//
// What must hold: an object is in the ledger if and only if its rows are visible, all of them once; and records read
// = rows stored + lines rejected. So a worker never commits files that hold a part of an object, and an object that
// fails half-way takes back what it added.
package ingest
