package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"time"

	"weir/internal/finding"
)

var (
	findingsSetting = text("findings", "findings", "findings.db in the lake's folder; of a lake in a bucket, in $XDG_DATA_HOME/weir/findings",
		"file in which findings are kept", func(s *settings) *string { return &s.Findings })
	suppressionsSetting = text("suppressions", "suppressions", "suppressions.yaml beside the settings file, or here",
		"file of suppressions that is kept in git, YAML", func(s *settings) *string { return &s.Suppressions })
)

// findingSettings are the settings of commands that read or write findings.
var findingSettings = []string{"findings", "suppressions"}

// suppressionsName is the file of suppressions that is read where none is named.
const suppressionsName = "suppressions.yaml"

// findingsPath is the file of the store. A lake in a bucket has it on this machine: SQLite wants a file system.
func (a *app) findingsPath() (string, error) {
	switch {
	case a.settings.Findings != "":
		return a.settings.Findings, nil
	case !strings.Contains(a.settings.Lake, "://"):
		return filepath.Join(a.settings.Lake, "findings.db"), nil
	}
	dir, err := xdg("XDG_DATA_HOME", ".local/share")
	if err != nil {
		return "", fmt.Errorf("find findings: %w", err)
	}
	sum := sha256.Sum256([]byte(strings.TrimRight(a.settings.Lake, "/")))
	return filepath.Join(dir, "weir", "findings", hex.EncodeToString(sum[:8])+".db"), nil
}

// openFindings opens the store, with the suppressions of the file. Only who may make the store opens it to create; others
// find none where nothing was detected yet.
func (a *app) openFindings(ctx context.Context, how findingsMode) (finding.Store, error) {
	path, err := a.findingsPath()
	if err != nil {
		return nil, err
	}
	suppressions, err := a.readSuppressions(time.Now())
	if err != nil {
		return nil, err
	}
	switch how {
	case createFindings:
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return nil, fmt.Errorf("open findings: %w", err)
		}
	case changeFindings: // a typing error must not make a store here
		s, err := finding.Open(ctx, path, finding.Options{ReadOnly: true})
		if err != nil {
			return nil, err
		}
		if err := s.Close(); err != nil {
			return nil, err
		}
	}
	return finding.Open(ctx, path, finding.Options{ReadOnly: how == readFindings, Suppressions: suppressions})
}

type findingsMode int

const (
	readFindings   findingsMode = iota
	changeFindings              // people's decisions
	createFindings              // detect
)

// readSuppressions reads the file that the settings name; else the one beside the settings file, or, without a settings
// file, in the working directory, if it is there.
func (a *app) readSuppressions(now time.Time) ([]finding.Suppression, error) {
	path := a.settings.Suppressions
	named := path != ""
	if !named {
		path = suppressionsName
		if a.settings.file != "" {
			path = besideFile(a.settings.file, suppressionsName)
		}
	}
	data, err := os.ReadFile(path)
	if !named && errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read suppressions: %w", err)
	}
	return finding.ParseSuppressions(path, data, now)
}

// warnExpired says of each suppression that has expired that it hides nothing any more.
func (a *app) warnExpired(ctx context.Context, s finding.Store) error {
	all, err := s.Suppressions(ctx)
	if err != nil {
		return err
	}
	for _, x := range all {
		if x.Expired {
			fmt.Fprintf(a.stderr, "warning: suppression %s of %s expired on %s and hides nothing any more\n", printable(x.ID), printable(x.Owner), x.Expires.Format(time.DateOnly))
		}
	}
	return nil
}

// whoAmI is the name under which a decision is noted: what was given, else the login name.
func whoAmI(as string) string {
	if as != "" {
		return as
	}
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return "unknown"
}
