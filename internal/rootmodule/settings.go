package rootmodule

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Settings are what somebody wants of the root module. Names are those of the module's inputs where there is one.
type Settings struct {
	Region     string
	VPCs       []Named // at least one
	Name       string
	Bucket     string // "" leaves the name to the module
	Format     string // a preset of the module's
	FileFormat string
	ExpireDays int // 0 is never
	Athena     bool
	KMS        bool
	Tags       []Named // of everything that is made

	Backend       Backend
	ModuleSource  string // "" is the copy in modules/flow-logs
	ModuleVersion string // of a module from a registry
}

// Named is a value under a name.
type Named struct{ Name, Value string }

// Backend is where Terraform keeps its state in S3. Without a bucket the state is a file beside the root module.
type Backend struct{ Bucket, Key, Region string }

// DefaultSettings are the module's own defaults.
func DefaultSettings() Settings {
	return Settings{Name: "flow-logs", Format: "security", FileFormat: "parquet", ExpireDays: 365, Athena: true}
}

// What the module takes, so that a mistake is found before Terraform runs.
var (
	Formats     = []string{"security", "standard", "v2", "all"}
	FileFormats = []string{"parquet", "plain-text"}
)

var (
	vpcID      = regexp.MustCompile(`^vpc-([0-9a-f]{8}|[0-9a-f]{17})$`)
	regionName = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]+$`)
	bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	dots       = regexp.MustCompile(`\.\.|\.-|-\.`)
	setName    = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)
	keyName    = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)
)

// ParseRegion returns a Region's name as it is.
func ParseRegion(s string) (string, error) {
	if !regionName.MatchString(s) {
		return "", fmt.Errorf("%q is not the name of a Region, such as eu-west-1", s)
	}
	return s, nil
}

// ParseVPC reads vpc-ID or NAME=vpc-ID. Without a name the ID is the name: it stays when another VPC is added.
func ParseVPC(s string) (Named, error) {
	name, id, named := strings.Cut(s, "=")
	if !named {
		name, id = s, s
	}
	if !vpcID.MatchString(id) {
		return Named{}, fmt.Errorf("%q is not the ID of a VPC: vpc- and 8 or 17 hexadecimal digits", id)
	}
	if !keyName.MatchString(name) {
		return Named{}, fmt.Errorf("%q is not a name for a VPC: letters, digits and _ . -", name)
	}
	return Named{name, id}, nil
}

// ParseName reads the name of workgroup, database and key alias.
func ParseName(s string) (string, error) {
	if !setName.MatchString(s) {
		return "", fmt.Errorf("%q: up to 63 lower-case letters, digits and hyphens, a letter first", s)
	}
	return s, nil
}

// ParseBucket reads the name of a bucket.
func ParseBucket(s string) (string, error) {
	if !bucketName.MatchString(s) || dots.MatchString(s) {
		return "", fmt.Errorf("%q is not the name of a bucket: 3 to 63 lower-case letters, digits, hyphens and dots; the name, not an ARN or a URI", s)
	}
	return s, nil
}

// ParseDays reads a number of days, or 0 for ever.
func ParseDays(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > 36500 {
		return 0, fmt.Errorf("%q is not a number of days; 0 keeps logs for ever", s)
	}
	return n, nil
}

// ParseTag reads KEY=VALUE. The limits are those of most services: AWS General Reference, "Tagging your AWS resources",
// read 2026-11.
func ParseTag(s string) (Named, error) {
	key, value, ok := strings.Cut(s, "=")
	if !ok || key == "" || len([]rune(key)) > 128 || len([]rune(value)) > 256 || strings.HasPrefix(strings.ToLower(key), "aws:") {
		return Named{}, fmt.Errorf("%q is not a tag: KEY=VALUE, no key that begins with aws:, at most 128 and 256 characters", s)
	}
	for _, r := range s {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(" _.:/=+-@", r) {
			return Named{}, fmt.Errorf("%q is not a tag: AWS takes letters, digits, blanks and _ . : / = + - @", s)
		}
	}
	return Named{key, value}, nil
}

// ParseText reads what is free: a key of the state, the source of a module.
func ParseText(s string) (string, error) {
	if strings.TrimSpace(s) == "" || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return "", fmt.Errorf("%q: it is empty, or has characters that cannot be printed", s)
	}
	return s, nil
}

// Validate finds what only the settings together show. Each by itself has been parsed.
func (s *Settings) Validate() error {
	names := map[string]bool{}
	for _, v := range s.VPCs {
		if names[v.Name] {
			return fmt.Errorf("two VPCs are called %q", v.Name)
		}
		names[v.Name] = true
	}
	ids := map[string]string{}
	for _, v := range s.VPCs {
		if other, twice := ids[v.Value]; twice {
			return fmt.Errorf("%s is there twice, as %q and %q: each record would be delivered and billed twice", v.Value, other, v.Name)
		}
		ids[v.Value] = v.Name
	}
	tags := map[string]bool{}
	for _, t := range s.Tags {
		if tags[t.Name] {
			return fmt.Errorf("the tag %q is there twice", t.Name)
		}
		tags[t.Name] = true
	}
	switch {
	case s.Region == "":
		return fmt.Errorf("no Region")
	case len(s.VPCs) == 0:
		return fmt.Errorf("no VPC to log")
	case !slices.Contains(Formats, s.Format):
		return fmt.Errorf("format %q: one of %s", s.Format, strings.Join(Formats, ", "))
	case !slices.Contains(FileFormats, s.FileFormat):
		return fmt.Errorf("file format %q: one of %s", s.FileFormat, strings.Join(FileFormats, ", "))
	case s.Athena && len(s.Bucket) > 63-len("-athena"):
		return fmt.Errorf("bucket %q: with -athena behind it, it is the name of the bucket for results, and longer than 63 characters", s.Bucket)
	case s.Backend.Bucket == "" && (s.Backend.Key != "" || s.Backend.Region != ""):
		return fmt.Errorf("a key or Region of the state, and no bucket for it")
	case s.Backend.Bucket != "" && s.Backend.Bucket == s.Bucket:
		return fmt.Errorf("bucket %q: the state cannot lie in the bucket that it describes", s.Bucket)
	case s.ModuleVersion != "" && s.ModuleSource == "":
		return fmt.Errorf("a version of the module, and no source: the copy that weir writes has weir's own version")
	}
	return nil
}
