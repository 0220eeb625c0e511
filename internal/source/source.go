// Package source says which delivered objects are waiting, and hands out their bytes.
//
// Source is the contract; the children (dir, s3) each know one place, and sourcetest is what each of them must pass.
// Start at Source, then Key: what AWS's names say about an object. A source knows keys and transport. It knows
// nothing of compression, formats or records: that is the business of package ingest.
//
// What must hold: an Object's URI and Version together name one content. The ledger of a lake relies on it. So Open
// hands out the bytes of that version, all of them, or an error.
package source

import (
	"context"
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

// Day is the UTC day that the object's name gives, or zero.
func (o Object) Day() time.Time {
	if o.Key.Time.IsZero() {
		return time.Time{}
	}
	return o.Key.Time.Truncate(day)
}

// Window is the time of delivery that is asked for. Start is included, End is not; zero means unbounded.
//
// It is about deliveries, not records: an object of 23:55 may hold records of a little earlier, and AWS delivers
// records late, so an object may hold some of the day before. Who wants all the records of a time asks for the
// deliveries of some time after it, too.
type Window struct{ Start, End time.Time }

// Has reports whether the object belongs to the window. By the time in its name, if it has one: it belongs if any
// of the slot, hour or day that the name covers lies in the window. Else by ModTime. An object that gives neither
// always belongs.
func (w Window) Has(o Object) bool {
	switch {
	case !o.Key.Time.IsZero():
		return w.Overlaps(o.Key.Time, o.Key.Time.Add(o.Key.Span))
	case !o.ModTime.IsZero():
		return w.Overlaps(o.ModTime, o.ModTime.Add(1))
	}
	return true
}

// Overlaps reports whether a part of the time from start up to, but not including, end lies in the window.
func (w Window) Overlaps(start, end time.Time) bool {
	if !w.Start.IsZero() && !w.End.IsZero() && !w.Start.Before(w.End) {
		return false
	}
	return (w.Start.IsZero() || end.After(w.Start)) && (w.End.IsZero() || start.Before(w.End))
}

// Source is a place where objects lie. Its methods may be called concurrently, and again and again: a listing holds
// nothing that the one before it knew, which is how a growing place is followed.
type Source interface {
	// List yields the objects of the window, those with no time in their name first, then day by day. An error that
	// concerns one object is an *ObjectError: it is yielded along with what is known of the object, and the listing
	// goes on; any other error ends it.
	List(ctx context.Context, w Window) iter.Seq2[Object, error]

	// Open hands out the bytes of an object that List has yielded. The context holds for the reading, too. An error
	// of Open or Read that concerns this object only is an *ObjectError; any other says that the place as a whole
	// does not answer. Where the reader is an io.ReaderAt as well, it may be used as one, up to the object's Size.
	Open(ctx context.Context, o Object) (io.ReadCloser, error)
}
