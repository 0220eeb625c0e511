package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"weir/internal/price"
	"weir/internal/rootmodule"
)

// initAnswer is one thing that weir init wants to know: a flag, and a question where there is a terminal.
type initAnswer struct {
	flag, arg string // arg stands for the value in the help; "" is a yes or no
	ask       string // the question; "" is not asked
	doc       string
	required  bool
	instead   string // the flag that may be said instead
	about     string // the destination that it is about: "" is all of them
	get       func(*rootmodule.Settings) string
	set       func(*rootmodule.Settings, string) error // adds, where there may be several
	reply     func(*rootmodule.Settings, string) error // takes the answer to the question, where set does not
}

// asked says whether there is a question, after what was said before. Who wants alarms by mail is asked in any case but that
// the logs were sent elsewhere, for the answer adds the destination.
func (q *initAnswer) asked(s *rootmodule.Settings, given func(flag string) bool) bool {
	adds := q.reply != nil && !given("destination")
	return q.ask != "" && !q.given(given) && (q.about == "" || s.To(q.about) || adds)
}

func (q *initAnswer) given(given func(flag string) bool) bool {
	return given(q.flag) || q.instead != "" && given(q.instead)
}

// parsed makes the set of an answer that is one value.
func parsed[T any](parse func(string) (T, error), of func(*rootmodule.Settings) *T) func(*rootmodule.Settings, string) error {
	return func(s *rootmodule.Settings, v string) error {
		p, err := parse(v)
		if err == nil {
			*of(s) = p
		}
		return err
	}
}

