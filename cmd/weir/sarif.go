package main

import (
	"io"
	"net/url"
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
		// Code scanning demands a line: what is found in a plan is said to be in the first.
		file := url.URL{Path: filepath.ToSlash(f.File)}
		s.Results = append(s.Results, report.SARIFResult{Rule: f.Check.ID, Severity: f.Check.Severity.String(), File: file.String(), Line: max(1, f.Line),
			Logical: []report.SARIFPlace{{Name: f.Resource, Kind: "resource"}}, Message: f.Resource + ": " + f.Summary + ". " + f.Check.Fix})
	}
	return s.Write(w)
}
