package traffic

import (
	"os"
	"strings"
	"testing"
)

// The manual lists every attack.
func TestManualListsAttacks(t *testing.T) {
	b, err := os.ReadFile("../../docs/traffic.md")
	if err != nil {
		t.Fatal(err)
	}
	names, docs := Attacks()
	for i, name := range names {
		if row := "| `" + name + "` | " + docs[i] + " |"; !strings.Contains(string(b), row) {
			t.Errorf("docs/traffic.md has no row\n%s", row)
		}
	}
}
