package columnar

import (
	"io"

	"github.com/parquet-go/parquet-go"

	"weir/flowlog"
)

// cursor reads one leaf column of a row group, some rows at a time.
type cursor struct {
	name   string
	field  *flowlog.Field // nil: unknown, source or extra
	leaf   int
	column int
	source bool
	extra  bool

	pages parquet.Pages
	page  parquet.Page
	at    int // values of the page that were read, NULLs included
	n     int // values of the page
	next  int // index of the next value that is not NULL
	defs  []byte
	full  byte // definition level of a value that is there
	plain []parquet.Value
	ints  []int32 // the page's values or dictionary indexes, if it has these
	longs []int64

	dict    parquet.Dictionary
	col     *flowlog.Column // what codes and numbers belong to
	resets  int
	codes   []uint32 // by dictionary index: code, number, error
	numbers []int64
	errs    []error
}

func (c *cursor) start(chunk parquet.ColumnChunk) {
	if c.pages != nil {
		c.release()
		c.pages.Close()
	}
	c.pages, c.at, c.n, c.dict = chunk.Pages(), 0, 0, nil
}

func (c *cursor) release() {
	if c.page != nil {
		parquet.Release(c.page)
		c.page = nil
	}
}

// more makes sure that there is a value to read.
func (c *cursor) more() error {
	for c.at == c.n {
		c.release()
		page, err := c.pages.ReadPage()
		if err == io.EOF {
			return io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
		c.page, c.at, c.n, c.next = page, 0, int(page.NumValues()), 0
		c.defs, c.full = page.DefinitionLevels(), 1
		c.plain, c.ints, c.longs = nil, nil, nil
		if page.NumNulls() == 0 {
			c.defs = nil
		}
		if d := page.Dictionary(); d != c.dict {
			c.dict, c.codes = d, nil
		}
		data := page.Data()
		switch {
		case page.NumNulls() == page.NumValues():
		case c.dict != nil:
			c.ints = data.Int32()
		case c.field != nil && !isText(c.field) && page.Type().Kind() == parquet.Int32:
			c.ints = data.Int32()
		case c.field != nil && !isText(c.field) && page.Type().Kind() == parquet.Int64:
			c.longs = data.Int64()
		default:
			c.plain = make([]parquet.Value, c.n)
			if _, err := page.Values().ReadValues(c.plain); err != nil && err != io.EOF {
				return err
			}
		}
	}
	return nil
}

// null tells whether the value at hand is NULL.
func (c *cursor) null() bool { return c.defs != nil && c.defs[c.at] < c.full }

// fill reads n rows into a column from row from on. Values that cannot be of the field's kind go to bad, and are NULL.
func (c *cursor) fill(col *flowlog.Column, from, n int, bad func(row int, value []byte, err error)) error {
	text := isText(c.field)
	col.SetNull(from, from+n)
	if c.col != col || col.Dict != nil && c.resets != col.Dict.Resets() {
		c.codes, c.col = nil, col
		if col.Dict != nil {
			c.resets = col.Dict.Resets()
		}
	}
	for row := from; row < from+n; {
		if err := c.more(); err != nil {
			return err
		}
		if c.dict != nil && c.codes == nil {
			c.translate(col)
		}
		for ; row < from+n && c.at < c.n; row, c.at = row+1, c.at+1 {
			if c.null() {
				continue
			}
			var code uint32
			var v int64
			var err error
			switch {
			case c.dict != nil:
				i := c.ints[c.next]
				code, v, err = c.codes[i], c.numbers[i], c.errs[i]
			case c.ints != nil:
				v, err = number(c.field, int64(c.ints[c.next]))
			case c.longs != nil:
				v, err = number(c.field, c.longs[c.next])
			default:
				if c.plain[c.at].IsNull() {
					continue
				}
				code, v, err = convert(col, c.plain[c.at])
			}
			if err != nil {
				bad(row, c.current(), err)
			} else if text {
				col.Codes[row] = code
			} else if col.Int32 != nil {
				col.Int32[row] = int32(v)
			} else {
				col.Int64[row] = v
			}
			c.next++
		}
	}
	return nil
}

// current is the value at hand, for a message.
func (c *cursor) current() []byte {
	switch {
	case c.dict != nil:
		return valueText(c.dict.Index(c.ints[c.next]))
	case c.ints != nil:
		return valueText(parquet.Int32Value(c.ints[c.next]))
	case c.longs != nil:
		return valueText(parquet.Int64Value(c.longs[c.next]))
	}
	return valueText(c.plain[c.at])
}

// translate converts each entry of the dictionary once.
func (c *cursor) translate(col *flowlog.Column) {
	n := c.dict.Len()
	c.codes, c.numbers, c.errs = make([]uint32, n), make([]int64, n), make([]error, n)
	for i := range n {
		c.codes[i], c.numbers[i], c.errs[i] = convert(col, c.dict.Index(int32(i)))
	}
}

// convert gives a value its place in a column. "None" and empty text are what data frames make of no value.
func convert(col *flowlog.Column, v parquet.Value) (code uint32, n int64, err error) {
	if !isText(col.Field) {
		switch v.Kind() {
		case parquet.Int32:
			n, err = number(col.Field, int64(v.Int32()))
			return 0, n, err
		case parquet.Int64:
			n, err = number(col.Field, v.Int64())
			return 0, n, err
		}
	}
	t := valueText(v)
	if len(t) == 0 || string(t) == "None" || string(t) == "null" {
		t = []byte("-")
	}
	return flowlog.ParseValue(col, t)
}

// text reads n rows of source_object.
func (c *cursor) text(col *flowlog.Column, from, n int) error {
	return c.each(from, n, func(row int, v []byte) { col.Codes[row] = col.Dict.Code(v) })
}

// unknown reads a column that the table does not know into pairs of Extra.
func (c *cursor) unknown(pairs [][]byte) error {
	return c.each(0, len(pairs), func(row int, v []byte) {
		if string(v) != "-" {
			pairs[row] = flowlog.AppendExtra(pairs[row], c.name, string(v))
		}
	})
}

func (c *cursor) each(from, n int, use func(row int, v []byte)) error {
	for row := from; row < from+n; {
		if err := c.more(); err != nil {
			return err
		}
		for ; row < from+n && c.at < c.n; row, c.at = row+1, c.at+1 {
			if c.null() {
				continue
			}
			if c.dict != nil {
				use(row, valueText(c.dict.Index(c.ints[c.next])))
			} else if !c.plain[c.at].IsNull() {
				use(row, valueText(c.plain[c.at]))
			}
			c.next++
		}
	}
	return nil
}

func isText(f *flowlog.Field) bool {
	return f.Kind == flowlog.Text || f.Kind == flowlog.Enum || f.Kind == flowlog.Address
}
