// Package rootmodule writes the Terraform root module that `weir init` makes: a folder that turns flow logs on.
//
// Start at Files, which is pure, and Write, which brings files into a folder. It leaves the module itself to the package
// terraform, and questions and flags to cmd/weir. What must hold: what is written is formatted as `terraform fmt` does and
// plans, a text of the user's is never anything but a text in HCL, and no file that differs is overwritten unasked.
package rootmodule

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"weir/terraform"
)

// File is a file of the root module. Path is slash-separated, from its folder.
type File struct {
	Path string
	Data []byte
}

// ModuleDir is where the copy of the module lies.
const ModuleDir = "modules/flow-logs"

// Files are those that the settings ask for, the copy of the module last.
func (s *Settings) Files() []File {
	files := []File{
		{".gitignore", []byte(gitignore)},
		{"README.md", s.readme()},
		{"main.tf", s.main()},
		{"outputs.tf", s.outputs()},
		{"versions.tf", s.versions()},
	}
	if s.ModuleSource == "" {
		files = append(files, Module()...)
	}
	return files
}

// Module are the files of the module's copy.
func Module() []File {
	files := []File{{ModuleDir + "/README.md", []byte(moduleReadme)}}
	module := terraform.Module()
	for _, name := range slices.Sorted(maps.Keys(module)) {
		files = append(files, File{path.Join(ModuleDir, name), module[name]})
	}
	return files
}

const gitignore = `# The lock file .terraform.lock.hcl belongs into version control; these do not: a state and a plan hold all values in the clear.
.terraform/
*.tfstate
*.tfstate.*
*.tfplan
crash.log
`

const moduleReadme = `# flow-logs

weir's Terraform module, in the version of the weir that wrote it. Nothing here needs changing: variables.tf says what the call in
../../main.tf can set, outputs.tf what comes out. After an update of weir, ` + "`weir init --renew-module`" + ` in the folder of main.tf brings
this copy up to date; ` + "`terraform plan`" + ` then shows what that changes.
`

// literal is a value as an expression: quotes, ${, %{ and ends of lines in it are escaped.
func literal(v cty.Value) string { return string(hclwrite.TokensForValue(v).Bytes()) }

func text(s string) string { return literal(cty.StringVal(s)) }

func texts(list []string) string {
	values := make([]cty.Value, len(list))
	for i, s := range list {
		values[i] = cty.StringVal(s)
	}
	return literal(cty.TupleVal(values))
}

func object(list []Named) string {
	values := map[string]cty.Value{}
	for _, n := range list {
		values[n.Name] = cty.StringVal(n.Value)
	}
	return literal(cty.MapVal(values))
}

// MinTerraform and MinTerraformBackend are the versions of Terraform that the root module wants without and with a backend in S3:
// validations of the module that look at other variables came with 1.9. Locks by a file in the bucket, use_lockfile, were an
// experiment in 1.10 and came with 1.11, which deprecates those in a DynamoDB table. Terraform's upgrade guides, read 2026-11.
const (
	MinTerraform        = "1.9"
	MinTerraformBackend = "1.11"
)

func (s *Settings) minTerraform() string {
	if s.Backend.Bucket != "" {
		return MinTerraformBackend
	}
	return MinTerraform
}

func (s *Settings) versions() []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "terraform {\nrequired_version = %s\n\n", text(">= "+s.minTerraform()))
	b.WriteString("required_providers {\naws = {\nsource = \"hashicorp/aws\"\nversion = \">= 5.100, < 7\"\n}\n}\n")
	if k := s.Backend; k.Bucket != "" {
		b.WriteString("\n# The bucket must be there, and should be versioned. The lock is a file in it, for which Terraform 1.11 is needed;\n" +
			"# locks in a DynamoDB table are deprecated.\n")
		fmt.Fprintf(&b, "backend \"s3\" {\nbucket = %s\nkey = %s\nregion = %s\nencrypt = true\nuse_lockfile = true\n}\n", text(k.Bucket), text(s.stateKey()), text(s.stateRegion()))
	}
	fmt.Fprintf(&b, "}\n\nprovider \"aws\" {\nregion = %s\n}\n", text(s.Region))
	return hclwrite.Format([]byte(b.String()))
}

