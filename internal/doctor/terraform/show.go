package terraform

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"weir/internal/doctor"
)

// Limits of what `terraform show -json` may be. Guesses with room to spare: a plan of a thousand resources has some MB, and
// one { for each 70 to 150 bytes. Together they keep the doctor below a GB, whatever it is given.
const (
	maxShow    = 64 << 20 // bytes
	maxObjects = 1_000_000
	maxDecoded = 16 << 20 // bytes of arguments that the checks look at; as values they take many times that
)

// shown is the output of `terraform show -json`, as far as it is wanted: of a plan or of a state. The values of variables
// are in it, too, secrets among them; they are not taken.
type shown struct {
	FormatVersion string          `json:"format_version"`
	Changes       []change        `json:"resource_changes"`
	Config        *configuration  `json:"configuration"`
	Planned       json.RawMessage `json:"planned_values"`
	Values        *struct {
		Root stateModule `json:"root_module"`
	} `json:"values"`
	Complete *bool `json:"complete"`
	Errored  bool  `json:"errored"`

	// By these, other files of Terraform's are told.
	Version json.RawMessage `json:"version"`
	Lineage string          `json:"lineage"`
	Level   string          `json:"@level"`
	Schemas json.RawMessage `json:"provider_schemas"`
}

type change struct {
	Address string `json:"address"`
	Module  string `json:"module_address"`
	Mode    string `json:"mode"`
	Type    string `json:"type"`
	Name    string `json:"name"`
	Index   any    `json:"index"`
	Deposed string `json:"deposed"`
	Change  struct {
		Actions   []string        `json:"actions"`
		After     json.RawMessage `json:"after"`
		Unknown   json.RawMessage `json:"after_unknown"`
		Sensitive json.RawMessage `json:"after_sensitive"`
	} `json:"change"`
}

type stateModule struct {
	Resources []struct {
		Address   string          `json:"address"`
		Mode      string          `json:"mode"`
		Type      string          `json:"type"`
		Name      string          `json:"name"`
		Deposed   string          `json:"deposed_key"`
		Values    json.RawMessage `json:"values"`
		Sensitive json.RawMessage `json:"sensitive_values"`
	} `json:"resources"`
	Children []stateModule `json:"child_modules"`
}

type configuration struct {
	Providers map[string]struct {
		Name        string                     `json:"name"`
		FullName    string                     `json:"full_name"`
		Alias       string                     `json:"alias"`
		Module      string                     `json:"module_address"`
		Version     string                     `json:"version_constraint"`
		Expressions map[string]json.RawMessage `json:"expressions"`
	} `json:"provider_config"`
	Root configModule `json:"root_module"`
}

type configModule struct {
	Resources []struct {
		Address     string          `json:"address"`
		Expressions json.RawMessage `json:"expressions"`
	} `json:"resources"`
	Outputs map[string]output     `json:"outputs"`
	Calls   map[string]moduleCall `json:"module_calls"`

	byAddress map[string]json.RawMessage
}

type output struct {
	Expression expression `json:"expression"`
}

type moduleCall struct {
	Expressions map[string]json.RawMessage `json:"expressions"`
	Module      *configModule              `json:"module"`
}

func (c moduleCall) outputs() map[string]output {
	if c.Module == nil {
		return nil
	}
	return c.Module.Outputs
}

type expression struct {
	References []string        `json:"references"`
	Constant   json.RawMessage `json:"constant_value"`
}

// ReadShown reads what `terraform show -json` says of a plan or of a state; which one it is its content tells. name stands
// for it in findings and errors.
func ReadShown(in io.Reader, name string) (*doctor.Module, error) {
	text, err := io.ReadAll(io.LimitReader(in, maxShow+1))
	if err != nil {
		return nil, fmt.Errorf("read plan or state: %w", err)
	}
	if len(text) > maxShow {
		return nil, fmt.Errorf("read plan or state %s: more than %d MB", name, maxShow>>20)
	}
	doc, err := parseShown(text)
	if err != nil {
		return nil, fmt.Errorf("read plan or state %s: %w", name, err)
	}
	s := &showReader{module: &doctor.Module{}, file: name, instances: map[string][]string{}, modules: map[string]bool{}, arns: map[string]string{}, documents: map[string]any{}}
	if doc.Config != nil || len(doc.Changes) > 0 || doc.Planned != nil {
		err = s.plan(doc)
	} else {
		err = s.state(doc)
	}
	if err != nil {
		return nil, fmt.Errorf("read plan or state %s: %w", name, err)
	}
	return s.module, nil
}

// ErrNotShown says that a file is something else. The error around it says what, where that can be told.
var ErrNotShown = errors.New("neither a plan nor a state as 'terraform show -json' writes them")

func parseShown(text []byte) (*shown, error) {
	switch start := bytes.TrimSpace(text); {
	case len(start) == 0:
		return nil, fmt.Errorf("empty; %w", ErrNotShown)
	case bytes.HasPrefix(text, []byte("PK\x03\x04")):
		return nil, fmt.Errorf("this is the plan's own file, not its JSON: %w", ErrNotShown)
	case start[0] != '{':
		return nil, fmt.Errorf("byte 1 begins no JSON object; %w", ErrNotShown)
	}
	if n := bytes.Count(text, []byte("{")); n > maxObjects {
		return nil, fmt.Errorf("%d objects, more than %d", n, maxObjects)
	}
	doc := &shown{}
	dec := json.NewDecoder(bytes.NewReader(text))
	if err := dec.Decode(doc); err != nil {
		return nil, broken(text, err)
	}
	switch {
	case doc.Level != "":
		return nil, fmt.Errorf("this is the log of 'terraform plan -json': %w", ErrNotShown)
	case doc.Lineage != "":
		return nil, fmt.Errorf("this is the state's own file, not what is shown of it: %w", ErrNotShown)
	case doc.Schemas != nil:
		return nil, fmt.Errorf("these are the schemas of providers: %w", ErrNotShown)
	case doc.FormatVersion == "":
		return nil, fmt.Errorf("no format_version: %w", ErrNotShown)
	case !strings.HasPrefix(doc.FormatVersion, "1."):
		return nil, fmt.Errorf("format_version %q: only 1 is known, which Terraform 1.1 and later write", doc.FormatVersion)
	}
	if rest := bytes.TrimSpace(text[dec.InputOffset():]); len(rest) > 0 {
		return nil, fmt.Errorf("byte %d: something follows the JSON object", dec.InputOffset()+1)
	}
	return doc, nil
}

