package rootmodule

import (
	"fmt"
	"strings"

	"weir/internal/price"
)

// readme holds parsed values only: names, Regions, numbers. What is free, such as the key of the state, is in the HCL.
func (s *Settings) readme() []byte {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }

	var what []string
	for _, v := range s.VPCs {
		what = append(what, v.Value)
	}
	if len(s.VPCTags) > 0 {
		what = append(what, "VPCs with `"+strings.Join(tagTexts(s.VPCTags), "`, `")+"`")
	}
	p("# Flow logs of %s\n", strings.Join(what, ", "))
	p("A Terraform root module for %s, made by `weir init`. The files are yours to change.\n", s.Region)
	p("## Next\n")
	p("With credentials of the account, and Terraform %s or newer:\n", s.minTerraform())
	p("```sh\nterraform init\nterraform plan -out flow-logs.tfplan\nterraform apply flow-logs.tfplan\n```\n")
	if len(s.AlarmEmails) > 0 {
		p("Each address of `alarm_emails` now has a mail from AWS: no alarm arrives there before its link is followed.\n")
	}
	p("AWS delivers about ten minutes after the first traffic. Then, here:\n")
	p("```sh")
	if s.To(S3) {
		p(`weir ingest "$(terraform output -raw source)"`)
	} else {
		p("aws logs filter-log-events --region %s --log-group-name \"$(terraform output -raw log_group_name)\" \\", s.Region)
		p(`  --start-time $(( ($(date +%%s) - 3600) * 1000 )) | weir ingest - --log-format "$(terraform output -raw log_format)"`)
	}
	p("weir detect")
	if s.athena() {
		p("weir query --engine athena --s3-region %s --athena-workgroup \"$(terraform output -raw workgroup)\" \\", s.Region)
		p(`  --athena-table "$(terraform output -raw athena_table)" --since 1d @rejected`)
	}
	p("```\n")
	if !s.To(S3) {
		p("That is the last hour. `filter-log-events` is meant for minutes and hours: to keep logs and ask much of them, add `s3` to `destinations`.\n")
	}
	if s.athena() {
		p("In Athena's console, workgroup `%s`, the saved queries are there; no partition needs loading.\n", s.Name)
	}

	p("## What it makes\n")
	s.makes(p)
	p("")
	s.costs(p)

	p("## Later\n")
	if s.Backend.Bucket == "" {
		p("- The state is `terraform.tfstate` in this folder. Keep it: without it, Terraform no longer knows what it made. Where several\n  people work, or a machine may fail, put it into S3 (`weir init --state-bucket`).")
	}
	if len(s.VPCTags) > 0 {
		p("- A VPC that gets the tags later is logged from the next `terraform apply` on, and one that loses them no longer. `terraform plan`\n  names both: run it on a schedule.")
	}
	if len(s.AlarmEmails) > 0 {
		p("- An alarm's text says what it means and which question to ask. Thresholds are set in `alarms`; weir's docs/cloudwatch.md lists them.")
	}
	p("- Who runs weir needs the policy `module.flow_logs.reader_policy` and no more: attach it to a role in `main.tf`.")
	p("- Commit the folder, `.terraform.lock.hcl` included.")
	p("- `weir doctor --terraform .` says what is wrong after a change.")
	if s.ModuleSource == "" {
		p("- After an update of weir, `weir init --renew-module` brings `%s` up to date; `terraform plan` shows what that changes.", ModuleDir)
	}
	if s.To(S3) {
		p("- `terraform destroy` deletes no bucket that holds logs, on purpose, but takes away all the rest, the bucket's policies included.\n  weir's docs/migrate.md says how to keep the bucket as it is, or to delete it with its logs.")
	}
	if s.To(CloudWatch) {
		key := ""
		if s.KMS && !s.To(S3) {
			key = "\n  But the key that encrypts them goes: weir's docs/migrate.md says how to keep it."
		}
		p("- `terraform destroy` leaves the log group with its records, on purpose. `force_destroy = true`, applied before, takes it, too.%s", key)
	}
	return []byte(b.String())
}

func tagTexts(tags []Named) (out []string) {
	for _, t := range tags {
		out = append(out, t.Name+"="+t.Value)
	}
	return out
}

// flowLogs are as many as are known: those of VPCs that are found by tag are for Terraform to count.
func (s *Settings) flowLogs() string {
	known := count(len(s.VPCs), "flow log")
	switch {
	case len(s.VPCTags) == 0:
		return known
	case len(s.VPCs) == 0:
		return "a flow log for each VPC of this account and Region that has the tags"
	}
	return known + ", and one for each VPC of this account and Region that has the tags"
}

