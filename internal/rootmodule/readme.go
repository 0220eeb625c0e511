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

	ids := make([]string, len(s.VPCs))
	for i, v := range s.VPCs {
		ids[i] = v.Value
	}
	p("# Flow logs of %s\n", strings.Join(ids, ", "))
	p("A Terraform root module for %s, made by `weir init`. The files are yours to change.\n", s.Region)
	p("## Next\n")
	p("With credentials of the account, and Terraform %s or newer:\n", s.minTerraform())
	p("```sh\nterraform init\nterraform plan -out flow-logs.tfplan\nterraform apply flow-logs.tfplan\n```\n")
	p("AWS delivers about ten minutes after the first traffic. Then, here:\n")
	p("```sh")
	p(`weir ingest "$(terraform output -raw source)"`)
	p("weir detect")
	if s.Athena {
		p("weir query --engine athena --s3-region %s --athena-workgroup \"$(terraform output -raw workgroup)\" \\", s.Region)
		p(`  --athena-table "$(terraform output -raw athena_table)" --since 1d @rejected`)
	}
	p("```\n")
	if s.Athena {
		p("In Athena's console, workgroup `%s`, the saved queries are there; no partition needs loading.\n", s.Name)
	}

	p("## What it makes\n")
	p("- %s, fields `%s`, all traffic, a record for each minute of a flow", count(len(s.VPCs), "flow log"), s.Format)
	bucket := "named for account and Region"
	if s.Bucket != "" {
		bucket = "`" + s.Bucket + "`"
	}
	kept := "for ever"
	if s.ExpireDays > 0 {
		kept = "for " + count(s.ExpireDays, "day")
	}
	p("- a bucket %s for the logs, as %s, kept %s: only TLS, no public access, encrypted, versioned", bucket, map[string]string{"parquet": "Parquet", "plain-text": "text"}[s.FileFormat], kept)
	if s.KMS {
		p("- a KMS key, rotated, which AWS's delivery service may use. Whoever destroys it loses the logs 30 days later")
	}
	if s.Athena {
		p("- database `%s` with a table, a workgroup `%s` with a limit of 100 GB a query, saved queries, and a bucket for results, kept 30 days", strings.ReplaceAll(s.Name, "-", "_"), s.Name)
	}
	p("")
	s.costs(p)

	p("## Later\n")
	if s.Backend.Bucket == "" {
		p("- The state is `terraform.tfstate` in this folder. Keep it: without it, Terraform no longer knows what it made. Where several\n  people work, or a machine may fail, put it into S3 (`weir init --state-bucket`).")
	}
	p("- Who runs weir needs the policy `module.flow_logs.reader_policy` and no more: attach it to a role in `main.tf`.")
	p("- Commit the folder, `.terraform.lock.hcl` included.")
	p("- `weir doctor --terraform .` says what is wrong after a change.")
	if s.ModuleSource == "" {
		p("- After an update of weir, `weir init --renew-module` brings `%s` up to date; `terraform plan` shows what that changes.", ModuleDir)
	}
	p("- `terraform destroy` deletes no bucket that holds logs, on purpose, but takes away all the rest, the bucket's policies included.\n  weir's docs/migrate.md says how to keep the bucket as it is, or to delete it with its logs.")
	return []byte(b.String())
}

// costs is by powers of ten: the order of their traffic is what people know.
func (s *Settings) costs(p func(string, ...any)) {
	setup := price.Setup{S3: true, Parquet: s.FileFormat == "parquet", KeepDays: s.ExpireDays, KMS: s.KMS}
	size := map[string]float64{"security": price.TextSecurity, "standard": price.TextStandard, "v2": price.TextV2, "all": price.TextAll}[s.Format]
	p("## What it costs, roughly\n")
	p("List prices of %s, US dollars, read %s: yours may differ. After %s, without queries:\n", price.Region, price.Read, map[bool]string{true: "the first year", false: count(s.ExpireDays, "day")}[s.ExpireDays == 0])
	p("| records a day | log a day | a month |\n|---:|---:|---:|")
	for _, n := range []float64{1e6, 10e6, 100e6, 1e9} {
		t := price.Traffic{Records: n, Text: size, FlowLogs: len(s.VPCs)}
		_, sum := price.Month(t, setup)
		p("| %s million | %s GB | $%s |", number(n/1e6), number(t.DayGB()), dollars(sum))
	}
	p("")
	if s.Athena {
		p("Athena takes $%s for each TB that a query scans, for 10 MB at least.", number(price.AthenaTB))
	}
	p("weir's docs/cost.md has the arithmetic.\n")
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
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
