package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// besideFile makes a path in a settings file mean the same wherever weir is started: it is relative to the file.
func besideFile(file, path string) string {
	if strings.Contains(path, "://") || filepath.IsAbs(path) {
		return path
	}
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	return filepath.Join(filepath.Dir(file), path)
}

// findConfig returns the first settings file that there is, or "".
func findConfig() string {
	places := []string{"weir.yaml"}
	if dir, err := xdg("XDG_CONFIG_HOME", ".config"); err == nil {
		places = append(places, filepath.Join(dir, "weir", "weir.yaml"))
	}
	for _, p := range places {
		// Whatever else is wrong with a file that is there, reading it will say.
		if _, err := os.Stat(p); !errors.Is(err, fs.ErrNotExist) {
			return p
		}
	}
	return ""
}

func defaultLake() (string, error) {
	dir, err := xdg("XDG_DATA_HOME", ".local/share")
	if err != nil {
		return "", fmt.Errorf("find lake: no --lake, no $WEIR_LAKE, and %w", err)
	}
	return filepath.Join(dir, "weir"), nil
}

// xdg returns a base directory of the XDG specification, which weir follows on every system, so that things are where
// the manual says. A relative path in the variable is to be ignored, says the specification.
func xdg(env, inHome string) (string, error) {
	if dir := os.Getenv(env); filepath.IsAbs(dir) {
		return dir, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(home, filepath.FromSlash(inHome)), nil
}