func (s *Settings) makes(p func(string, ...any)) {
	places := ""
	if s.To(S3) && s.To(CloudWatch) {
		places = ", to S3; as many to CloudWatch Logs"
	}
	p("- %s%s: fields `%s`, all traffic, a record for each minute of a flow", s.flowLogs(), places, s.Format)
	if s.To(S3) {
		s.makesBucket(p)
	}
	if s.To(CloudWatch) {
		kept := "for ever"
		if s.RetentionDays > 0 {
			kept = "for " + count(s.RetentionDays, "day")
		}
		p("- log group `/flow-logs/%s`, records kept %s, and a role by which AWS writes there and nowhere else", s.Name, kept)
	}
	if len(s.AlarmEmails) > 0 {
		p("- metric filters that count records, alarms on them, and a topic that writes to %s", count(len(s.AlarmEmails), "address"))
	}
	if s.KMS {
		p("- a KMS key, rotated, which AWS's services may use for that. Whoever destroys it loses the logs 30 days later")
	}
}

func (s *Settings) makesBucket(p func(string, ...any)) {
	bucket := "named for account and Region"
	if s.Bucket != "" {
		bucket = "`" + s.Bucket + "`"
	}
	kept := "for ever"
	if s.ExpireDays > 0 {
		kept = "for " + count(s.ExpireDays, "day")
	}
	p("- a bucket %s for the logs, as %s, kept %s: only TLS, no public access, encrypted, versioned", bucket, map[string]string{"parquet": "Parquet", "plain-text": "text"}[s.FileFormat], kept)
	if s.Queue {
		p("- a queue that hears of each new object, and a second one for messages that could not be handled")
	}
	if s.Athena {
		p("- database `%s` with a table, a workgroup `%s` with a limit of 100 GB a query, saved queries, and a bucket for results, kept 30 days", strings.ReplaceAll(s.Name, "-", "_"), s.Name)
	}
}

// costs is by powers of ten: the order of their traffic is what people know.
func (s *Settings) costs(p func(string, ...any)) {
	setup := price.Setup{
		S3: s.To(S3), Parquet: s.FileFormat == "parquet", KeepDays: s.ExpireDays, KMS: s.KMS,
		CloudWatch: s.To(CloudWatch), LogDays: s.RetentionDays, Alarms: len(s.AlarmEmails) > 0,
	}
	size := map[string]float64{"security": price.TextSecurity, "standard": price.TextStandard, "v2": price.TextV2, "all": price.TextAll}[s.Format]
	p("## What it costs, roughly\n")
	p("List prices of %s, US dollars, read %s: yours may differ. After %s, without queries:\n", price.Region, price.Read, s.longest())
	p("| records a day | log a day | a month |\n|---:|---:|---:|")
	for _, n := range []float64{1e6, 10e6, 100e6, 1e9} {
		t := price.Traffic{Records: n, Text: size, FlowLogs: max(1, len(s.VPCs))}
		_, sum := price.Month(t, setup)
		p("| %s million | %s GB | $%s |", number(n/1e6), number(t.DayGB()), dollars(sum))
	}
	p("")
	if len(s.VPCTags) > 0 && s.To(S3) {
		p("Records of all VPCs together. Each flow log to S3 that the tags add is $%s of requests.", dollars(price.Objects*price.Days*price.S3Put))
	}
	if setup.Alarms {
		p("$%s of each sum are the alarms and their metrics.", dollars(price.ModuleMetrics*price.Metric+price.ModuleAlarms*price.Alarm))
	}
	if s.athena() {
		p("Athena takes $%s for each TB that a query scans, for 10 MB at least.", number(price.AthenaTB))
	}
	p("weir's docs/cost.md has the arithmetic.\n")
}

// longest is the time after which the costs rise no more.
func (s *Settings) longest() string {
	longest := 0
	for destination, days := range map[string]int{S3: s.ExpireDays, CloudWatch: s.RetentionDays} {
		switch {
		case !s.To(destination):
		case days == 0:
			return "the first year"
		default:
			longest = max(longest, days)
		}
	}
	return count(longest, "day")
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if strings.HasSuffix(noun, "s") {
		noun += "e"
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// number is f with two digits that count, as a person says it.
func number(f float64) string {
	switch {
	case f >= 1000:
		s := fmt.Sprintf("%.0f", f)
		for i := len(s) - 3; i > 0; i -= 3 {
			s = s[:i] + "," + s[i:]
		}
		return s
	case f >= 10 || f == float64(int(f)):
		return fmt.Sprintf("%.0f", f)
	case f >= 1:
		return fmt.Sprintf("%.1f", f)
	}
	return fmt.Sprintf("%.2f", f)
}

func dollars(f float64) string {
	if f < 10 {
		return fmt.Sprintf("%.2f", f)
	}
	return number(f)
}
