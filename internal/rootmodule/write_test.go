package rootmodule

import (
	"os"
	"path/filepath"
	"testing"
)

// A file that cannot be written whole leaves the one that was there, and nothing beside it that Terraform would read.
func TestNoHalfFile(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "main.tf")
	if err := os.WriteFile(name, []byte("# mine\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(name+".part/in the way", 0o755); err != nil { // no room would end the same way
		t.Fatal(err)
	}
	err := Write(dir, []Change{{File: File{Path: "main.tf", Data: []byte("# new\n")}, Status: Differs}}, true)
	if err == nil {
		t.Error("it says that it was written")
	}
	if got, _ := os.ReadFile(name); string(got) != "# mine\n" {
		t.Errorf("main.tf holds %q", got)
	}
	if err := os.RemoveAll(name + ".part"); err != nil {
		t.Fatal(err)
	}
	if err := Write(dir, []Change{{File: File{Path: "main.tf", Data: []byte("# new\n")}, Status: Differs}}, true); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadDir(dir); len(got) != 1 {
		t.Errorf("left beside it: %v", got)
	}
	if got, _ := os.ReadFile(name); string(got) != "# new\n" {
		t.Errorf("main.tf holds %q", got)
	}
}
