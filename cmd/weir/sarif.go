package main

import (
	"io"
	"path/filepath"

	"weir/internal/doctor"
	"weir/internal/report"
)

// writeSARIF writes what the doctor found for code scanning.
func writeSARIF(w io.Writer, found []doctor.Finding, checks []*doctor.Check) error {
	s := report.SARIF{Tool: "weir doctor", Version: readBuildInfo().Version}
	for _, c := range checks {
		s.Rules = append(s.Rules, report.SARIFRule{ID: c.ID, Title: c.Title, Explain: c.Why, Fix: c.Fix + " (" + c.Source + ")", Severity: c.Severity.String()})
	}
	for _, f := range found {
		var logical []report.SARIFPlace
		if f.File == "" { // in a live account
			logical = []report.SARIFPlace{{Name: f.Resource, Kind: "resource"}}
		}
		s.Results = append(s.Results, report.SARIFResult{Logical: logical, Rule: f.Check.ID, Severity: f.Check.Severity.String(), File: filepath.ToSlash(f.File), Line: f.Line,
			Message: f.Resource + ": " + f.Summary + ". " + f.Check.Fix})
	}
	return s.Write(w)
}
