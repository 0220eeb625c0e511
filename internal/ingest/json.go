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
//   - what `aws logs get-query-results` prints: {"results": [[{"field": "@message", "value": …}]]}
//   - an event, or a record as Firehose hands it on: {"message": …}; also several in an array
//   - a record as an object of its fields, by AWS's names, the columns' or those of CloudWatch's parseVPC
//
// Tokens are walked, so that an array of a million events is not held in memory.
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
			return errors.New("JSON ends in the middle of a value")
		case err != nil:
			return err
		}
	}
}

type jsonWalk struct {
	d     *json.Decoder
	w     io.Writer
	limit *budget
	depth int
	names []string // header of the last record that was an object of fields
}

// maxDepth is how deep arrays and objects may nest. Envelopes have four levels.
const maxDepth = 16

func (j *jsonWalk) line(s string) error {
	j.limit.left = maxValue
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
	switch t := t.(type) {
	case json.Delim:
		if j.depth++; j.depth > maxDepth {
			return fmt.Errorf("JSON nests deeper than %d levels", maxDepth)
		}
		if t == '[' {
			for j.d.More() {
				if err := j.value(); err != nil {
					return err
				}
			}
		} else if err := j.object(); err != nil {
			return err
		}
		_, err := j.token() // the closing bracket
		j.depth--
		return err
	case string:
		return j.line(t)
	}
	return j.line(fmt.Sprintf("%v", t)) // no record; it will be refused and counted
}

// object reads the members of an object.
func (j *jsonWalk) object() error {
	var names, values []string
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
		if _, nested := t.(json.Delim); nested {
			if err := j.rest(1); err != nil {
				return err
			}
			continue
		}
		text := jsonText(t)
		control = control || name == "messageType" && text == "CONTROL_MESSAGE"
		names, values = append(names, name), append(values, text)
	}
	if envelope {
		return nil
	}
	if i := slices.Index(names, "field"); i >= 0 && len(names) == 2 { // a cell of Logs Insights
		if v := slices.Index(names, "value"); v >= 0 {
			if values[i] != "@message" {
				return nil
			}
			return j.line(values[v])
		}
	}
	for _, n := range []string{"message", "@message"} {
		if i := slices.Index(names, n); i >= 0 {
			return j.line(values[i])
		}
	}
	return j.record(names, values)
}

// record writes an object of fields as a line, below a header if its fields are not those of the object before.
func (j *jsonWalk) record(names, values []string) error {
	var head, line []string
	known := false
	for i, n := range names {
		switch n {
		case "source_object", "source_line", "start_time", "end_time":
			continue // weir's own, made anew
		}
		n, ok := fieldName(n)
		known = known || ok
		head, line = append(head, n), append(line, values[i])
	}
	if !known {
		return j.line("{" + strings.Join(names, " ") + "}") // no record; it will be refused and counted
	}
	if !slices.Equal(head, j.names) {
		j.names = head
		if err := j.line(strings.Join(head, " ")); err != nil {
			return err
		}
	}
	return j.line(strings.Join(line, " "))
}

// fieldName returns AWS's name of a field that is spelled "pkt-srcaddr", "pkt_srcaddr", "pktSrcAddr".
func fieldName(s string) (string, bool) {
	for _, t := range flowlog.Tables {
		if f := t.Field(s); f != nil {
			return f.Name, true
		}
		if f := t.Column(s); f != nil {
			return f.Name, true
		}
	}
	plain := strings.ToLower(s)
	for _, t := range flowlog.Tables {
		for i := range t.Fields {
			if strings.ReplaceAll(t.Fields[i].Name, "-", "") == plain {
				return t.Fields[i].Name, true
			}
		}
	}
	return s, false
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
		switch t {
		case json.Delim('['), json.Delim('{'):
			open++
		case json.Delim(']'), json.Delim('}'):
			open--
		}
	}
	return nil
}
