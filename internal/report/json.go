package report

import (
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"

	"weir/internal/finding"
)

// findingJSON is a finding as one line. Whatever a terminal would obey is an escape of JSON in it: the same text for a
// program, and harmless to look at.
func findingJSON(f *finding.Finding) ([]byte, error) {
	b, err := json.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("write finding %s: %w", f.ID, err)
	}
	return EscapeJSON(nil, b), nil
}

// EscapeJSON appends JSON in which nothing but ink is left of what may do more to a terminal: the encoder escapes
// controls below the blank only. Line feeds between values stay: inside of a text they are escapes already.
func EscapeJSON(dst, q []byte) []byte {
	for len(q) > 0 {
		r, n := utf8.DecodeRune(q)
		switch {
		case r == '\n' || !Unsafe(r, string(q[:n])):
			dst = append(dst, q[:n]...)
		case r > 0xffff:
			hi, lo := utf16.EncodeRune(r)
			dst = fmt.Appendf(dst, `\u%04x\u%04x`, hi, lo)
		default:
			dst = fmt.Appendf(dst, `\u%04x`, r)
		}
		q = q[n:]
	}
	return dst
}

// writeJSON writes one array. encoding/json escapes <, > and &, so that the text can stand inside a page, too.
func writeJSON(w io.Writer, d Document) error {
	for i, f := range d.Findings {
		b, err := findingJSON(f)
		if err != nil {
			return err
		}
		between := "[\n"
		if i > 0 {
			between = ",\n"
		}
		if _, err := fmt.Fprintf(w, "%s%s", between, b); err != nil {
			return err
		}
	}
	end := "\n]\n"
	if len(d.Findings) == 0 {
		end = "[]\n"
	}
	_, err := io.WriteString(w, end)
	return err
}

func writeJSONL(w io.Writer, d Document) error {
	for _, f := range d.Findings {
		b, err := findingJSON(f)
		if err != nil {
			return err
		}
		if _, err := w.Write(append(b, '\n')); err != nil {
			return err
		}
	}
	return nil
}
