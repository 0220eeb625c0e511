package main

import (
	"fmt"
	"os"
)

// queryMemory is the bound on a query's memory: what was set, else a quarter of the machine.
func queryMemory(set int64) int64 {
	if set > 0 {
		return set
	}
	return physicalMemory() / 4
}

// physicalMemory is the memory of the machine in bytes, or 0 where it is not known.
func physicalMemory() int64 {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	var kb int64
	if _, err := fmt.Sscanf(string(text), "MemTotal: %d kB", &kb); err != nil {
		return 0
	}
	return kb << 10
}