// broken says where JSON is wrong, and not what stands there, which may be a secret.
func broken(text []byte, err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	at, what := int64(len(text)), "the JSON ends too early"
	switch {
	case errors.As(err, &syntax) && syntax.Offset < int64(len(text)):
		at, what = syntax.Offset, "this is no JSON"
	case errors.As(err, &kind):
		at, what = kind.Offset, fmt.Sprintf("%s is of another type than Terraform writes", kind.Field)
	}
	at = min(at, int64(len(text)))
	return fmt.Errorf("byte %d, line %d: %s", at, 1+bytes.Count(text[:at], []byte("\n")), what)
}

// showReader turns a plan or state into a Module.
type showReader struct {
	module    *doctor.Module
	file      string
	config    *configuration
	instances map[string][]string // addresses by their address without a key at its end
	modules   map[string]bool     // addresses of modules with something in them
	arns      map[string]string   // addresses by ARN
	documents map[string]any      // of aws_iam_policy_document, by address, as far as it is known
	decoded   int
	judged    int
	hidden    int // sensitive values that are taken as unknown
}

// looked tells whether checks look at the arguments of a type. Of others it is enough that they are there.
func looked(typ string) bool {
	for _, start := range []string{"aws_s3_bucket", "aws_flow_log", "aws_athena_", "aws_glue_", "aws_cloudwatch_", "aws_iam_", "aws_kms_"} {
		if strings.HasPrefix(typ, start) {
			return true
		}
	}
	return false
}

func (s *showReader) decode(raw json.RawMessage) (v any, err error) {
	if len(raw) == 0 {
		return nil, nil
	}
	if s.decoded += len(raw); s.decoded > maxDecoded {
		return nil, fmt.Errorf("more than %d MB of arguments", maxDecoded>>20)
	}
	return v, json.Unmarshal(raw, &v)
}

// resource makes an empty one. Nothing in JSON has a line.
func (s *showReader) resource(address, typ, name string) *doctor.Resource {
	return &doctor.Resource{Address: address, Type: typ, Name: name, File: s.file, Values: map[string]any{}, At: map[string]doctor.Pos{},
		Refs: map[string][]string{}, Documents: map[string]any{}, Literal: map[string]bool{}}
}

func (s *showReader) note(format string, args ...any) {
	s.module.Notes = append(s.module.Notes, fmt.Sprintf(format, args...))
}

func (s *showReader) finish() error {
	if s.hidden > 0 {
		s.note("%s: %d sensitive values are taken as unknown", s.file, s.hidden)
	}
	for _, r := range s.module.Resources {
		if looked(r.Type) {
			s.judged++
		}
		s.refsByValue(r, r.Values, "")
	}
	if s.judged > maxJudged {
		return fmt.Errorf("%d resources to look at, more than %d", s.judged, maxJudged)
	}
	return nil
}

// refsByValue finds what is known to be the ARN of a resource that is here.
func (s *showReader) refsByValue(r *doctor.Resource, v any, at string) {
	switch v := v.(type) {
	case string:
		if to := s.arns[strings.TrimSuffix(v, ":*")]; to != "" && to != r.Address {
			r.Refs[at] = append(r.Refs[at], to)
		}
	case []any:
		for i, x := range v {
			s.refsByValue(r, x, join(at, itoa(i)))
		}
	case map[string]any:
		for k, x := range v {
			s.refsByValue(r, x, join(at, k))
		}
	}
}

// state reads what is there now. Nothing tells what was written and what the provider filled in.
func (s *showReader) state(doc *shown) error {
	if doc.Values == nil {
		s.note("%s: the state has no resources", s.file)
		return nil
	}
	var walk func(stateModule) error
	walk = func(m stateModule) error {
		for _, x := range m.Resources {
			if x.Mode != "managed" || x.Deposed != "" {
				continue
			}
			r := s.resource(x.Address, x.Type, x.Name)
			if looked(x.Type) {
				values, err := s.decode(x.Values)
				if err != nil {
					return err
				}
				hide, err := s.decode(x.Sensitive)
				if err != nil {
					return err
				}
				s.remember(r, values)
				r.Values, _ = bare(s.value(values, nil, hide)).(map[string]any)
				if r.Values["tags"] == nil && r.Values["tags_all"] != nil {
					r.Values["tags"] = r.Values["tags_all"] // those of the provider's default_tags
				}
			}
			s.module.Resources = append(s.module.Resources, r)
		}
		for _, c := range m.Children {
			if err := walk(c); err != nil {
				return err
			}
		}
		return nil
	}
	if err := walk(doc.Values.Root); err != nil {
		return err
	}
	return s.finish()
}

func (s *showReader) remember(r *doctor.Resource, values any) {
	m, _ := values.(map[string]any)
	if arn, _ := m["arn"].(string); arn != "" {
		s.arns[strings.TrimSuffix(arn, ":*")] = r.Address
	}
}