// initAnswers are in the order of the questions. A new one is a row here, a field of rootmodule.Settings, and its line in HCL.
var initAnswers = []initAnswer{
	{flag: "region", arg: "REGION", required: true, ask: "Region of the VPCs", doc: "Region of the VPCs, and of the bucket",
		get: func(s *rootmodule.Settings) string { return s.Region },
		set: parsed(rootmodule.ParseRegion, func(s *rootmodule.Settings) *string { return &s.Region })},
	{flag: "vpc", arg: "ID", required: true, instead: "vpc-tag", ask: "VPCs to log (vpc-…, NAME=vpc-…, or tag:KEY=VALUE; blanks between)", doc: "VPC to log, vpc-… or NAME=vpc-…; may be said several times",
		get: func(s *rootmodule.Settings) string { return namedTexts(s.VPCs) },
		set: several(rootmodule.ParseVPC, func(s *rootmodule.Settings) *[]rootmodule.Named { return &s.VPCs }), reply: replyVPCs},
	{flag: "vpc-tag", arg: "KEY=VALUE", doc: "log the VPCs that have this tag, or all of several; then --vpc may be left out",
		get: func(s *rootmodule.Settings) string { return namedTexts(s.VPCTags) },
		set: func(s *rootmodule.Settings, v string) error {
			t, err := rootmodule.ParseVPCTag(v)
			if err == nil {
				s.VPCTags = append(s.VPCTags, t)
			}
			return err
		}},
	{flag: "destination", arg: "PLACE", doc: "where logs go: " + strings.Join(rootmodule.Destinations, ", ") + "; may be said several times, and AWS bills each",
		get: func(s *rootmodule.Settings) string { return strings.Join(s.Places(), ",") },
		set: several(oneOf(rootmodule.Destinations), func(s *rootmodule.Settings) *[]string { return &s.Destinations })},
	{flag: "name", arg: "NAME", ask: "Name of workgroup, database and key", doc: "name of workgroup, database and key alias",
		get: func(s *rootmodule.Settings) string { return s.Name },
		set: parsed(rootmodule.ParseName, func(s *rootmodule.Settings) *string { return &s.Name })},
	{flag: "bucket", arg: "NAME", about: rootmodule.S3, ask: "Bucket to make for the logs (Enter: named for account and Region)", doc: "bucket to make for the logs (default: named for account and Region)",
		get: func(s *rootmodule.Settings) string { return s.Bucket },
		set: parsed(rootmodule.ParseBucket, func(s *rootmodule.Settings) *string { return &s.Bucket })},
	{flag: "format", arg: "PRESET", ask: "Fields of a record (security: what weir's rules need; standard; v2; all)", doc: "fields of a record: " + strings.Join(rootmodule.Formats, ", "),
		get: func(s *rootmodule.Settings) string { return s.Format },
		set: parsed(oneOf(rootmodule.Formats), func(s *rootmodule.Settings) *string { return &s.Format })},
	{flag: "file-format", arg: "FORMAT", about: rootmodule.S3, ask: "File format (parquet: cheaper to ask, a little dearer to deliver; plain-text)", doc: "format of files: " + strings.Join(rootmodule.FileFormats, ", "),
		get: func(s *rootmodule.Settings) string { return s.FileFormat },
		set: parsed(oneOf(rootmodule.FileFormats), func(s *rootmodule.Settings) *string { return &s.FileFormat })},
	{flag: "expire-days", arg: "DAYS", about: rootmodule.S3, ask: "Days to keep the logs (0: for ever)", doc: "days to keep the logs in S3; 0 is for ever",
		get: func(s *rootmodule.Settings) string { return strconv.Itoa(s.ExpireDays) },
		set: parsed(rootmodule.ParseDays, func(s *rootmodule.Settings) *int { return &s.ExpireDays })},
	{flag: "kms", ask: "Encrypt with a KMS key of your own ($1 a month), not S3's", doc: "encrypt with a KMS key of your own",
		get: func(s *rootmodule.Settings) string { return yesNo(s.KMS) },
		set: parsed(parseYesNo, func(s *rootmodule.Settings) *bool { return &s.KMS })},
	{flag: "athena", about: rootmodule.S3, ask: "Make a table and a workgroup in Athena", doc: "make a table and a workgroup in Athena (--athena=false: no)",
		get: func(s *rootmodule.Settings) string { return yesNo(s.Athena) },
		set: parsed(parseYesNo, func(s *rootmodule.Settings) *bool { return &s.Athena })},
	{flag: "queue", about: rootmodule.S3, doc: "make a queue in SQS that hears of each new object",
		get: func(s *rootmodule.Settings) string { return yesNo(s.Queue) },
		set: parsed(parseYesNo, func(s *rootmodule.Settings) *bool { return &s.Queue })},
	{flag: "retention-days", arg: "DAYS", about: rootmodule.CloudWatch, doc: "days to keep the logs in CloudWatch Logs, by AWS's list; 0 is for ever",
		get: func(s *rootmodule.Settings) string { return strconv.Itoa(s.RetentionDays) },
		set: parsed(rootmodule.ParseRetention, func(s *rootmodule.Settings) *int { return &s.RetentionDays })},
	{flag: "alarm-email", arg: "ADDRESS", about: rootmodule.CloudWatch, doc: "make alarms, and mail them there; may be said several times",
		ask: fmt.Sprintf("Who gets alarms by mail (logs go to CloudWatch, too, then: $%.2f a GB more; blanks between; Enter: nobody)", price.ToLogs[0].GB),
		get: func(s *rootmodule.Settings) string { return strings.Join(s.AlarmEmails, " ") },
		set: several(rootmodule.ParseEmail, func(s *rootmodule.Settings) *[]string { return &s.AlarmEmails }), reply: replyEmails},
	{flag: "state-bucket", arg: "NAME", ask: "Bucket for Terraform's state, which must be there (Enter: a local file)", doc: "keep Terraform's state in this bucket, which must be there (default: a local file)",
		get: func(s *rootmodule.Settings) string { return s.Backend.Bucket },
		set: parsed(rootmodule.ParseBucket, func(s *rootmodule.Settings) *string { return &s.Backend.Bucket })},
	{flag: "state-key", arg: "KEY", doc: "key of the state (default: NAME/terraform.tfstate)",
		get: func(s *rootmodule.Settings) string { return s.Backend.Key },
		set: parsed(rootmodule.ParseText, func(s *rootmodule.Settings) *string { return &s.Backend.Key })},
	{flag: "state-region", arg: "REGION", doc: "Region of the state's bucket (default: that of the VPCs)",
		get: func(s *rootmodule.Settings) string { return s.Backend.Region },
		set: parsed(rootmodule.ParseRegion, func(s *rootmodule.Settings) *string { return &s.Backend.Region })},
	{flag: "tag", arg: "KEY=VALUE", doc: "tag of everything that is made; may be said several times",
		get: func(s *rootmodule.Settings) string { return namedTexts(s.Tags) },
		set: func(s *rootmodule.Settings, v string) error {
			t, err := rootmodule.ParseTag(v)
			if err == nil {
				s.Tags = append(s.Tags, t)
			}
			return err
		}},
	{flag: "module-source", arg: "SOURCE", doc: "source of the module: git, a registry (default: a copy, modules/flow-logs)",
		get: func(s *rootmodule.Settings) string { return s.ModuleSource },
		set: parsed(rootmodule.ParseText, func(s *rootmodule.Settings) *string { return &s.ModuleSource })},
	{flag: "module-version", arg: "VERSION", doc: "version of a module from a registry",
		get: func(s *rootmodule.Settings) string { return s.ModuleVersion },
		set: parsed(rootmodule.ParseText, func(s *rootmodule.Settings) *string { return &s.ModuleVersion })},
}

