package main

import (
	"encoding/json"
	"io"
	"path/filepath"

	"weir/internal/doctor"
)

// The part of SARIF 2.1.0 (OASIS, "Static Analysis Results Interchange Format", from memory) that code scanning shows.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool struct {
			Driver sarifDriver `json:"driver"`
		} `json:"tool"`
		Results []sarifResult `json:"results"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version,omitempty"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               string            `json:"id"`
		ShortDescription sarifText         `json:"shortDescription"`
		FullDescription  sarifText         `json:"fullDescription"`
		Help             sarifText         `json:"help"`
		Properties       map[string]string `json:"properties"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID    string          `json:"ruleId"`
		RuleIndex int             `json:"ruleIndex"`
		Level     string          `json:"level"`
		Message   sarifText       `json:"message"`
		Locations []sarifLocation `json:"locations"`
	}
	sarifLocation struct {
		Physical sarifPhysical `json:"physicalLocation"`
	}
	sarifPhysical struct {
		Artifact struct {
			URI string `json:"uri"`
		} `json:"artifactLocation"`
		Region *sarifRegion `json:"region,omitempty"`
	}
	sarifRegion struct {
		StartLine int `json:"startLine"`
	}
)

// sarifLevels has, for each severity, SARIF's word, and the number that code scanning makes critical, high and so on of.
var sarifLevels = map[doctor.Severity][2]string{
	doctor.Critical: {"error", "9.5"}, doctor.High: {"error", "8.0"}, doctor.Medium: {"warning", "5.0"}, doctor.Low: {"note", "3.0"}, doctor.Info: {"note", "0.5"},
}

func writeSARIF(w io.Writer, found []doctor.Finding, checks []*doctor.Check) error {
	run := sarifRun{Results: []sarifResult{}}
	run.Tool.Driver = sarifDriver{Name: "weir doctor", Version: readBuildInfo().Version, Rules: []sarifRule{}}
	index := map[string]int{}
	for i, c := range checks {
		index[c.ID] = i
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{c.ID, sarifText{c.Title}, sarifText{c.Why}, sarifText{c.Fix + " (" + c.Source + ")"},
			map[string]string{"security-severity": sarifLevels[c.Severity][1]}})
	}
	for _, f := range found {
		r := sarifResult{RuleID: f.Check.ID, RuleIndex: index[f.Check.ID], Level: sarifLevels[f.Check.Severity][0], Message: sarifText{f.Resource + ": " + f.Summary + ". " + f.Check.Fix}}
		var l sarifLocation
		l.Physical.Artifact.URI = filepath.ToSlash(f.File)
		if f.Line > 0 {
			l.Physical.Region = &sarifRegion{f.Line}
		}
		r.Locations = []sarifLocation{l}
		run.Results = append(run.Results, r)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}})
}
