package lake

// defaultTarget is the size that Compact aims at.
const defaultTarget = 256 << 20
