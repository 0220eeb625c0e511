package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// The part of SARIF 2.1.0 (OASIS, "Static Analysis Results Interchange Format", from memory) that code scanning shows.
// What the doctor finds in files is written by the same types.
type (
	SARIF struct {
		Tool    string // such as "weir doctor"
		Version string
		Rules   []SARIFRule
		Results []SARIFResult
	}
	SARIFRule struct {
		ID, Title, Explain, Fix string
		Severity                string
		URL                     string // "" if there is none
	}
	SARIFResult struct {
		Rule        string // the ID of one of Rules
		Severity    string
		Message     string
		File        string // "" if it is in no file: then Logical says what it is about
		Line        int    // from 1; 0 is not known
		Logical     []SARIFPlace
		Fingerprint string // the same for the same thing, run after run; "" if there is none
		State       string // "" or, if a person decided so, the reason to show it no more
		Properties  map[string]any
	}
	// SARIFPlace is a thing that is no file.
	SARIFPlace struct{ Name, Kind string }
)

// sarifLevels has, for each severity, SARIF's word, and the number that code scanning makes critical, high and so on of.
var sarifLevels = map[string][2]string{
	"critical": {"error", "9.5"}, "high": {"error", "8.0"}, "medium": {"warning", "5.0"}, "low": {"note", "3.0"}, "info": {"note", "0.5"},
}

func sarifLevel(severity string) [2]string {
	if l, ok := sarifLevels[severity]; ok {
		return l
	}
	return sarifLevels["info"]
}

type object = map[string]any

// sarifText is the longest text, in characters: code scanning cuts or refuses longer ones.
const sarifText = 4000

func sarifMessage(s string) object { return object{"text": Cut(Visible(s, "\n"), sarifText)} }

// Write writes the log of one run.
func (s *SARIF) Write(w io.Writer) error {
	driver := object{"name": s.Tool, "rules": []object{}}
	if s.Version != "" {
		driver["version"] = s.Version
	}
	index := map[string]int{}
	rules := []object{}
	for i, r := range s.Rules {
		index[r.ID] = i
		o := object{"id": Cut(r.ID, sarifText), "shortDescription": sarifMessage(r.Title), "fullDescription": sarifMessage(r.Explain), "help": sarifMessage(r.Fix),
			"properties": object{"security-severity": sarifLevel(r.Severity)[1]}}
		if r.URL != "" {
			o["helpUri"] = r.URL
		}
		rules = append(rules, o)
	}
	driver["rules"] = rules
	results := []object{}
	for _, r := range s.Results {
		o := object{"ruleId": Cut(r.Rule, sarifText), "ruleIndex": index[r.Rule], "level": sarifLevel(r.Severity)[0], "message": sarifMessage(r.Message)}
		location := object{}
		if r.File != "" {
			physical := object{"artifactLocation": object{"uri": r.File}}
			if r.Line > 0 {
				physical["region"] = object{"startLine": r.Line}
			}
			location["physicalLocation"] = physical
		}
		if len(r.Logical) > 0 {
			var places []object
			for _, p := range r.Logical {
				places = append(places, object{"fullyQualifiedName": Cut(Visible(p.Name, ""), sarifText), "kind": p.Kind})
			}
			location["logicalLocations"] = places
		}
		o["locations"] = []object{location}
		if r.Fingerprint != "" {
			o["partialFingerprints"] = object{"weirFinding/v1": r.Fingerprint}
		}
		if r.State != "" {
			o["suppressions"] = []object{{"kind": "external", "status": "accepted", "justification": Cut(r.State, sarifText)}}
		}
		if len(r.Properties) > 0 {
			o["properties"] = bounded(plain(r.Properties), sarifText)
		}
		results = append(results, o)
	}
	b, err := json.MarshalIndent(object{"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0",
		"runs": []object{{"tool": object{"driver": driver}, "results": results}}}, "", "  ")
	if err != nil {
		return fmt.Errorf("write SARIF: %w", err)
	}
	_, err = w.Write(append(EscapeJSON(nil, b), '\n'))
	return err
}

// writeSARIF writes findings about things that are in no file. Code scanning demands a file and a line, so each is
// said to be in the first line of a file with the interface's name; SARIF viewers show the logical place.
func writeSARIF(w io.Writer, d Document) error {
	s := SARIF{Tool: "weir", Version: d.Version}
	known := map[string]bool{}
	for _, f := range d.Findings {
		info := d.Rules(f.Rule)
		if !known[f.Rule] {
			known[f.Rule] = true
			r := SARIFRule{ID: f.Rule, Title: d.title(f), Explain: info.Explain, Fix: info.Fix, Severity: f.Severity}
			if info.Title != "" {
				r.Title = info.Title
			}
			if len(info.References) > 0 && isURL(info.References[0]) {
				r.URL = info.References[0]
			}
			s.Rules = append(s.Rules, r)
		}
		place, kind := f.ID, "finding"
		account, region := d.place(f)
		var logical []SARIFPlace
		if res := d.resources(f); len(res) > 0 {
			place, kind = res[0].id, "resource"
			if account == "" || region == "" {
				logical = append(logical, SARIFPlace{res[0].id, kind})
			} else {
				logical = append(logical, SARIFPlace{res[0].arn, kind})
			}
		} else {
			logical = append(logical, SARIFPlace{place, kind})
		}
		r := SARIFResult{Rule: f.Rule, Severity: f.Severity, Message: f.Summary, File: sarifFile(account, region, place), Line: 1, Logical: logical,
			Fingerprint: f.ID, Properties: object{
				"severity": f.Severity, "security-severity": sarifLevel(f.Severity)[1], "state": f.State, "first_seen": timeText(f.FirstSeen), "last_seen": timeText(f.LastSeen),
				"count": f.Count, "confidence": f.Confidence, "techniques": strings.Join(d.techniques(f), " "),
			}}
		if isSettled(f.State) {
			r.State = f.State
		}
		s.Results = append(s.Results, r)
	}
	return s.Write(w)
}

// sarifFile is a relative URI for what is no file: aws/ACCOUNT/REGION/THING.
func sarifFile(parts ...string) string {
	out := []string{"aws"}
	for _, p := range parts {
		p = strings.Map(func(r rune) rune {
			if r < 0x80 && (r == '-' || r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z') {
				return r
			}
			return '-'
		}, Cut(p, 100))
		if p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, "/")
}
