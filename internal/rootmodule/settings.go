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
	VPCs       []Named // by ID; one at least, if there are no tags
	VPCTags    []Named // what a VPC must have, all of it, to be logged
	Name       string
	Bucket     string // "" leaves the name to the module
	Format     string // a preset of the module's
	FileFormat string
	ExpireDays int // 0 is never
	Athena     bool
	KMS        bool
	Tags       []Named // of everything that is made
	Queue      bool    // that hears of objects in S3

	Destinations  []string // where logs go; none is S3 alone. What is about S3 is left out where it is not among them
	RetentionDays int      // in CloudWatch Logs; 0 is never
	AlarmEmails   []string // who gets alarms; none is no alarms

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
	return Settings{Name: "flow-logs", Format: "security", FileFormat: "parquet", ExpireDays: 365, Athena: true, RetentionDays: 30}
}

// The destinations of flow logs.
const (
	S3         = "s3"
	CloudWatch = "cloudwatch"
)

// Places are the destinations, or the one where none was said.
func (s *Settings) Places() []string {
	if len(s.Destinations) == 0 {
		return []string{S3}
	}
	return s.Destinations
}

// To says whether logs go to a destination.
func (s *Settings) To(destination string) bool { return slices.Contains(s.Places(), destination) }

// What the module takes, so that a mistake is found before Terraform runs.
var (
	Formats     = []string{"security", "standard", "v2", "all"}
	FileFormats = []string{"parquet", "plain-text"}

	Destinations = []string{S3, CloudWatch}
	// Retentions are the days that CloudWatch Logs knows; 0 is for ever.
	Retentions = []int{0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
)

var (
	vpcID      = regexp.MustCompile(`^vpc-([0-9a-f]{8}|[0-9a-f]{17})$`)
	regionName = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]+$`)
	bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	dots       = regexp.MustCompile(`\.\.|\.-|-\.`)
	setName    = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)
	keyName    = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)
	address    = regexp.MustCompile(`^[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;.]+$`)
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

// ParseVPCTag reads KEY=VALUE of VPCs to log. A * in the value stands for any text.
func ParseVPCTag(s string) (Named, error) {
	key, value, _ := strings.Cut(s, "=")
	if _, err := ParseTag(key + "=" + strings.ReplaceAll(value, "*", "x")); err != nil || !strings.Contains(s, "=") {
		return Named{}, fmt.Errorf("%q is not a tag of VPCs: KEY=VALUE, as AWS takes them; * in the value stands for any text", s)
	}
	return Named{key, value}, nil
}

// ParseRetention reads a number of days that CloudWatch Logs knows.
func ParseRetention(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || !slices.Contains(Retentions, n) {
		return 0, fmt.Errorf("%q: CloudWatch Logs keeps records for %s days; 0 is for ever", s, strings.Trim(fmt.Sprint(Retentions), "[]"))
	}
	return n, nil
}

// ParseEmail reads an address, as the module takes it.
func ParseEmail(s string) (string, error) {
	if !address.MatchString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return "", fmt.Errorf("%q is not an address, such as ops@example.com, without a name", s)
	}
	return s, nil
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
	for what, list := range map[string][]Named{"tag": s.Tags, "tag of VPCs": s.VPCTags} {
		tags := map[string]bool{}
		for _, t := range list {
			if tags[t.Name] {
				return fmt.Errorf("the %s %q is there twice", what, t.Name)
			}
			tags[t.Name] = true
		}
	}
	if err := s.validateDestinations(); err != nil {
		return err
	}
	switch {
	case s.Region == "":
		return fmt.Errorf("no Region")
	case len(s.VPCs)+len(s.VPCTags) == 0:
		return fmt.Errorf("no VPC to log")
	case !slices.Contains(Formats, s.Format):
		return fmt.Errorf("format %q: one of %s", s.Format, strings.Join(Formats, ", "))
	case !slices.Contains(FileFormats, s.FileFormat):
		return fmt.Errorf("file format %q: one of %s", s.FileFormat, strings.Join(FileFormats, ", "))
	case s.To(S3) && s.Athena && len(s.Bucket) > 63-len("-athena"):
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

// validateDestinations finds what a destination lacks. Lengths are those of the names that the module makes of name.
func (s *Settings) validateDestinations() error {
	for i, d := range s.Destinations {
		if !slices.Contains(Destinations, d) || slices.Contains(s.Destinations[:i], d) {
			return fmt.Errorf("destination %q: say each of %s once at most", d, strings.Join(Destinations, ", "))
		}
	}
	switch role := s.Name + "-delivery-" + s.Region; {
	case s.Bucket != "" && !s.To(S3):
		return fmt.Errorf("bucket %q: nothing goes there without the destination %s", s.Bucket, S3)
	case s.Queue && !s.To(S3):
		return fmt.Errorf("a queue hears of objects in S3: it needs the destination %s", S3)
	case s.Queue && len(s.Name) > 60:
		return fmt.Errorf("name %q: with a queue it has at most 60 characters", s.Name)
	case len(s.AlarmEmails) > 0 && !s.To(CloudWatch):
		return fmt.Errorf("alarms look at a log group: they need the destination %s", CloudWatch)
	case s.To(CloudWatch) && !slices.Contains(Retentions, s.RetentionDays):
		return fmt.Errorf("%d days in CloudWatch Logs: it knows %s", s.RetentionDays, strings.Trim(fmt.Sprint(Retentions), "[]"))
	case s.To(CloudWatch) && len(role) > 64:
		return fmt.Errorf("name %q: the role of the delivery would be %s, and IAM takes 64 characters", s.Name, role)
	}
	return nil
}
