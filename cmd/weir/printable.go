package main

import "weir/internal/report"

// printable makes text that others wrote (a key, a tag, a line of a log) safe to show on a terminal: whatever could
// move the cursor, change colours, break the line or turn the reading direction is shown as an escape instead.
func printable(s string) string { return report.Visible(s, "") }

// printableLines is printable for text of several lines, such as an error that points into a query.
func printableLines(s string) string { return report.Visible(s, "\n\t") }
