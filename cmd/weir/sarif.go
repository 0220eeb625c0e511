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
		r := report.SARIFResult{Rule: f.Check.ID, Severity: f.Check.Severity.String(),
			Logical: []report.SARIFPlace{{Name: f.Resource, Kind: "resource"}}, Message: f.Resource + ": " + f.Summary + ". " + f.Check.Fix}
		if f.File != "" { // not in a live account
			// Code scanning demands a line: what is found in a plan is said to be in the first.
			file := url.URL{Path: filepath.ToSlash(f.File)}
			r.File, r.Line = file.String(), max(1, f.Line)
		}
		s.Results = append(s.Results, r)
	}
	return s.Write(w)
}