func (s *Settings) stateKey() string {
	if s.Backend.Key != "" {
		return s.Backend.Key
	}
	return s.Name + "/terraform.tfstate"
}

func (s *Settings) stateRegion() string {
	if s.Backend.Region != "" {
		return s.Backend.Region
	}
	return s.Region
}

func (s *Settings) main() []byte {
	var b strings.Builder
	b.WriteString("# Flow logs, and what is needed to ask them. Made by `weir init`, and yours to change")
	source := s.ModuleSource
	if source == "" {
		source = "./" + ModuleDir
		b.WriteString(": " + ModuleDir + "/variables.tf\n# has all that can be set")
	}
	fmt.Fprintf(&b, ".\n\nmodule \"flow_logs\" {\nsource = %s\n", text(source))
	if s.ModuleVersion != "" {
		fmt.Fprintf(&b, "version = %s\n", text(s.ModuleVersion))
	}
	fmt.Fprintf(&b, "\nname = %s\n", text(s.Name))
	if len(s.VPCs) > 0 {
		fmt.Fprintf(&b, "\n# Names of your own: they stay when an ID changes.\nvpcs = %s\n", object(s.VPCs))
	}
	if len(s.VPCTags) > 0 {
		fmt.Fprintf(&b, "\n# Every VPC here that has all of these tags, looked up at each plan.\nvpc_tags = %s\n", object(s.VPCTags))
	}
	fmt.Fprintf(&b, "\ndestinations = %s\nformat = %s\nencryption = %s\n", texts(s.Places()), text(s.Format), text(map[bool]string{false: "sse-s3", true: "kms"}[s.KMS]))
	if s.To(S3) {
		b.WriteString("\n")
		if s.Bucket != "" {
			fmt.Fprintf(&b, "bucket = %s\n", text(s.Bucket))
		}
		fmt.Fprintf(&b, "file_format = %s\nexpire_days = %d\nathena = %t\n", text(s.FileFormat), s.ExpireDays, s.Athena)
		if s.Queue {
			b.WriteString("queue = {}\n")
		}
	}
	if s.To(CloudWatch) {
		fmt.Fprintf(&b, "\nretention_days = %d\n", s.RetentionDays)
		if len(s.AlarmEmails) > 0 {
			fmt.Fprintf(&b, "alarms = {} # all that the format can answer; thresholds are yours to set\nalarm_emails = %s\n", texts(s.AlarmEmails))
		}
	}
	if len(s.Tags) > 0 {
		fmt.Fprintf(&b, "\ntags = %s\n", object(s.Tags))
	}
	b.WriteString("}\n")
	return hclwrite.Format([]byte(b.String()))
}

// athena says whether there is a table: it is of objects in S3.
func (s *Settings) athena() bool { return s.Athena && s.To(S3) }

// output is an output of the root module that hands one of the module's on.
type output struct{ name, description string }

func (s *Settings) outputs() []byte {
	outputs := []output{{"log_format", "The fields of a record, as AWS writes them."}}
	if s.To(S3) {
		outputs = append([]output{
			{"source", `weir ingest "$(terraform output -raw source)"`},
			{"bucket", "Name of the bucket that has the logs."},
		}, append(outputs, output{"flow_log_ids", "IDs of the flow logs to S3."})...)
	}
	if s.athena() {
		outputs = append(outputs,
			output{"athena_table", "For weir query --engine athena --athena-table: database.table."},
			output{"workgroup", "For weir query --engine athena --athena-workgroup."})
	}
	if s.Queue {
		outputs = append(outputs, output{"queue_url", "URL of the queue that hears of new objects."})
	}
	if s.To(CloudWatch) {
		outputs = append(outputs,
			output{"log_group_name", "Name of the log group."},
			output{"cloudwatch_flow_log_ids", "IDs of the flow logs to CloudWatch Logs."})
	}
	if len(s.AlarmEmails) > 0 {
		outputs = append(outputs, output{"alarm_topic_arn", "The topic that alarms tell."})
	}
	if s.KMS {
		outputs = append(outputs, output{"kms_key_arn", "The key that encrypts the logs."})
	}
	var b strings.Builder
	for i, o := range outputs {
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "output %s {\ndescription = %s\nvalue = module.flow_logs.%s\n}\n", text(o.name), text(o.description), o.name)
	}
	return hclwrite.Format([]byte(b.String()))
}
