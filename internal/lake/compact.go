package lake

import "weir/flowlog"

// defaultTarget is the size that Compact aims at.
const defaultTarget = 256 << 20

func rowsByObject(t *flowlog.Table, f DataFile) (map[string]int64, error) { return nil, nil }
