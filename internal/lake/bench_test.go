package lake

import (
	"fmt"
	"testing"

	"weir/flowlog"
)

// BenchmarkOpen is what each query pays before it starts: opening the lake and planning a table of 200 files.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	l, err := Open(b.Context(), dir, Options{Write: true})
	if err != nil {
		b.Fatal(err)
	}
	fabricate(b, l, 200)
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		l, err := Open(b.Context(), dir, Options{})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := l.Snapshot(b.Context(), flowlog.VPC); err != nil {
			b.Fatal(err)
		}
		l.Close()
	}
}

// BenchmarkCommit stores one object of ten rows in a commit of its own.
func BenchmarkCommit(b *testing.B) {
	l, err := Open(b.Context(), b.TempDir(), Options{Write: true})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	i := 0
	for b.Loop() {
		if err := put(b.Context(), l, fmt.Sprint("o", i), day0, 10); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

// BenchmarkKnown looks up 10,000 objects that the ledger has.
func BenchmarkKnown(b *testing.B) {
	l, err := Open(b.Context(), b.TempDir(), Options{Write: true})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	ids := manyObjects(b, l, 10000)
	for b.Loop() {
		if _, err := l.Known(b.Context(), ids); err != nil {
			b.Fatal(err)
		}
	}
}
