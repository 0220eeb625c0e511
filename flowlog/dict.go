package flowlog

// Dict gives each distinct text of a column a code, counting from 1; 0 is NULL.
type Dict struct {
}
