// Package terraform carries the Terraform module in the program, so that `weir init` can write it and both are of one
// version.
//
// Start at Module. It leaves to rootmodule what is written where. What must hold: the files are those of
// modules/flow-logs, unchanged, and all that Terraform needs of them.
package terraform

import (
	"embed"
	"io/fs"
	"path"
	"strings"
)

//go:embed modules/flow-logs
var files embed.FS

const root = "modules/flow-logs"

// Module returns the files of the module flow-logs by their path in it, without its tests and its README, whose links
// lead into weir's repository.
func Module() map[string][]byte {
	out := map[string][]byte{}
	err := fs.WalkDir(files, root, func(p string, d fs.DirEntry, err error) error {
		switch name := strings.TrimPrefix(p, root+"/"); {
		case err != nil:
			return err
		case d.IsDir() && name == "tests":
			return fs.SkipDir
		case d.IsDir() || name == "README.md" || strings.Contains(path.Base(name), ".tfstate"):
			return nil
		default:
			out[name], err = files.ReadFile(p)
			return err
		}
	})
	if err != nil {
		panic("BUG: embedded files cannot be read: " + err.Error())
	}
	return out
}
