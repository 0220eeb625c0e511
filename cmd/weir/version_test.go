package main

import "testing"

func TestDuckDBVersion(t *testing.T) {
	for module, want := range map[string]string{"v0.10506.0": "1.5.6", "v0.20110.3": "2.1.10", "v1.2.3": "v1.2.3", "(devel)": "(devel)"} {
		if got := duckdbVersion(module); got != want {
			t.Errorf("duckdbVersion(%q) = %q, want %q", module, got, want)
		}
	}
}
