package ingest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"weir/flowlog"
)

// unwrapJSON writes the records in JSON values to w, a line each. The values stand one after the other, with or
// without something between them. They may be:
//
//   - what a CloudWatch Logs subscription sends: {"messageType": …, "logEvents": [{"message": …}]}
//   - what `aws logs filter-log-events` and get-log-events print: {"events": [{"message": …}]}
//   - what `aws logs get-query-results` prints: {"results": [[{"field": "@message", "value": …}]]}, or the fields that
//     CloudWatch found in the message, a cell each
//   - an event, or a record as Firehose hands it on: {"message": …}; also several in an array
//   - a record as an object of its fields, by AWS's names, the columns' or those of CloudWatch's parseVPC
//
// What is none of these is a line that the reader of records will refuse and count. Tokens are walked, so that an array
// of a million events is not held in memory.
func unwrapJSON(r io.Reader, w io.Writer) error {
	limit := &budget{r: r, left: maxValue}
	j := &jsonWalk{d: json.NewDecoder(limit), w: w, limit: limit}
	j.d.UseNumber()
	for {
		err := j.value()
		switch {
		case err == io.EOF:
			return io.EOF
		case errors.Is(err, io.ErrUnexpectedEOF):
			return &cutError{"JSON"}
		case err != nil:
			return j.where(err)
		}
	}
}

// where says at which byte a value is not JSON.
func (j *jsonWalk) where(err error) error {
	if se := (*json.SyntaxError)(nil); errors.As(err, &se) {
		return fmt.Errorf("byte %d is not JSON: %w", j.d.InputOffset(), err)
	}
	return err
}

type jsonWalk struct {
	d     *json.Decoder
	w     io.Writer
	limit *budget
	depth int
	names []string // header of the last record that was an object of fields
	cells []member // of the row of Logs Insights at hand
}

// member is a name with a value, as text.
type member struct{ name, value string }

// maxDepth is how deep arrays and objects may nest. Envelopes have four levels.
const maxDepth = 64

// maxMembers is how many members of an object are looked at. A record has at most 54 fields, and what was added.
const maxMembers = 1000

// refused begins a line that must not pass for a record, whatever the format: a control character.
const refused = "\x01"

// line writes a line that came as text.
func (j *jsonWalk) line(s string) error {
	if j.names != nil {
		s = refused + s // it has another format than the objects of fields before it
	}
	return j.write(s)
}

func (j *jsonWalk) write(s string) error {
	_, err := io.WriteString(j.w, strings.TrimRight(s, "\r\n")+"\n")
	return err
}

// token returns the next token. The end of the input is an error inside a value.
func (j *jsonWalk) token() (json.Token, error) {
	t, err := j.d.Token()
	if err == io.EOF && j.depth > 0 {
		err = io.ErrUnexpectedEOF
	}
	return t, err
}

func (j *jsonWalk) value() error {
	t, err := j.token()
	if err != nil {
		return err
	}
	j.limit.left = maxValue
	switch t := t.(type) {
	case json.Delim:
		if j.depth++; j.depth > maxDepth {
			return errDeep
		}
		if t == '{' {
			return j.object()
		}
		outer := j.cells
		j.cells = nil
		for j.d.More() {
			if err := j.value(); err != nil {
				return err
			}
		}
		if err := j.closing(); err != nil {
			return err
		}
		cells := j.cells
		j.cells = outer
		return j.row(cells)
	case string:
		return j.line(t)
	}
	return j.write(refused + fmt.Sprintf("%v", t))
}

// closing reads a closing bracket. Only then is it sure that an array or object is whole.
func (j *jsonWalk) closing() error {
	_, err := j.token()
	j.depth--
	return err
}

var (
	errDeep = fmt.Errorf("JSON nests deeper than %d levels", maxDepth)
	errWide = fmt.Errorf("a JSON object has more than %d members", maxMembers)
)

