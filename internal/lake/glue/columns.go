package glue

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// maxComment is the length of a column's comment in bytes. AWS Glue Developer Guide, "Table API", Column.
const maxComment = 255

// columns are a table's columns as Glue shows them: those of the schema in force, then those that are no more.
func columns(meta table.Metadata) []types.Column {
	var out []types.Column
	seen := map[string]bool{}
	add := func(s *iceberg.Schema, current bool) {
		for _, f := range s.Fields() {
			if seen[f.Name] {
				continue
			}
			seen[f.Name] = true
			c := types.Column{Name: aws.String(f.Name), Type: aws.String(typeName(f.Type)), Parameters: map[string]string{
				"iceberg.field.id":       strconv.Itoa(f.ID),
				"iceberg.field.optional": strconv.FormatBool(!f.Required),
				"iceberg.field.current":  strconv.FormatBool(current),
			}}
			if doc := comment(f.Doc); doc != "" {
				c.Comment = &doc
			}
			out = append(out, c)
		}
	}
	current := meta.CurrentSchema()
	add(current, true)
	for _, s := range meta.Schemas() {
		if s.ID != current.ID {
			add(s, false)
		}
	}
	return out
}

// comment is a field's description as Glue takes it: one line, and not too long.
func comment(doc string) string {
	doc = strings.Join(strings.Fields(doc), " ")
	if len(doc) <= maxComment {
		return doc
	}
	const more = "…"
	cut := maxComment - len(more)
	for !utf8.RuneStart(doc[cut]) {
		cut--
	}
	return doc[:cut] + more
}

// typeName is Hive's name of a type.
func typeName(t iceberg.Type) string {
	switch t := t.(type) {
	case iceberg.BooleanType:
		return "boolean"
	case iceberg.Int32Type:
		return "int"
	case iceberg.Int64Type:
		return "bigint"
	case iceberg.Float32Type:
		return "float"
	case iceberg.Float64Type:
		return "double"
	case iceberg.DateType:
		return "date"
	case iceberg.TimestampType, iceberg.TimestampTzType:
		return "timestamp"
	case iceberg.BinaryType, iceberg.FixedType:
		return "binary"
	case iceberg.DecimalType:
		return fmt.Sprintf("decimal(%d,%d)", t.Precision(), t.Scale())
	case *iceberg.MapType:
		return "map<" + typeName(t.KeyType) + "," + typeName(t.ValueType) + ">"
	case *iceberg.ListType:
		return "array<" + typeName(t.Element) + ">"
	case *iceberg.StructType:
		var fields []string
		for _, f := range t.FieldList {
			fields = append(fields, f.Name+":"+typeName(f.Type))
		}
		return "struct<" + strings.Join(fields, ",") + ">"
	}
	return "string" // also what Hive has no name for, of columns that others added
}