// several makes the set of an answer that is a list, with commas or blanks between.
func several[T any](parse func(string) (T, error), of func(*rootmodule.Settings) *[]T) func(*rootmodule.Settings, string) error {
	return func(s *rootmodule.Settings, v string) error {
		var list []T
		for _, word := range answerWords(v) {
			p, err := parse(word)
			if err != nil {
				return err
			}
			list = append(list, p)
		}
		*of(s) = append(*of(s), list...)
		return nil
	}
}

func answerWords(v string) []string {
	return strings.FieldsFunc(v, func(r rune) bool { return r == ' ' || r == ',' })
}

// replyVPCs takes IDs and tags.
func replyVPCs(s *rootmodule.Settings, v string) error {
	var vpcs, tags []rootmodule.Named
	for _, word := range answerWords(v) {
		tag, isTag := strings.CutPrefix(word, "tag:")
		parse, list := rootmodule.ParseVPC, &vpcs
		if isTag {
			parse, list = rootmodule.ParseVPCTag, &tags
		}
		n, err := parse(tag)
		if err != nil {
			return err
		}
		*list = append(*list, n)
	}
	s.VPCs, s.VPCTags = vpcs, tags
	return nil
}

// replyEmails takes addresses, and adds the destination that alarms need.
func replyEmails(s *rootmodule.Settings, v string) error {
	err := several(rootmodule.ParseEmail, func(s *rootmodule.Settings) *[]string { return &s.AlarmEmails })(s, v)
	if len(s.AlarmEmails) > 0 && !s.To(rootmodule.CloudWatch) {
		s.Destinations = []string{rootmodule.S3, rootmodule.CloudWatch}
	}
	return err
}

func namedTexts(list []rootmodule.Named) string {
	out := make([]string, len(list))
	for i, n := range list {
		out[i] = n.Name + "=" + n.Value
	}
	return strings.Join(out, " ")
}

func oneOf(values []string) func(string) (string, error) {
	return func(v string) (string, error) {
		if !slices.Contains(values, v) {
			return "", fmt.Errorf("%q: say one of %s%s", v, strings.Join(values, ", "), didYouMean(v, values))
		}
		return v, nil
	}
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func parseYesNo(v string) (bool, error) {
	switch strings.ToLower(v) {
	case "y", "yes", "true", "1":
		return true, nil
	case "n", "no", "false", "0":
		return false, nil
	}
	return false, fmt.Errorf("%q: say yes or no", v)
}

// initFlag makes an initAnswer a flag.
type initFlag struct {
	*initAnswer
	s *rootmodule.Settings
}

func (f initFlag) String() string {
	if f.initAnswer == nil || f.get == nil {
		return ""
	}
	return f.get(f.s)
}
func (f initFlag) Set(v string) error { return f.set(f.s, v) }

// Type is what the help calls the value.
func (f initFlag) Type() string {
	if f.arg == "" {
		return "bool"
	}
	return f.arg
}