// object reads the members of an object, and its end.
func (j *jsonWalk) object() error {
	var members []member
	envelope, control := false, false
	for j.d.More() {
		key, err := j.token()
		if err != nil {
			return err
		}
		name := key.(string)
		switch name {
		case "logEvents", "events", "results":
			envelope = true
			if control {
				err = j.skip()
			} else {
				err = j.value()
			}
			if err != nil {
				return err
			}
			continue
		}
		t, err := j.token()
		if err != nil {
			return err
		}
		if d, nested := t.(json.Delim); nested {
			switch {
			case name == "extra" && d == '{': // as weir prints fields that it does not know
				j.depth++
				err = j.extra(&members)
			default:
				err = j.rest(1)
			}
			if err != nil {
				return err
			}
			continue
		}
		text := jsonText(t)
		control = control || name == "messageType" && text == "CONTROL_MESSAGE"
		if members = append(members, member{name, text}); len(members) > maxMembers {
			return errWide
		}
	}
	if err := j.closing(); err != nil || envelope {
		return err
	}
	if len(members) == 2 { // a cell of Logs Insights
		f, v := members[0], members[1]
		if f.name == "value" {
			f, v = v, f
		}
		if f.name == "field" && v.name == "value" {
			if j.cells = append(j.cells, member{f.value, v.value}); len(j.cells) > maxMembers {
				return errWide
			}
			return nil
		}
	}
	return j.row(members)
}

// extra reads an object of texts.
func (j *jsonWalk) extra(members *[]member) error {
	for j.d.More() {
		key, err := j.token()
		if err != nil {
			return err
		}
		t, err := j.token()
		if err != nil {
			return err
		}
		if _, nested := t.(json.Delim); nested {
			if err := j.rest(1); err != nil {
				return err
			}
			continue
		}
		if *members = append(*members, member{key.(string), jsonText(t)}); len(*members) > maxMembers {
			return errWide
		}
	}
	return j.closing()
}

// row writes what an object, or a row of cells, holds: the line in its message, or else a record of its fields.
func (j *jsonWalk) row(members []member) error {
	if members == nil {
		return nil
	}
	for _, name := range []string{"message", "@message"} {
		for _, m := range members {
			if m.name == name {
				return j.line(m.value)
			}
		}
	}
	var head, line, given []string
	known := false
	for _, m := range members {
		given = append(given, m.name)
		name, ok := fieldName(m.name)
		if name == "" {
			continue
		}
		known = known || ok
		head, line = append(head, name), append(line, oneToken(m.value))
	}
	if known && !slices.Equal(head, j.names) {
		h := strings.Join(head, " ")
		if _, err := flowlog.ParseFormat(h); err != nil {
			known = false // a field that stands twice
		} else if err := j.write(h); err != nil {
			return err
		} else {
			j.names = head
		}
	}
	if !known {
		return j.write(refused + "{" + strings.Join(given, " ") + "}")
	}
	return j.write(strings.Join(line, " "))
}

// jsonText is a scalar as AWS writes it in text. 25238.0 is what data frames make of integers.
func jsonText(t json.Token) string {
	switch t := t.(type) {
	case nil:
		return "-"
	case string:
		if t == "" {
			return "-"
		}
		return t
	case json.Number:
		return strings.TrimSuffix(t.String(), ".0")
	}
	return fmt.Sprint(t)
}

// skip passes over a value.
func (j *jsonWalk) skip() error {
	t, err := j.token()
	if err != nil {
		return err
	}
	if _, nested := t.(json.Delim); nested {
		return j.rest(1)
	}
	return nil
}

// rest passes over what is left of open arrays and objects.
func (j *jsonWalk) rest(open int) error {
	for open > 0 {
		t, err := j.token()
		if err != nil {
			return err
		}
		j.limit.left = maxValue
		switch t {
		case json.Delim('['), json.Delim('{'):
			if open++; open > maxDepth {
				return errDeep
			}
		case json.Delim(']'), json.Delim('}'):
			open--
		}
	}
	return nil
}
