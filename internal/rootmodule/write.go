package rootmodule

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// Status says what becomes of a file.
type Status string

// The statuses of files.
const (
	New     Status = "new"
	Same    Status = "unchanged"
	Differs Status = "overwritten" // it is there with other contents
	Stale   Status = "removed"     // a Terraform file in the module's copy that is not the module's: Terraform would read it as part of it
)

// Change is what becomes of one file.
type Change struct {
	File
	Status Status
}

// ConflictError says which files differ from what would be written.
type ConflictError struct {
	Dir   string
	Files []string
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("write %s: there already, and different: %s", e.Dir, strings.Join(e.Files, ", "))
}

// Plan compares files with what is in dir, and changes nothing. A folder that is not there yet is an empty one.
func Plan(dir string, files []File) ([]Change, error) {
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		changes := make([]Change, len(files))
		for i, f := range files {
			changes[i] = Change{f, New}
		}
		return changes, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read root module: %w", err)
	}
	defer root.Close()
	var changes []Change
	module := false
	for _, f := range files {
		module = module || path.Dir(f.Path) == ModuleDir
		c := Change{f, Differs}
		switch there, err := root.ReadFile(f.Path); {
		case errors.Is(err, fs.ErrNotExist):
			c.Status = New
		case err != nil:
			return nil, fmt.Errorf("read root module: %w", err)
		case bytes.Equal(there, f.Data):
			c.Status = Same
		}
		changes = append(changes, c)
	}
	if !module {
		return changes, nil
	}
	stale, err := terraformFiles(root, ModuleDir)
	if err != nil {
		return nil, fmt.Errorf("read root module: %w", err)
	}
	for _, name := range stale {
		name = path.Join(ModuleDir, name)
		if !slices.ContainsFunc(files, func(f File) bool { return f.Path == name }) {
			changes = append(changes, Change{File{Path: name}, Stale})
		}
	}
	return changes, nil
}

// terraformFiles are the names of the files that Terraform reads in a folder.
func terraformFiles(root *os.Root, dir string) (names []string, err error) {
	entries, err := fs.ReadDir(root.FS(), dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		if n := e.Name(); !e.IsDir() && (strings.HasSuffix(n, ".tf") || strings.HasSuffix(n, ".tf.json")) {
			names = append(names, n)
		}
	}
	return names, err
}

// Strangers are the Terraform files in dir that none of files are: Terraform reads them as one root module with these.
func Strangers(dir string, files []File) ([]string, error) {
	root, err := os.OpenRoot(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read root module: %w", err)
	}
	defer root.Close()
	names, err := terraformFiles(root, ".")
	return slices.DeleteFunc(names, func(n string) bool { return slices.ContainsFunc(files, func(f File) bool { return f.Path == n }) }), err
}

// Write makes the changes in dir, which it makes if need be. Without force it changes nothing where a file would be
// overwritten or removed, and returns a *ConflictError. It writes no file outside of dir, whatever links lie there.
func Write(dir string, changes []Change, force bool) error {
	conflict := &ConflictError{Dir: dir}
	for _, c := range changes {
		if c.Status == Differs || c.Status == Stale {
			conflict.Files = append(conflict.Files, c.Path)
		}
	}
	if len(conflict.Files) > 0 && !force {
		return conflict
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("write root module: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return fmt.Errorf("write root module: %w", err)
	}
	defer root.Close()
	for _, c := range changes {
		switch c.Status {
		case Same:
			continue
		case Stale:
			err = root.Remove(c.Path)
		default:
			if err = root.MkdirAll(path.Dir(c.Path), 0o755); err == nil {
				err = writeWhole(root, c.Path, c.Data)
			}
		}
		if err != nil {
			return fmt.Errorf("write root module: %w", err)
		}
	}
	return nil
}

// writeWhole writes a file beside its place and moves it there: whoever is stopped, or has no room, has no half file, which
// the next run would take for one that somebody changed.
func writeWhole(root *os.Root, name string, data []byte) error {
	part := name + ".part"
	err := root.WriteFile(part, data, 0o644)
	if err == nil {
		err = root.Rename(part, name)
	}
	if err != nil {
		_ = root.Remove(part)
	}
	return err
}
