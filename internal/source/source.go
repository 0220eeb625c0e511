// Package source says which delivered objects are waiting, and hands out their bytes.
//
// Source is the contract; the children (dir, s3) each know one place. A source knows keys and transport. It knows
// nothing of compression, formats or records: that is the business of package ingest.
//
// What must hold: an Object's URI and Version together name one content. The ledger of a lake relies on it.
package source

import (
	"context"
	"fmt"
	"io"
	"iter"
	"time"
)

// Object is one delivered object: a file, an S3 object, a stream.
type Object struct {
	URI     string    // "s3://bucket/key", an absolute path, or "-" for standard input
	Version string    // changes when the content does: the ETag, or size and modification time
	Size    int64     // bytes as they lie there; -1 if not known
	ModTime time.Time // zero if not known

	Key Key // what the object's name says
}

// Window is the time of delivery that is asked for. Start is included, End is not; zero means unbounded.
type Window struct{ Start, End time.Time }

// Source is a place where objects lie.
//
// List yields objects ordered so that those of a day are near each other. An error that concerns one object is an
// *ObjectError: it is yielded and the listing goes on; any other error ends it. Open may be called concurrently.
type Source interface {
	List(ctx context.Context, w Window) iter.Seq2[Object, error]
	Open(ctx context.Context, o Object) (io.ReadCloser, error)
}

// ObjectError says that one object cannot be read, and why (archived in Glacier, vanished, no permission).
type ObjectError struct {
	URI string
	Err error
}

func (e *ObjectError) Error() string { return fmt.Sprintf("%s: %v", e.URI, e.Err) }

func (e *ObjectError) Unwrap() error { return e.Err }
